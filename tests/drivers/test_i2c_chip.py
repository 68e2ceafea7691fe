import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.i2c_chip import I2cChip, i2c_errors
from drivers.sensor import ChecksumError, SensorError, WrongDeviceError
from tests.drivers.i2c_rig import rig
from tests.drivers.parts import Part, collect

ON_I2C = {part.driver: part.table for part in collect() if part.config.wire() == "i2c-1"} | {
    "adxl345": {"driver": "adxl345", "up": [0, 0, 1]}
}
ADC_PARTS = {driver for driver, table in ON_I2C.items() if "adc" in table}
OURS = sorted(set(ON_I2C) - ADC_PARTS - {"pmsa003i"})


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[I2cChip]:
    with rig(tmp_path, "sht4x") as made:
        yield I2cChip(made.board, 1, 0x44)


def test_a_bus_that_the_kernel_does_not_have_is_an_oserror(tmp_path: Path) -> None:
    with rig(tmp_path, "sht4x") as made:
        chip = I2cChip(made.board, 7, 0x44)
        for attempt in (lambda: chip.write(b"x"), lambda: chip.read(1), chip.bus):
            with pytest.raises(FileNotFoundError, match="i2c-7"):
                attempt()


def test_a_library_that_was_given_no_bus_is_stale(chip: I2cChip) -> None:
    assert chip.is_stale()
    chip.bus()
    assert not chip.is_stale()
    with chip.errors():
        pass


def raised(error: Exception, below: Exception | None = None) -> Exception:
    try:
        with i2c_errors("here", WrongDeviceError):
            try:
                if below is not None:
                    raise below
            except OSError:
                raise error  # noqa: B904  # as the libraries do
            raise error
    except (OSError, SensorError, AttributeError) as made:
        return made


def test_an_absent_chip_is_an_oserror_however_a_library_says_it() -> None:
    for error in (ValueError("No I2C device at 0x44"), RuntimeError("could not communicate")):
        made: Any = raised(error, OSError(errno.EREMOTEIO, "Remote I/O error"))
        assert isinstance(made, OSError)
        assert (made.errno, made.strerror) == (errno.EREMOTEIO, "here: Remote I/O error")
    assert isinstance(raised(OSError(errno.ETIMEDOUT, "x")), TimeoutError)


def test_a_librarys_opinion_is_what_the_driver_says_it_is_and_a_bug_stays_one() -> None:
    assert isinstance(raised(RuntimeError("CRC")), WrongDeviceError)
    assert type(raised(ZeroDivisionError("of garbled bytes"))) is ChecksumError
    assert type(raised(AttributeError("a bug"))) is AttributeError


@pytest.mark.parametrize("driver", OURS)
def test_a_bus_that_was_opened_anew_under_a_driver_is_no_bug(driver: str, tmp_path: Path) -> None:
    """As the recovery of a bus that hangs does, while the driver thinks that it is open."""
    table = {key: value for key, value in ON_I2C[driver].items() if key != "driver"}
    with rig(tmp_path, driver, **table) as made:
        sensor = made.opened()
        answers(sensor.read)
        made.board.forget_i2c(1)
        answers(sensor.read)
        sensor.open()
        answers(sensor.read)


def answers(read: Any) -> None:
    try:
        read()
    except (OSError, SensorError):
        return


def test_a_chip_at_each_address_of_each_driver_can_be_named(tmp_path: Path) -> None:
    for driver in OURS:
        part = Part(ON_I2C[driver], (), {})
        assert part.config.claims()
        assert all(claim.startswith("i2c-1:0x") for claim in part.config.claims())


def test_the_checksum_error_is_the_rule(tmp_path: Path) -> None:
    with pytest.raises(ChecksumError, match="here: CRC"), i2c_errors("here"):
        raise RuntimeError("CRC")
