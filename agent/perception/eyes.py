"""What a camera's pictures say, as numbers: the one way for the living process and for replay.

Each step looks at its own pace. Time is the frames' own, so a board that is slow skips frames and
never falls behind, and a recording gives the same numbers at any speed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drivers.sensor import Quantity
from drivers.view import View

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent.perception.sight import Sight

    Pixels = NDArray[np.uint8]

_EARLY = 0.25  # of the pace: a frame so much too early is taken, else the next would be too late
_SEES = frozenset({View.CLEAR, View.STARTING})
_HIDDEN_BY_SMOKE = frozenset({View.COVERED, View.BLURRED, View.MOVED})
_BURNS = 0.5  # of the scores for fire and smoke
_BURNS_S = 120.0


@dataclass(slots=True)
class Step:
    """One way of looking: `look` takes a frame (RGB, height x width x 3) and its monotonic seconds.

    It is called every `every_s` seconds at the most, while the camera sees; where `hindered` is set
    also through whatever hinders it, since a flame shines in the dark and through a dirty lens.
    """

    look: Callable[["Pixels", float], Mapping[Quantity, float]]
    every_s: float
    hindered: bool = False
    _looked_at: float = field(default=float("-inf"), init=False)

    def is_due(self, at: float, view: View) -> bool:
        """Whether to look now; if so, it counts as done."""
        can_see = view in _SEES or (self.hindered and view is not View.FAILED)
        if not can_see or at - self._looked_at < self.every_s * (1 - _EARLY):
            return False
        self._looked_at = at
        return True


class Eyes:
    """Looks at one camera's frames; keeps no picture beyond what its steps need for the next.

    A new one begins anew: after the camera was off, nothing of before counts.
    """

    def __init__(self, sight: "Sight", steps: Sequence[Step]) -> None:
        self._sight, self._steps = sight, steps
        self._burns_until = float("-inf")

    def look(self, frame: "Pixels", at: float) -> dict[Quantity, float]:
        """The numbers that this frame adds, `VIEW` always among them.

        Smoke covers and blurs a room, too: where fire or smoke was seen just before, that is no
        fault of the camera's, and its view stays clear.

        Args:
            frame: (height, width, 3), RGB.
            at: Monotonic seconds, later than the last.
        """
        own = view = self._sight.look(frame, at)
        if view in _HIDDEN_BY_SMOKE and at < self._burns_until:
            view = View.CLEAR
        numbers = {Quantity.VIEW: float(view)}
        for step in self._steps:
            if step.is_due(at, view):
                numbers |= step.look(frame, at)
        scores = (numbers.get(each, 0.0) for each in (Quantity.FIRE_SCORE, Quantity.SMOKE_SCORE))
        if own is View.CLEAR and not self._sight.is_in_doubt and max(scores) >= _BURNS:
            self._burns_until = at + _BURNS_S
        return numbers
