from collections.abc import Iterator
from pathlib import Path

import pytest
from serial import Serial, SerialException

from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.uart import SimPort, UartPart


class Parrot(UartPart):
    fault = FaultKnob(Fault.ABSENT)

    def heard(self, data: bytes) -> bytes:
        return data.upper()

    def flushed(self) -> bytes:
        return b"fresh"


@pytest.fixture
def port(tmp_path: Path) -> Iterator[SimPort]:
    port = SimPort(tmp_path, "/dev/serial/by-id/parrot", Parrot())
    yield port
    port.close()


def opened(folder: Path, name: str = "serial/by-id/parrot") -> Serial:
    return Serial(str(folder / name), 256000, timeout=1.0, exclusive=True)


def test_the_real_pyserial_talks_to_the_part(port: SimPort, tmp_path: Path) -> None:
    with opened(tmp_path) as serial:
        assert serial.read(5) == b"fresh"  # pyserial empties the buffer when it opens
        serial.write(b"hello")
        assert serial.read(5) == b"HELLO"


def test_emptying_the_buffer_brings_what_comes_next(port: SimPort, tmp_path: Path) -> None:
    with opened(tmp_path) as serial:
        for _ in range(20):
            assert serial.read(5) == b"fresh"
            serial.reset_input_buffer()


def test_noise_on_the_line_is_heard(port: SimPort, tmp_path: Path) -> None:
    with opened(tmp_path) as serial:
        serial.read(5)
        port.inject(b"\x00\xff\x03\x04\x11\x13")  # nothing is a control character on a raw line
        assert serial.read(6) == b"\x00\xff\x03\x04\x11\x13"


def test_an_unplugged_adapter_hangs_up_and_is_gone_until_replugged(tmp_path: Path) -> None:
    part = Parrot()
    port = SimPort(tmp_path, "/dev/serial/by-id/parrot", part)
    with opened(tmp_path) as serial:
        serial.read(5)
        part.fault = Fault.ABSENT
        with pytest.raises(SerialException):
            serial.read(5)
        with pytest.raises(SerialException, match="No such file"):
            opened(tmp_path)
    part.fault = Fault.NONE
    with opened(tmp_path) as serial:
        assert serial.read(5) == b"fresh"
    port.close()
    port.close()


def test_the_header_s_port_stays_when_its_part_goes(tmp_path: Path) -> None:
    part = Parrot()
    port = SimPort(tmp_path, "/dev/serial0", part)
    part.fault = Fault.ABSENT
    with opened(tmp_path, "serial0") as serial:
        assert serial.is_open
    port.close()
