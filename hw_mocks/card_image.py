"""A card's image as a laptop sees it: files of its first partition, by mtools, nothing mounted."""

import os
import struct
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_SECTOR = 512


class EmulationError(Exception):
    """The board cannot be started, or did not come as far as was waited for."""


def read_from_card(card: Path, names: Sequence[str], folder: Path, prefix: str = "a/") -> None:
    """Copy files of the card's first partition into a folder; nothing is mounted.

    Raises:
        EmulationError: The card has no such file.
    """
    source = f"{card}@@{first_partition(card)}"
    for name in names:
        command = ("mcopy", "-n", "-i", source, f"::{prefix}{name}", str(folder / name))
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=_mtools_environment()
        )
        if done.returncode:
            raise EmulationError(f"{card}: no {prefix}{name}: {done.stderr.strip()}")


def write_to_card(card: Path, files: Mapping[str, bytes]) -> None:
    """Put files onto the card's first partition, as a laptop does.

    Raises:
        EmulationError: It cannot be written.
    """
    target = f"{card}@@{first_partition(card)}"
    with tempfile.TemporaryDirectory() as scratch:
        for name, data in files.items():
            (Path(scratch) / "file").write_bytes(data)
            command = ("mcopy", "-o", "-i", target, f"{scratch}/file", f"::{name}")
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, env=_mtools_environment()
            )
            if done.returncode:
                raise EmulationError(f"{card}: {name}: {done.stderr.strip()}")


def first_partition(card: Path) -> int:
    """Where the card's first partition begins, in bytes.

    Raises:
        EmulationError: It has no partition table.
    """
    with card.open("rb") as file:
        sector = file.read(_SECTOR)
    if sector[510:] != b"\x55\xaa":
        raise EmulationError(f"{card}: not a card's image: no partition table")
    return int(struct.unpack_from("<I", sector, 446 + 8)[0]) * _SECTOR


def round_up(card: Path) -> None:
    """QEMU's SD card has a size of a power of two."""
    size = card.stat().st_size
    os.truncate(card, 1 << (size - 1).bit_length())


def _mtools_environment() -> dict[str, str]:
    return {**os.environ, "MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C.UTF-8"}
