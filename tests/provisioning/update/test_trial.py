"""What is tried is good only once it detects as well as before; a clock of our own, and no wait."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.update.calm import Answer
from provisioning.update.trial import (
    Expected,
    Part,
    SelftestError,
    Standing,
    Terms,
    Watched,
    judge,
    worse,
)

BEFORE = {"fire": "proven", "co": "assumed", "gas": "lost"}
GOOD = Standing(
    pid=7,
    at=0.0,
    software="haetae 0.2.0",
    layers={"application": "0.2.0"},
    armed=True,
    claims=BEFORE,
)
EXPECTED = Expected("haetae 0.2.0", {"application": "0.2.0"}, instead_of=5)
PASSED = [Part("fire by heat", passed=True), Part("smoke", passed=True, by="stimulus")]
TERMS = Terms()


@dataclass
class Life:
    """An agent by the second: what it shows at a time, and how its self-test ends then."""

    shows: Callable[[float], Standing | None]
    tests: Callable[[float], Sequence[Part]] = lambda _now: PASSED
    again: Callable[[float], int] = lambda _now: 0
    now: float = 0.0
    tested: list[float] = field(default_factory=list)

    def watched(self) -> Watched:
        return Watched(
            look=lambda: self._moving(self.shows(self.now)),
            again=lambda: self.again(self.now),
            selftest=self._test,
            clock=lambda: self.now,
            wait=self._pass,
        )

    def judged(self, before: Mapping[str, str] = BEFORE, expected: Expected = EXPECTED) -> str:
        return judge(expected, before, self.watched(), TERMS)

    def _test(self) -> Sequence[Part]:
        self.tested.append(self.now)
        return self.tests(self.now)

    def _pass(self, seconds: float) -> None:
        self.now += seconds
        assert self.now < 1e6, "it never ends"

    def _moving(self, found: Standing | None) -> Standing | None:
        return found if found is None or found.at else replace(found, at=self.now + 1.0)


def test_what_detects_as_before_is_good_after_its_soak_and_its_test() -> None:
    life = Life(lambda now: None if now < 3 else GOOD)
    assert life.judged() == ""
    assert life.tested == [63.0]


def worse_one(**changed: Any) -> Standing:
    return replace(GOOD, **changed)


@pytest.mark.parametrize(
    ("shown", "why", "within_s"),
    [
        (None, "does not answer", 181),
        (worse_one(pid=5), "did not begin anew", 181),
        (worse_one(software="haetae 0.1.0"), "is haetae 0.1.0, not haetae 0.2.0", 181),
        (worse_one(layers={}), "has application as shipped", 181),
        (worse_one(armed=False), "not armed", 181),
        (worse_one(claims=BEFORE | {"co": "lost"}), "co is lost, and was assumed", 121),
        (worse_one(claims=BEFORE | {"fire": "assumed"}), "fire is assumed, and was proven", 121),
        (worse_one(claims={"fire": "proven"}), "co is gone", 121),
        (worse_one(at=9.0), "hangs", 35),
    ],
)
def test_what_falls_short_is_not_good_and_the_reason_is_told(
    shown: Standing | None, why: str, within_s: float
) -> None:
    life = Life(lambda _now: shown)
    assert why in life.judged()
    assert life.now <= within_s
    assert life.tested == [], "nothing is tested that is not well"


@pytest.mark.parametrize("at_s", [0.0, 2.0, 20.0, 59.0])
def test_one_crash_is_enough_whenever_it_comes(at_s: float) -> None:
    by_pid = Life(lambda now: GOOD if now < at_s or not at_s else replace(GOOD, pid=8))
    counted = Life(lambda _now: GOOD, again=lambda now: int(now > at_s))
    assert "had to be started again" in counted.judged()
    if at_s:
        assert "began anew" in by_pid.judged()


def test_starts_that_were_counted_before_are_not_its_own() -> None:
    life = Life(lambda _now: GOOD, again=lambda now: 4 if now < 1 else 0)
    assert life.judged() == ""


def test_a_crash_during_the_self_test_is_seen() -> None:
    life = Life(lambda _now: GOOD)
    life.again = lambda _now: len(life.tested)
    assert "had to be started again" in life.judged()


def test_a_part_that_fails_is_told_by_its_name() -> None:
    failed = [*PASSED, Part("fire by heat", passed=False, detail="no alarm within 30 s")]
    life = Life(lambda _now: GOOD, lambda _now: failed)
    assert life.judged() == "fire by heat: no alarm within 30 s"


def test_a_self_test_of_nothing_proves_nothing() -> None:
    assert "tested nothing" in Life(lambda _now: GOOD, lambda _now: []).judged()


def refused(_now: float) -> Sequence[Part]:
    raise SelftestError("busy: another one is under way")


def test_a_self_test_that_is_never_had_is_no_pass() -> None:
    life = Life(lambda _now: GOOD, refused)
    assert life.judged() == "no self-test: busy: another one is under way"
    assert life.now < 60 + 2 * TERMS.within_s


def test_a_self_test_that_is_refused_for_a_while_is_asked_for_again() -> None:
    life = Life(lambda _now: GOOD, lambda now: refused(now) if now < 100 else PASSED)
    assert life.judged() == ""


def test_an_alarm_is_waited_for_and_nothing_is_tested_in_it() -> None:
    sounding = replace(GOOD, alarm=True)
    life = Life(lambda now: sounding if 10 < now < 5000 else GOOD)
    assert life.judged() == ""
    assert min(life.tested) >= 5000


def test_an_alarm_is_no_excuse_once_it_is_over() -> None:
    ill = replace(GOOD, claims={})
    life = Life(lambda now: replace(ill, alarm=now < 5000))
    assert "gone" in life.judged()
    assert 5000 <= life.now < 5200


def test_who_hangs_in_an_alarm_is_dead() -> None:
    life = Life(lambda now: replace(GOOD, alarm=True) if now < 20 else None)
    assert "hangs" in life.judged()
    assert life.now < 60


def test_a_sensor_that_warms_up_is_waited_for_only_where_its_hazard_needs_it() -> None:
    cold = replace(GOOD, claims=BEFORE | {"co": "lost"}, warming=frozenset({"co"}))
    assert Life(lambda now: cold if now < 1800 else GOOD).judged() == ""
    another = replace(cold, warming=frozenset({"gas"}))
    life = Life(lambda now: another if now < 1800 else GOOD)
    assert "co is lost" in life.judged()
    for_ever = Life(lambda _now: cold)
    assert "co is lost" in for_ever.judged()
    assert for_ever.now < 2 * 3600


def test_the_soak_begins_again_where_it_was_broken() -> None:
    life = Life(lambda now: replace(GOOD, armed=not 30 <= now < 40))
    assert life.judged() == ""
    assert life.tested == [100.0]


CLAIMS = st.dictionaries(
    st.sampled_from(["fire", "co", "gas", "sos"]),
    st.sampled_from(["proven", "assumed", "simulated", "lost", "strange"]),
)


@settings(deadline=None)
@given(CLAIMS, CLAIMS)
def test_what_claims_less_is_never_good(before: dict[str, str], now: dict[str, str]) -> None:
    rank = {"proven": 2, "assumed": 1, "simulated": 1}
    is_less = any(rank.get(now.get(h, ""), 0) < rank.get(c, 0) for h, c in before.items())
    assert bool(worse(before, now)) is is_less
    verdict = Life(lambda _now: replace(GOOD, claims=now)).judged(before)
    assert bool(verdict) is is_less


def test_a_standing_is_what_the_agent_says_of_itself() -> None:
    body = {
        "at": 12.5, "armed": True, "software": "haetae 0.2.0", "siren": "t3",
        "installed": {"rules": "7.0"}, "coverage": {"fire": {"claim": "proven", "why": "then"}},
        "sensors": {"co": {"state": "warming", "covers": ["co", "fire"]}, "x": {"state": "ok"}},
    }  # fmt: skip
    assert Standing.of(Answer(body, 31)) == Standing(
        31, 12.5, "haetae 0.2.0", {"rules": "7.0"}, True, {"fire": "proven"},
        frozenset({"co", "fire"}), True,
    )  # fmt: skip
