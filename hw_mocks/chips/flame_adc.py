"""A simulated infrared flame module's analogue output."""

import math
from typing import TYPE_CHECKING, Any

from hw_mocks.faults import Fault, FaultKnob

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

KNOBS = ("light", "flicker_hz")
_CONDUCTS_V, _DEPTH = 0.1, 0.3


def plug(wiring: "Wiring", config: Any) -> "FlameAdcSim":
    """Lead it to the converter."""
    part = FlameAdcSim(wiring, config.supply_v)
    wiring.analog(config.adc, part.at_adc_v)
    return part


class FlameAdcSim:
    """Knobs `light`, 0 to 1 of what drives it to its end, and `flicker_hz`: by ±30 %, 0 for steady.

    Faults: absent (a cut wire, taken to 0 V), stuck (it flickers on as it did), saturated. Does not
    imitate the low-pass at the input, noise, or the irregularity of flames.
    """

    fault = FaultKnob(Fault.ABSENT, Fault.STUCK, Fault.SATURATED, then=lambda part: part.hold())

    def __init__(self, wiring: "Wiring", supply_v: float = 3.3) -> None:
        self.light, self.flicker_hz = 0.0, 0.0
        self._time, self._supply_v, self._held = wiring.time, supply_v, (0.0, 0.0)

    def hold(self) -> None:
        """Remember what it saw."""
        self._held = (self.light, self.flicker_hz)

    def at_adc_v(self) -> float:
        """What the converter is given, in V: less with more light."""
        if self.fault is Fault.ABSENT:
            return 0.0
        light, hz = self._held if self.fault is Fault.STUCK else (self.light, self.flicker_hz)
        wave = math.sin(2 * math.pi * hz * self._time.now_s) if hz else 0.0
        share = 1.0 if self.fault is Fault.SATURATED else light * (1 + _DEPTH * wave)
        return self._supply_v - (self._supply_v - _CONDUCTS_V) * max(0.0, min(1.0, share))
