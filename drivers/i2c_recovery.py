"""An I2C bus on which every transfer times out, because some chip holds a line down.

A chip that was interrupted in the middle of a byte waits for the rest of its clocks with SDA low,
so nobody can begin anything; nine clocks let it finish (NXP UM10204, 3.1.16). Rung by rung: the
driver opens the chip anew after each failure; the bus is opened anew; nine clocks by hand, and the
bus opened anew; and again ever more rarely. Meanwhile the sensors are said to be lost.
"""

import errno
import logging
import re
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drivers.board import Board

log = logging.getLogger(__name__)

# i2c-bcm2835 times out; i2c-designware (Pi 5) does too, or loses the arbitration to the held line
LOCKED = frozenset({errno.ETIMEDOUT, errno.EAGAIN})
REOPEN_AT, CLOCK_AT, RARELY = 3, 6, 100  # time-outs in a row; the clocks again at 12, 24, ... +100
SDA, SCL = 2, 3  # bus 1 of every header; other buses have pins of somebody's choice
_INPUT, _OUTPUT, _ALT0 = 0b000, 0b001, 0b100  # functions; ALT0 is SDA1 and SCL1
_CLEAR, _LEVEL = 0x28 // 4, 0x34 // 4  # GPCLR0, GPLEV0 (BCM2711 ARM peripherals, 5.2)
_HALF_CLOCK_S = 5e-6  # 100 kHz; sleeping makes it longer, which hurts nobody


class Registers(Protocol):
    """32-bit registers by their number, each read and written at once."""

    def __getitem__(self, number: int, /) -> int:
        """Read one."""

    def __setitem__(self, number: int, value: int, /) -> None:
        """Write one."""


class Lines:
    """SDA and SCL of bus 1 as open-drain lines, by the GPIO controller's registers."""

    def __init__(self, registers: Registers, wait: Callable[[float], object]) -> None:
        self._registers, self._wait = registers, wait

    @contextmanager
    def taken(self) -> "Iterator[None]":
        """Take the lines from the I2C controller, and give them back.

        Raises:
            OSError: It does not have them, so they are not ours to take.
        """
        for gpio in (SDA, SCL):
            if self._registers[0] >> 3 * gpio & 7 != _ALT0:
                raise OSError(errno.EBUSY, f"gpio{gpio} is not at the I2C controller")
        try:
            yield
        finally:
            for gpio in (SDA, SCL):
                self._select(gpio, _ALT0)

    def low(self, gpio: int) -> None:
        """Draw a line down."""
        self._registers[_CLEAR] = 1 << gpio
        self._select(gpio, _OUTPUT)

    def release(self, gpio: int) -> None:
        """Let the pull-up have a line."""
        self._select(gpio, _INPUT)

    def is_high(self, gpio: int) -> bool:
        """Say the line's level."""
        return bool(self._registers[_LEVEL] >> gpio & 1)

    def _select(self, gpio: int, function: int) -> None:
        others = self._registers[0] & ~(7 << 3 * gpio)  # GPFSEL0 has GPIO 0 to 9
        self._registers[0] = others | function << 3 * gpio
        self._wait(_HALF_CLOCK_S)


def nine_clocks(registers: Registers, wait: Callable[[float], object] = time.sleep) -> bool:
    """Clock until whoever holds SDA lets go, nine times at most, and end with a stop.

    Returns:
        Whether SDA is free. It is not where a chip is dead or its line shorted.

    Raises:
        OSError: The lines cannot be had, or SCL itself is held down, which no clock can free.
    """
    lines = Lines(registers, wait)
    with lines.taken():
        lines.release(SDA)
        lines.release(SCL)
        if not lines.is_high(SCL):
            raise OSError(errno.ETIMEDOUT, "SCL is held down")
        for _ in range(9):
            if lines.is_high(SDA):
                break
            lines.low(SCL)
            lines.release(SCL)
        lines.low(SCL)
        lines.low(SDA)
        lines.release(SCL)
        lines.release(SDA)  # rising while SCL is high: a stop
        return lines.is_high(SDA)


class BusRecovery:
    """One bus's time-outs in a row, and what is done about them; used by the bus's thread alone."""

    def __init__(
        self, board: "Board", bus: int, wait: Callable[[float], object] = time.sleep
    ) -> None:
        self._board, self._bus, self._wait = board, bus, wait
        self._in_a_row, self._clock_at = 0, CLOCK_AT

    def note(self, error: Exception | None) -> None:
        """Take in how a poll went; None is well. Any answer, a refusal too, shows a free bus."""
        if not (isinstance(error, OSError) and error.errno in LOCKED):
            self._in_a_row, self._clock_at = 0, CLOCK_AT
            return
        self._in_a_row += 1
        if self._in_a_row == self._clock_at:
            self._clock_at += min(self._clock_at, RARELY)
            self._clock()
        elif self._in_a_row != REOPEN_AT:
            return
        self._board.forget_i2c(self._bus)
        log.warning("i2c-%d: %d time-outs in a row: opened anew", self._bus, self._in_a_row)

    def _clock(self) -> None:
        if self._bus != 1:
            return
        try:
            freed = nine_clocks(self._board.gpiomem(), self._wait)
        except OSError as error:
            log.warning("i2c-1: cannot be clocked free: %s", error)
        else:
            log.warning("i2c-1: clocked by hand: SDA %s", "let go" if freed else "is still held")


def recovery(board: "Board", wire: str) -> Callable[[Exception | None], None]:
    """Give what to call after each poll on this wire; nothing is done for any but an I2C bus."""
    bus = re.fullmatch(r"i2c-(\d+)", wire)
    return (lambda _: None) if bus is None else BusRecovery(board, int(bus[1])).note
