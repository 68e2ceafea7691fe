"""Simulated header pins under the real gpiozero."""

import threading
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Any

from gpiozero import PinFixedPull
from gpiozero.pins.mock import MockFactory, MockPin

from hw_mocks.spi import SimSPI, SimSPIShared

if TYPE_CHECKING:
    from collections.abc import Callable

_EDGES_KEPT = 1024
_PI_4B = "c03111"


class SimPin(MockPin):  # type: ignore[misc]  # gpiozero has no types
    """One pin: a wire outside, a pull resistor and an output driver inside.

    `drive` is the wire; it calls gpiozero's edge callback in the caller's thread, within
    microseconds. `moves` holds the last changes of the level as (monotonic seconds, level); while
    the pin gives a frequency (`frequency` in Hz, `duty` 0 to 1), level is whether it swings.

    Does not imitate bounce (nor the debouncing against it, and its delay), current, voltage
    levels, rise times, or what happens when a wire and an output driver fight: the driver wins.
    """

    def __init__(self, factory: "SimPins", info: Any) -> None:
        self.moves: deque[tuple[float, bool]] = deque(maxlen=_EDGES_KEPT)
        self.on_output: list[Callable[[bool], None]] = []  # bus fakes listen here
        self.on_level: list[Callable[[bool], None]] = []  # as above, but to changes of the wire
        self.on_look: list[Callable[[], None]] = []  # parts that move only where somebody looks
        self.duty = 0.0
        self._hz: float | None = None
        self.mute = False  # the level moves but no edge is reported, as when a callback is lost
        self._wire: bool | None = None
        self._state = False
        self._moving = threading.RLock()
        super().__init__(factory, info)

    @property
    def level(self) -> bool:
        """What a voltmeter would say."""
        return bool(self._state)

    def drive(self, level: bool | None, at: float | None = None) -> float:
        """Put a level on the wire, or None to leave it open so that the pull decides.

        `at` is what the kernel says of the time of the edge: now, unless a part has its own time.

        Returns:
            The monotonic time in seconds at which the wire moved.
        """
        with self._moving:
            at = monotonic() if at is None else at
            self._wire = level
            if self._function == "input":
                self._settle(at)
            return at

    def drive_high(self) -> None:
        """As `drive(True)`; gpiozero's own name for it."""
        self.drive(True)

    def drive_low(self) -> None:
        """As `drive(False)`; gpiozero's own name for it."""
        self.drive(False)

    def clear_states(self) -> None:
        """Forget the past."""
        self._last_change = monotonic()
        self.moves.clear()

    def _set_function(self, value: str) -> None:
        with self._moving:
            super()._set_function(value)

    def _set_pull(self, value: str) -> None:
        if self.info.pull not in ("", value):
            raise PinFixedPull(f"{self!r} has a fixed pull resistor")
        with self._moving:
            self._pull = value
            self._settle(monotonic())

    def _get_state(self) -> float:
        for look in self.on_look:
            look()
        level: bool = super()._get_state()
        return self.duty if self._hz else level

    def _get_frequency(self) -> float | None:
        return self._hz

    def _set_frequency(self, value: float | None) -> None:
        with self._moving:
            self._hz = value
            if value is None and self._function == "output":
                self._set_state(0.0)

    def _set_state(self, value: float) -> None:
        with self._moving:
            self.duty = float(value)
            super()._set_state(float(0 < value < 1) if self._hz else value)
            for listener in self.on_output:
                listener(self.level)

    def _change_state(self, value: float, at: float | None = None) -> bool:
        level = bool(value)
        if self._state == level:
            return False
        self._state, self._last_change = level, monotonic() if at is None else at
        self.moves.append((self._last_change, level))
        for listener in self.on_level:
            listener(level)
        return True

    def _settle(self, at: float) -> None:
        if self._wire is not None:
            level = self._wire
        elif self._pull == "floating":
            level = self.level  # charge stays on the gate; a real one picks up hum
        else:
            level = self._pull == "up"
        if self._change_state(level, at) and self._when_changed is not None and not self.mute:
            self._call_when_changed()


class SimPins(MockFactory):  # type: ignore[misc]  # gpiozero has no types
    """gpiozero's pin factory for a simulated 40-pin header. One board, one factory.

    SPI runs over these pins too, by gpiozero's own bit-banging loop.
    """

    def __init__(self) -> None:
        super().__init__(revision=_PI_4B, pin_class=SimPin)

    def wire(self, gpio: int) -> SimPin:
        """The pin with this BCM number, for a part to hang on."""
        pin: SimPin = self.pin(gpio)
        return pin

    def _get_spi_class(self, shared: bool, hardware: bool) -> type:  # noqa: ARG002  # gpiozero's
        return SimSPIShared if shared else SimSPI
