from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers import catalog
from drivers.sensor import ChecksumError, NotReadyError, Quantity, WrongDeviceError
from drivers.ze07_co import Ze07Co, Ze07CoConfig, frames
from hw_mocks.chips.ze07_co import Ze07CoSim
from hw_mocks.faults import Fault
from hw_mocks.uart import UartPart
from hw_mocks.wiring import Wiring

PORT = "/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0"


class Recorded(UartPart):
    """Says the same after every flush, whatever it is told."""

    def __init__(self, says: bytes) -> None:
        super().__init__()
        self._says = says

    def flushed(self) -> bytes:
        return self._says


@pytest.fixture
def wiring(tmp_path: Path) -> Iterator[Wiring]:
    wiring = Wiring(tmp_path / "w1")
    yield wiring
    wiring.close()


def plugged(wiring: Wiring, part: UartPart) -> Ze07Co:
    wiring.uart(PORT, part)
    return Ze07CoConfig(name="co", port=PORT).build(wiring.board(wiring.devices.parent))


# frames as modules sent them, and the corrected example of the manual, whose checksum is printed
# as 25 where its own rule gives 38
@pytest.mark.parametrize(
    ("sent", "ppm"),
    [
        ("ff 04 03 01 00 05 13 88 58", 0.5),
        ("ff 04 03 01 00 25 13 88 38", 3.7),
        ("ff 04 03 00 00 25 13 88 39", 37.0),
    ],
)
def test_reads_what_modules_are_known_to_send(wiring: Wiring, sent: str, ppm: float) -> None:
    sensor = plugged(wiring, Recorded(bytes.fromhex(sent)))
    sensor.open()
    assert sensor.read() == {Quantity.CO_PPM: pytest.approx(ppm)}
    sensor.close()


def test_the_manual_s_own_example_fails_its_own_checksum() -> None:
    assert frames().feed(bytes.fromhex("ff 04 03 01 00 25 13 88 25")) == []


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tenths=st.lists(st.integers(0, 5000), min_size=1, max_size=8))
def test_every_tenth_of_a_ppm_is_read_back(tmp_path: Path, tenths: list[int]) -> None:
    wiring, part = Wiring(tmp_path / "w1"), Ze07CoSim()
    sensor = plugged(wiring, part)
    sensor.open()
    for each in tenths:
        part.ppm = each / 10
        assert sensor.read()[Quantity.CO_PPM] == pytest.approx(each / 10)
    sensor.close()
    wiring.close()


def test_it_reads_on_where_only_the_module_s_txd_is_wired(wiring: Wiring) -> None:
    sensor = plugged(wiring, Recorded(bytes.fromhex("ff 04 03 01 00 25 13 88 38")))
    sensor.open()
    assert [sensor.read()[Quantity.CO_PPM] for _ in range(3)] == pytest.approx([3.7] * 3)
    sensor.close()


def test_a_module_that_lost_its_power_and_uploads_again_is_read_without_a_pause(
    wiring: Wiring,
) -> None:
    part = Ze07CoSim(ppm=12.0)
    wiring.uart("/dev/serial0", part)
    sensor = Ze07CoConfig(name="co").build(wiring.board(wiring.devices.parent))
    sensor.open()
    sensor.read()
    part.fault = Fault.ABSENT
    part.fault = Fault.NONE
    assert sensor.read() == {Quantity.CO_PPM: pytest.approx(12.0)}
    sensor.close()


def test_its_sister_for_formaldehyde_is_told_apart(wiring: Wiring) -> None:
    part = Ze07CoSim()
    sensor = plugged(wiring, part)
    part.fault = Fault.WRONG_CHIP
    with pytest.raises(WrongDeviceError, match=r"by-id/usb-1a86.*: ff 17 04 00 \.\.\.: not CO"):
        sensor.open()
    with pytest.raises(NotReadyError, match="not opened"):
        sensor.read()


def test_a_storm_of_bad_checksums_ends_in_one_error_and_passes(wiring: Wiring) -> None:
    part = Ze07CoSim(ppm=5.0)
    sensor = plugged(wiring, part)
    sensor.open()
    part.fault = Fault.CORRUPTED
    for _ in range(3):
        with pytest.raises(ChecksumError, match=r"\d+ bytes, frames cut short or spoilt"):
            sensor.read()
    part.fault = Fault.NONE
    assert sensor.read() == {Quantity.CO_PPM: pytest.approx(5.0)}
    sensor.close()


@pytest.mark.parametrize(
    "port",
    ["/dev/ttyUSB0", "/dev/ttyAMA0", "/dev/serial/by-id/../../sda", "serial0", "/dev/serial2"],
)
def test_a_port_by_number_or_from_elsewhere_is_refused(port: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="port"):
        catalog.decode({"driver": "ze07_co", "name": "co", "port": port})
