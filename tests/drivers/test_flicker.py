import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import flicker

RATE_HZ, COUNT = 72.0, 80
flame_hz = st.floats(1.5, 14.5)


def wave(hz: float, *, late: list[float] | None = None, tilt: float = 0.0) -> tuple[float, float]:
    times = [n / RATE_HZ + (late[n] if late else 0.0) for n in range(COUNT)]
    values = [2.0 + tilt * t + 0.5 * math.sin(2 * math.pi * hz * t + 0.3) for t in times]
    return flicker.of_samples(times, values)


@settings(deadline=None, max_examples=30)
@given(hz=flame_hz, tilt=st.floats(-0.2, 0.2))
def test_a_flame_s_frequency_is_found_to_half_a_hertz(hz: float, tilt: float) -> None:
    found_hz, amplitude = wave(hz, tilt=tilt)
    assert found_hz == pytest.approx(hz, abs=0.5)
    assert amplitude == pytest.approx(0.5, rel=0.25)


@settings(deadline=None, max_examples=30)
@given(hz=flame_hz, late=st.lists(st.floats(0, 0.01), min_size=COUNT, max_size=COUNT))
def test_late_samples_do_not_move_it_since_their_times_are_known(
    hz: float, late: list[float]
) -> None:
    assert wave(hz, late=late)[0] == pytest.approx(hz, abs=0.5)


@pytest.mark.parametrize("hz", [100.0, 120.0])
def test_a_lamp_on_the_mains_is_no_flame(hz: float) -> None:
    assert wave(hz) == (0.0, 0.0)


@settings(deadline=None, max_examples=30)
@given(level=st.floats(-10, 10), slope=st.floats(-1, 1))
def test_level_and_drift_are_no_flicker(level: float, slope: float) -> None:
    times = [n / RATE_HZ for n in range(COUNT)]
    _, amplitude = flicker.of_samples(times, [level + slope * t for t in times])
    assert amplitude < 1e-6


def test_plain_noise_hardly_ever_has_a_frequency() -> None:
    times = [n / RATE_HZ for n in range(COUNT)]
    noises = (random.Random(seed) for seed in range(100))
    found = [flicker.of_samples(times, [noise.gauss(0, 1) for _ in times])[0] for noise in noises]
    assert sum(hz > 0 for hz in found) <= 2


@given(
    period=st.floats(0.02, 1.0),
    count=st.integers(3, 50),
    began=st.floats(0, 1e6),
)
def test_evenly_spaced_edges_give_their_rate(period: float, count: int, began: float) -> None:
    rises = [began + n * period for n in range(count)]
    assert flicker.of_edges(rises) == pytest.approx(1 / period, rel=1e-6)


@pytest.mark.parametrize("rises", [[], [1.0], [1.0, 1.1], [1.0, 1.0, 1.0], [3.0, 2.0, 1.0]])
def test_too_few_edges_or_a_clock_that_stepped_give_no_rate(rises: list[float]) -> None:
    assert flicker.of_edges(rises) == 0.0
