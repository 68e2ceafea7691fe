from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detectors.flood import FloodConfig, FloodDetector
from agent.values import Detection, Hazard, Reading, Stage
from drivers.sensor import Quantity


class Cellar:
    def __init__(self, config: FloodConfig | None = None) -> None:
        self.detector = FloodDetector(config or FloodConfig())
        self.now = 0.0

    def stay(self, seconds: float, wet: float, name: str = "floor") -> list[Detection]:
        found, until = [], self.now + seconds
        while self.now < until:
            self.now += 2.0
            found += self.detector.update(Reading(name, Quantity.WATER_PRESENT, wet, self.now))
            found += self.detector.tick(self.now)
        return found


def test_water_is_an_alarm_at_once_and_over_when_it_has_been_dry_for_long() -> None:
    cellar = Cellar()
    assert cellar.stay(60, 0.0) == []
    (alarm,) = cellar.stay(10, 1.0)
    assert (alarm.hazard, alarm.stage, alarm.subject) == (Hazard.WATER, Stage.ALARM, "floor")
    assert cellar.stay(590, 0.0) == []
    (over,) = cellar.stay(30, 0.0)
    assert over.stage is Stage.CLEARED


def test_a_ripple_is_nothing() -> None:
    cellar = Cellar()
    for _ in range(50):
        assert cellar.stay(2, 1.0) + cellar.stay(20, 0.0) == []


def test_without_a_hold_one_reading_is_enough() -> None:
    cellar = Cellar(FloodConfig(hold_s=0.0))
    assert [each.stage for each in cellar.stay(2, 1.0)] == [Stage.ALARM]


def test_a_contact_that_is_not_heard_ends_nothing() -> None:
    cellar = Cellar()
    cellar.stay(10, 1.0)
    cellar.now += 86_400.0
    assert cellar.detector.tick(cellar.now) == []
    assert cellar.stay(4, 0.0) == []


def test_what_is_wet_stands_and_what_is_dry_does_not() -> None:
    cellar = Cellar()
    cellar.stay(10, 1.0)
    assert [each.sensor for each in cellar.detector.standing(Hazard.WATER)] == ["floor"]
    assert cellar.detector.standing(Hazard.FIRE) == ()
    cellar.stay(10, 0.0)  # told, and not over yet
    assert cellar.detector.standing(Hazard.WATER) == ()


def test_two_places_are_two_incidents() -> None:
    cellar = Cellar()
    assert [each.subject for each in cellar.stay(10, 1.0)] == ["floor"]
    assert [each.subject for each in cellar.stay(10, 1.0, "pit")] == ["pit"]


@given(st.lists(st.tuples(st.booleans(), st.floats(2.0, 2000.0)), max_size=20))
@settings(deadline=None, max_examples=60)
def test_alarms_and_ends_take_turns(spells: list[tuple[bool, float]]) -> None:
    cellar = Cellar()
    found = [d for wet, seconds in spells for d in cellar.stay(seconds, float(wet))]
    assert [each.stage for each in found] == [Stage.ALARM, Stage.CLEARED] * (len(found) // 2) + (
        [Stage.ALARM] if len(found) % 2 else []
    )
