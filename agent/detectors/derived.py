"""Levels that detectors derive from readings, for `haetae replay --readings`."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol, runtime_checkable


class Derived(NamedTuple):
    """A level behind a decision; the unit is part of `quantity`, `at` is monotonic seconds."""

    sensor: str
    quantity: str
    value: float
    at: float


@runtime_checkable
class Deriving(Protocol):
    """A detector that shows the levels it decides by."""

    def derived(self) -> Iterator[Derived]:
        """Give the latest value of every derived level."""
