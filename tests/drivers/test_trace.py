"""What `haetae probe` shows of the wires: that of every part, and nothing that was not there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.sensor import SensorError
from drivers.trace import Trace, frame
from hw_mocks.chips import chip as chip_of
from hw_mocks.faults import Fault
from hw_mocks.wiring import Wiring
from tests.drivers.parts import Part, collect

PARTS = tuple(collect())


@pytest.fixture
def wiring(tmp_path: Path) -> Iterator[Wiring]:
    wiring = Wiring(tmp_path / "w1")
    yield wiring
    wiring.close()


def heard(wiring: Wiring, part: Part, state: Path, fault: Fault = Fault.NONE) -> str:
    """What one read of a part leaves in the trace."""
    chip = chip_of(part.driver).plug(wiring, part.config)
    for knob, value in part.vectors[0][0].items():
        setattr(chip, knob, value)
    board = wiring.board(state)
    board.trace = Trace()
    part.prepare(board, part.config)
    sensor = part.config.build(board)
    try:
        sensor.open()
        chip.fault = fault
        board.trace.clear()
        sensor.read()
    except (OSError, SensorError):
        pass
    finally:
        sensor.close()
        board.close()
    return str(board.trace)


@pytest.mark.parametrize("part", PARTS, ids=str)
def test_what_came_over_the_wire_of_every_part_can_be_seen(
    part: Part, wiring: Wiring, tmp_path: Path
) -> None:
    assert heard(wiring, part, tmp_path)


@pytest.mark.parametrize(
    ("driver", "raw"),
    [
        ("dht22", "gpio4: 81 pulses < 02 8c 01 5f ee"),  # 65.2 %, 35.1 °C: Aosong's example
        ("mcp3008", "spi0.0:ch5: code 512 of 1024"),
        ("smoke_relay", "gpio17: low"),
    ],
)
def test_raw_is_what_the_part_said_and_no_more(
    driver: str, raw: str, wiring: Wiring, tmp_path: Path
) -> None:
    part = next(each for each in PARTS if each.driver == driver)
    assert heard(wiring, part, tmp_path) == raw


def test_a_kernel_file_is_shown_as_it_is(wiring: Wiring, tmp_path: Path) -> None:
    part = next(each for each in PARTS if each.driver == "ds18b20")
    raw = heard(wiring, part, tmp_path)
    assert raw.startswith("w1:28-")
    assert "YES | " in raw
    assert " t=" in raw


def test_a_particle_sensors_frame_is_shown_to_its_last_byte(wiring: Wiring, tmp_path: Path) -> None:
    part = next(each for each in PARTS if each.driver == "pmsa003i")
    raw = heard(wiring, part, tmp_path)
    assert raw.startswith("i2c-1:0x12: < 42 4d 00 1c ")
    assert len(raw.partition("< ")[2].split()) == 32


def test_nobody_answering_shows_as_refused(wiring: Wiring, tmp_path: Path) -> None:
    part = next(each for each in PARTS if each.driver == "pmsa003i")
    assert heard(wiring, part, tmp_path, Fault.ABSENT) == "i2c-1:0x12: ! Remote I/O error"


def test_bytes_that_go_on_in_one_direction_are_one_note() -> None:
    trace = Trace()
    trace.said("/dev/serial0", ">", b"\xff\x01")
    for byte in (b"\xff", b"\x86"):
        trace.said("/dev/serial0", "<", byte)
    assert str(trace) == "/dev/serial0: > ff 01 < ff 86"


@given(data=st.binary(max_size=10_000))
def test_a_trace_is_one_short_line_whatever_came(data: bytes) -> None:
    trace = Trace()
    trace.said("/dev/serial0", "<", data)
    trace.note("gpio17", "low")
    assert len(str(trace).splitlines()) == 1
    assert len(str(trace)) < 2100


@given(st.lists(st.integers(0, 65535), max_size=90))
def test_any_pulses_can_be_shown(pulses_us: list[int]) -> None:
    assert frame(pulses_us).startswith(f"{len(pulses_us)} pulses")
