"""A relay that moves something in the world: a gas valve, a door strike, a fan."""

import errno

import msgspec

from drivers.board import Board, GpioNumber
from drivers.output_pin import OutputPin


class RelayConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`armed = true` says that somebody has looked at what hangs on it; without it, it never moves.

    `active_high` is False for relay boards that switch on at 0 V.
    """

    gpio: GpioNumber
    active_high: bool = True
    armed: bool = False

    def build(self, board: Board) -> "Relay":
        """Make the driver; moves nothing yet."""
        pin = OutputPin(board, self.gpio, active_high=self.active_high)
        return Relay(pin, may_arm=self.armed, place=f"gpio{self.gpio}")


class Relay:
    """Off at start, after `close` and unless armed twice: in the configuration, and by `arm`.

    Unlike siren and lamp it can do harm where nobody stands by. Choose what it drops to when the
    device has no power, and wire that to its idle contact. Used by one thread.
    """

    def __init__(self, pin: OutputPin, *, may_arm: bool, place: str) -> None:
        self._pin, self._may_arm, self._place = pin, may_arm, place
        self._is_armed = False

    def arm(self) -> None:
        """Allow `on` from now on; the relay is put to off first.

        Raises:
            OSError: It is not armed in the configuration (EPERM), or the pin cannot be had.
        """
        if not self._may_arm:
            why = f"{self._place}: not armed: write `armed = true` where what it moves is known"
            raise PermissionError(errno.EPERM, why)
        self._pin.switch(on=False)
        self._is_armed = True

    def disarm(self) -> None:
        """Switch off and allow `on` no longer.

        Raises:
            OSError: The pin cannot be moved; it is disarmed all the same.
        """
        was_armed, self._is_armed = self._is_armed, False
        if was_armed:
            self._pin.switch(on=False)

    def on(self) -> None:
        """Pull.

        Raises:
            OSError: It is not armed (EPERM), or the pin cannot be moved.
        """
        if not self._is_armed:
            raise PermissionError(errno.EPERM, f"{self._place}: not armed: `arm` it first")
        self._pin.switch(on=True)

    def off(self) -> None:
        """Drop; an unarmed relay is off, and its pin is left alone.

        Raises:
            OSError: The pin cannot be moved.
        """
        if self._is_armed:
            self._pin.switch(on=False)

    def close(self) -> None:
        """Drop, disarm and give the pin back; never raises."""
        self._is_armed = False
        self._pin.close()
