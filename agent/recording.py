"""The recording format: a folder of `recording.toml`, readings, pictures and sound that replays."""

import gzip
import io
import itertools
import math
import os
import re
import shutil
import tomllib
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from agent.values import Reading
from drivers import kept
from drivers.sensor import Quantity

HEADER = "t_s,sensor,quantity,value"
_AGES_S = 1e12
FULL_SCALE_KEY = "microphone_full_scale_db"
FULL_SCALES_DB = (60.0, 180.0)  # no microphone is below or above
RECORDER = "haetae recorder"  # the `source` of what a device wrote itself
_QUANTITIES = {each.value: each for each in Quantity}
_SENSOR = re.compile(r"[^,\s][^,]{0,63}")


class RecordingError(Exception):
    """The recording cannot be used; one line that names file, line and remedy."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A folder's description. `labels` are seconds from the first row, such as `ignition_t_s`."""

    folder: Path
    title: str
    scenario: str
    source: str
    start: str | None
    labels: Mapping[str, float]
    camera: Path | None  # a folder of pictures, or a video
    microphone: Path | None  # a WAV file

    def readings(self) -> Iterator[Reading]:
        """Give the rows in order of time, `at` in seconds as in the file.

        Raises:
            RecordingError: A row cannot be used.
        """
        path = _readings_file(self.folder)
        if path is None:
            return
        try:
            with _open(path) as lines:
                yield from _rows(path, lines)
        except (OSError, EOFError, zlib.error) as error:
            remedy = "copy the file again, it is cut short or damaged"
            raise RecordingError(f"{path}: cannot be read: {error}: {remedy}") from None
        except UnicodeDecodeError as error:
            raise RecordingError(f"{path}: {error.reason}: save the file as UTF-8") from None


def load(folder: Path) -> Recording:
    """Read a recording's description; its rows are read by `Recording.readings`.

    Raises:
        RecordingError: It is no recording.
    """
    if not folder.is_dir():
        raise RecordingError(f"{folder}: not a folder: name the folder that holds recording.toml")
    path = folder / "recording.toml"
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        text = f"{path}: {error.strerror}: a recording needs this file, with title and scenario"
        raise RecordingError(text) from None
    except (ValueError, RecursionError) as error:
        raise RecordingError(f"{path}: not TOML: {error}: mend that line") from None
    for key in ("title", "scenario", "source", "start"):
        if not isinstance(table.get(key, ""), str):
            if key == "start" and hasattr(table[key], "isoformat"):  # TOML's own date and time
                table[key] = table[key].isoformat()
                continue
            raise RecordingError(f"{path}: `{key}` is not a text: put it in quotes")
    _check_full_scale(path, table)
    return Recording(
        folder=folder,
        title=table.get("title", folder.name),
        scenario=table.get("scenario", ""),
        source=table.get("source", ""),
        start=table.get("start"),
        labels=_labels(table),
        camera=_camera(folder),
        microphone=_microphone(folder),
    )


def _check_full_scale(path: Path, table: Mapping[str, Any]) -> None:
    """Refuse a sound's full scale that no microphone has: every level would be wrong."""
    low, high = FULL_SCALES_DB
    value = table.get(FULL_SCALE_KEY, low)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and low <= value <= high):
        what = f"`{FULL_SCALE_KEY}` is {value!r}"
        raise RecordingError(f"{path}: {what}: give {low:.0f} to {high:.0f} dB or leave it out")


def write(
    folder: Path, title: str, scenario: str, rows: Iterable[Reading], labels: Mapping[str, float]
) -> None:
    """Write a recording, whole or not at all, times as seconds from the first row.

    Raises:
        OSError: The disk did not take it, or `folder` is there already and not empty.
    """
    new = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    try:
        _write_durably(new / "recording.toml", _description(title, scenario, labels).encode())
        _write_durably(new / "readings.csv.gz", gzip.compress(table(rows).encode(), mtime=0))
        kept.sync(new)
        os.replace(new, folder)  # noqa: PTH105  # atomic, and says so
        kept.sync(folder.parent)
    except OSError:
        shutil.rmtree(new, ignore_errors=True)
        raise


def _readings_file(folder: Path) -> Path | None:
    """Find the table.

    Raises:
        RecordingError: There is nothing in the folder that could replay, or two tables.
    """
    found = _one_of(folder, "readings.csv", "readings.csv.gz")
    if found is None and _camera(folder) is None and _microphone(folder) is None:
        raise RecordingError(f"{folder}: no readings.csv or readings.csv.gz: add one")
    return found


def _microphone(folder: Path) -> Path | None:
    return _one_of(folder, "microphone.wav")


def _camera(folder: Path) -> Path | None:
    return _one_of(folder, "camera", "camera.mp4")


def _one_of(folder: Path, *names: str) -> Path | None:
    """Find the file or folder that goes by one of two names.

    Raises:
        RecordingError: There are both.
    """
    found = [path for name in names if (path := folder / name).exists()]
    if len(found) > 1:
        raise RecordingError(f"{folder}: {' and '.join(names)}: remove one of them")
    return found[0] if found else None


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(path), encoding="utf-8-sig")
    return path.open(encoding="utf-8-sig")


def _rows(path: Path, lines: TextIO) -> Iterator[Reading]:
    """Parse; this is the inner loop of every replay."""
    if (header := lines.readline().strip()) != HEADER:
        raise RecordingError(f"{path}:1: {header[:60]!r} is not {HEADER!r}: make it the first line")
    before = -math.inf
    names: dict[str, str] = {}
    for number, line in enumerate(lines, 2):
        try:
            t_s, sensor, quantity, value = line.split(",")
            reading = Reading(names[sensor], _QUANTITIES[quantity], float(value), float(t_s))
        except (ValueError, KeyError):
            if line.isspace():
                continue
            reading = _slowly(f"{path}:{number}", line, names)
        if not before <= reading.at < math.inf:
            text = f"{path}:{number}: t_s {reading.at:g} after {before:g}: sort the rows by t_s"
            raise RecordingError(text)
        before = reading.at
        yield reading


def _slowly(place: str, line: str, names: dict[str, str]) -> Reading:
    """Parse a row that is odd or the first of its sensor, or say what is wrong with it.

    Raises:
        RecordingError: It is no row.
    """
    cells = [cell.strip() for cell in line.split(",")]
    if len(cells) != HEADER.count(",") + 1:
        raise RecordingError(f"{place}: {len(cells)} columns, not 4: write {HEADER}")
    if not _SENSOR.fullmatch(cells[1]):
        raise RecordingError(f"{place}: no sensor name: name the sensor")
    if cells[2] not in _QUANTITIES:
        text = f"{place}: unknown quantity {cells[2]!r}: use one of {', '.join(_QUANTITIES)}"
        raise RecordingError(text)
    names[cells[1]] = cells[1]
    try:
        t_s, value = float(cells[0]), float(cells[3])
    except ValueError as error:
        raise RecordingError(f"{place}: {error}: write a number") from None
    return Reading(cells[1], _QUANTITIES[cells[2]], value, t_s)


def _labels(table: Mapping[str, Any]) -> dict[str, float]:
    """Every number of the file's top level is a label; one beyond all time is none."""
    return {
        key: float(value)
        for key, value in table.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _AGES_S
    }


def _description(title: str, scenario: str, labels: Mapping[str, float]) -> str:
    lines = [f'title = "{_quoted(title)}"', f'scenario = "{_quoted(scenario)}"']
    lines.append(f'source = "{RECORDER}"')
    lines += [f"{key} = {float(value)!r}" for key, value in labels.items()]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Escape for a TOML basic string."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in plain)


def table(rows: Iterable[Reading]) -> str:
    """The text of `readings.csv`, in order of time, in seconds from the first row."""
    ordered = sorted(rows, key=lambda row: row.at)
    first = ordered[0].at if ordered else 0.0
    lines = (f"{r.at - first:.6f},{r.sensor},{r.quantity},{r.value!r}" for r in ordered)
    return "\n".join(itertools.chain([HEADER], lines)) + "\n"


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
