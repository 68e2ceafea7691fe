"""Pictures and clips as frames in time: a picture, a folder of pictures, or a video file.

A frame is a uint8 RGB array of (height, width, 3). Pillow and PyAV are loaded when a file is
opened, not before.
"""

import math
import re
import stat
import struct
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from models.kinds import kind

if TYPE_CHECKING:
    import av
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    Pixels = NDArray[np.uint8]

T = TypeVar("T")

TIMES = "camera.csv"  # beside the pictures of a folder: when each was taken
HEADER = "t_s,file"
STILL_HZ = 25.0  # of a folder of pictures without such a table
LARGEST_PX = 100_000_000
SMALLEST_PX = 16  # a side of a frame in which a person could be seen
LONGEST = 32  # times the shorter side
SHRINK_ABOVE_PX = 2048  # a side; a picture twice as large or more is read at half its size or less
INSTALL = "install it: pip install 'haetae[footage]'"
# what Pillow raises on a damaged picture, by its format
DAMAGED = (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, struct.error)


class FootageError(Exception):
    """A picture or clip cannot be used; one line that names the file and the remedy."""


class Frame(NamedTuple):
    """A picture at `t_s` seconds from the first; `pixels` is uint8 (height, width, 3)."""

    t_s: float
    pixels: "Pixels"


@dataclass(slots=True)
class Footage:
    """The frames of a video file, or of a folder of pictures.

    A folder's `camera.csv` (t_s,file) says when each picture was taken; without one they follow
    each other by name, `still_hz` a second. With `rate_hz`, for every step of so many a second the
    frame nearest to it is given, each once: a slow camera's frames are all given. One frame is in
    memory at a time. Frames that cannot be decoded are left out and counted.
    """

    path: Path
    rate_hz: float | None = None
    still_hz: float = STILL_HZ
    skipped: int = field(default=0, init=False)
    problem: str = field(default="", init=False)  # why the first was left out

    def frames(self) -> Iterator[Frame]:
        """Give the frames in order of time.

        Raises:
            FootageError: The file cannot be read, or not one frame of it.
        """
        if self.path.is_dir():
            found: Iterator[tuple[float, Callable[[], Pixels]]] = self._pictures()
        else:
            found = self._video()
        given = 0
        for t_s, decode in found if self.rate_hz is None else nearest(found, self.rate_hz):
            try:
                pixels = self._checked(decode())
            except FootageError as error:
                self._skip(str(error))
                continue
            given += 1
            yield Frame(t_s, pixels)
        if not given:
            why = self.problem or "no pictures"
            raise FootageError(f"{self.path}: not one frame: {why}")

    def _checked(self, pixels: "Pixels") -> "Pixels":
        height, width = pixels.shape[:2]
        short, long = min(height, width), max(height, width)
        if short < SMALLEST_PX or long > LONGEST * short:
            why = f"{width} x {height} px shows nobody: take it larger"
            raise FootageError(f"{self.path}: {why}")
        return pixels

    def _skip(self, problem: str) -> None:
        self.skipped += 1
        self.problem = self.problem or problem

    def _pictures(self) -> "Iterator[tuple[float, Callable[[], Pixels]]]":
        for t_s, path in listed(self.path, self.still_hz):
            yield t_s, lambda path=path: picture(path)  # type: ignore[misc]  # bound now

    def _video(self) -> "Iterator[tuple[float, Callable[[], Pixels]]]":
        av = _av()
        _require_file(self.path)
        try:
            with av.open(str(self.path)) as container:
                if len(container.streams.video) == 0:
                    raise FootageError(f"{self.path}: no pictures in it: name a video")
                stream = container.streams.video[0]
                rate = float(stream.average_rate or stream.base_rate or STILL_HZ)
                begin = last = -math.inf
                for frame in self._decoded(container, stream):
                    t_s = last + 1 / rate if frame.pts is None else float(frame.time)
                    if not math.isfinite(begin):
                        begin = t_s = t_s if math.isfinite(t_s) else 0.0
                    if t_s <= last:
                        t_s = last + 1 / rate
                    last = t_s
                    yield t_s - begin, lambda frame=frame: _pixels(frame)  # type: ignore[misc]
        except (av.FFmpegError, OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise FootageError(f"{self.path}: {why}: name a video or a picture") from None

    def _decoded(
        self, container: "av.container.InputContainer", stream: "av.VideoStream"
    ) -> "Iterator[av.VideoFrame]":
        """Decode packet by packet; a damaged one costs its own frames."""
        av = _av()
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.FFmpegError, OSError, ValueError) as error:  # cut short: what was read stays
                self._skip(f"{self.path}: {getattr(error, 'strerror', None) or error}")
                return
            try:
                frames = packet.decode()
            except (av.FFmpegError, OSError, ValueError) as error:
                self._skip(f"{self.path}: {getattr(error, 'strerror', None) or error}")
                continue
            for frame in frames:
                if isinstance(frame, av.VideoFrame):
                    yield frame


def nearest(timed: Iterable[tuple[float, T]], rate_hz: float) -> Iterator[tuple[float, T]]:
    """Of things in order of time, those nearest to a step of 1 / `rate_hz` s, each once."""
    held: tuple[float, T] | None = None
    start, passed = 0.0, -1  # steps that are nearer to something before `held`
    for t_s, each in timed:
        if held is None:
            start = t_s
        else:
            steps = math.floor(((held[0] + t_s) / 2 - start) * rate_hz)
            if steps > passed:
                yield held
            passed = steps
        held = t_s, each
    if held is not None and math.floor((held[0] - start) * rate_hz) > passed:
        yield held


def listed(folder: Path, still_hz: float = STILL_HZ) -> list[tuple[float, Path]]:
    """The pictures of a folder and when each was taken, by its `camera.csv`, else by name.

    Raises:
        FootageError: The table cannot be used, or there are no pictures.
    """
    table = folder / TIMES
    if table.exists():
        return list(_rows(table))
    names = sorted((each for each in folder.iterdir() if kind(each) == "picture"), key=_natural)
    if not names:
        raise FootageError(f"{folder}: no pictures: put some there, or name another folder")
    return [(number / still_hz, each) for number, each in enumerate(names)]


def picture(path: Path) -> "Pixels":
    """Read a picture as it is to be looked at: turned as EXIF says, on white where transparent.

    Raises:
        FootageError: It cannot be read.
    """
    image = _pil()
    _require_file(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged EXIF, of great size
            with image.open(path) as opened:
                return _upright(path, opened)
    except DAMAGED as error:
        if reason := getattr(error, "strerror", None):
            raise FootageError(f"{path}: {reason}: make it readable") from None
        why = f"no picture that can be read ({error})"
        why = " ".join(why.replace(f" '{path}'", "").split())
        raise FootageError(f"{path}: {why}: save it as JPEG or PNG") from None
    except image.DecompressionBombError:
        raise FootageError(f"{path}: too large: make it smaller") from None


def _require_file(path: Path) -> None:
    """Refuse what would be waited for without end (a pipe), and what is not there.

    Raises:
        FootageError: It is no regular file.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise FootageError(f"{path}: {error.strerror}: name a file that is there") from None
    if stat.S_ISDIR(mode):
        raise FootageError(f"{path}: a folder: name a file in it")
    if not stat.S_ISREG(mode):
        raise FootageError(f"{path}: no regular file: save it as one")


def _upright(path: Path, opened: "Image.Image") -> "Pixels":
    import numpy as np  # noqa: PLC0415  # of this module's own opening of files
    from PIL import ImageOps  # noqa: PLC0415

    if opened.width * opened.height > LARGEST_PX:
        raise FootageError(f"{path}: {opened.width} x {opened.height} px: make it smaller")
    opened.draft("RGB", (SHRINK_ABOVE_PX, SHRINK_ABOVE_PX))
    turned = ImageOps.exif_transpose(opened)
    if turned.mode.startswith("I;16"):
        grey = np.asarray(turned).astype(np.uint16) >> 8
        return np.stack([grey.astype(np.uint8)] * 3, axis=-1)
    if turned.has_transparency_data:
        below = _pil().new("RGBA", turned.size, "white")
        turned = _pil().alpha_composite(below, turned.convert("RGBA"))
    coloured = turned.convert("RGB")
    if (factor := max(coloured.size) // SHRINK_ABOVE_PX) > 1:
        coloured = coloured.reduce(factor)
    return np.array(coloured)


def _rows(table: Path) -> Iterator[tuple[float, Path]]:
    _require_file(table)
    try:
        lines = table.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise FootageError(f"{table}: {why}: save it as UTF-8") from None
    if not lines or lines[0].strip() != HEADER:
        raise FootageError(f"{table}:1: not `{HEADER}`: make it the first line")
    before = -math.inf
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        text, _, name = (cell.strip() for cell in line.partition(","))
        try:
            t_s = float(text)
        except ValueError:
            raise FootageError(f"{table}:{number}: {text!r}: write seconds") from None
        if not before <= t_s < math.inf:
            raise FootageError(f"{table}:{number}: t_s {t_s:g} after {before:g}: sort the rows")
        if not name or Path(name).is_absolute() or ".." in Path(name).parts:
            raise FootageError(f"{table}:{number}: {name!r}: name a file of this folder")
        before = t_s
        yield t_s, table.parent / name


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sort 9.jpg before 10.jpg."""
    return [(int(each), "") if each.isdecimal() else (-1, each) for each in _PARTS.split(path.name)]


_PARTS = re.compile(r"([0-9]+)")


def _pixels(frame: "av.VideoFrame") -> "Pixels":
    """RGB, turned as a telephone's video says (counter-clockwise, in quarters)."""
    import numpy as np  # noqa: PLC0415  # of this module's own opening of files

    try:
        pixels = frame.to_ndarray(format="rgb24")
    except (_av().FFmpegError, OSError, ValueError) as error:
        raise FootageError(f"a frame cannot be converted: {error}") from None
    return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90) % 4))


def _av() -> Any:
    try:
        import av  # noqa: PLC0415  # only who opens a video needs it
    except ImportError as error:
        raise FootageError(f"videos need PyAV ({error}): {INSTALL}") from None
    return av


def _pil() -> Any:
    try:
        from PIL import Image  # noqa: PLC0415  # only who opens a picture needs it
    except ImportError as error:
        raise FootageError(f"pictures need Pillow ({error}): {INSTALL}") from None
    return Image
