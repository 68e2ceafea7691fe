"""What the last self-test of each sensor showed, kept over restarts."""

import logging
from collections.abc import Mapping
from pathlib import Path

import msgspec

from agent.stimuli_wording import tested
from drivers import kept
from drivers.sensor import NotReadyError
from drivers.stimulus import Reach

log = logging.getLogger(__name__)

FILE = "stimuli.json"  # in the state directory


class Tested(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When (RFC 3339, and the local day since 1970 where it was known), how far, and why not."""

    wall_time: str
    day: int | None
    passed: bool
    reaches: Reach
    why: str

    def __str__(self) -> str:
        """For the claim of coverage."""
        if self.passed:
            return tested(self.reaches, self.wall_time)
        return f"failed its self-test {self.wall_time}: {self.why}"


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`beyond`: how often in a row each said more than its stimulus explains."""

    sensors: dict[str, Tested]
    beyond: dict[str, int] = {}


class TestedStore:
    """The file. `put` is for the pipeline's thread; `write`, which waits for the disk, is not."""

    def __init__(self, state: Path) -> None:
        self._path = state / FILE
        self._is_told = False
        try:
            found = kept.load(self._path, _Record, what="self-test record", remedy="it begins anew")
        except NotReadyError as error:
            if self._path.exists():
                log.warning("self-test: %s", error)
            found = _Record({})
        self._record = self._written = found  # never changed, for another thread reads it

    @property
    def sensors(self) -> Mapping[str, Tested]:
        """What each showed."""
        return self._record.sensors

    @property
    def beyond(self) -> Mapping[str, int]:
        """How often in a row each said more than its stimulus explains."""
        return self._record.beyond

    def put(self, sensor: str, what: Tested) -> None:
        """Take a result in."""
        self._record = _Record({**self.sensors, sensor: what}, dict(self.beyond))

    def count_beyond(self, sensor: str) -> None:
        """Once more it has said more than its stimulus explains."""
        times = self.beyond.get(sensor, 0) + 1
        self._record = _Record(dict(self.sensors), {**self.beyond, sensor: times})

    def forget_beyond(self, sensor: str) -> None:
        """It did not this time."""
        others = {name: times for name, times in self.beyond.items() if name != sensor}
        self._record = _Record(dict(self.sensors), others)

    def write(self) -> None:
        """Write what is new. Never raises."""
        if (new := self._record) is self._written:
            return
        try:
            kept.store(self._path, new)
        except OSError as error:
            if not self._is_told:
                log.error("self-test: not kept: %s", error)  # noqa: TRY400  # no traceback
            self._is_told = True
        else:
            self._written, self._is_told = new, False
