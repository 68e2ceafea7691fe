"""Files overwritten and deleted, and free space overwritten and given back to the card."""

import contextlib
import errno
import fcntl
import os
import stat
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

from drivers.kept import sync

_CHUNK = 1 << 20
_SMALLEST = 512
_LONGEST_NAME = 255  # bytes
_LONGEST_ENTRY = 264  # bytes of a directory entry with such a name (ext4)
_TRIM = 0xC0185879  # FITRIM of <linux/fs.h>
_WHOLE = (1 << 64) - 1
_OVERWRITING, _CHURN = ".overwriting", ".churn-"
_FULL = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT})


def files_in(folder: Path) -> Iterator[Path]:
    """Every plain file below a folder; links are not followed."""
    for top, _, names in os.walk(folder):
        for name in names:
            path = Path(top) / name
            if stat.S_ISREG(path.lstat().st_mode):
                yield path


def wipe_file(path: Path) -> int:
    """Overwrite a file with zeros where it lies, and delete it; how many bytes it had.

    Raises:
        OSError: The disk refuses.
    """
    size = path.stat().st_size
    with path.open("r+b", buffering=0) as file:
        left = size
        while left:
            left -= file.write(bytes(min(left, _CHUNK)))
        os.fsync(file.fileno())
        file.truncate(0)
        os.fsync(file.fileno())
    path.unlink()
    return size


def empty(folder: Path) -> int:
    """Wipe all files below a folder and remove all else; it stays. How many bytes were wiped.

    Raises:
        OSError: The disk refuses.
    """
    wiped = sum(wipe_file(path) for path in list(files_in(folder)))
    for top, folders, names in os.walk(folder, topdown=False):
        for name in names:
            (Path(top) / name).unlink()
        for name in folders:
            path = Path(top) / name
            if path.is_symlink():
                path.unlink()
            else:
                path.rmdir()
    return wiped


def is_made_here(name: str) -> bool:
    """Whether a name is one of those by which this module overwrites; a power cut leaves some."""
    is_long = len(name) == _LONGEST_NAME and name.isdigit()
    return is_long or name == _OVERWRITING or name.startswith(_CHURN)


def fill_free_space(folder: Path, advance: Callable[[int], None]) -> int:
    """Overwrite all free space of the folder's file system with zeros; how many bytes.

    Raises:
        OSError: The disk fails, other than by being full.
    """
    path, written = folder / _OVERWRITING, 0
    try:
        with path.open("wb", buffering=0) as file:
            size = _CHUNK
            while size >= _SMALLEST:
                count = _written(file.fileno(), bytes(size))
                if count == 0:
                    size //= 2
                written += count
                advance(count)
            os.fsync(file.fileno())
    finally:
        path.unlink(missing_ok=True)
    return written


def scrub_names(folder: Path) -> None:
    """Overwrite the names that a folder's own blocks still have of what was deleted from it.

    Names of the greatest length, as many as the folder has room for, leave nothing of others.

    Raises:
        OSError: The disk refuses.
    """
    count = folder.stat().st_size // _LONGEST_ENTRY + 2
    fresh = [folder / f"{n:0{_LONGEST_NAME}}" for n in range(count)]
    for path in fresh:
        path.touch()
    sync(folder)
    for path in fresh:
        path.unlink()
    sync(folder)


def churn(folder: Path, rounds: int) -> None:
    """Change the folder's file system so often that its journal holds nothing of before.

    Raises:
        OSError: The disk refuses.
    """
    for n in range(rounds):
        place = folder / f"{_CHURN}{n % 7}"
        place.mkdir(exist_ok=True)
        with (place / f"{n}").open("wb") as file:
            file.write(b"\0")
            file.flush()
            os.fsync(file.fileno())
        (place / f"{n}").unlink()
    for n in range(7):
        with contextlib.suppress(FileNotFoundError):
            (folder / f"{_CHURN}{n}").rmdir()


def trim(folder: Path) -> int | None:
    """Give free space back to the card; how many bytes, or None where the card takes none back."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        answer = fcntl.ioctl(descriptor, _TRIM, struct.pack("QQQ", 0, _WHOLE, 0))
    except OSError:  # EOPNOTSUPP, and others of drivers that know nothing of it
        return None
    finally:
        os.close(descriptor)
    return int(struct.unpack("QQQ", answer)[1])


def _written(descriptor: int, content: bytes) -> int:
    """How much of it was taken; 0 where the disk is full."""
    try:
        return os.write(descriptor, content)
    except OSError as error:
        if error.errno in _FULL:
            return 0
        raise
