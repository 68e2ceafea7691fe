"""What a driver keeps over restarts: one small JSON file each, replaced in one step."""

import os
from pathlib import Path
from typing import TypeVar

import msgspec

from drivers.sensor import NotReadyError

RFC3339 = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z"
Record = TypeVar("Record", bound=msgspec.Struct)


def path(state: Path, name: str) -> Path:
    """Where the record of the sensor called `name` is kept."""
    return state / "baselines" / f"{name}.json"


def store(kept: Path, record: msgspec.Struct) -> None:
    """Keep a record: either the old one or the new one is there after a power cut.

    Raises:
        OSError: The disk is full, read-only or broken; the old record stays.
    """
    replace(kept, msgspec.json.format(msgspec.json.encode(record)) + b"\n")


def replace(kept: Path, content: bytes) -> None:
    """The same for what is written as bytes already.

    Raises:
        OSError: The disk is full, read-only or broken; the old content stays.
    """
    kept.parent.mkdir(parents=True, exist_ok=True)
    fresh = kept.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(kept)
    sync(kept.parent)


def sync(path: Path) -> None:
    """Wait until a file, or what was made, renamed or deleted in a folder, is on flash.

    Never a database that SQLite holds: closing a second descriptor of it would end SQLite's locks
    (POSIX advisory locks belong to the process). Its log and its folder may be.

    Raises:
        OSError: The disk fails, or there is no such path.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def load(kept: Path, kind: type[Record], *, what: str, remedy: str) -> Record:
    """Give the stored record; `what` and `remedy` are words for the message.

    Raises:
        NotReadyError: There is none, or it cannot be used; the message names the remedy.
    """
    try:
        text = kept.read_bytes()
    except FileNotFoundError:
        raise NotReadyError(f"no {what}: {remedy}") from None
    except OSError as error:
        raise NotReadyError(f"{what} unreadable ({error.strerror}): {remedy}") from error
    try:
        return msgspec.json.decode(text, type=kind)
    except ValueError as error:  # msgspec's own errors, and what is not UTF-8
        raise NotReadyError(f"{what} garbled ({error}): {remedy}") from error
