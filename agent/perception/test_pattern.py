"""A moving test pattern, shown to eyes of the same make before they look at the room.

It proves what lies between a picture and its numbers on this very machine: runtime, weights,
arithmetic, the watch over flames. It proves nothing of lens, sensor and ribbon: what those give
shows in `VIEW` all day.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from agent.perception.eyes import Step
from drivers.sensor import Quantity
from drivers.view import View
from models.runtime import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

HEIGHT, WIDTH = 240, 320
EVERY_S, STILL_S, MOVES_S = 0.25, 2.0, 8.0
LEAST_PCT, MOST_STILL_PCT = 2.0, 0.1  # of the picture that burns: of the pattern, and of the wall
LEAST_CHANGE = 1e-3  # of a score, between a wall and the pattern
_WALL, _FLAME, _HEART = (40, 40, 50), (255, 140, 20), (255, 230, 120)  # RGB


def frames() -> Iterator[tuple[float, bool, "Pixels"]]:
    """Seconds, whether it moves, and the picture: a grey wall, and then flames before it."""
    down, right = np.mgrid[0:HEIGHT, 0:WIDTH]
    for n in range(round((STILL_S + MOVES_S) / EVERY_S)):
        at, picture = n * EVERY_S, np.full((HEIGHT, WIDTH, 3), _WALL, np.uint8)
        moves = at >= STILL_S
        if moves:
            half, tall = 30 + 12 * np.sin(2.1 * n), 70 + 25 * np.sin(1.7 * n)
            middle = WIDTH / 2 + 8 * np.sin(2.9 * n)
            apart = ((right - middle) / half) ** 2 + ((down - 200 + tall) / tall) ** 2
            picture[apart < 1.0] = _FLAME
            picture[apart < 0.35] = _HEART
        yield at, moves, picture


def try_out(steps: Sequence[Step]) -> None:
    """Show it to fresh steps that look for fire.

    Raises:
        models.runtime.ModelError: They do not see it move, or see fire in a wall, or their scores
            stand still.
    """
    burnt: dict[bool, list[float]] = {False: [], True: []}
    scores: dict[bool, list[float]] = {False: [], True: []}
    for at, moves, picture in frames():
        for step in steps:
            if step.is_due(at, View.CLEAR):
                numbers = step.look(picture, at)
                burnt[moves] += [numbers[q] for q in numbers if q is Quantity.FLAME_AREA_PCT]
                scores[moves] += [numbers[q] for q in numbers if q is Quantity.FIRE_SCORE]
    if max(burnt[False], default=0.0) > MOST_STILL_PCT:
        raise ModelError("test pattern: a still wall burns")
    if burnt[True] and not LEAST_PCT <= burnt[True][-1] <= 100.0:
        raise ModelError(f"test pattern: {burnt[True][-1]:.1f} % of it burn: not seen to move")
    if not burnt[True] or not all(0.0 <= each <= 1.0 for each in scores[True]):
        raise ModelError("test pattern: no number comes of it")
    found = scores[False] + scores[True]
    if max(found, default=0.0) - min(found, default=0.0) < LEAST_CHANGE:
        raise ModelError("test pattern: the score of a wall and of flames is the same")
