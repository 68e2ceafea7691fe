"""An output that is off until asked, off when closed, and comes back after a failure."""

from typing import TYPE_CHECKING

from drivers.board import Board
from drivers.pin_errors import pin_errors_as_oserror, release

if TYPE_CHECKING:
    from gpiozero import DigitalOutputDevice, PWMOutputDevice


class OutputPin:
    """One pin that switches a load; for one thread.

    The pin is claimed, as off, by the first `on` or `off`; one that failed is claimed anew by the
    next. While the board boots, and after `close`, the pin floats: the transistor it drives needs
    a pull resistor towards off (10 kΩ at its gate or base). With `frequency_hz`, on is a square
    wave of that frequency.
    """

    def __init__(
        self, board: Board, gpio: int, *, active_high: bool, frequency_hz: int | None = None
    ) -> None:
        self._board, self._gpio, self._active_high = board, gpio, active_high
        self._frequency_hz = frequency_hz
        self._device: DigitalOutputDevice | PWMOutputDevice | None = None

    def switch(self, *, on: bool) -> None:
        """Put the pin where it belongs.

        Raises:
            OSError: The pin cannot be had or moved.
        """
        try:
            with pin_errors_as_oserror(f"gpio{self._gpio}"):
                if self._device is None:
                    self._device = self._claimed()
                self._device.value = on if self._frequency_hz is None else on / 2
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

    def _claimed(self) -> "DigitalOutputDevice | PWMOutputDevice":
        from gpiozero import DigitalOutputDevice, PWMOutputDevice  # noqa: PLC0415  # where used

        pins, is_high = self._board.pins(), self._active_high
        if self._frequency_hz is None:
            return DigitalOutputDevice(self._gpio, active_high=is_high, pin_factory=pins)
        return PWMOutputDevice(
            self._gpio, active_high=is_high, frequency=self._frequency_hz, pin_factory=pins
        )

    def _release(self) -> None:
        device, self._device = self._device, None
        release(device, f"gpio{self._gpio}")
