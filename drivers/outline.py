"""The edges that a camera sees, 32 by 24 of them, row by row: enough to draw a bed on, no picture.

It crosses only while somebody at the device draws zones (`docs/privacy.md`): a row is a number,
`index * 2**32 + bits`, with the leftmost cell in the highest bit.
"""

from collections.abc import Sequence

COLUMNS, ROWS = 32, 24
ASKED_S = 30.0  # a wish lasts so long, and is then to be said again
HIGHEST = ROWS * 2**COLUMNS - 1


def packed(index: int, cells: Sequence[bool]) -> float:
    """A row as the number that crosses; `cells` from left to right."""
    bits = sum(1 << (COLUMNS - 1 - n) for n, is_edge in enumerate(cells) if is_edge)
    return float((index << COLUMNS) + bits)


def unpacked(value: float) -> tuple[int, int]:
    """Which row it is, and its bits."""
    index, bits = divmod(int(value), 1 << COLUMNS)
    return index, bits
