"""A bus that hangs is freed rung by rung; parts that are unplugged come back by themselves."""

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.sampler import Channel, Sampler
from agent.values import Failure, FailureKind, Reading
from drivers import catalog
from drivers.board import Board
from drivers.i2c_recovery import (
    CLOCK_AT,
    LOCKED,
    REOPEN_AT,
    BusRecovery,
    Registers,
    nine_clocks,
    recovery,
)
from drivers.sensor import ChecksumError
from hw_mocks.chips import chip
from hw_mocks.gpiomem import ALT0
from hw_mocks.i2c import SimI2C
from hw_mocks.wiring import Wiring

SENSOR = catalog.decode({"driver": "pmsa003i", "name": "particles"})
HUNG = OSError(errno.ETIMEDOUT, "hung")


@pytest.fixture
def wiring(tmp_path: Path) -> Iterator[Wiring]:
    wiring = Wiring(tmp_path / "w1")
    yield wiring
    wiring.close()


@pytest.fixture
def part(wiring: Wiring) -> Any:
    return chip("pmsa003i").plug(wiring, SENSOR)


@pytest.fixture
def bus(wiring: Wiring, part: Any) -> SimI2C:
    assert part
    return wiring.buses[1]


@pytest.fixture
def board(wiring: Wiring, tmp_path: Path) -> Iterator[Board]:
    board = wiring.board(tmp_path)
    yield board
    board.close()


class Turned:
    """The sampler of the bus, its clock and what came out of it."""

    def __init__(self, board: Board) -> None:
        self.now, self.items = 0.0, list[Reading | Failure]()
        self._sampler = Sampler(
            SENSOR.wire(),
            [Channel(SENSOR.name, SENSOR.build(board), SENSOR.every_s)],
            put=self.items.append,
            clock=lambda: self.now,
            polled=BusRecovery(board, 1, wait=lambda _: None).note,
        )

    def polls(self, count: int) -> list[Reading | Failure]:
        """What the next polls gave."""
        del self.items[:]
        for _ in range(count):
            self._sampler.step(lambda: None)
            self.now += SENSOR.every_s
        return list(self.items)


@pytest.fixture
def turned(board: Board) -> Turned:
    return Turned(board)


def answers(items: list[Reading | Failure]) -> bool:
    return bool(items) and all(isinstance(item, Reading) for item in items)


def test_a_locked_bus_is_free_again_after_nine_clocks_and_the_sensor_reads_on(
    turned: Turned, bus: SimI2C
) -> None:
    assert answers(turned.polls(2))
    bus.locked = True
    failures = turned.polls(CLOCK_AT)
    assert [item.kind for item in failures if isinstance(item, Failure)] == (
        [FailureKind.NO_ANSWER] * CLOCK_AT
    )
    assert not bus.locked
    assert answers(turned.polls(1))


def test_a_bus_that_no_clock_frees_stays_lost_and_is_clocked_ever_more_rarely(
    turned: Turned, bus: SimI2C, wiring: Wiring
) -> None:
    bus.frees_after, bus.locked = None, True
    scl = wiring.pins.wire(3)
    for polls, bursts in ((CLOCK_AT, 1), (CLOCK_AT - 1, 0), (1, 1), (2 * CLOCK_AT, 1)):
        scl.moves.clear()
        assert not answers(turned.polls(polls))
        rises = sum(level for _, level in scl.moves)
        assert rises == bursts * 10  # nine, and the stop's
    bus.locked = False
    assert answers(turned.polls(1))


def test_the_bus_is_opened_anew_before_it_is_clocked(
    turned: Turned, bus: SimI2C, board: Board, wiring: Wiring
) -> None:
    first = board.i2c(1)
    bus.locked = True
    turned.polls(REOPEN_AT - 1)
    assert board.i2c(1) is first
    turned.polls(1)
    assert board.i2c(1) is not first
    assert not wiring.pins.wire(3).moves


def test_a_part_that_is_unplugged_is_no_reason_to_clock_and_reads_on_when_plugged_in(
    turned: Turned, part: Any, wiring: Wiring
) -> None:
    assert answers(turned.polls(1))
    part.fault = "absent"
    failures = turned.polls(3 * CLOCK_AT)
    assert not answers(failures)
    assert not wiring.pins.wire(3).moves
    part.fault = "none"
    assert answers(turned.polls(1))


def test_a_neighbour_that_answers_shows_that_the_bus_is_free(
    board: Board, bus: SimI2C, wiring: Wiring
) -> None:
    assert not bus.locked
    watch = BusRecovery(board, 1, wait=lambda _: None)
    first = board.i2c(1)
    for said in (HUNG, HUNG, None, HUNG, HUNG, ChecksumError(), HUNG, HUNG, OSError(errno.ENXIO)):
        watch.note(said)
    assert board.i2c(1) is first
    assert not wiring.pins.wire(3).moves


def test_the_lines_are_given_back_to_the_controller(bus: SimI2C, wiring: Wiring) -> None:
    bus.locked = True
    waits: list[float] = []
    assert nine_clocks(wiring.gpiomem, waits.append)
    assert set(wiring.gpiomem.functions.values()) == {ALT0}
    assert min(waits) >= 5e-6  # no faster than 100 kHz
    assert not bus.locked


def test_a_chip_that_lets_go_early_is_clocked_no_further(bus: SimI2C, wiring: Wiring) -> None:
    bus.frees_after, bus.locked = 3, True
    assert nine_clocks(wiring.gpiomem, lambda _: None)
    assert sum(level for _, level in wiring.pins.wire(3).moves) == 3 + 1
    assert wiring.pins.wire(2).level


def test_it_ends_with_a_stop(bus: SimI2C, wiring: Wiring) -> None:
    assert not bus.locked
    sda, scl = wiring.pins.wire(2), wiring.pins.wire(3)
    rising: list[bool] = []
    sda.on_level.append(lambda high: rising.append(scl.level) if high else None)
    assert nine_clocks(wiring.gpiomem, lambda _: None)
    assert rising == [True]  # SDA rises once, while SCL is high


def test_a_clock_line_that_is_held_down_is_said_to_be(bus: SimI2C, wiring: Wiring) -> None:
    bus.locked = True
    wiring.pins.wire(3).drive(False)
    with pytest.raises(OSError, match="SCL is held down"):
        nine_clocks(wiring.gpiomem, lambda _: None)
    assert set(wiring.gpiomem.functions.values()) == {ALT0}


def test_pins_that_the_controller_does_not_have_are_left_alone(bus: SimI2C, wiring: Wiring) -> None:
    bus.locked = True
    wiring.gpiomem.functions[2] = 0b001  # somebody's output
    with pytest.raises(OSError, match="gpio2 is not at the I2C controller"):
        nine_clocks(wiring.gpiomem, lambda _: None)
    assert wiring.gpiomem.functions[2] == 0b001


def test_without_the_registers_the_bus_is_only_opened_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watch = BusRecovery(Board(devices=tmp_path), 1)
    for _ in range(CLOCK_AT):
        watch.note(HUNG)
    assert "cannot be clocked free" in caplog.text
    assert caplog.text.count("opened anew") == 2


def test_a_bus_whose_pins_nobody_knows_is_only_opened_anew(
    board: Board, wiring: Wiring, caplog: pytest.LogCaptureFixture
) -> None:
    note = recovery(board, "i2c-3")
    for _ in range(CLOCK_AT):
        note(HUNG)
    assert "i2c-3: 6 time-outs in a row: opened anew" in caplog.text
    assert not wiring.pins.wire(3).moves


def test_other_wires_have_nothing_to_recover(board: Board, wiring: Wiring) -> None:
    for _ in range(CLOCK_AT):
        recovery(board, "gpio")(HUNG)
    assert not wiring.pins.wire(3).moves


def test_the_registers_are_words_that_are_read_and_written_at_once(tmp_path: Path) -> None:
    (tmp_path / "gpiomem").write_bytes(bytes(4096))
    registers: Registers = Board(devices=tmp_path).gpiomem()
    registers[10] = 1 << 31
    assert registers[10] == 1 << 31
    assert (tmp_path / "gpiomem").read_bytes()[40:44] == (1 << 31).to_bytes(4, "little")


def test_a_refusal_is_not_a_hung_bus() -> None:
    assert errno.EREMOTEIO not in LOCKED
    assert errno.ENXIO not in LOCKED
