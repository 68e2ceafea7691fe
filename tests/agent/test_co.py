import math
import random
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detectors.co import CoConfig, CoDetector, CoDose
from agent.values import Detection, Hazard, Reading, Stage
from drivers.sensor import Quantity

MIN_S = 60.0


def feed(
    detector: CoDetector, rows: Iterable[tuple[float, float]], sensor: str = "co"
) -> list[Detection]:
    found = []
    for at, ppm in rows:
        found += detector.update(Reading(sensor, Quantity.CO_PPM, ppm, at))
        found += detector.tick(at)
    return found


def held(
    ppm: float, minutes: float, every_s: float, from_s: float = 0.0
) -> list[tuple[float, float]]:
    return [(from_s + k * every_s, ppm) for k in range(int(minutes * 60 / every_s) + 1)]


def alarm_min(rows: list[tuple[float, float]], config: CoConfig | None = None) -> float:
    """Minutes to the alarm; infinite without one."""
    found = feed(CoDetector(config or CoConfig()), rows)
    return next((each.at / 60 for each in found if each.stage is Stage.ALARM), math.inf)


@pytest.mark.parametrize("every_s", [1.0, 5.0, 20.0, 60.0])
@pytest.mark.parametrize(
    ("ppm", "earliest_min", "latest_min"), [(70, 60, 240), (150, 10, 50), (400, 4, 15)]
)
@pytest.mark.parametrize("rise", [5.5, 7.5, 8.5])
def test_alarms_within_the_windows_of_ul_2034(
    rise: float, ppm: float, earliest_min: float, latest_min: float, every_s: float
) -> None:
    config = msgspec.convert({"rise": rise}, CoConfig)
    assert earliest_min <= alarm_min(held(ppm, latest_min, every_s), config) <= latest_min


@pytest.mark.parametrize(
    ("ppm", "earliest_min", "latest_min"), [(70, 60, 240), (150, 10, 50), (400, 4, 15)]
)
def test_the_windows_hold_for_a_cell_that_is_off_by_a_tenth(
    ppm: float, earliest_min: float, latest_min: float
) -> None:
    assert alarm_min(held(1.1 * ppm, latest_min, 5)) >= earliest_min
    assert alarm_min(held(0.9 * ppm, latest_min, 5)) <= latest_min


def test_ten_percent_would_be_late_for_400_ppm() -> None:
    dose, minutes = CoDose(), 0.0
    while dose.update(400, minutes * MIN_S) < 10:
        minutes += 0.1
    assert minutes == pytest.approx(15.9, abs=0.1)


def test_is_silent_at_30_ppm_for_30_days() -> None:
    assert feed(CoDetector(CoConfig()), held(30, 30 * 24 * 60, 60)) == []


def test_the_dose_is_the_closed_form_at_any_interval() -> None:
    for every_s in (1.0, 30.0, 300.0):
        dose = CoDose()
        cohb_pct = [dose.update(ppm, at) for at, ppm in held(150, 50, every_s)][-1]
        minutes = int(3000 / every_s) * every_s / 60
        exact = 218 * (1 - math.exp(-minutes / (2398 * 0.0404))) * (0.0003 + 150 / 1316)
        assert cohb_pct == pytest.approx(exact)


@settings(deadline=None)
@given(
    ppm=st.lists(st.floats(0, 600), min_size=30, max_size=120),
    more=st.lists(st.floats(0, 300), min_size=120, max_size=120),
)
def test_more_co_is_never_later(ppm: list[float], more: list[float]) -> None:
    rows = [(20.0 * k, value) for k, value in enumerate(ppm)]
    higher = [(at, value + extra) for (at, value), extra in zip(rows, more, strict=False)]
    assert alarm_min(higher) <= alarm_min(rows)


def test_a_channel_of_peaks_over_nothing_is_no_dose() -> None:
    noise = random.Random(1)
    rows = [(2.0 * k, noise.choice([0.0, 0.0, 0.0, 2000.0])) for k in range(900)]
    assert alarm_min(rows) == math.inf


def test_dropouts_do_not_hide_a_dose() -> None:
    noise = random.Random(1)
    rows = [(at, 0.0 if noise.random() < 0.15 else ppm) for at, ppm in held(400, 15, 2)]
    assert alarm_min(rows) <= 15


def test_what_was_not_seen_is_no_dose() -> None:
    assert alarm_min([(0, 400), (2, 400), (7200, 400), (7202, 400)]) == math.inf


def test_prealarm_alarm_and_clear_once_the_air_is_clean_for_five_minutes() -> None:
    detector = CoDetector(CoConfig())
    rows = held(400, 12, 10) + held(5, 20, 10, 13 * MIN_S)
    found = feed(detector, rows)
    assert [(each.hazard, each.stage, each.rule) for each in found] == [
        (Hazard.CO, Stage.PREALARM, "co_level"),
        (Hazard.CO, Stage.ALARM, "co_dose"),
        (Hazard.CO, Stage.CLEARED, "co_dose"),
    ]
    assert found[2].at >= 18 * MIN_S
    assert "400 ppm" in found[1].why.ko
    assert "400 ppm" in found[1].why.en
    again = feed(detector, held(400, 6, 10, 34 * MIN_S))  # the blood remembers: half the time
    assert again[-1].stage is Stage.ALARM


def test_a_cell_that_dies_keeps_the_alarm() -> None:
    detector = CoDetector(CoConfig())
    feed(detector, held(400, 12, 10), "co_a")
    assert feed(detector, held(0, 60, 10, 800), "co_b") == []
    assert [e.stage for e in feed(detector, held(0, 10, 10, 5000), "co_a")] == [Stage.CLEARED]


def test_a_growing_dose_is_told_again() -> None:
    found = feed(CoDetector(CoConfig()), held(1000, 60, 10))
    assert 3 <= sum(each.stage is Stage.ALARM for each in found) <= 8


def test_the_prealarm_must_lie_above_the_fall() -> None:
    assert not list(CoConfig().problems())
    ((problem, _),) = CoConfig(fall=45, prealarm=40).problems()
    assert "$.co" in problem
