"""What lies below a folder to be judged: pictures, videos, and folders of pictures as clips."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from models.footage import TIMES, FootageError, is_picture, is_video


def classes(folder: Path, names: Sequence[str]) -> dict[str, Path]:
    """The sub-folders that are named as the classes are, large or small, in the classes' order.

    Raises:
        FootageError: There is none.
    """
    try:
        held = {each.name.casefold(): each for each in sorted(folder.iterdir()) if each.is_dir()}
    except OSError as error:
        raise FootageError(f"{folder}: {error.strerror}: name a folder") from None
    found = {name: held[name] for name in names if name in held}
    if not found:
        wanted = ", ".join(f"{name}/" for name in names)
        raise FootageError(f"{folder}: no sub-folder {wanted}: sort the files into these")
    return found


def pictures(folder: Path) -> Iterator[Path]:
    """Every picture below a folder, in order of name."""
    for here, _ in _walk(folder):
        yield from sorted(filter(is_picture, here.iterdir()))


def clips(folder: Path) -> Iterator[Path]:
    """Every video below a folder, and every folder that holds pictures, in order of name."""
    for here, below in _walk(folder):
        if here != folder and is_clip(here):
            below.clear()
            yield here
        else:
            yield from sorted(filter(is_video, here.iterdir()))


def is_clip(folder: Path) -> bool:
    """Whether a folder is one clip: it says when its pictures were taken, or holds some."""
    return (folder / TIMES).exists() or any(map(is_picture, folder.iterdir()))


def _walk(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Each folder once, through links too; names taken out of the list are not gone into."""
    seen = set()
    for here, below, _ in os.walk(folder, followlinks=True):
        below.sort()
        real = os.path.realpath(here)
        if real in seen:
            below.clear()
            continue
        seen.add(real)
        yield Path(here), below
