"""Which of two releases is the newer one: numbers joined by dots, and candidates before them.

`0.3.0` is `0.3`; `0.3.0rc2` comes before `0.3.0`. Nothing else is a version: what cannot be put
in order cannot be refused for being older.
"""

import re

PATTERN = r"^(0|[1-9]\d{0,8})(\.(0|[1-9]\d{0,8})){1,3}(rc[1-9]\d{0,3})?\Z"
_FORM = re.compile(PATTERN, re.ASCII)
_PARTS = 4
_NO_CANDIDATE = 10**9  # after every candidate

Order = tuple[int, ...]


def order(version: str) -> Order:
    """What two versions are compared by.

    Raises:
        ValueError: It is none.
    """
    if _FORM.match(version) is None:
        raise ValueError(f"{version!r} is no version: numbers joined by dots, as 1.4.0 or 1.4.0rc1")
    numbers, _, candidate = version.partition("rc")
    parts = [int(each) for each in numbers.split(".")]
    padding = [0] * (_PARTS - len(parts))
    return (*parts, *padding, int(candidate) if candidate else _NO_CANDIDATE)


def is_newer(version: str, than: str) -> bool:
    """Whether `version` comes after `than`; every version comes after none at all ("").

    Raises:
        ValueError: One of them is no version.
    """
    return not than or order(version) > order(than)
