"""Light and sound against animals: bounded, and silent where people are warned."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from agent import signals
from agent.annunciator import Annunciator
from agent.deterrent import HOUR_S, Deterrent
from agent.values import PLACE, Detection, Hazard, Stage, Why
from tests.agent.test_annunciator import HUSH_S, Pin

WHY = Why("움직임", "Motion")


class Field:
    """An annunciator with a deterrent, and a clock that only the test moves."""

    def __init__(self) -> None:
        self.clock = [1000.0]
        self.siren, self.horn = Pin(self.clock), Pin(self.clock)
        self.annunciator = Annunciator(
            self.siren,
            None,
            clock=lambda: self.clock[0],
            hush_s=HUSH_S,
            deterrent=self.horn,
            bursts=Deterrent(burst_s=15.0, pause_s=60.0, per_hour=4),
        )

    def show(self, hazard: Hazard, stage: Stage, rule: str) -> None:
        found = Detection(hazard, stage, PLACE, rule, (), self.clock[0], WHY)
        self.annunciator.show(found)

    def live(self, seconds: float) -> None:
        end = self.clock[0] + seconds
        while self.clock[0] < end:
            self.clock[0] = min(end, self.clock[0] + self.annunciator.step())

    def is_on(self) -> bool:
        return bool(self.horn.edges) and self.horn.edges[-1][1]


def test_what_moves_is_driven_off_for_a_while_and_by_no_alarms_pattern() -> None:
    field = Field()
    field.show(Hazard.INTRUSION, Stage.PREALARM, "something_moves")
    field.live(30.0)
    assert [at - 1000.0 for at in field.horn.ons()] == [0.0, 4.0, 8.0, 12.0]
    assert field.siren.ons() == []
    assert not field.is_on()


def test_somebody_after_closing_time_elsewhere_drives_nothing() -> None:
    field = Field()
    field.show(Hazard.INTRUSION, Stage.ALARM, "signs_agree")
    field.live(30.0)
    assert field.horn.ons() == []


def test_a_fire_gas_or_a_call_silences_it_at_once() -> None:
    said = ((Hazard.FIRE, "fixed_heat"), (Hazard.GAS, "level"), (Hazard.SOS, "button"))
    for hazard, rule in said:
        field = Field()
        field.show(Hazard.INTRUSION, Stage.PREALARM, "something_moves")
        field.live(1.0)
        assert field.is_on()
        field.show(hazard, Stage.ALARM, rule)
        field.annunciator.step()
        assert not field.is_on()
        field.live(10.0)
        assert not field.is_on()
        assert field.siren.ons()


def test_it_ends_with_the_incident() -> None:
    field = Field()
    field.show(Hazard.INTRUSION, Stage.PREALARM, "something_moves")
    field.live(1.0)
    field.show(Hazard.INTRUSION, Stage.CLEARED, "something_moves")
    field.annunciator.step()
    assert not field.is_on()


@given(st.lists(st.floats(0.1, 900.0), max_size=60))
@settings(deadline=None)
def test_however_often_it_is_asked_for_it_keeps_its_pauses_and_its_hour(asks: list[float]) -> None:
    bursts, now = Deterrent(burst_s=15.0, pause_s=60.0, per_hour=4), 0.0
    begun = []
    for pause_s in asks:
        now += pause_s
        if bursts.drive(now):
            begun.append(now)
    assert all(later - earlier >= 75.0 for earlier, later in itertools.pairwise(begun))
    assert all(begun[n + 4] - begun[n] >= HOUR_S for n in range(len(begun) - 4))


@given(st.floats(0.0, 100.0))
def test_a_burst_is_over_when_it_is_over(since_s: float) -> None:
    bursts = Deterrent(burst_s=15.0, pause_s=60.0, per_hour=4)
    bursts.drive(0.0)
    is_on, left_s = bursts.level(since_s)
    assert left_s > 0.0
    assert not (is_on and since_s >= 15.0)


def test_its_pattern_is_neither_that_of_fire_nor_of_gas_nor_a_strobe() -> None:
    ons = [at / 20 for at in range(1, 2000) if signals.DETER(at / 20)[0]]
    changes = sum(
        signals.DETER(at / 20)[0] != signals.DETER((at + 1) / 20)[0] for at in range(2000)
    )
    assert ons
    assert changes / 100 < 2, "flashes of 3 Hz and more can harm people"
