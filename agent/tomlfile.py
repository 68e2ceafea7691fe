"""A configuration file as TOML: read whole, and refused in one line that names the remedy."""

import difflib
import errno
import math
import os
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

LONGEST_BYTES = 1024 * 1024
_NAMED_WRONGLY = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG}
    | {errno.EACCES, errno.EPERM, None}  # None: what is said here
)


class ConfigError(Exception):
    """The file cannot be used; the message is one line that names file, key and remedy."""

    exit_code = os.EX_CONFIG  # another start would find the same


class UnreadError(ConfigError):
    """The disk or the system failed at it: another start may find it well."""

    exit_code = os.EX_IOERR


def read_table(path: Path) -> dict[str, Any]:
    """The file's content, checked for nothing yet.

    Raises:
        ConfigError: It cannot be read, or is no TOML.
    """
    try:
        raw = _content(path)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        if isinstance(error, OSError) and error.errno not in _NAMED_WRONGLY:
            raise UnreadError(_line(path, f"cannot be read: {error}", "check the card")) from None
        raise refusal(path, f"cannot be read: {error}", "name a readable file: --config") from None
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        key = _last_key(raw[: error.start].decode().splitlines())
        raise refusal(path, f"not UTF-8 - at or after `{key}`", "save it as UTF-8") from None
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise refusal(path, *_syntax(error, text)) from None


def _content(path: Path) -> bytes:
    """Read a file that a person can have written: a device or a pipe may never end."""
    if not path.is_file():
        path.stat()  # says so if there is nothing
        raise OSError("not a file")
    with path.open("rb") as file:
        content = file.read(LONGEST_BYTES + 1)
    if len(content) > LONGEST_BYTES:
        raise OSError(f"longer than {LONGEST_BYTES // 1024} KiB")
    return content


def refusal(path: Path, problem: str, remedy: str) -> ConfigError:
    """The error that names file, problem and remedy in one printable line."""
    return ConfigError(_line(path, problem, remedy))


def _line(path: Path, problem: str, remedy: str) -> str:
    line = f"{path}: {problem}: {remedy}"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


def _syntax(error: Exception, text: str) -> tuple[str, str]:
    """Name the line of a TOML error and the key that stands there or last before it."""
    message = str(error) or type(error).__name__
    place = re.search(r"at line (\d+)", message)
    lines = text.splitlines()[: int(place[1]) if place else None]
    return f"not TOML: {message} - at or after `{_last_key(lines)}`", "mend that line"


def _last_key(lines: list[str]) -> str:
    """The last key or table that begins one of `lines`."""
    keys = (m[1] for line in reversed(lines) if (m := re.match(r"\s*([\w.\-\[\]\"']+)", line)))
    return next(keys, "(start of file)")


def finite(table: dict[str, Any]) -> dict[str, Any]:
    """Return the table as it is; TOML's `nan` and `inf` measure nothing and pass no bound.

    Raises:
        msgspec.ValidationError: It holds such a number; the message names the place.
    """
    todo: list[tuple[str, Any]] = [("$", table)]
    while todo:
        place, value = todo.pop()
        if isinstance(value, dict):
            todo += [(f"{place}.{key}", each) for key, each in value.items()]
        elif isinstance(value, list):
            todo += [(f"{place}[{n}]", each) for n, each in enumerate(value)]
        elif isinstance(value, float) and not math.isfinite(value):
            raise msgspec.ValidationError(f"Expected a finite number, got {value} - at `{place}`")
    return table


def field_of(message: str) -> str | None:
    """The key that a message of msgspec names, None if it names none."""
    found = re.search(r"field `(.+?)`", message)
    return found[1] if found else None


def remedy_of(message: str, keys: Iterable[str]) -> str:
    """What to do about a message of msgspec; `keys` may stand in the file."""
    field = field_of(message)
    if field is None:
        return "change the value"
    if "missing" in message:
        return f"add `{field} = ...`"
    if near := difflib.get_close_matches(field, sorted(keys), n=1):
        return f"remove it, or did you mean `{near[0]}`?"
    return "remove it"


def keys_of(*kinds: Any) -> set[str]:
    """Every key that may stand anywhere in tables of these kinds."""
    seen: set[str] = set()
    todo: list[Any] = [msgspec.inspect.type_info(each) for each in kinds]
    while todo:
        kind = todo.pop()
        if isinstance(kind, msgspec.inspect.StructType):
            seen |= {field.encode_name for field in kind.fields}
            todo += [field.type for field in kind.fields]
        elif isinstance(kind, msgspec.inspect.UnionType):
            todo += kind.types
        elif isinstance(kind, msgspec.inspect.DictType):
            todo.append(kind.value_type)
        elif isinstance(kind, msgspec.inspect.ListType | msgspec.inspect.VarTupleType):
            todo.append(kind.item_type)
    return seen
