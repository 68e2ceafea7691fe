"""Ladders climb for what has worked, within their budgets, and never while something rings."""

from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.ladder import (
    CALM_S,
    DAY_S,
    SOUND_S,
    Budget,
    Case,
    Ladder,
    Lived,
    Memory,
    Rung,
    Step,
)

LOW, HIGH = Rung("low", 900.0, Budget(3, pause_s=3600.0)), Rung("high", 1800.0, Budget(1))
RUNGS = (LOW, HIGH)
BUS = "i2c-1"


@dataclass
class Climber:
    """A ladder in its process and its boot; either may end at any time, and memory stays."""

    memory: Memory = field(default_factory=Memory)
    boot: int = 1
    up_s: float = 0.0  # of this boot
    real_s: float = 0.0  # of the world
    steps: list[tuple[float, Step]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._lived = self.memory.lived.moved(str(self.boot), self.up_s)
        self.ladder = Ladder(RUNGS, self.memory)

    def now(self) -> float:
        return self._lived.at(str(self.boot), self.up_s)

    def restart(self) -> None:
        self._start()

    def power_cut(self, off_s: float) -> None:
        self.real_s += off_s
        self.boot, self.up_s = self.boot + 1, 5.0
        self._start()

    def pass_time(
        self, for_s: float, *, how: str, is_calm: bool = True, every_s: float = 60.0
    ) -> None:
        end = self.up_s + for_s
        while self.up_s < end:
            self.up_s, self.real_s = self.up_s + every_s, self.real_s + every_s
            broken, sound = (
                {BUS} & {BUS if how == "dead" else ""},
                {BUS} & {BUS if how == "ok" else ""},
            )
            step = self.ladder.look(self.now(), broken, sound, is_calm=is_calm)
            before, self.memory = self.memory, self._memory()
            if step is None and self.memory.cases == before.cases:
                self.memory = before if self.memory.worked == before.worked else self.memory
            elif step is not None:
                self.steps.append((self.real_s, step))
                assert is_calm
                if step.rung == "low":
                    self.restart()
                else:
                    self.power_cut(30.0)
                    return

    def _memory(self) -> Memory:
        kept = self.ladder.memory(self._lived.moved(str(self.boot), self.up_s))
        return msgspec.json.decode(msgspec.json.encode(kept), type=Memory)  # as a disk gives it

    def names(self) -> list[str]:
        return [step.rung for _, step in self.steps]


def test_a_bus_that_has_worked_and_stays_dead_is_climbed_for_once_and_then_left() -> None:
    climber = Climber()
    climber.pass_time(3600, how="ok")
    for _ in range(10):
        climber.pass_time(DAY_S / 4, how="dead")
    assert climber.names() == ["low", "high"]
    assert climber.ladder.exhausted().keys() == {BUS}
    climber.pass_time(SOUND_S + 60, how="ok")  # somebody has mended it
    assert not climber.ladder.exhausted()
    climber.pass_time(1800, how="dead")
    assert climber.names() == ["low", "high", "low"]


def test_what_never_worked_is_never_climbed_for() -> None:
    climber = Climber()
    for _ in range(10):
        climber.pass_time(DAY_S, how="dead", every_s=600)
        climber.restart()
    assert climber.steps == []
    assert not climber.ladder.cases()


def test_a_part_that_was_exchanged_must_first_show_that_it_works() -> None:
    climber = Climber()
    climber.pass_time(3600, how="ok")
    climber.ladder.keep_only({"another"})
    climber.pass_time(DAY_S, how="dead")
    assert climber.steps == []


def test_a_wire_that_stutters_is_not_dead() -> None:
    climber = Climber()
    climber.pass_time(3600, how="ok")
    for _ in range(200):
        climber.pass_time(LOW.after_s - 120, how="dead")
        climber.pass_time(120, how="ok")
    assert climber.steps == []


def test_what_helped_is_tried_again_and_ever_more_seldom() -> None:
    climber = Climber()
    climber.pass_time(3600, how="ok")
    at = []
    for _ in range(40):
        before = len(climber.steps)
        while len(climber.steps) == before:
            climber.pass_time(60, how="dead")
        at.append(climber.steps[-1][0])
        climber.pass_time(SOUND_S + 60, how="ok")
    first, second, third, fourth = (each for each in at[:4])
    assert second - first >= 3600
    assert third - second >= 2 * 3600
    assert fourth - first >= DAY_S
    assert set(climber.names()) == {"low"}


@pytest.mark.parametrize("ringing_h", [1, 12, 72])
def test_nothing_is_tried_while_something_rings_nor_at_once_after(ringing_h: float) -> None:
    climber = Climber()
    climber.pass_time(3600, how="ok")
    climber.pass_time(ringing_h * 3600, how="dead", is_calm=False)
    climber.pass_time(CALM_S - 20, how="dead", every_s=10)
    assert climber.steps == []
    climber.pass_time(CALM_S, how="dead", every_s=10)
    assert climber.names() == ["low"]


def test_a_step_that_was_not_granted_may_come_again_and_is_paid_for() -> None:
    climber = Climber()
    climber.pass_time(3600, how="ok")
    climber.pass_time(3600, how="dead")
    climber.pass_time(3600, how="dead")
    (_, step) = climber.steps[-1]
    assert step.rung == "high"
    climber.ladder.take_back(step)
    climber.pass_time(DAY_S - 3 * 3600, how="dead")
    assert climber.names() == ["low", "high"]
    climber.pass_time(4 * 3600, how="dead")
    assert climber.names() == ["low", "high", "high"]


EVENTS = st.lists(
    st.one_of(
        st.tuples(
            st.just("live"),
            st.floats(1.0, 40_000.0),
            st.sampled_from(["dead", "dead", "ok", "neither"]),
            st.booleans(),
        ),
        st.tuples(st.just("restart"), st.just(0.0), st.just(""), st.just(True)),
        st.tuples(st.just("cut"), st.floats(0.0, 40_000.0), st.just(""), st.just(True)),
    ),
    max_size=40,
)


@given(EVENTS)
@settings(deadline=None, max_examples=150)
def test_no_order_of_events_spends_more_than_the_budget_in_any_real_day(
    events: list[tuple[str, float, str, bool]],
) -> None:
    climber, has_worked = Climber(), False
    for what, for_s, how, is_calm in events:
        if what == "restart":
            climber.restart()
        elif what == "cut":
            climber.power_cut(for_s)
        else:
            has_worked = has_worked or how == "ok"
            climber.pass_time(for_s, how=how, is_calm=is_calm, every_s=300.0)
        assert has_worked or not climber.steps
    for rung in RUNGS:
        at = [when for when, step in climber.steps if step.rung == rung.name]
        most = rung.budget.most
        for first, last in zip(at, at[most:], strict=False):
            assert last - first >= rung.budget.within_s - 1e-6


@given(EVENTS)
@settings(deadline=None, max_examples=100)
def test_whatever_came_before_a_bus_that_has_worked_and_stays_dead_is_climbed_for(
    events: list[tuple[str, float, str, bool]],
) -> None:
    climber = Climber()
    climber.pass_time(600, how="ok")
    for what, for_s, how, is_calm in events:
        if what == "restart":
            climber.restart()
        elif what == "cut":
            climber.power_cut(for_s)
        else:
            climber.pass_time(for_s, how=how, is_calm=is_calm, every_s=300.0)
    for _ in range(12):
        climber.pass_time(DAY_S / 4, how="dead", every_s=300.0)
    assert climber.ladder.exhausted().keys() == {BUS}
    assert {"low", "high"} <= set(climber.names())


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 1e6)), max_size=50))
def test_the_odometer_is_never_ahead_of_the_world_and_never_goes_back(
    moves: list[tuple[int, float]],
) -> None:
    lived, world, boot, up_s, last = Lived(), 0.0, 0, 0.0, 0.0
    for what, by_s in moves:
        world += by_s
        if what == 0:  # a boot; what was not written is forgotten
            boot, up_s = boot + 1, 0.0
            lived = lived.moved(str(boot), up_s)
        else:
            up_s += by_s
        at = lived.at(str(boot), up_s)
        assert at <= world + 1e-3
        if what == 1:
            assert at >= last - 1e-3
            lived, last = lived.moved(str(boot), up_s), at


def test_a_clock_that_went_back_lends_nothing() -> None:
    lived = Lived("a", 1000.0, 50.0)
    assert lived.at("a", 10.0) == 50.0
    assert lived.at("b", 9e9) == 50.0
    budget = Budget(1)
    assert not budget.allows([60.0], 50.0)


def test_what_no_longer_counts_is_not_kept() -> None:
    memory = Memory(spent={"low": [0.0, DAY_S], "gone": [5.0]}, cases={BUS: Case(0.0)})
    kept = Ladder(RUNGS, memory).memory(Lived("a", 0.0, DAY_S + 10))
    assert kept.spent == {"low": [DAY_S]}
