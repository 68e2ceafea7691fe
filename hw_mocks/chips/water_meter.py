"""A simulated water meter with a reed between a pin and ground."""

from typing import TYPE_CHECKING, Any

from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.gpio import SimPin

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

KNOBS = ("litres",)


def plug(wiring: "Wiring", config: Any) -> "WaterMeterSim":
    """Hang its reed between its pin and ground."""
    return WaterMeterSim(wiring.pins.wire(config.gpio), config.litres_per_pulse)


class WaterMeterSim:
    """Knob `litres`, the meter's dial: turned up it gives its pulses at once; it never runs back.

    Faults: absent (a cut wire), stuck (the dial stays). Does not imitate bounce, or how long a
    slow magnet holds the reed closed.
    """

    fault = FaultKnob(Fault.ABSENT, Fault.STUCK)

    def __init__(self, pin: SimPin, litres_per_pulse: float) -> None:
        self._pin, self._litres_per_pulse, self._litres = pin, litres_per_pulse, 0.0
        pin.drive(None)

    @property
    def litres(self) -> float:
        """What the dial shows."""
        return self._litres

    @litres.setter
    def litres(self, litres: float) -> None:
        if self.fault is Fault.STUCK or litres <= self._litres:
            return
        pulses = litres // self._litres_per_pulse - self._litres // self._litres_per_pulse
        self._litres = litres
        for _ in range(int(pulses) if self.fault is Fault.NONE else 0):
            self._pin.drive(False)
            self._pin.drive(None)
