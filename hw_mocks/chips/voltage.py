"""A plain voltage on a wire to a converter."""

from hw_mocks.faults import Fault, FaultKnob


class VoltageSim:
    """Knob `volts`. Faults: absent (a cut wire, taken to 0 V by the input's pull-down), stuck."""

    fault = FaultKnob(Fault.ABSENT, Fault.STUCK, then=lambda source: source.hold())

    def __init__(self, volts: float = 1.0) -> None:
        self.volts = self._held_v = volts

    def hold(self) -> None:
        """Remember where it stands."""
        self._held_v = self.volts

    def at_adc_v(self) -> float:
        """What the converter is given, in V."""
        if self.fault is Fault.ABSENT:
            return 0.0
        return self._held_v if self.fault is Fault.STUCK else self.volts
