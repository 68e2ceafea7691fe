import errno
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.ina219 import Ina219, Ina219Config
from drivers.sensor import NotReadyError, Quantity, WrongDeviceError
from tests.drivers.i2c_rig import Answers, Rig, rig

VOLTS, AMPERES, CELL = Quantity.SUPPLY_V, Quantity.SUPPLY_A, Quantity.BATTERY_V


@pytest.fixture
def ina219(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path, "ina219") as made:
        yield made


@settings(deadline=None, max_examples=40)
@given(st.floats(0, 32), st.floats(-0.32, 0.32), st.sampled_from([0.001, 0.01, 0.1, 2.0]))
def test_every_value_in_range_comes_through(volts: float, shunt_v: float, ohm: float) -> None:
    with rig(Path("/nowhere"), "ina219", shunt_ohm=ohm) as made:
        made.chip.volts, made.chip.amperes = volts, shunt_v / ohm
        reading = made.opened().read()
    assert reading[VOLTS] == pytest.approx(volts, abs=0.0021)
    assert reading[AMPERES] == pytest.approx(shunt_v / ohm, abs=6e-6 / ohm)


def test_reads_the_words_of_the_data_sheet(tmp_path: Path) -> None:
    """Its example: 12 V less 20 mV, 10 A through 2 mΩ (SBOS448G, table 8)."""
    with rig(tmp_path, "ina219", shunt_ohm=0.002) as made:
        driver = made.opened()
        made.chip.volts, made.chip.amperes = 11.98, 10.0
        assert made.chip._measured() == {0x01: 0x07D0, 0x02: 0x5D98 | 2}
        assert driver.read() == pytest.approx({VOLTS: 11.98, AMPERES: 10.0})


def test_at_a_cell_it_gives_the_cells_voltage_and_nothing_else(tmp_path: Path) -> None:
    with rig(tmp_path, "ina219", battery=True) as made:
        made.chip.volts = 3.7
        assert made.opened().read() == pytest.approx({CELL: 3.7}, abs=0.0021)
        assert set(made.config.spans) == {CELL}


def test_the_class_says_what_it_can_give_at_all() -> None:
    assert set(Ina219Config.spans) == {VOLTS, AMPERES, CELL}
    assert set(Ina219Config(name="supply").spans) == {VOLTS, AMPERES}


def test_two_buses_do_not_get_each_others_volts(tmp_path: Path) -> None:
    """What adafruit_register's one buffer for all threads cannot promise."""
    with rig(tmp_path, "ina219") as made:
        other = Rig(made.wiring, tmp_path, {"driver": "ina219", "bus": 3})
        made.chip.volts, other.chip.volts = 5.0, 12.0
        wrong: list[float] = []

        def run(driver: Ina219, volts: float) -> None:
            found = {driver.read()[VOLTS] for _ in range(500)}
            wrong.extend(found - {volts})

        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        try:
            threads = [
                threading.Thread(target=run, args=(each.opened(), each.chip.volts))
                for each in (made, other)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(before)
        assert not wrong


def test_before_its_first_conversion_it_is_not_ready_and_opening_does_not_reset_it(
    ina219: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = ina219.opened()
    ina219.chip.converted = False
    with pytest.raises(NotReadyError):
        driver.read()
    told: list[bytes] = []
    true_write = ina219.chip.write

    def write(data: bytes) -> None:
        told.append(data)
        true_write(data)

    monkeypatch.setattr(ina219.chip, "write", write)
    driver.open()
    assert told == [b"\x00"]


def test_a_part_that_somebody_set_otherwise_is_reset(ina219: Rig) -> None:
    ina219.chip.configuration = 0x019F
    ina219.opened()
    assert ina219.chip.configuration == 0x399F


def test_another_chip_at_its_address_is_the_wrong_device(ina219: Rig) -> None:
    ina219.wiring.buses[1].chips[0x40] = Answers(b"\x11\x04")
    with pytest.raises(WrongDeviceError, match="0x1104"):
        ina219.opened()


def test_an_unplugged_part_is_an_oserror_and_no_lost_supply(ina219: Rig) -> None:
    driver = ina219.opened()
    ina219.chip.volts = 0.0
    assert driver.read()[VOLTS] == 0.0
    ina219.chip.fault = "absent"
    for attempt in (driver.read, driver.open):
        with pytest.raises(OSError, match="i2c-1:0x40") as caught:
            attempt()
        assert caught.value.errno == errno.EREMOTEIO
