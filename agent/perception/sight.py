"""Whether a camera still sees what it was put in to see: dark, covered, blurred, moved, or none.

The scene is known by the directions of its edges, on a grid of 160 by 120 cells. Directions stay
when the light changes, and people cover few of them. What is known is learned while all is well,
slowly, and lives only in this process's memory: a new process, or a camera that was muted and
switched on again, takes what it first sees for what it is to see. So what moved while nobody looked
is not noticed, nor what moves by less than a cell in ten minutes.

Figures: `tests/agent/perception/test_sight.py` holds them against rooms on film, altered.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drivers.view import View

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Field = NDArray[np.complex64]

EVERY_S = 0.5
_WIDTH, _HEIGHT = 160, 120  # cells
_TILES = 8, 8  # down and across: an edge counts within its tile
_SOFT = 6.0  # levels of 255: an edge of this contrast counts half
_DARK, _DARK_NO_MORE = 12.0, 16.0  # levels of 255 that three quarters of the picture are below
_DIM = 30.0  # levels of 255: what is plain and no brighter is dark
_NOISE = 0.5  # correlation of neighbouring pixels: pictures have 0.7 in the dark, random bytes 0
_PLAIN = 6.0  # levels of 255 from cell to cell at the strongest edges: nothing to be seen
_SHARP, _SHARP_AGAIN = 0.30, 0.45  # of the sharpness learned
_SOFT_FROM_THE_START = 0.25  # fine contrast against the coarse: no lens in focus gives so little
_FORGIVEN = 0.6  # sharpness may be unlearned down to this share of the best: a web grows slowly
_KNOWN, _KNOWN_AGAIN = 0.35, 0.50  # share of the scene's edges that are where they were
_TILE_KNOWN = 0.30  # correlation of directions within a tile
_EMPTY = 0.65  # of the texture learned: less is a cloth or a wall, more is another scene
_LIKE = 0.6  # correlation of the coarse picture: the same scene, out of focus
_FIRST_LOOKS = 3
_LEARN_S = 600.0
_RESTLESS_S = 90.0  # of one trouble after the other: then the latest is believed
_HOLD_S: Mapping[View, float] = {
    View.CLEAR: 1.5,
    View.FAILED: 1.0,
    View.DARK: 3.0,
    View.COVERED: 4.0,  # who walks by close to the lens is gone by then
    View.BLURRED: 10.0,  # an autofocus may hunt
    View.MOVED: 60.0,  # nobody stands right before a lens for so long
}


@dataclass(frozen=True, slots=True)
class _Sample:
    """What is measured of one frame.

    `field`: the unit vectors of the edges, softened, as complex numbers, a cell each; `coarse`: the
    brightness in 20 by 15 cells, without its mean; `contrast` and `detail` in levels of 255.
    """

    field: Field
    coarse: Floats
    bright: float
    contrast: float
    detail: float
    neighbours: float

    @property
    def sharpness(self) -> float:
        """The finest contrast against the coarsest: light scales both."""
        return self.detail / max(1.0, float(self.coarse.std()))

    @property
    def texture(self) -> float:
        """The mean strength of edges, 0 to 1."""
        return float(np.abs(self.field).mean())


class Sight:
    """The view of one camera; `look` is to be called with every frame."""

    def __init__(self) -> None:
        self.view = View.STARTING
        self._field = np.zeros((_HEIGHT, _WIDTH), np.complex64)
        self._coarse = np.zeros((_HEIGHT // 8, _WIDTH // 8), np.float32)
        self._sharpness = self._best = self._texture = 0.0
        self._looks = 0
        self._looked_at = self._learned_at = float("-inf")
        self._seen, self._since, self._clear_at = View.STARTING, 0.0, float("-inf")

    @property
    def is_in_doubt(self) -> bool:
        """Whether the last frame looked otherwise than the view says; it may be so for a moment."""
        return self._seen is not self.view

    def look(self, frame: Pixels, at: float) -> View:
        """What the camera sees of its own sight, after this frame.

        Args:
            frame: (height, width, 3), RGB, at least 320 by 240 for figures that hold.
            at: Monotonic seconds, later than the last.
        """
        if at - self._looked_at < EVERY_S * 0.75:
            return self.view
        self._looked_at = at
        sample = _measure(frame)
        seen = self._judge(sample)
        self._settle(seen, at)
        if seen is View.CLEAR and self.view in {View.CLEAR, View.STARTING}:
            self._learn(sample, at)
        return self.view

    def _judge(self, sample: _Sample) -> View:
        """What this one frame looks like."""
        dark = _DARK_NO_MORE if self.view is View.DARK else _DARK
        if sample.bright < dark:
            return View.DARK
        if sample.contrast < _PLAIN:
            return View.DARK if sample.bright < _DIM else View.COVERED
        if sample.neighbours < _NOISE:
            return View.FAILED
        if self._looks < _FIRST_LOOKS:
            is_soft = sample.sharpness < _SOFT_FROM_THE_START
            return View.BLURRED if is_soft else View.CLEAR
        return self._compare(sample)

    def _compare(self, sample: _Sample) -> View:
        """Hold it to the scene that was learned."""
        was_well = self.view is View.CLEAR
        if sample.sharpness < self._sharpness * (_SHARP if was_well else _SHARP_AGAIN):
            is_like = _correlation(sample.coarse, self._coarse) > _LIKE
            return View.BLURRED if is_like else View.COVERED
        if self._known(sample.field) < (_KNOWN if was_well else _KNOWN_AGAIN):
            return View.COVERED if sample.texture < self._texture * _EMPTY else View.MOVED
        return View.CLEAR

    def _known(self, field: Field) -> float:
        """The share of the scene's edges that are where they were, give or take a cell."""
        weights = _tiled(_squared(self._field))
        norms = np.sqrt(weights * _tiled(_squared(field))) + 1e-6
        best = 0.0
        for down in (-1, 0, 1):
            for across in (-1, 0, 1):
                moved = np.roll(field, (down, across), (0, 1))
                match = _tiled((moved * self._field.conj()).real) / norms
                share = float(weights[match > _TILE_KNOWN].sum() / max(1e-6, weights.sum()))
                best = max(best, share)
        return best

    def _settle(self, seen: View, at: float) -> None:
        """Believe what lasts."""
        if seen is not self._seen:
            self._seen, self._since = seen, at
        if seen is View.CLEAR or self._clear_at == float("-inf"):
            self._clear_at = at
        is_old = at - self._since >= _HOLD_S[seen]
        is_restless = seen is not View.CLEAR and at - self._clear_at >= _RESTLESS_S
        is_first = self.view is View.STARTING and seen is View.CLEAR
        if (is_old or is_restless) and not (is_first and self._looks < _FIRST_LOOKS):
            self.view = seen

    def _learn(self, sample: _Sample, at: float) -> None:
        """Take a little of it: as much as of each before at first, later what the time gives."""
        self._looks += 1
        share = max(1.0 / self._looks, min(1.0, (at - self._learned_at) / _LEARN_S))
        if self._looks <= _FIRST_LOOKS:
            share = 1.0 / self._looks
        self._learned_at = at
        self._field += share * (sample.field - self._field)
        self._coarse += share * (sample.coarse - self._coarse)
        self._texture += share * (sample.texture - self._texture)
        self._sharpness += share * (sample.sharpness - self._sharpness)
        self._best = max(self._best, self._sharpness)
        self._sharpness = max(self._sharpness, _FORGIVEN * self._best)


def _measure(frame: Pixels) -> _Sample:
    """Measure one frame, by its green, of any size."""
    fine = _shrunk(frame[:, :, 1], 2 * _WIDTH, 2 * _HEIGHT)
    cells = fine.reshape(_HEIGHT, 2, _WIDTH, 2).mean((1, 3))
    coarse = cells.reshape(_HEIGHT // 8, 8, _WIDTH // 8, 8).mean((1, 3))
    return _Sample(
        field=_directions(cells),
        coarse=coarse - coarse.mean(),
        bright=float(np.quantile(cells, 0.75)),
        contrast=float(np.quantile(_steps(cells), 0.98)),
        detail=float(np.quantile(_steps(fine), 0.995)),
        neighbours=_correlation(frame[::4, :-1, 1], frame[::4, 1:, 1]),
    )


def _shrunk(plane: Pixels, width: int, height: int) -> Floats:
    """The means of the pixels in each of so many cells."""
    rows = np.arange(height) * plane.shape[0] // height
    columns = np.arange(width) * plane.shape[1] // width
    sums = np.add.reduceat(np.add.reduceat(plane, rows, 0, np.uint32), columns, 1)
    counts = np.outer(
        np.diff(rows, append=plane.shape[0]), np.diff(columns, append=plane.shape[1])
    ).clip(1)
    means: Floats = (sums / counts).astype(np.float32)
    return means


def _steps(cells: Floats) -> Floats:
    """The larger of the differences to the right and below."""
    across, down = np.diff(cells[:-1], axis=1), np.diff(cells[:, :-1], axis=0)
    steps: Floats = np.maximum(np.abs(across), np.abs(down))
    return steps


def _directions(cells: Floats) -> Field:
    """The direction of the brightness's slope in each cell; 0 where there is none."""
    slope = np.zeros(cells.shape, np.complex64)
    slope.real[:, 1:-1] = (cells[:, 2:] - cells[:, :-2]) / 2
    slope.imag[1:-1] = (cells[2:] - cells[:-2]) / 2
    directions: Field = slope / (np.abs(slope) + np.float32(_SOFT))
    return directions


def _squared(field: Field) -> Floats:
    """The squared length of each vector."""
    squares: Floats = field.real**2 + field.imag**2
    return squares


def _tiled(cells: Floats) -> Floats:
    """The sum of each tile."""
    down, across = _TILES
    tiles = cells.reshape(down, _HEIGHT // down, across, _WIDTH // across)
    sums: Floats = tiles.sum((1, 3))
    return sums


def _correlation(one: "NDArray[np.generic]", other: "NDArray[np.generic]") -> float:
    """Pearson's, 0 where one of them is constant."""
    first, second = one.astype(np.float32).ravel(), other.astype(np.float32).ravel()
    first, second = first - first.mean(), second - second.mean()
    norm = float(np.sqrt(first @ first) * np.sqrt(second @ second))
    return float(first @ second) / norm if norm > 0 else 0.0
