"""The meter against IEC 61672-1:2013, computed and measured, and what it says of lost samples."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.perception.a_weighting import response
from agent.perception.sound_level import LevelMeter, Levels, Second, percentile
from tests.agent.perception.sounds import Samples, pink, times, tone

RATES = (16_000, 22_050, 44_100, 48_000)
# Table 3: nominal frequency, weighting A in dB, acceptance limits of class 2 (upper, lower)
TABLE_3 = (
    (10.0, -70.4, 5.0, math.inf),
    (12.5, -63.4, 5.0, math.inf),
    (16.0, -56.7, 5.0, math.inf),
    (20.0, -50.5, 3.0, 3.0),
    (25.0, -44.7, 3.0, 3.0),
    (31.5, -39.4, 3.0, 3.0),
    (40.0, -34.6, 2.0, 2.0),
    (50.0, -30.2, 2.0, 2.0),
    (63.0, -26.2, 2.0, 2.0),
    (80.0, -22.5, 2.0, 2.0),
    (100.0, -19.1, 1.5, 1.5),
    (125.0, -16.1, 1.5, 1.5),
    (160.0, -13.4, 1.5, 1.5),
    (200.0, -10.9, 1.5, 1.5),
    (250.0, -8.6, 1.5, 1.5),
    (315.0, -6.6, 1.5, 1.5),
    (400.0, -4.8, 1.5, 1.5),
    (500.0, -3.2, 1.5, 1.5),
    (630.0, -1.9, 1.5, 1.5),
    (800.0, -0.8, 1.5, 1.5),
    (1000.0, 0.0, 1.0, 1.0),
    (1250.0, 0.6, 1.5, 1.5),
    (1600.0, 1.0, 2.0, 2.0),
    (2000.0, 1.2, 2.0, 2.0),
    (2500.0, 1.3, 2.5, 2.5),
    (3150.0, 1.2, 2.5, 2.5),
    (4000.0, 1.0, 3.0, 3.0),
    (5000.0, 0.5, 3.5, 3.5),
    (6300.0, -0.1, 4.5, 4.5),
    (8000.0, -1.1, 5.0, 5.0),
    (10000.0, -2.5, 5.0, math.inf),
    (12500.0, -4.3, 5.0, math.inf),
    (16000.0, -6.6, 5.0, math.inf),
    (20000.0, -9.3, 5.0, math.inf),
)
FULL_DB = 120.0


def exact(nominal_hz: float) -> float:
    """The standard's exact third octave of a nominal frequency."""
    return float(1000 * 10 ** (round(10 * math.log10(nominal_hz / 1000)) / 10))


def hear(sound: Samples, rate_hz: int = 48_000) -> list[Levels]:
    meter = LevelMeter(rate_hz, FULL_DB)
    size = meter.block_frames
    blocks = (sound[n : n + size] for n in range(0, len(sound) - size + 1, size))
    return [levels for each in blocks if (levels := meter.update(each)) is not None]


def seconds_of(found: list[Levels]) -> list[Second]:
    return [each.second for each in found if each.second is not None]


def laeq(found: list[Levels]) -> float:
    powers = [10 ** (each.laeq_dba / 10) for each in seconds_of(found)]
    return 10 * math.log10(sum(powers) / len(powers))


@pytest.mark.parametrize(("nominal_hz", "db", "above", "below"), TABLE_3)
def test_the_computed_weighting_is_within_class_2_and_within_a_tenth_of_the_design_goal(
    nominal_hz: float, db: float, above: float, below: float
) -> None:
    off = 20 * math.log10(abs(response(np.array([exact(nominal_hz)]))[0])) - db
    assert -min(below, 0.1) <= off <= min(above, 0.1)


@pytest.mark.parametrize("rate_hz", RATES)
def test_the_measured_weighting_is_within_class_2_at_every_rate(rate_hz: int) -> None:
    for nominal_hz, db, above, below in TABLE_3:
        if exact(nominal_hz) > 0.49 * rate_hz:
            continue
        found = seconds_of(hear(tone(rate_hz, exact(nominal_hz), 3.0), rate_hz))[-1]
        off = found.laeq_dba - 100.0 - db
        assert -min(below, 0.15) <= off <= min(above, 0.15), nominal_hz


@pytest.mark.parametrize("rate_hz", RATES)
def test_a_tone_of_1_khz_is_as_loud_weighted_as_not(rate_hz: int) -> None:
    found = hear(tone(rate_hz, 1000.0, 6.0), rate_hz)[-1]
    assert found.second is not None
    levels = (found.laf_dba, found.las_dba, found.second.laeq_dba, found.second.leq_db)
    assert levels == pytest.approx((100.0,) * 4, abs=0.03)


BURSTS_MS = (1000.0, 500.0, 200.0, 100.0, 50.0, 20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.25)


@pytest.mark.parametrize("burst_ms", BURSTS_MS)
@pytest.mark.parametrize("begins_s", [1.0, 1.03337])
def test_bursts_of_4_khz_are_followed_by_f_and_s_as_table_4_asks(
    burst_ms: float, begins_s: float
) -> None:
    """Table 4 gives 10 lg(1 - e^(-t/tau)); class 2 allows 1 dB at the longest, more below."""
    at = times(48_000, 3.0)
    wave = tone(48_000, 4000.0, 3.0)
    steady = hear(tone(48_000, 4000.0, 8.0))[-1]
    found = hear(np.where((at >= begins_s) & (at < begins_s + burst_ms / 1000), wave, 0.0))
    fast = max(each.laf_dba for each in found) - steady.laf_dba
    slow = max(each.las_dba for each in found) - steady.las_dba
    assert fast == pytest.approx(10 * math.log10(-math.expm1(-burst_ms / 125)), abs=0.25)
    assert slow == pytest.approx(10 * math.log10(-math.expm1(-burst_ms / 1000)), abs=0.25)


def test_f_and_s_fall_as_fast_as_their_time_constants_say() -> None:
    """5.8.2: a steady tone of 4 kHz stops; F must fall by 34.7 dB a second, S by 4.3."""
    sound = tone(48_000, 4000.0, 6.0)
    sound[48_000 * 4 :] = 0.0
    found = hear(sound)
    late, later = (each for each in found if each.at_s in {5.0, 5.5})
    assert (late.laf_dba - later.laf_dba) / 0.5 == pytest.approx(34.7, abs=0.2)
    assert (late.las_dba - later.las_dba) / 0.5 == pytest.approx(4.34, abs=0.05)


@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_pink_noise_has_the_level_that_its_spectrum_says(rate_hz: int, seed: int) -> None:
    sound = pink(rate_hz, 20.0, 0.01, seed)
    power = np.abs(np.fft.rfft(sound)) ** 2
    weighted = power * np.abs(response(np.fft.rfftfreq(len(sound), 1 / rate_hz))) ** 2
    expected = FULL_DB + 10 * math.log10(2 * 1e-4 * weighted.sum() / power.sum())
    assert laeq(hear(sound, rate_hz)) == pytest.approx(expected, abs=0.05)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=6), st.floats(1e-5, 0.9))
def test_levels_do_not_depend_on_what_was_heard_in_the_second_before(
    loud: list[int], peak: float
) -> None:
    before = np.concatenate([tone(16_000, 500.0 * each, 1.0, 0.5) for each in loud])
    sound = np.concatenate((before, tone(16_000, 1000.0, 2.0, peak)))
    last = seconds_of(hear(sound, 16_000))[-1]
    assert last.laeq_dba == pytest.approx(FULL_DB + 20 * math.log10(peak), abs=0.02)


def test_a_level_scales_over_a_hundred_decibels() -> None:
    for db in range(20, 121, 10):
        found = hear(tone(48_000, 1000.0, 2.0, 10 ** ((db - FULL_DB) / 20)))
        assert seconds_of(found)[-1].laeq_dba == pytest.approx(db, abs=0.02)


def test_lost_samples_are_counted_and_make_no_click() -> None:
    meter, found = LevelMeter(48_000, FULL_DB), []
    sound = tone(48_000, 997.0, 10.0, 0.01)
    for n in range(80):
        begin = n * 4_800 + (7_200 if n >= 45 else 0)
        levels = meter.update(sound[begin : begin + 4_800], 7_200 if n == 45 else 0)
        found += [levels] if levels is not None else []
    lost = [each.lost_pct for each in seconds_of(found)]
    assert lost == pytest.approx([0, 0, 0, 0, 100 * 7_200 / 55_200, 0, 0, 0])
    assert max(each.laf_dba for each in found) < 80.5
    assert found[-1].at_s == pytest.approx(8.15)


def test_a_constant_offset_is_no_sound() -> None:
    found = hear(tone(48_000, 1000.0, 3.0, 0.001) + 0.3)
    assert found[-1].laf_dba == pytest.approx(60.0, abs=0.05)
    assert seconds_of(found)[0].leq_db == pytest.approx(60.0, abs=0.05)


def test_a_clipped_second_says_that_it_is() -> None:
    sound = np.concatenate(
        (tone(48_000, 500.0, 1.0, 0.5), tone(48_000, 500.0, 1.0, 1.2).clip(-1, 1))
    )
    assert [each.is_overloaded for each in seconds_of(hear(sound))] == [False, True]


def test_digital_silence_has_no_level() -> None:
    found = hear(np.zeros(96_000))[-1]
    assert (found.laf_dba, found.las_dba) == (-math.inf, -math.inf)


def test_the_f_level_is_stored_each_eighth_of_a_second() -> None:
    """The rule of 2023-01-02 asks for 0.125 s at the most."""
    found = hear(tone(48_000, 1000.0, 4.0))
    assert sum(len(each.stored_laf_dba) for each in found) == 4 * 8


@given(st.lists(st.floats(20, 90), min_size=1, max_size=60))
def test_percentiles_are_in_order_and_within_what_was_heard(levels: list[float]) -> None:
    la10, la50, la90 = (percentile(np.array(levels), pct) for pct in (10, 50, 90))
    assert max(levels) >= la10 >= la50 >= la90 >= min(levels)


@pytest.mark.parametrize("rate_hz", [8_000, 15_999, 16_001])
def test_a_rate_that_cannot_be_measured_with_is_refused(rate_hz: int) -> None:
    with pytest.raises(ValueError, match=f"{rate_hz} Hz"):
        LevelMeter(rate_hz, FULL_DB)
