"""The little of YAML that settings files of cards use: maps in maps, and plain or quoted values.

JSON is read as it is. Lists are passed over. No library of the device reads YAML, and its first
partition is written by anybody's laptop: the less is understood, the better.
"""

import json
import re

_KEY = r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s:#'"\-][^:#]*?)"""
_ENTRY = re.compile(rf"^( *){_KEY}\s*:(?:\s+(.*?))?\s*$")
_COMMENT = re.compile(r"\s+#.*$")
_MAX_LENGTH = 65_536


def read_maps(text: str) -> dict[str, object]:
    """The maps in a text.

    Raises:
        ValueError: It is longer than any such file.
    """
    if len(text) > _MAX_LENGTH:
        raise ValueError(f"longer than {_MAX_LENGTH} characters")
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return _read_block(text)
    except RecursionError:
        raise ValueError("too many maps in maps") from None
    return found if isinstance(found, dict) else {}


def _read_block(text: str) -> dict[str, object]:
    top: dict[str, object] = {}
    open_maps: list[tuple[int, dict[str, object]]] = [(-1, top)]
    for line in text.splitlines():
        if (found := _ENTRY.match(line)) is None:
            continue
        depth, key, value = len(found[1]), _scalar(found[2]), found[3] or ""
        while open_maps[-1][0] >= depth:
            open_maps.pop()
        if not value or value.startswith("#"):
            inner: dict[str, object] = {}
            open_maps[-1][1][key] = inner
            open_maps.append((depth, inner))
        else:
            open_maps[-1][1][key] = _scalar(value)
    return top


def _scalar(text: str) -> str:
    """A key or a value without its quotes, and without a comment behind it."""
    if text.startswith('"'):
        end = re.match(r'"(?:[^"\\]|\\.)*"', text)
        try:
            return str(json.loads(end[0])) if end else text
        except json.JSONDecodeError:
            return text
    if text.startswith("'"):
        end = re.match(r"'(?:[^']|'')*'", text)
        return end[0][1:-1].replace("''", "'") if end else text
    return _COMMENT.sub("", text)
