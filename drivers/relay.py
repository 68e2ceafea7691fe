"""A relay that moves something in the world: a gas valve, a door strike, a fan."""

import errno

from drivers.board import Board
from drivers.output_pin import OutputPin


class Relay:
    """Off at start, after `close` and unless armed twice: in the configuration, and by `arm`.

    Unlike siren and lamp it can do harm where nobody stands by. Choose what it drops to when the
    device has no power, and wire that to its idle contact. Used by one thread.
    """

    def __init__(self, board: Board, *, gpio: int, active_high: bool, may_arm: bool) -> None:
        self._pin = OutputPin(board, gpio, active_high=active_high)
        self._may_arm, self._place = may_arm, f"gpio{gpio}"
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
        """Drop, even where `arm` was not called yet: a process that was killed may have left it on.

        One that the configuration does not arm is never ours to move: its pin is left alone.

        Raises:
            OSError: The pin cannot be moved.
        """
        if self._may_arm:
            self._pin.switch(on=False)

    def close(self) -> None:
        """Drop, disarm and give the pin back; never raises."""
        self._is_armed = False
        self._pin.close()
