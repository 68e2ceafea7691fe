"""The one place where what gpiozero and lgpio raise becomes the OSError that drivers promise."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol


@contextmanager
def pin_errors_as_oserror(place: str) -> Iterator[None]:
    """Run a block that moves pins; `place` (for example `gpio17`) begins the error's message.

    Neither gpiozero's nor lgpio's errors are OSErrors, although each of them means that the wire
    cannot be had: a pin in use, a line that the kernel refuses, a bus that is switched off.

    Raises:
        OSError: The library refused.
    """
    from gpiozero import GPIOZeroError  # noqa: PLC0415  # only where a pin is used

    lgpio = sys.modules.get("lgpio")  # there exactly if Board.pins() made its factory
    refusals = (GPIOZeroError,) if lgpio is None else (GPIOZeroError, lgpio.error)
    try:
        yield
    except refusals as error:
        raise OSError(errno.EIO, f"{place}: {error}") from error


class Closable(Protocol):
    """Any of gpiozero's devices."""

    def close(self) -> None:
        """Give the pins back."""


def release(device: Closable | None, place: str) -> None:
    """Close a gpiozero device, if there is one; never raises."""
    if device is not None:
        with suppress(OSError), pin_errors_as_oserror(place):
            device.close()
