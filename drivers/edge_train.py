"""A digital input that notes when each of its edges came: pulses, echoes, flicker."""

import errno
import threading
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from drivers.board import Board
from drivers.pin_errors import pin_errors_as_oserror, release

if TYPE_CHECKING:
    from gpiozero import InputDevice

_KEPT = 1024  # edges between two reads; the oldest are dropped


class Edge(NamedTuple):
    """`at` is the kernel's time of the edge in seconds: only differences have a meaning."""

    at: float
    level: bool


class EdgeTrain:
    """One pin, whose edges come with the time at which the kernel saw them, however late we are.

    A level is True while the wire is drawn away from its pull: to ground where `pull_up`, high
    otherwise. lgpio reports a level once it has stood for `bounce_s` seconds. Edges arrive in
    gpiozero's callback thread; `rises` counts those to True since the object was made.
    """

    def __init__(self, board: Board, gpio: int, *, pull_up: bool, bounce_s: float | None) -> None:
        self._board, self._gpio, self._pull_up, self._bounce_s = board, gpio, pull_up, bounce_s
        self._device: InputDevice | None = None
        self._edges: deque[Edge] = deque(maxlen=_KEPT)
        self._fell = threading.Event()
        self.rises = 0
        self.place = f"gpio{gpio}"

    def open(self) -> None:
        """Claim the pin; anew if it was open. Edges that were noted before stay.

        Raises:
            OSError: The pin cannot be had.
        """
        from gpiozero import InputDevice  # noqa: PLC0415  # only where a pin is used

        self.close()
        with pin_errors_as_oserror(self.place):
            device = InputDevice(self._gpio, pull_up=self._pull_up, pin_factory=self._board.pins())
            device.pin.bounce, device.pin.edges = self._bounce_s, "both"
            device.pin.when_changed = self._changed
        self._device = device

    def level(self) -> bool:
        """The level now.

        Raises:
            OSError: The pin is not open, or cannot be read.
        """
        if self._device is None:
            raise OSError(errno.ENODEV, f"{self.place}: not open")
        with pin_errors_as_oserror(self.place):
            level = bool(self._device.is_active)
        self._board.note(self.place, "low" if level == self._pull_up else "high")
        return level

    def take(self) -> list[Edge]:
        """Give the edges since the last call, oldest first."""
        taken = [self._edges.popleft() for _ in range(len(self._edges))]
        self._fell.clear()
        self._board.note(self.place, f"{len(taken)} edges")
        return taken

    def wait_for_fall(self, most_s: float) -> bool:
        """Wait for an edge to False since the last `take`; tell whether it came."""
        return self._fell.wait(most_s)

    def close(self) -> None:
        """Give the pin back; never raises."""
        device, self._device = self._device, None
        release(device, self.place)

    def _changed(self, ticks: float, state: float) -> None:
        level = bool(state) != self._pull_up
        self._edges.append(Edge(ticks, level))
        if level:
            self.rises += 1
        else:
            self._fell.set()
