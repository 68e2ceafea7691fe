"""What is tried while something stays broken: rung by rung, each within a budget. No clock, no I/O.

Times are seconds that the device has *run* (`Lived`), over all its boots. A device without a clock
of its own knows no other: what passed while it was off, and what was not written down before a
power cut, is not counted, so that a budget a day in these is never more than one in a real day.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import msgspec

DAY_S = 86_400.0
CALM_S = 60.0  # so long nothing may have rung, before a rung that interrupts the watch
SOUND_S = 600.0  # so long it must do well, before what was tried for it is forgotten


class Lived(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The device had run for `lived_s` when boot `boot` showed `monotonic_s`, both in seconds."""

    boot: str = ""
    monotonic_s: float = 0.0
    lived_s: float = 0.0

    def at(self, boot: str, monotonic_s: float) -> float:
        """For how long it has run at an instant: another boot is counted from its first look."""
        if boot != self.boot:
            return self.lived_s
        return self.lived_s + max(0.0, monotonic_s - self.monotonic_s)

    def moved(self, boot: str, monotonic_s: float) -> "Lived":
        """The same odometer, read at this instant."""
        return Lived(boot, monotonic_s, self.at(boot, monotonic_s))


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `most` in any `within_s`; `pause_s` after the first of them, then ever longer."""

    most: int
    within_s: float = DAY_S
    pause_s: float = 0.0

    def recent(self, spent: Sequence[float], now: float) -> list[float]:
        """Those of what was spent that still count."""
        return [at for at in spent if now - at < self.within_s]

    def allows(self, spent: Sequence[float], now: float) -> bool:
        """Whether one more is within it."""
        if not (recent := self.recent(spent, now)):
            return self.most > 0
        if len(recent) >= self.most:
            return False
        pause_s: float = self.pause_s * 2.0 ** (len(recent) - 1)
        return now - max(recent) >= pause_s


@dataclass(frozen=True, slots=True)
class Rung:
    """One thing to try: `after_s` from the rung before, or from when it broke."""

    name: str
    after_s: float
    budget: Budget


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that is broken: since when, and when each rung was tried for it."""

    since_s: float
    tried: dict[str, float] = {}


class Memory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What outlives a restart: who has ever worked, what is broken, and what was spent by rung."""

    lived: Lived = Lived()
    worked: list[str] = []
    cases: dict[str, Case] = {}
    spent: dict[str, list[float]] = {}


class Standing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Since when all is as it was at the last look, for who looks anew each time."""

    broken: dict[str, float] = {}
    sound: dict[str, float] = {}
    calm: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """The rung that is due now, for whom, and for how long that has been broken, in seconds."""

    rung: str
    subject: str
    broken_s: float


class Ladder:
    """Climbs for what has worked and is broken, lowest rung first, each once in a case.

    A case ends once its subject has done well for `SOUND_S`; then what was tried has helped, and
    may be tried again within the budgets. What never worked has no case.
    """

    def __init__(
        self, rungs: Sequence[Rung], memory: Memory, standing: Standing | None = None
    ) -> None:
        self._rungs = tuple(rungs)
        self._worked = set(memory.worked)
        self._cases = dict(memory.cases)
        self._spent = {name: list(spent) for name, spent in memory.spent.items()}
        standing = standing or Standing()
        self._sound_since = dict(standing.sound)
        self._broken_since = dict(standing.broken)  # without a moment in which it did well
        self._calm_since = standing.calm

    def look(
        self, now: float, broken: Collection[str], sound: Collection[str], *, is_calm: bool
    ) -> Step | None:
        """Take in how everything is at `now`; the rung that is due, which then counts as tried.

        Who is neither `broken` nor `sound` is not judged. `is_calm` is False while there is an
        alarm, a question or an inspection.
        """
        self._heal(now, sound)
        for subject in broken:
            self._broken_since.setdefault(subject, now)
            if subject in self._worked:
                self._cases.setdefault(subject, Case(now))
        if not is_calm:
            self._calm_since = None
            return None
        if self._calm_since is None:
            self._calm_since = now
        if now - self._calm_since < CALM_S:
            return None
        return next(filter(None, (self._step(now, each) for each in sorted(broken))), None)

    def take_back(self, step: Step) -> None:
        """Let this rung be tried again for its subject: it was not granted. It stays spent."""
        if (case := self._cases.get(step.subject)) is not None:
            left = {name: at for name, at in case.tried.items() if name != step.rung}
            self._cases[step.subject] = msgspec.structs.replace(case, tried=left)

    def keep_only(self, subjects: Collection[str]) -> None:
        """Forget who is not among these: a part that was exchanged must show first that it works.

        What was spent stays.
        """
        self._worked &= set(subjects)
        self._cases = {name: case for name, case in self._cases.items() if name in subjects}

    def exhausted(self) -> Mapping[str, Case]:
        """The cases in which every rung was tried, and none has helped."""
        names = {rung.name for rung in self._rungs}
        return {name: case for name, case in self._cases.items() if names <= case.tried.keys()}

    def cases(self) -> Mapping[str, Case]:
        """All that is broken, and has worked before."""
        return dict(self._cases)

    def standing(self) -> Standing:
        """What need not outlive this boot."""
        return Standing(self._broken_since, self._sound_since, self._calm_since)

    def memory(self, lived: Lived) -> Memory:
        """What is to be kept; of what was spent only what counts."""
        budgets = {rung.name: rung.budget for rung in self._rungs}
        spent = {
            name: recent
            for name, all_of_it in self._spent.items()
            if name in budgets and (recent := budgets[name].recent(all_of_it, lived.lived_s))
        }
        return Memory(lived, sorted(self._worked), dict(self._cases), spent)

    def _heal(self, now: float, sound: Collection[str]) -> None:
        self._sound_since = {each: self._sound_since.get(each, now) for each in sound}
        for each, since in self._sound_since.items():
            self._worked.add(each)
            self._broken_since.pop(each, None)
            if now - since >= SOUND_S:
                self._cases.pop(each, None)

    def _step(self, now: float, subject: str) -> Step | None:
        if (case := self._cases.get(subject)) is None:
            return None
        for rung in self._rungs:
            if rung.name in case.tried:
                continue
            last = max(case.since_s, self._broken_since[subject], *case.tried.values())
            spent = self._spent.setdefault(rung.name, [])
            if now - last < rung.after_s or not rung.budget.allows(spent, now):
                return None
            spent[:] = [*rung.budget.recent(spent, now), now]
            tried = {**case.tried, rung.name: now}
            self._cases[subject] = msgspec.structs.replace(case, tried=tried)
            return Step(rung.name, subject, now - case.since_s)
        return None
