from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.ld2410 import Ld2410, Ld2410Config
from drivers.sensor import ChecksumError, NotReadyError, Quantity, WrongDeviceError
from hw_mocks.uart import UartPart
from hw_mocks.wiring import Wiring

THERE, FAR = Quantity.PRESENCE, Quantity.DISTANCE_M
PORT = "/dev/serial/by-path/platform-xhci-usb-0:1:1.0-port0"


class Recorded(UartPart):
    def __init__(self, says: str) -> None:
        super().__init__()
        self.says = says

    def flushed(self) -> bytes:
        return bytes.fromhex(self.says)


@pytest.fixture
def wiring(tmp_path: Path) -> Iterator[Wiring]:
    wiring = Wiring(tmp_path / "w1")
    yield wiring
    wiring.close()


def plugged(wiring: Wiring, part: UartPart) -> Ld2410:
    wiring.uart(PORT, part)
    return Ld2410Config(name="radar", port=PORT).build(wiring.board(wiring.devices.parent))


GOOD = "f4 f3 f2 f1 0d 00 02 aa 03 4f 00 64 4c 00 64 32 00 55 00 f8 f7 f6 f5"
ENGINEERING = (
    "f4 f3 f2 f1 23 00 01 aa 03 1e 00 3c 00 00 39 00 00 08 08 3c 22 05 03 03 04 03 06 05 00 00 39"
    "10 13 06 06 08 04 03 05 55 00 f8 f7 f6 f5"
)


@pytest.mark.parametrize(
    ("report", "reading"),
    [
        # the protocol's example: somebody still, at a distance that it does not tell
        (
            "f4 f3 f2 f1 0d 00 02 aa 02 51 00 00 00 00 3b 00 00 55 00 f8 f7 f6 f5",
            {THERE: 1.0},
        ),
        # as sensors sent them: both kinds of target, the nearer one counts; and nobody
        (GOOD, {THERE: 1.0, FAR: 0.76}),
        (
            "f4 f3 f2 f1 0d 00 02 aa 00 45 00 3e 00 00 3a 00 00 55 00 f8 f7 f6 f5",
            {THERE: 0.0},
        ),
        # engineering mode, left on by the maker's app: nine gates of each kind behind the same
        (
            ENGINEERING,
            {THERE: 1.0, FAR: 0.3},
        ),
    ],
)
def test_reads_what_the_protocol_says_and_sensors_are_known_to_send(
    wiring: Wiring, report: str, reading: dict[Quantity, float]
) -> None:
    sensor = plugged(wiring, Recorded(report))
    sensor.open()
    assert sensor.read() == pytest.approx(reading)
    sensor.close()


def test_a_report_joined_in_its_middle_is_passed_over(wiring: Wiring) -> None:
    sensor = plugged(wiring, Recorded(GOOD[21:] + GOOD + GOOD[:21]))
    sensor.open()
    assert sensor.read() == pytest.approx({THERE: 1.0, FAR: 0.76})
    sensor.close()


def test_a_radar_that_calibrates_itself_is_not_ready(wiring: Wiring) -> None:
    sensor = plugged(wiring, Recorded(GOOD.replace("aa 03", "aa 04")))
    sensor.open()
    with pytest.raises(NotReadyError, match="state 4: it calibrates itself"):
        sensor.read()
    sensor.close()


def test_reports_that_always_break_off_are_corrupted(wiring: Wiring) -> None:
    sensor = plugged(wiring, Recorded(GOOD[:41]))
    with pytest.raises(ChecksumError, match="14 bytes, frames cut short"):
        sensor.open()


def test_another_baud_rate_or_part_is_named_as_such(wiring: Wiring) -> None:
    sensor = plugged(wiring, Recorded("00 80 f8 80 00 ff"))
    with pytest.raises(WrongDeviceError, match="6 bytes and no frame begins: another part, or"):
        sensor.open()


def test_a_port_that_somebody_else_has_is_an_oserror(wiring: Wiring) -> None:
    first = plugged(wiring, Recorded(GOOD))
    first.open()
    second = Ld2410Config(name="other", port=PORT).build(wiring.board(wiring.devices.parent))
    with pytest.raises(OSError, match="exclusively lock"):
        second.open()
    first.close()
    second.open()
    second.close()
