"""Small videos for tests, written as any camera or telephone would."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def film(path: Path, frames: Iterable[Pixels], rate_hz: int = 25, codec: str = "mpeg4") -> Path:
    """Write frames of one even size, RGB, `rate_hz` a second."""
    with av.open(str(path), "w") as out:
        stream = cast("av.VideoStream", out.add_stream(codec, rate=rate_hz))
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.bit_rate = 4_000_000
        for number, pixels in enumerate(frames):
            if number == 0:
                stream.height, stream.width = pixels.shape[:2]
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, rate_hz)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path
