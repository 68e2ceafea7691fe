"""Pictures as other cameras and other places would have given them.

Crops, light, colour, noise, blur and compression; small fires far away in a room, which are fires;
fires within a frame on a wall, which are screens or paintings and are none; and cameras that see
nothing. All take and give RGB of (height, width, 3); `px` is the side of what they give. Every draw
comes from the generator that is handed in.
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.fire_image import mixture

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
FRAMES = np.array(  # of screens and paintings
    [
        [15, 15, 15],
        [25, 25, 28],
        [60, 40, 25],
        [120, 85, 50],
        [230, 228, 220],
        [160, 160, 165],
        [200, 170, 90],
    ]
)
GLOW = np.array([50, 25, 5])


def varied(draw: np.random.Generator, pixels: Pixels, label: str, px: int) -> Pixels:
    """The same scene, otherwise taken; little is cut from what burns."""
    least = 0.35 if label == "none" else 0.6
    return _taken(draw, _lit(draw, _cut(draw, pixels, px, least)), px)


def far_fire(draw: np.random.Generator, fire: Pixels, room: Pixels, px: int) -> Pixels:
    """What burns in one picture, small, in the room of another."""
    scene = _cut(draw, room, px, 0.5)
    if draw.random() < 0.5:
        scene = scene * draw.uniform(0.25, 1)
    share = draw.uniform(0.12, 0.5)
    height, width = int(px * share * np.exp(draw.uniform(-0.2, 0.3))), int(px * share)
    height = min(height, px - 2)
    flames = mixture(_burning(fire), height, width)
    y, x = int(draw.integers(0, px - height)), int(draw.integers(0, px - width))
    part = scene[y : y + height, x : x + width]
    bright = flames.max(-1, keepdims=True) / 255
    seen = _softness(height, width) * np.clip((bright - 0.35) / 0.3, 0, 1)
    scene[y : y + height, x : x + width] = part * (1 - seen) + flames * seen
    down, across = np.mgrid[:px, :px]
    away = np.hypot(down - y - height / 2, across - x - width / 2) / px
    glow = np.exp(-((away / (share * 1.2)) ** 2))[..., None] * GLOW
    scene = scene + (glow * draw.uniform(0, 1))
    return _taken(draw, _lit(draw, np.clip(scene, 0, 255)), px)


def framed_fire(draw: np.random.Generator, fire: Pixels, room: Pixels, px: int) -> Pixels:
    """A picture of a fire on the wall of another picture's room, or on a screen there."""
    scene = _cut(draw, room, px, 0.6)
    width = int(px * draw.uniform(0.2, 0.6))
    height = int(np.clip(width * draw.choice([9 / 16, 3 / 4, 1, 4 / 3]), 0.15 * px, 0.7 * px))
    rim = max(1, int(draw.uniform(0.02, 0.09) * width))
    y, x = int(draw.integers(0, px - height)), int(draw.integers(0, px - width))
    frame = FRAMES[draw.integers(len(FRAMES))] * draw.uniform(0.7, 1.1)
    scene[y : y + height, x : x + width] = frame
    shown = mixture(fire, height - 2 * rim, width - 2 * rim)
    if draw.random() < 0.4:
        shown = shown * draw.uniform(0.5, 0.9) + draw.uniform(0, 40)
    scene[y + rim : y + height - rim, x + rim : x + width - rim] = shown
    return _taken(draw, _lit(draw, np.clip(scene, 0, 255)), px)


def blinded(draw: np.random.Generator, room: Pixels, px: int) -> Pixels:
    """What a covered, fogged or defocused camera shows of a scene: one colour, or a few blots."""
    few = int(draw.integers(1, 9))
    blots = mixture(mixture(_cut(draw, room, px, 0.5), few, few), px, px)
    lit = _lit(draw, blots)
    return np.clip(lit + draw.normal(0, draw.uniform(0, 6), lit.shape), 0, 255).astype(np.uint8)


def burns(pixels: Pixels) -> NDArray[np.bool_]:
    """Where a picture has the colour of flames."""
    red, green, blue = (pixels[..., each].astype(np.float32) for each in range(3))
    return np.asarray((red > 150) & (red >= green) & (green >= blue) & (red - blue > 60))


def _burning(fire: Pixels) -> Pixels:
    """The part of a picture that most flames are in."""
    down, across = np.nonzero(burns(fire))
    if len(down) <= 30:
        return fire
    top, bottom = np.quantile(down, [0.03, 0.97])
    left, right = np.quantile(across, [0.03, 0.97])
    more_y, more_x = 0.15 * (bottom - top) + 3, 0.15 * (right - left) + 3
    return fire[
        max(0, int(top - more_y)) : int(bottom + more_y) + 1,
        max(0, int(left - more_x)) : int(right + more_x) + 1,
    ]


def _softness(height: int, width: int) -> NDArray[np.float64]:
    """1 in the middle, 0 at the edges."""
    sides = [
        np.minimum(np.arange(side) + 0.5, side - np.arange(side) - 0.5) / side
        for side in (height, width)
    ]
    return np.clip(np.minimum(sides[0][:, None], sides[1][None]) / 0.22, 0, 1)[..., None]


def _cut(draw: np.random.Generator, pixels: Pixels, px: int, least: float) -> Floats:
    """A part of at least this share of the picture, squeezed to a square, mirrored or not."""
    height, width = pixels.shape[:2]
    area, aspect = draw.uniform(least, 1), np.exp(draw.uniform(-0.3, 0.3))
    high = min(1, np.sqrt(area * aspect))
    wide = min(1, area / high)
    if draw.random() < 0.35:  # nearly square, as from a camera that is not wide
        if width > height:
            wide = min(wide, height / width * draw.uniform(1, 1.2))
        else:
            high = min(high, width / height * draw.uniform(1, 1.2))
    y, x = draw.uniform(0, (1 - high) * height), draw.uniform(0, (1 - wide) * width)
    part = pixels[int(y) : int(np.ceil(y + high * height)), int(x) : int(np.ceil(x + wide * width))]
    seen = mixture(part, px, px)
    return seen[:, ::-1] if draw.random() < 0.5 else seen


def _lit(draw: np.random.Generator, pixels: Floats) -> Floats:
    """Another light and another camera's colours, now and then grey."""
    if draw.random() < 0.12:
        kept = draw.uniform(0, 0.6) if draw.random() < 0.6 else 0.0
        grey = pixels.mean(-1, keepdims=True)
        pixels = grey + (pixels - grey) * kept
    pixels = np.clip(pixels * (draw.normal(1, 0.12, 3) * draw.uniform(0.65, 1.35)), 0, 255)
    if draw.random() < 0.5:
        pixels = 255 * (pixels / 255) ** draw.uniform(0.65, 1.5)
    grey = pixels.mean(-1, keepdims=True)
    pixels = grey + (pixels - grey) * draw.uniform(0.6, 1.4)
    middle = pixels.mean()
    lit: Floats = np.clip(middle + (pixels - middle) * draw.uniform(0.75, 1.25), 0, 255)
    return lit


def _taken(draw: np.random.Generator, pixels: Floats, px: int) -> Pixels:
    """Few pixels, noise and compression, each now and then."""
    if draw.random() < 0.45:
        few = int(px * draw.uniform(0.3, 0.8))
        pixels = mixture(mixture(pixels, few, few), px, px)
    if draw.random() < 0.4:
        pixels = pixels + draw.normal(0, draw.uniform(2, 14), pixels.shape)
    taken: Pixels = np.clip(pixels, 0, 255).round().astype(np.uint8)
    if draw.random() < 0.5:
        file = io.BytesIO()
        Image.fromarray(taken).save(file, "JPEG", quality=int(draw.uniform(20, 80)))
        taken = np.asarray(Image.open(file).convert("RGB"))
    return taken
