import sys
import threading

import digitalio
import pytest

from drivers.board import Board
from hw_mocks import blinka
from hw_mocks.i2c import SimI2C


class Level:
    """A part that holds its line at one level unless the host drives it, and remembers that."""

    def __init__(self, high: bool) -> None:
        self.high = high
        self.driven: list[bool] = []

    def drive(self, high: bool) -> None:
        self.driven.append(high)

    def release(self) -> None:
        self.driven.append(True)

    def level(self) -> bool:
        return self.high


def test_installing_twice_gives_the_same_wires() -> None:
    assert blinka.install() is blinka.install()


def test_installing_after_a_real_gpiod_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gpiod", sys)  # any other module
    with pytest.raises(RuntimeError, match="before the first import"):
        blinka.install()


def test_blinka_takes_the_machine_for_a_raspberry_pi_4() -> None:
    from adafruit_blinka.agnostic import board_id, chip_id, detector  # noqa: PLC0415

    assert (chip_id, board_id) == ("BCM2XXX", "RASPBERRY_PI_4B")
    assert detector.board.any_raspberry_pi


@pytest.mark.parametrize("high", [True, False])
def test_a_pin_shows_the_level_of_what_hangs_on_it(high: bool) -> None:
    wires = blinka.install()
    wires.attach_line(6, Level(high))
    with digitalio.DigitalInOut(Board().blinka_pin(6)) as pin:
        pin.direction = digitalio.Direction.INPUT
        assert pin.value is high
    wires.detach_line(6)


def test_a_driven_pin_reaches_what_hangs_on_it() -> None:
    wires, part = blinka.install(), Level(high=True)
    wires.attach_line(6, part)
    with digitalio.DigitalInOut(Board().blinka_pin(6)) as pin:
        pin.direction = digitalio.Direction.OUTPUT
        part.driven.clear()
        pin.value = True
        pin.value = False
        assert part.driven == [True, False]
    assert part.driven[-1] is True  # released at the end
    wires.detach_line(6)


def test_an_open_pin_is_pulled_up_and_keeps_what_it_is_driven_to() -> None:
    with digitalio.DigitalInOut(Board().blinka_pin(13)) as pin:
        assert pin.value is True
        pin.direction = digitalio.Direction.OUTPUT
        pin.value = False
        assert pin.value is False


def test_a_line_takes_one_part_until_it_is_detached() -> None:
    wires = blinka.install()
    wires.attach_line(6, Level(high=True))
    with pytest.raises(ValueError, match="gpio6 is taken"):
        wires.attach_line(6, Level(high=True))
    wires.detach_line(6)
    wires.detach_line(6)


def test_a_number_names_one_bus_until_it_is_detached() -> None:
    wires = blinka.install()
    wires.attach_i2c(6, SimI2C())
    with pytest.raises(ValueError, match="i2c-6 is taken"):
        wires.attach_i2c(6, SimI2C())
    wires.detach_i2c(6)
    wires.detach_i2c(6)


def test_each_thread_has_its_own_virtual_time() -> None:
    time, seen = blinka.VirtualTime(), []
    time.sleep(5.0)
    thread = threading.Thread(target=lambda: seen.append(time.now_s))
    thread.start()
    thread.join()
    assert seen == [1000.0]
    assert time.now_s == 1005.0
