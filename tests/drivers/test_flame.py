"""What is special to the flame modules; the rest is in test_conformance."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.board import Board
from drivers.burst import burst
from drivers.flame_adc import FlameAdc, FlameAdcConfig
from drivers.flame_ir import FlameIr, FlameIrConfig
from drivers.mcp3008_input import Mcp3008Adc
from drivers.pace import Pace
from drivers.sensor import Quantity, SensorError
from hw_mocks.chips.flame_adc import FlameAdcSim
from hw_mocks.chips.flame_adc import plug as plug_adc
from hw_mocks.chips.flame_ir import FlameIrSim
from hw_mocks.gpio import SimPins
from hw_mocks.wiring import Wiring

IR, HZ = Quantity.FLAME_IR, Quantity.FLAME_FLICKER_HZ
CONFIG = FlameAdcConfig(name="flame", adc=Mcp3008Adc(channel=2))


@pytest.fixture
def wiring(tmp_path: Path) -> Iterator[Wiring]:
    wiring = Wiring(tmp_path / "w1")
    yield wiring
    wiring.close()


def digital(pins: SimPins) -> FlameIr:
    sensor = FlameIrConfig(name="flame", gpio=16).build(Board(pins=pins))
    sensor.open()
    return sensor


@pytest.mark.parametrize("hz", [1.0, 3.5, 10.0, 15.0])
def test_the_module_s_flicker_is_counted_by_the_times_of_its_edges(hz: float) -> None:
    pins = SimPins()
    part = FlameIrSim(pins.wire(16))
    sensor = digital(pins)
    part.lit, part.flicker_hz = 1, hz
    sensor.read()
    assert sensor.read()[HZ] == pytest.approx(hz, rel=0.1)


def test_a_flash_between_two_reads_is_seen_but_makes_no_frequency() -> None:
    pins = SimPins()
    sensor, pin = digital(pins), pins.wire(16)
    pin.drive(False)
    pin.drive(None)
    assert sensor.read() == {IR: 1.0, HZ: 0.0}
    assert sensor.read() == {IR: 0.0, HZ: 0.0}


def test_a_flicker_that_ended_in_steady_light_ends() -> None:
    pins = SimPins()
    part = FlameIrSim(pins.wire(16))
    sensor = digital(pins)
    part.lit, part.flicker_hz = 1, 8
    sensor.read()
    assert sensor.read()[HZ] > 0
    part.flicker_hz = 0
    sensor.read()
    assert sensor.read() == {IR: 1.0, HZ: 0.0}


def test_flashes_minutes_apart_make_no_frequency() -> None:
    pins = SimPins()
    sensor, pin = digital(pins), pins.wire(16)
    for at in (0.0, 60.0, 120.0, 180.0):
        pin.drive(False, at)
        pin.drive(None, at + 1)
        assert sensor.read() == {IR: 1.0, HZ: 0.0}


def analogue(wiring: Wiring, pace: Pace | None = None) -> tuple[FlameAdc, FlameAdcSim]:
    part, board = plug_adc(wiring, CONFIG), wiring.board(wiring.devices)
    sensor = FlameAdc(CONFIG.adc.build(board), CONFIG.supply_v, pace or board.pace)
    sensor.open()
    return sensor, part


@pytest.mark.parametrize("hz", [1.0, 2.75, 7.0, 12.5, 15.0])
def test_the_flicker_is_found_through_the_converter(wiring: Wiring, hz: float) -> None:
    sensor, part = analogue(wiring)
    part.light, part.flicker_hz = 0.3, hz
    assert sensor.read()[HZ] == pytest.approx(hz, abs=0.5)
    sensor.close()


@pytest.mark.parametrize("hz", [100.0, 120.0])
def test_a_lamp_gives_level_and_no_flicker(wiring: Wiring, hz: float) -> None:
    sensor, part = analogue(wiring)
    part.light, part.flicker_hz = 0.5, hz
    assert sensor.read() == {IR: pytest.approx(0.485, abs=0.02), HZ: 0.0}
    sensor.close()


def test_a_flicker_below_the_converter_s_steps_is_none(wiring: Wiring) -> None:
    sensor, part = analogue(wiring)
    part.light, part.flicker_hz = 0.01, 8.0
    assert sensor.read()[HZ] == 0.0
    sensor.close()


def slowed(wiring: Wiring, late_s: float) -> Pace:
    return Pace(wiring.time.monotonic, lambda seconds: wiring.time.sleep(seconds + late_s))


def test_a_host_that_wakes_us_late_now_and_then_does_not_matter(wiring: Wiring) -> None:
    sensor, part = analogue(wiring, slowed(wiring, 0.002))
    part.light, part.flicker_hz = 0.3, 8.0
    assert sensor.read()[HZ] == pytest.approx(8.0, abs=0.5)
    sensor.close()


def test_a_host_too_busy_to_sample_evenly_is_told_and_not_guessed_over(wiring: Wiring) -> None:
    sensor, _ = analogue(wiring, slowed(wiring, 0.05))
    with pytest.raises(SensorError, match=r"spi0\.0:ch2: sampled at \d+\.\d Hz with gaps to 6"):
        sensor.read()
    sensor.close()


class Slow:
    """An input whose conversions take time."""

    rail_v, place = 3.3, "slow"

    def __init__(self, sleep: Callable[[float], object], conversion_s: float) -> None:
        self._sleep, self._conversion_s = sleep, conversion_s

    def open(self) -> None: ...

    def close(self) -> None: ...

    def volts(self) -> float:
        self._sleep(self._conversion_s)
        return 1.0


def test_a_burst_carries_the_middle_of_each_conversion_and_keeps_to_its_plan(
    wiring: Wiring,
) -> None:
    time = wiring.time
    began = time.monotonic()
    slow = Slow(time.sleep, 0.004)
    times, volts = burst(slow, Pace(time.monotonic, time.sleep), rate_hz=100, count=50)
    assert volts == [1.0] * 50
    assert [t - began for t in times] == pytest.approx(
        [0.002 + n / 100 for n in range(50)], abs=1e-4
    )


def test_a_converter_too_slow_for_the_rate_is_told(wiring: Wiring) -> None:
    pace = wiring.board(wiring.devices).pace
    sensor = FlameAdc(Slow(wiring.time.sleep, 1 / 55), 3.3, pace)
    with pytest.raises(SensorError, match=r"slow: sampled at 55\.0 Hz .*or a slow converter"):
        sensor.read()
