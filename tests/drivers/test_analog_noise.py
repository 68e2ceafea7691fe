from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers import calibration, kept
from drivers.analog_noise import AnalogNoise, AnalogNoiseConfig
from drivers.calibration import Calibration
from drivers.mcp3008_input import Mcp3008Adc
from drivers.sensor import DisconnectedError, NotReadyError, Quantity
from hw_mocks.chips.analog_noise import AnalogNoiseSim, plug
from hw_mocks.wiring import Wiring

CONFIG = AnalogNoiseConfig(name="hall", adc=Mcp3008Adc(channel=3), gain=125)


@pytest.fixture
def wiring(tmp_path: Path) -> Iterator[Wiring]:
    wiring = Wiring(tmp_path / "w1")
    yield wiring
    wiring.close()


def plugged(wiring: Wiring) -> tuple[AnalogNoise, AnalogNoiseSim]:
    return CONFIG.build(wiring.board(wiring.devices.parent)), plug(wiring, CONFIG)


def heard_db(sensor: AnalogNoise) -> float:
    return sensor.read()[Quantity.SOUND_LEQ_DB]


@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(level=st.floats(45, 90), tone=st.floats(60, 8000))
def test_the_level_of_a_tone_is_found_whatever_its_pitch(
    tmp_path_factory: pytest.TempPathFactory, level: float, tone: float
) -> None:
    wiring = Wiring(tmp_path_factory.mktemp("board") / "w1")
    sensor, part = plugged(wiring)
    sensor.open()
    part.level_db, part.tone_hz = level, tone
    few_steps = level < 55  # the converter's own steps show
    heard = median(heard_db(sensor) for _ in range(3))  # a busy machine samples unevenly at times
    assert heard == pytest.approx(level, abs=3.0 if few_steps else 1.5)
    sensor.close()
    wiring.close()


@pytest.mark.parametrize("tone_hz", [256.0, 512.0, 3072.0])
def test_a_tone_of_a_multiple_of_the_sampling_rate_does_not_hide(
    wiring: Wiring, tone_hz: float
) -> None:
    sensor, part = plugged(wiring)
    sensor.open()
    part.level_db, part.tone_hz = 70.0, tone_hz
    assert heard_db(sensor) == pytest.approx(70.0, abs=1.0)
    sensor.close()


def test_a_calibration_shifts_the_level_by_its_offset(wiring: Wiring) -> None:
    record = Calibration(
        taken_at="2025-01-02T03:04:05Z", reference="94 dB", offset_db=-3.5, floor_db=33.0
    )
    kept.store(calibration.path(wiring.devices.parent, "hall"), record)
    sensor, part = plugged(wiring)
    sensor.open()
    part.level_db = 70.0
    assert heard_db(sensor) == pytest.approx(66.5, abs=0.5)
    sensor.close()


def test_a_garbled_calibration_is_no_reason_to_guess(wiring: Wiring) -> None:
    where = calibration.path(wiring.devices.parent, "hall")
    where.parent.mkdir(parents=True)
    where.write_text("{")
    sensor, _ = plugged(wiring)
    with pytest.raises(NotReadyError, match="calibration garbled"):
        sensor.open()
    sensor.close()


@pytest.mark.parametrize("rests_v", [0.0, 0.5, 3.0, 3.3])
def test_a_wire_that_rests_elsewhere_than_near_half_is_cut_or_shorted(
    wiring: Wiring, rests_v: float
) -> None:
    wiring.analog(CONFIG.adc, lambda: rests_v)
    sensor = CONFIG.build(wiring.board(wiring.devices.parent))
    sensor.open()
    with pytest.raises(DisconnectedError, match=r"spi0\.0:ch3: rests at \d+% of its supply"):
        sensor.read()
    sensor.close()
