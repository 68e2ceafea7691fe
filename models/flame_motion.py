"""Flames in successive frames: how much of the picture has their colour and does not keep still.

What one picture cannot tell, time can: a lamp, a sign, a sunset or a painting keeps still, a candle
or a hob stays small, a person in red passes, a light that is switched leaves the scene's outlines
where they were. A screen that shows a fire is not told from one, but for its size.
"""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.fire_image import resized

HEIGHT, WIDTH = 60, 80  # what a frame is shrunk to
RECENT_S = 4.0  # time constant of what a place in the picture did lately
KNOWN_S = 90.0  # after about so long what keeps still belongs to the scene
BLIND_S = 30.0  # after a gap as long nothing is known of how anything moved
GROWTH_S = 15.0  # growth is looked for over so long
CHANGE = 18.0  # of 255 between two frames; noise and compression stay below
FLICKERS = 0.35  # share of recent frames in which a place changed
COLOURED, STAYS = 0.3, 0.6  # share of recent frames in which it had the colour of a flame
HEART = 4  # places around what flickers in which a flame may be steady
NEAR_PCT = 0.3  # less flame than that is no fire to look at more closely
AROUND, LEAST_SHARE = 1.6, 0.25  # what is looked at: so many times the flames, so much of the sides
WHOLE, SAME_SCENE = 0.5, 0.6  # of the picture that changed at once; correlation of its outlines

Map = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class FlameFigures:
    """What the last frames show.

    Attributes:
        area_pct: Share of the picture that has a flame's colour and flickers, or has newly come.
        coloured_pct: Share of this frame that has a flame's colour, still or not.
        flicker: From 0 to 1, the share of what is coloured that flickers.
        growth_pct_per_s: How fast `area_pct` has grown over up to 15 s; negative if it shrinks.
    """

    area_pct: float
    coloured_pct: float
    flicker: float
    growth_pct_per_s: float


class FlameMotion:
    """Watches one camera that stands still, best at 1 to 5 frames a second; memory is bounded."""

    def __init__(self) -> None:
        self._figures = FlameFigures(0.0, 0.0, 0.0, 0.0)
        self._at = -math.inf
        self._light: Map = np.zeros((HEIGHT, WIDTH), np.float32)
        self._changes = np.zeros_like(self._light)  # share of recent frames, place by place
        self._coloured = np.zeros_like(self._light)
        self._scene = np.zeros_like(self._light)  # the same over minutes, of what keeps still
        self._areas: deque[tuple[float, float]] = deque(maxlen=64)
        self._flames: Mask = np.zeros((HEIGHT, WIDTH), np.bool_)  # where they are now

    def update(self, frame: NDArray[np.uint8], at: float) -> FlameFigures:
        """Take a frame in: RGB of any size, (height, width, 3), uint8, taken at `at` (seconds).

        A frame that is not newer than the last is passed over.
        """
        if at <= self._at:
            return self._figures
        small = resized(frame, HEIGHT, WIDTH).astype(np.float32)
        light, coloured = small[..., :2].mean(axis=-1), flame_coloured(small)
        passed_s = at - self._at
        if passed_s > BLIND_S:
            self._begin(coloured)
        else:
            self._follow(light, coloured, passed_s)
        self._light, self._at = light, at
        self._figures = self._figured(coloured, at)
        return self._figures

    def around(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        """The part of `frame` in which the last update saw flames, and what is about them.

        In a whole room a fire is some pixels to the picture model. None where there is too little.
        """
        if self._figures.area_pct < NEAR_PCT:
            return None
        rows, columns = _span(self._flames.any(axis=1)), _span(self._flames.any(axis=0))
        (top, bottom), (left, right) = (
            (round(begin * size), max(round(end * size), round(begin * size) + 1))
            for (begin, end), size in zip((rows, columns), frame.shape[:2], strict=True)
        )
        return frame[top:bottom, left:right]

    def _begin(self, coloured: Mask) -> None:
        """What is there at first is the scene, until it moves."""
        self._changes[:] = 0.0
        self._coloured[:] = self._scene[:] = coloured
        self._areas.clear()

    def _follow(self, light: Map, coloured: Mask, passed_s: float) -> None:
        changed = np.abs(light - self._light) > CHANGE
        kept = math.exp(-passed_s / RECENT_S)
        if changed.mean() > WHOLE and _alike(light, self._light) > SAME_SCENE:
            self._scene[:] = self._coloured[:] = coloured  # the same room in another light
        else:
            self._changes += (1 - kept) * (changed - self._changes)
            self._coloured += (1 - kept) * (coloured - self._coloured)
        learnt = 1 - math.exp(-passed_s / KNOWN_S)
        flickering = self._flickering()
        self._scene += np.where(flickering, 0.0, learnt * (self._coloured - self._scene))

    def _flickering(self) -> Mask:
        """What has a flame's colour and flickers, and the steady heart of it close by."""
        warm = self._coloured >= COLOURED
        return np.asarray(warm & _widened(warm & (self._changes >= FLICKERS), HEART))

    def _figured(self, coloured: Mask, at: float) -> FlameFigures:
        warm, flickering = self._coloured >= COLOURED, self._flickering()
        come = (self._coloured >= STAYS) & (self._scene < 0.5)
        self._flames = flickering | come
        area_pct = 100 * float(self._flames.mean())
        if not self._areas or at - self._areas[-1][0] >= GROWTH_S / 60:
            self._areas.append((at, area_pct))
        while at - self._areas[0][0] > GROWTH_S:
            self._areas.popleft()
        flicker = float(flickering.sum() / warm.sum()) if warm.any() else 0.0
        return FlameFigures(area_pct, 100 * float(coloured.mean()), flicker, self._growth())

    def _growth(self) -> float:
        """The slope of the straight line through the areas, % of the picture a second."""
        if len(self._areas) < 3:
            return 0.0
        seconds, areas = np.array(self._areas).T
        apart = seconds - seconds.mean()
        return float(apart @ areas / (apart @ apart))


def _span(marked: NDArray[np.bool_]) -> tuple[float, float]:
    """Begin and end of what is marked and the margin about it, as shares of the whole."""
    places = np.flatnonzero(marked)
    begin, end = int(places[0]) / marked.size, (int(places[-1]) + 1) / marked.size
    share = min(1.0, max(LEAST_SHARE, AROUND * (end - begin)))
    start = min(max(0.0, (begin + end - share) / 2), 1.0 - share)
    return start, start + share


def flame_coloured(pixels: Map) -> Mask:
    """Where a picture (height, width, 3; 0 to 255) is orange or yellow and bright, or white hot.

    White counts within two places of such colour, for the core of a flame that is overexposed.
    """
    red, green, blue = (pixels[..., each] for each in range(3))
    warm = (red >= 170) & (red >= green) & (green >= blue)
    warm &= (red - blue >= 90) & (green >= 0.25 * red)
    return np.asarray(warm | ((pixels.min(axis=-1) >= 215) & _widened(warm, 2)))


def _widened(mask: Mask, places: int) -> Mask:
    """The mask and all that is within so many places of it."""
    for _ in range(places):
        padded = np.pad(mask, 1)
        rows = padded[:-2] | padded[1:-1] | padded[2:]
        mask = np.asarray(rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:])
    return mask


def _alike(one: Map, other: Map) -> float:
    """How far the outlines of two pictures agree, -1 to 1."""
    outlines = [
        np.concatenate([np.diff(each, axis=0).ravel(), np.diff(each, axis=1).ravel()])
        for each in (one, other)
    ]
    size = float(np.linalg.norm(outlines[0]) * np.linalg.norm(outlines[1]))
    return float(outlines[0] @ outlines[1]) / size if size > 0 else 0.0
