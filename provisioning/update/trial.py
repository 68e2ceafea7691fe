"""The trial of what was just installed: good only once it detects as well as what was before it.

    judge(expected, before, watched) -> "" or why it is not good

The agent must say that it is the new one, be armed, claim no hazard less than before, live through
the soak in one process, and then pass the self-test of detection: part by part, by arithmetic, and
by a stimulus on the sensor where the device has one. It is the same for an application that was
switched while the system runs and for a system that was just booted (`update.confirm`).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from provisioning.update import calm

SELFTEST_S = 900.0  # the slowest board, and every stimulus, in turn
_LONGEST_WARM_UP_S = 3600.0
_LESS = {"proven": 2, "assumed": 1, "simulated": 1}  # anything else claims nothing


@dataclass(frozen=True, slots=True)
class Standing:
    """How the agent stands at a moment; `at` is its clock, by which its progress shows.

    `warming` are the hazards of which a sensor is still warming up.
    """

    pid: int
    at: float
    software: str = ""
    layers: Mapping[str, str] = field(default_factory=dict)
    armed: bool = False
    claims: Mapping[str, str] = field(default_factory=dict)
    warming: frozenset[str] = frozenset()
    alarm: bool = False

    @classmethod
    def of(cls, answer: calm.Answer) -> "Standing":
        """Take it from what the agent says of itself."""
        body = answer.body
        sensors: Mapping[str, Any] = body.get("sensors", {})
        return cls(
            pid=answer.pid,
            at=float(body.get("at", 0.0)),
            software=str(body.get("software", "")),
            layers=dict(body.get("installed", {})),
            armed=bool(body.get("armed")),
            claims=claims(body),
            warming=frozenset(
                str(hazard)
                for each in sensors.values()
                if each.get("state") == "warming"
                for hazard in each.get("covers", ())
            ),
            alarm=calm.is_alarm(body),
        )


class Part(msgspec.Struct, frozen=True):
    """One part of the self-test; `by` is `arithmetic` or `stimulus`."""

    part: str
    passed: bool
    detail: str = ""
    by: str = "arithmetic"


@dataclass(frozen=True, slots=True)
class Expected:
    """What the new one must say of itself: its `software`, and `layers` by kind; empty: anything.

    `instead_of` is the process that was to end (0: none).
    """

    software: str = ""
    layers: Mapping[str, str] = field(default_factory=dict)
    instead_of: int = 0


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a trial takes, in seconds: it must be armed `within_s`, and then detect as before.

    That every sensor has answered takes `settles_s` at the most. Sensors that warm up, and an alarm
    that comes in between, are waited for beside that.
    """

    within_s: float = 180.0
    settles_s: float = 120.0
    soak_s: float = 60.0
    hangs_s: float = 30.0  # no progress for so long, whatever it shows
    every_s: float = 1.0


class SelftestError(Exception):
    """The self-test could not be had, this time."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The agent from outside: `look` at it, how often it was started `again` by itself, its test.

    `selftest` gives the parts, and raises `SelftestError` where none could be had.
    """

    look: Callable[[], Standing | None]
    again: Callable[[], int]
    selftest: Callable[[], Sequence[Part]]
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep


def claims(status: Mapping[str, Any]) -> dict[str, str]:
    """The claim per hazard in a status of the agent."""
    return {hazard: str(each.get("claim")) for hazard, each in status.get("coverage", {}).items()}


def look_at(run: Path) -> Callable[[], Standing | None]:
    """Look at the agent that runs in `run`."""

    def look() -> Standing | None:
        answer = calm.status(run)
        return None if answer is None else Standing.of(answer)

    return look


def selftest_by(run: Path, within_s: float = SELFTEST_S) -> Callable[[], Sequence[Part]]:
    """Have the agent that runs in `run` test itself."""

    def selftest() -> Sequence[Part]:
        answer = calm.ask(run, {"selftest": True}, within_s)
        if answer is None:
            raise SelftestError("no answer")
        if "parts" not in answer.body:
            raise SelftestError(str(answer.body.get("reason") or answer.body.get("error")))
        try:
            return msgspec.convert(answer.body["parts"], list[Part])
        except msgspec.ValidationError as error:
            raise SelftestError(str(error)) from None

    return selftest


def worse(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """The hazards that are claimed less than before, and as what."""
    return {
        hazard: f"{hazard} is {now.get(hazard, 'gone')}, and was {claim}"
        for hazard, claim in sorted(before.items())
        if _LESS.get(now.get(hazard, ""), 0) < _LESS.get(claim, 0)
    }


def judge(
    expected: Expected,
    before: Mapping[str, str],
    watched: Watched,
    terms: Terms | None = None,
) -> str:
    """Try what runs now; empty: it is good. `before` are the claims of what ran until now.

    It returns as soon as the verdict is certain, at the latest some minutes after `within_s`; an
    alarm, whoever raises it, is waited for.
    """
    return _Course(expected, before, watched, terms or Terms()).run()


class _Course:
    """The course of one trial."""

    def __init__(
        self, expected: Expected, before: Mapping[str, str], watched: Watched, terms: Terms
    ) -> None:
        self._expected, self._before, self._watched = expected, before, watched
        self._terms = terms
        self._again = watched.again()
        self._pid, self._at, self._moved = 0, float("-inf"), watched.clock()
        self._good_since: float | None = None
        self._used_s = self._settled_s = self._warmed_s = 0.0  # of what may be waited

    def run(self) -> str:
        """Look until the verdict is certain."""
        last = self._watched.clock()
        while True:
            found, now = self._watched.look(), self._watched.clock()
            passed_s, last = now - last, now
            if crashed := self._crashed(found):
                return crashed
            why = self._shortcoming(found, now)
            if not why and (verdict := self._tested()) is not None:
                return verdict
            if why and (self._hangs(now) or self._is_over(found, passed_s)):
                return why
            self._watched.wait(self._terms.every_s)

    def _crashed(self, found: Standing | None) -> str:
        """Whether the new one has ended since, and was started again."""
        again = self._watched.again()
        if again > self._again:
            return "it ended, and had to be started again"
        self._again = again
        if found is None or found.pid == self._expected.instead_of:
            return ""
        if self._pid and found.pid != self._pid:
            return "it ended, and began anew"
        self._pid = found.pid
        return ""

    def _shortcoming(self, found: Standing | None, now: float) -> str:
        """Why it cannot be called good at this moment."""
        why = self._wrong(found, now)
        if why:
            self._good_since = None
            return why
        if self._good_since is None:
            self._good_since = now
        left_s = self._terms.soak_s - (now - self._good_since)
        return f"it must go on like that for {left_s:.0f} s" if left_s > 0 else ""

    def _wrong(self, found: Standing | None, now: float) -> str:
        if found is not None and found.at != self._at:
            self._at, self._moved = found.at, now
        elif self._hangs(now):
            return "the agent hangs"
        if found is None:
            return "the agent does not answer"
        if another := self._another(found):
            return another
        lost = "; ".join(worse(self._before, found.claims).values())
        return lost if found.armed else "the agent is not armed"

    def _hangs(self, now: float) -> bool:
        """Whether it has answered before, and made no progress since for too long."""
        return bool(self._pid) and now - self._moved > self._terms.hangs_s

    def _another(self, found: Standing) -> str:
        """How this differs from the agent that is on trial."""
        if found.pid == self._expected.instead_of:
            return "the agent did not begin anew"
        if self._expected.software not in {"", found.software}:
            return f"the agent is {found.software}, not {self._expected.software}"
        for kind, version in self._expected.layers.items():
            if found.layers.get(kind) != version:
                return f"the agent has {kind} {found.layers.get(kind, 'as shipped')}"
        return ""

    def _tested(self) -> str | None:
        """The verdict of the self-test, with the agent as it is then; None: not yet."""
        found = self._watched.look()
        if found is None or found.alarm or self._crashed(found):
            return None
        try:
            parts = self._watched.selftest()
        except SelftestError as error:
            self._used_s += self._terms.every_s
            return f"no self-test: {error}" if self._used_s > self._terms.within_s else None
        failed = [f"{each.part}: {each.detail}" for each in parts if not each.passed]
        if failed or not parts:
            return "; ".join(failed) or "the self-test tested nothing"
        found = self._watched.look()
        return self._crashed(found) or self._wrong(found, self._watched.clock())

    def _is_over(self, found: Standing | None, passed_s: float) -> bool:
        """Whether its time is up, after so many more seconds of falling short."""
        if found is not None and (found.alarm or self._good_since is not None):
            return False
        if found is not None and self._warmed_s < _LONGEST_WARM_UP_S:
            lost = worse(self._before, found.claims)
            if lost.keys() & found.warming:
                self._warmed_s += passed_s
                return False
        if found is not None and found.armed and not self._another(found):
            self._settled_s += passed_s
        else:
            self._used_s += passed_s
        return self._used_s > self._terms.within_s or self._settled_s > self._terms.settles_s
