"""On a board, refusals come from lgpio too, whose errors are no OSErrors of their own."""

import errno
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from gpiozero import PinSetInput

from drivers.pin_errors import pin_errors_as_oserror, release


class LgpioError(Exception):
    """As `lgpio.error`, which tells by text alone."""


class Refusing:
    def close(self) -> None:
        raise PinSetInput("cannot set state of pin GPIO17")


def test_what_gpiozero_refuses_is_an_oserror_with_its_place() -> None:
    with (
        pytest.raises(OSError, match="gpio17: cannot set state") as raised,
        pin_errors_as_oserror("gpio17"),
    ):
        raise PinSetInput("cannot set state of pin GPIO17")
    assert raised.value.errno == errno.EIO


def test_what_lgpio_refuses_is_an_oserror_too(monkeypatch: pytest.MonkeyPatch) -> None:
    library: Any = SimpleNamespace(error=LgpioError)
    monkeypatch.setitem(sys.modules, "lgpio", library)
    with pytest.raises(OSError, match="gpio17: GPIO busy"), pin_errors_as_oserror("gpio17"):
        raise LgpioError("GPIO busy")


def test_a_bug_stays_a_bug() -> None:
    with pytest.raises(ZeroDivisionError), pin_errors_as_oserror("gpio17"):
        raise ZeroDivisionError


def test_giving_pins_back_never_raises() -> None:
    release(None, "gpio17")
    release(Refusing(), "gpio17")
