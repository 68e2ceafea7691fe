from collections.abc import Callable
from pathlib import Path

import pytest

from drivers.board import Board
from drivers.pi_power import PiPower, PiPowerConfig
from drivers.sensor import Quantity, SensorError

LOW, SLOWED = Quantity.UNDER_VOLTAGE, Quantity.THROTTLED
Node = Callable[[str], None]


def opened(sysfs: Path) -> PiPower:
    sensor = PiPowerConfig(name="supply").build(Board(sysfs=sysfs))
    sensor.open()
    return sensor


@pytest.fixture
def node(tmp_path: Path) -> Node:
    folder = tmp_path / "bus/platform/drivers/raspberrypi-firmware/soc@107c000000:firmware"
    folder.mkdir(parents=True)

    def say(text: str) -> None:
        (folder / "get_throttled").write_text(text)

    return say


# words of the Raspberry Pi documentation and of raspberrypi/linux #2397
@pytest.mark.parametrize(
    ("word", "low", "slowed"),
    [
        ("0\n", 0, 0),
        ("50005\n", 1, 1),
        ("50000\n", 0, 0),
        ("1\n", 1, 0),
        ("4\n", 0, 1),
        ("a000a\n", 0, 0),
        ("e0000\n", 0, 0),
    ],
)
def test_bits_0_and_2_are_now(tmp_path: Path, node: Node, word: str, low: int, slowed: int) -> None:
    node(word)
    assert opened(tmp_path).read() == {LOW: low, SLOWED: slowed}


def test_a_dip_between_two_reads_is_told_once(tmp_path: Path, node: Node) -> None:
    node("0")
    sensor = opened(tmp_path)
    sensor.read()
    node("10000")
    assert sensor.read() == {LOW: 1.0, SLOWED: 0.0}
    assert sensor.read() == {LOW: 0.0, SLOWED: 0.0}
    node("50000")
    assert sensor.read() == {LOW: 0.0, SLOWED: 1.0}


def test_what_had_occurred_before_the_agent_started_is_not_told_as_news(
    tmp_path: Path, node: Node
) -> None:
    node("50000")
    sensor = opened(tmp_path)
    assert sensor.read() == {LOW: 0.0, SLOWED: 0.0}


def test_a_kernel_that_forgets_lets_the_next_dip_be_told(tmp_path: Path, node: Node) -> None:
    sensor, told = None, []
    for word in ("0", "10000", "0", "10000"):
        node(word)
        sensor = sensor or opened(tmp_path)
        told.append(sensor.read()[LOW])
    assert told == [0.0, 1.0, 0.0, 1.0]


@pytest.mark.parametrize(("alarm", "low"), [("0\n", 0.0), ("1\n", 1.0)])
def test_without_get_throttled_the_hwmon_monitor_is_found_by_its_label(
    tmp_path: Path, alarm: str, low: float
) -> None:
    for number, label in enumerate(("cpu_thermal", "rpi_volt")):
        folder = tmp_path / f"class/hwmon/hwmon{number}"
        folder.mkdir(parents=True)
        (folder / "name").write_text(f"{label}\n")
        (folder / "in0_lcrit_alarm").write_text(alarm)
    assert opened(tmp_path).read() == {LOW: low}


def test_no_raspberry_pi_is_an_oserror_and_no_number_is_none(tmp_path: Path, node: Node) -> None:
    with pytest.raises(FileNotFoundError, match="raspberrypi-firmware"):
        opened(tmp_path)
    node("")
    with pytest.raises(SensorError, match="'' is no hexadecimal number"):
        opened(tmp_path).read()
