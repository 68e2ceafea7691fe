from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.board import Board
from drivers.ds18b20 import Ds18b20, Ds18b20Config
from drivers.sensor import (
    ChecksumError,
    DisconnectedError,
    NotReadyError,
    Quantity,
    SensorError,
    WrongDeviceError,
)
from hw_mocks.chips.ds18b20 import Ds18b20Sim
from hw_mocks.w1 import SimW1, crc8

ID = "28-00000a1b2c3d"
CELSIUS = Quantity.TEMPERATURE_C


@pytest.fixture
def bus(tmp_path: Path) -> SimW1:
    return SimW1(tmp_path / "devices")


def opened(bus: SimW1) -> Ds18b20:
    driver = Ds18b20Config(name="wire_heat", id=ID).build(Board(w1_devices=bus.devices))
    driver.open()
    return driver


def scratchpad(raw: int, *, byte_6: int = 0x10, configuration: int = 0x7F) -> bytes:
    temperature = (raw & 0xFFFF).to_bytes(2, "little")
    data = temperature + bytes([0x4B, 0x46, configuration, 0xFF, byte_6, 0x10])
    return data + bytes([crc8(data)])


@pytest.mark.parametrize(
    ("celsius", "raw"),
    [
        (125.0, 0x07D0),
        (85.0, 0x0550),
        (25.0625, 0x0191),
        (10.125, 0x00A2),
        (0.5, 0x0008),
        (0.0, 0x0000),
        (-0.5, 0xFFF8),
        (-10.125, 0xFF5E),
        (-25.0625, 0xFE6F),
        (-55.0, 0xFC90),
    ],
)
def test_reads_the_table_of_the_datasheet(bus: SimW1, celsius: float, raw: int) -> None:
    bus.show(ID, scratchpad(raw))
    assert opened(bus).read() == {CELSIUS: celsius}


@settings(deadline=None)
@given(celsius=st.floats(-55.0, 125.0))
def test_every_value_in_range_comes_through(
    tmp_path_factory: pytest.TempPathFactory, celsius: float
) -> None:
    bus = SimW1(tmp_path_factory.getbasetemp() / "in_range")
    Ds18b20Sim(bus, ID, celsius)
    assert opened(bus).read()[CELSIUS] == pytest.approx(celsius, abs=1 / 32)


@pytest.mark.parametrize(
    ("configuration", "celsius"), [(0x7F, 25.9375), (0x5F, 25.875), (0x3F, 25.75), (0x1F, 25.5)]
)
def test_bits_below_the_resolution_are_not_believed(
    bus: SimW1, configuration: int, celsius: float
) -> None:
    bus.show(ID, scratchpad(0x019F, configuration=configuration))
    assert opened(bus).read() == {CELSIUS: celsius}


def test_eighty_five_degrees_without_a_conversion_is_not_ready(bus: SimW1) -> None:
    chip = Ds18b20Sim(bus, ID, 21.0)
    chip.converted = False
    assert "50 05 4b 46 7f ff 0c 10 1c" in (bus.devices / ID / "w1_slave").read_text()
    with pytest.raises(NotReadyError, match="85"):
        opened(bus).read()


@pytest.mark.parametrize("celsius", [84.9375, 85.0, 85.0625])
def test_eighty_five_degrees_in_a_fire_is_a_reading(bus: SimW1, celsius: float) -> None:
    Ds18b20Sim(bus, ID, celsius)
    assert opened(bus).read() == {CELSIUS: celsius}


def test_a_clone_whose_byte_6_never_moves_is_believed_at_all_but_one_value(bus: SimW1) -> None:
    for raw in (0x054F, 0x0551):
        bus.show(ID, scratchpad(raw, byte_6=0x0C))
        assert opened(bus).read() == {CELSIUS: raw / 16}


def test_a_conversion_without_power_is_not_ready(bus: SimW1) -> None:
    bus.show(ID, scratchpad(0x07FF))
    with pytest.raises(NotReadyError, match="127"):
        opened(bus).read()


def test_an_unplugged_sensor_is_an_oserror(bus: SimW1) -> None:
    with pytest.raises(FileNotFoundError, match=ID):
        opened(bus)


def test_a_sensor_unplugged_later_is_an_oserror_and_comes_back(bus: SimW1) -> None:
    chip = Ds18b20Sim(bus, ID, 21.0)
    driver = opened(bus)
    chip.fault = "absent"
    for attempt in (driver.read, driver.open):
        with pytest.raises(FileNotFoundError, match=ID):
            attempt()
    chip.fault = "none"
    driver.open()
    assert driver.read() == {CELSIUS: 21.0}


def test_a_sensor_unplugged_but_not_yet_missed_by_the_kernel_is_an_oserror(bus: SimW1) -> None:
    bus.silence(ID)
    with pytest.raises(OSError, match="nobody on the bus"):
        opened(bus).read()


def test_a_machine_without_a_1_wire_bus_is_an_oserror(tmp_path: Path) -> None:
    driver = Ds18b20(tmp_path / "none" / ID)
    for attempt in (driver.open, driver.read):
        with pytest.raises(OSError, match=ID):
            attempt()


def test_a_ds18s20_with_its_number_is_the_wrong_device(bus: SimW1) -> None:
    chip = Ds18b20Sim(bus, ID)
    driver = opened(bus)
    chip.fault = "wrong_chip"
    with pytest.raises(WrongDeviceError, match="10-00000a1b2c3d"):
        driver.open()


@pytest.mark.parametrize("judges", [True, False])
def test_a_spoilt_scratchpad_is_a_checksum_error_on_any_kernel(
    tmp_path: Path, judges: bool
) -> None:
    bus = SimW1(tmp_path / "devices", judges=judges)
    chip = Ds18b20Sim(bus, ID)
    chip.fault = "corrupted"
    with pytest.raises(ChecksumError):
        opened(bus).read()


@settings(deadline=None)
@given(bit=st.integers(0, 71))
def test_any_single_flipped_bit_is_seen_even_if_the_kernel_says_yes(
    tmp_path_factory: pytest.TempPathFactory, bit: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / "flipped" / ID
    folder.mkdir(parents=True, exist_ok=True)
    data = bytearray(scratchpad(0x0191))
    data[bit // 8] ^= 1 << bit % 8
    (folder / "w1_slave").write_text(f"{data.hex(' ')} : crc=00 YES\n{data.hex(' ')} t=25062\n")
    with pytest.raises(ChecksumError):
        Ds18b20(folder).read()


@pytest.mark.parametrize("level", [0x00, 0xFF])
def test_a_bus_that_stands_still_is_disconnected(tmp_path: Path, level: int) -> None:
    bus = SimW1(tmp_path / "devices", judges=False)  # zeros pass the checksum on any kernel
    bus.show(ID, bytes([level] * 9))
    with pytest.raises(DisconnectedError):
        opened(bus).read()


def test_a_conversion_still_under_way_is_not_ready(bus: SimW1) -> None:
    Ds18b20Sim(bus, ID)
    (bus.devices / ID / "w1_slave").write_text("")  # as during a bulk read
    with pytest.raises(NotReadyError):
        opened(bus).read()


def test_a_stuck_part_repeats_itself_and_a_saturated_one_is_at_its_end(bus: SimW1) -> None:
    chip = Ds18b20Sim(bus, ID, 21.0)
    driver = opened(bus)
    chip.fault = "stuck"
    chip.celsius = 300.0
    assert driver.read() == {CELSIUS: 21.0}
    chip.fault = "none"
    assert driver.read() == {CELSIUS: 125.0}
    chip.celsius, chip.fault = 20.0, "saturated"
    assert driver.read() == {CELSIUS: Ds18b20Config.spans[CELSIUS].saturates}


def test_a_slow_bus_is_a_fault_that_files_cannot_show(bus: SimW1) -> None:
    with pytest.raises(ValueError, match="slow"):
        Ds18b20Sim(bus, ID).fault = "slow"


@settings(deadline=None)
@given(text=st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_whatever_the_kernel_says_is_a_value_or_an_expected_error(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.getbasetemp() / "garbage" / ID
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "w1_slave").write_text(text, "utf-8")
    with pytest.raises((OSError, SensorError)):
        Ds18b20(folder).read()


@pytest.mark.parametrize("chip_id", ["10-00000a1b2c3d", "28-00000A1B2C3D", "28-0a1b", "../x"])
def test_only_the_id_of_a_ds18b20_is_taken(chip_id: str) -> None:
    table = {"driver": "ds18b20", "name": "wire_heat", "id": chip_id}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(table, Ds18b20Config)


def test_one_bus_is_one_thread_and_each_chip_claims_itself() -> None:
    config = Ds18b20Config(name="wire_heat", id=ID)
    assert (config.wire(), config.claims()) == ("w1", frozenset({f"w1:{ID}"}))
