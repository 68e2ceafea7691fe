"""An output that is off until asked, off when closed, and comes back after a failure."""

from typing import TYPE_CHECKING

from drivers.board import Board
from drivers.pin_errors import pin_errors_as_oserror, release

if TYPE_CHECKING:
    from gpiozero import DigitalOutputDevice


class OutputPin:
    """One pin that switches a load; for one thread.

    The pin is claimed, as off, by the first `on` or `off`; one that failed is claimed anew by the
    next. While the board boots, and after `close`, the pin floats: the transistor it drives needs
    a pull resistor towards off (10 kΩ at its gate or base).
    """

    def __init__(self, board: Board, gpio: int, *, active_high: bool) -> None:
        self._board, self._gpio, self._active_high = board, gpio, active_high
        self._device: DigitalOutputDevice | None = None

    def switch(self, *, on: bool) -> None:
        """Put the pin where it belongs.

        Raises:
            OSError: The pin cannot be had or moved.
        """
        from gpiozero import DigitalOutputDevice  # noqa: PLC0415  # only where a pin is used

        try:
            with pin_errors_as_oserror(f"gpio{self._gpio}"):
                if self._device is None:
                    self._device = DigitalOutputDevice(
                        self._gpio, active_high=self._active_high, pin_factory=self._board.pins()
                    )
                self._device.value = on
        except OSError:
            self._release()
            raise

    def close(self) -> None:
        """Switch off and give the pin back; never raises."""
        try:
            if self._device is not None:
                self.switch(on=False)
        except OSError:
            return  # released already
        self._release()

    def _release(self) -> None:
        device, self._device = self._device, None
        release(device, f"gpio{self._gpio}")
