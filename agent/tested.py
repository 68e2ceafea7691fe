"""What the last self-test of each sensor showed, kept over restarts."""

import logging
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


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sensors: dict[str, Tested]


class TestedStore:
    """The file. `put` is for the pipeline's thread; `write`, which waits for the disk, is not."""

    def __init__(self, state: Path) -> None:
        self._path = state / FILE
        self._is_told = False
        try:
            found = kept.load(self._path, _Record, what="self-test record", remedy="it begins anew")
            self.sensors = found.sensors
        except NotReadyError as error:
            if self._path.exists():
                log.warning("self-test: %s", error)
            self.sensors = {}
        self._written = self.sensors

    def put(self, sensor: str, what: Tested) -> None:
        """Take a result in."""
        self.sensors = {**self.sensors, sensor: what}  # never changed, for another thread reads it

    def write(self) -> None:
        """Write what is new. Never raises."""
        if (new := self.sensors) is self._written:
            return
        try:
            kept.store(self._path, _Record(dict(new)))
        except OSError as error:
            if not self._is_told:
                log.error("self-test: not kept: %s", error)  # noqa: TRY400  # no traceback
            self._is_told = True
        else:
            self._written, self._is_told = new, False
