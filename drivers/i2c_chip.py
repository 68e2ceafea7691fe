"""What drivers of chips on an I2C bus share: the chip's place, raw transfers, and their errors."""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from drivers.board import Board, SensorConfig
from drivers.sensor import ChecksumError

if TYPE_CHECKING:
    from busio import I2C

BusNumber = Annotated[int, Meta(ge=0, le=99)]


def place(bus: int, address: int) -> str:
    """Name a chip in messages and claims, for example `i2c-1:0x44`."""
    return f"i2c-{bus}:{address:#04x}"


class I2cConfig(SensorConfig, frozen=True, kw_only=True):
    """`bus` is N of `/dev/i2c-N`; each chip says which `address` it can have."""

    bus: BusNumber = 1
    address: int

    def wire(self) -> str:
        """Its bus."""
        return f"i2c-{self.bus}"

    def claims(self) -> frozenset[str]:
        """Its address on that bus."""
        return frozenset({place(self.bus, self.address)})


@contextmanager
def i2c_errors(where: str, otherwise: Callable[[str], Exception] = ChecksumError) -> Iterator[None]:
    """Run a block that asks a chip through an Adafruit library; `where` begins each message.

    An absent chip is a ValueError in the libraries' constructors, and in some a RuntimeError
    later; the OSError below it says what happened. A RuntimeError with none below it is the
    library's opinion of the answer, which is raised as `otherwise`. What the libraries' arithmetic
    makes of garbled bytes (a division by zero, a number out of range) is a garbled answer.

    Raises:
        OSError: The wire did not answer.
        SensorError: What `otherwise` makes.
    """
    try:
        yield
    except OSError as error:
        raise _with_place(error, where) from error
    except (ValueError, ArithmeticError, LookupError, RuntimeError) as error:
        below = error.__cause__ or error.__context__
        if isinstance(below, OSError):
            raise _with_place(below, where) from error
        if isinstance(error, RuntimeError):
            raise otherwise(f"{where}: {error}") from error
        raise ChecksumError(f"{where}: garbled: {error}") from error


def _with_place(error: OSError, where: str) -> OSError:
    return OSError(error.errno or errno.EIO, f"{where}: {error.strerror or error}")


class Bounded:
    """A bus for a library that may ask for ever: it answers `most` transfers between renewals."""

    def __init__(self, bus: "I2C", most: int) -> None:
        self._bus, self._most, self._left = bus, most, most

    def renew(self) -> None:
        """Allow `most` transfers again."""
        self._left = self._most

    def __getattr__(self, name: str) -> Any:
        if name in {"writeto", "readfrom_into", "writeto_then_readfrom"}:
            self._left -= 1
            if self._left < 0:
                why = f"the chip never came to an end in {self._most} transfers"
                raise OSError(errno.ETIMEDOUT, why)
        return getattr(self._bus, name)


class I2cChip:
    """One chip by its address: raw transfers for drivers with register code of their own."""

    def __init__(self, board: Board, bus: int, address: int) -> None:
        self.address, self.place = address, place(bus, address)
        self._board, self._bus = board, bus
        self._given: I2C | None = None

    def bus(self) -> "I2C":
        """Give the bus, for a library's constructor.

        Raises:
            OSError: The kernel has no such bus.
        """
        self._given = self._board.i2c(self._bus)
        return self._given

    def is_stale(self) -> bool:
        """Whether the bus has been opened anew since it was given away, to free it.

        Raises:
            OSError: The kernel has no such bus any more.
        """
        return self._given is not self._board.i2c(self._bus)

    @contextmanager
    def errors(self, otherwise: Callable[[str], Exception] = ChecksumError) -> Iterator[None]:
        """Run a block that asks a library that was given the bus; see `i2c_errors`.

        Raises:
            OSError: The wire did not answer, or the library has the bus from before.
            SensorError: What `otherwise` makes.
        """
        if self.is_stale():
            raise OSError(errno.ESTALE, f"{self.place}: the bus has been opened anew")
        with i2c_errors(self.place, otherwise):
            yield

    def write(self, data: bytes) -> None:
        """Write in one transfer.

        Raises:
            OSError: Nobody acknowledged, or the bus is locked.
        """
        with i2c_errors(self.place), self._locked() as bus:
            bus.writeto(self.address, data)

    def read(self, count: int) -> bytes:
        """Read `count` bytes in one transfer.

        Raises:
            OSError: Nobody acknowledged, or the bus is locked.
        """
        data = bytearray(count)
        with i2c_errors(self.place), self._locked() as bus:
            bus.readfrom_into(self.address, data)
        return bytes(data)

    def exchange(self, data: bytes, count: int) -> bytes:
        """Write, and read after a repeated start, so that nobody comes in between.

        Raises:
            OSError: Nobody acknowledged, or the bus is locked.
        """
        answer = bytearray(count)
        with i2c_errors(self.place), self._locked() as bus:
            bus.writeto_then_readfrom(self.address, data, answer)
        return bytes(answer)

    @contextmanager
    def _locked(self) -> "Iterator[I2C]":
        bus = self._board.i2c(self._bus)
        while not bus.try_lock():  # one thread a bus, so nobody else has it
            pass
        try:
            yield bus
        finally:
            bus.unlock()
