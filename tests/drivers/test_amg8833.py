import errno
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.amg8833 import Amg8833, Amg8833Config
from drivers.sensor import NotReadyError, Quantity
from tests.drivers.i2c_rig import Rig, rig

SURFACE = Quantity.SURFACE_TEMPERATURE_C


@pytest.fixture
def amg8833(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path, "amg8833") as made:
        yield made


@pytest.mark.parametrize(
    ("sent", "celsius"),
    # AMG88 I2C communication, temperature register: 12 bits, two's complement
    [("f4 01", 125.0), ("64 00", 25.0), ("01 00", 0.25), ("ff 0f", -0.25), ("24 0f", -55.0)],
)
def test_reads_the_words_of_the_data_sheet(
    amg8833: Rig, monkeypatch: pytest.MonkeyPatch, sent: str, celsius: float
) -> None:
    frame = bytes.fromhex(sent) * 64
    monkeypatch.setattr(type(amg8833.chip), "_frame", lambda _: frame)
    assert amg8833.opened().read() == {SURFACE: celsius}


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 63), st.integers(0, 320))
def test_the_hottest_is_found_wherever_it_is(pixel: int, quarters: int) -> None:
    with rig(Path("/nowhere"), "amg8833") as made:
        made.chip.celsius, made.chip.pixel = -10.0, pixel
        made.chip.hottest_celsius = quarters / 4
        assert made.opened().read() == {SURFACE: quarters / 4}


def test_no_frame_leaves_the_driver(amg8833: Rig) -> None:
    """One number, and nothing kept in which a face or a body could be seen."""
    assert set(Amg8833Config.spans) == {SURFACE}
    driver: Amg8833 = amg8833.opened()
    driver.read()
    sizes = [len(value) for value in vars(driver).values() if hasattr(value, "__len__")]
    assert not sizes


def test_a_read_is_one_transfer_and_not_sixty_four(
    amg8833: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver, true_read, counts = amg8833.opened(), amg8833.chip.read, []

    def read(count: int) -> bytes:
        counts.append(count)
        data: bytes = true_read(count)
        return data

    monkeypatch.setattr(amg8833.chip, "read", read)
    driver.read()
    assert counts == [128]


def test_before_its_first_frame_it_is_not_ready_and_opening_does_not_reset_it_again(
    amg8833: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = amg8833.opened()
    amg8833.chip.framed = False
    with pytest.raises(NotReadyError, match="no frame"):
        driver.read()
    told: list[bytes] = []
    monkeypatch.setattr(amg8833.chip, "write", told.append)
    driver.open()
    assert not told


def test_an_unplugged_sensor_is_an_oserror_and_comes_back(amg8833: Rig) -> None:
    driver = amg8833.opened()
    amg8833.chip.fault = "absent"
    with pytest.raises(OSError, match="i2c-1:0x69") as caught:
        driver.read()
    assert caught.value.errno == errno.EREMOTEIO
    amg8833.chip.fault = "none"
    driver.open()
    assert driver.read() == {SURFACE: 24.0}


def test_one_that_is_absent_at_start_is_an_oserror(amg8833: Rig) -> None:
    amg8833.chip.fault = "absent"
    with pytest.raises(OSError, match="i2c-1:0x69") as caught:
        amg8833.opened()
    assert caught.value.errno == errno.EREMOTEIO
