import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detectors.presence import Source
from agent.detectors.structure import Drift, StructureConfig, StructureDetector, Tilt, Vibration
from agent.values import Detection, Hazard, Reading, Stage
from drivers.sensor import Quantity

HOUR, DAY = 3600.0, 86_400.0
TILT = Tilt(prealarm_deg=2.0, alarm_deg=5.0, fall_deg=1.5, hold_s=600.0)
SHAKE = Vibration(prealarm_m_s2=0.5, alarm_m_s2=2.0, fall_m_s2=0.3, hold_s=10.0)


class Wall:
    def __init__(self, tilt: Tilt | None = TILT, shake: Vibration | None = SHAKE) -> None:
        self.detector = StructureDetector(StructureConfig(tilt=tilt, vibration=shake))
        self.now = 0.0

    def stay(
        self, hours: float, deg: float, m_s2: float = 0.0, every_s: float = 5.0
    ) -> list[Detection]:
        found, until = [], self.now + HOUR * hours
        while self.now < until:
            self.now += every_s
            for quantity, value in ((Quantity.TILT_DEG, deg), (Quantity.VIBRATION_M_S2, m_s2)):
                found += self.detector.update(Reading("wall", quantity, value, self.now))
            found += self.detector.tick(self.now)
        return found


def told(found: list[Detection]) -> list[tuple[Stage, str]]:
    return [(each.stage, each.subject) for each in found]


def test_a_wall_that_leans_is_told_and_told_again_when_it_leans_far() -> None:
    wall = Wall()
    assert wall.stay(1, 0.8) == []
    (lean,) = wall.stay(1, 3.0)
    assert (lean.hazard, lean.stage, lean.rule) == (Hazard.TAMPER, Stage.PREALARM, "tilt")
    assert "10분 지났습니다" in lean.why.ko  # after 초 the particle would be another
    assert told(wall.stay(1, 6.0)) == [(Stage.ALARM, "wall tilt")]
    assert wall.stay(0.9, 0.5) == []
    assert told(wall.stay(0.3, 0.5)) == [(Stage.CLEARED, "wall tilt")]


def test_a_lorry_that_shakes_it_for_a_moment_is_nothing_and_a_quake_is() -> None:
    wall = Wall()
    for _ in range(20):
        assert wall.stay(5 / HOUR, 0.0, 3.0) + wall.stay(0.1, 0.0) == []
    assert told(wall.stay(30 / HOUR, 0.0, 3.0)) == [(Stage.ALARM, "wall vibration")]
    assert told(wall.stay(0.5, 0.0)) == [(Stage.CLEARED, "wall vibration")]


def test_a_sensor_that_is_not_heard_ends_nothing() -> None:
    wall = Wall()
    wall.stay(1, 6.0)
    wall.now += 30 * DAY
    assert wall.detector.tick(wall.now) == []
    assert wall.stay(0.5, 0.0) == []


def test_what_stands_is_what_was_told_and_goes_on() -> None:
    wall = Wall()
    assert wall.detector.standing(Hazard.TAMPER) == ()
    wall.stay(1, 6.0)
    assert [each.quantity for each in wall.detector.standing(Hazard.TAMPER)] == [Quantity.TILT_DEG]
    assert wall.detector.standing(Hazard.FIRE) == ()


def test_only_what_is_asked_for_is_watched() -> None:
    assert Wall(tilt=None).stay(2, 90.0) == []
    assert Wall(shake=None).stay(2, 0.0, 90.0) == []


def test_what_drifts_over_a_season_is_not_told_and_what_leans_within_a_day_is() -> None:
    wall = Wall(Tilt(prealarm_deg=2.0, alarm_deg=5.0, fall_deg=1.5, drift_deg=1.0))
    for day in range(90):
        warmth = 0.3 * math.sin(2 * math.pi * day)
        assert wall.stay(24, 2.4 * day / 90 + warmth, every_s=300.0) == []
    (lean,) = wall.stay(1, 2.4 + 1.5)
    assert lean.stage is Stage.PREALARM


def test_what_was_told_does_not_drift_away() -> None:
    wall = Wall(Tilt(prealarm_deg=2.0, alarm_deg=5.0, fall_deg=1.5, drift_deg=1.0))
    assert wall.stay(1, 0.5) == []
    assert told(wall.stay(6, 3.1)) == [(Stage.PREALARM, "wall tilt")]
    assert wall.stay(21 * 24, 2.45, every_s=300.0) == []  # it still leans
    assert told(wall.stay(2, 1.5)) == [(Stage.CLEARED, "wall tilt")]


@given(st.lists(st.tuples(st.floats(0.0, 180.0), st.floats(1.0, 590.0)), max_size=50))
@settings(deadline=None, max_examples=100)
def test_drift_never_masks_more_than_it_may(leans: list[tuple[float, float]]) -> None:
    drift, now = Drift(1.5), 0.0
    for deg, passed_s in leans:
        now += passed_s
        assert deg - 1.5 <= drift.update(deg, now) <= deg


@given(
    st.lists(st.tuples(st.floats(0.0, 12.0), st.floats(0.0, 4.0), st.floats(0.01, 2.0)), max_size=8)
)
@settings(deadline=None, max_examples=40)
def test_each_incident_goes_up_and_ends_once(
    spells: list[tuple[float, float, float]],
) -> None:
    wall, stands = Wall(), dict[str, Stage]()
    order = {Stage.CLEARED: 0, Stage.PREALARM: 1, Stage.ALARM: 2}
    for each in [d for deg, m_s2, hours in spells for d in wall.stay(hours, deg, m_s2, 20.0)]:
        before = stands.get(each.subject, Stage.CLEARED)
        assert each.stage is not before
        assert each.stage is Stage.CLEARED or order[each.stage] > order[before]
        stands[each.subject] = each.stage


@pytest.mark.parametrize(
    "config",
    [
        StructureConfig(),
        StructureConfig(tilt=Tilt(prealarm_deg=5.0, alarm_deg=2.0, fall_deg=1.0)),
        StructureConfig(tilt=Tilt(prealarm_deg=2.0, alarm_deg=5.0, fall_deg=2.0)),
        StructureConfig(
            vibration=Vibration(prealarm_m_s2=2.0, alarm_m_s2=3.0, fall_m_s2=2.5),
        ),
    ],
)
def test_what_does_not_go_together_is_refused(config: StructureConfig) -> None:
    sources = {"wall": Source(frozenset({Quantity.TILT_DEG}), 5.0)}
    assert list(config.problems(sources)) != []
    good = StructureConfig(tilt=TILT, vibration=SHAKE)
    assert list(good.problems(sources)) == []
    assert list(good.problems({})) != []
