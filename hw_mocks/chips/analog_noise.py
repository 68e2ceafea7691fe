"""A simulated electret microphone with its amplifier."""

import math
from typing import TYPE_CHECKING, Any

from hw_mocks.faults import Fault, FaultKnob

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

KNOBS = ("level_db", "tone_hz")
_REFERENCE_PA = 20e-6


def plug(wiring: "Wiring", config: Any) -> "AnalogNoiseSim":
    """Lead it to the converter."""
    volts_per_pa = config.sensitivity_mv_per_pa / 1000 * config.gain
    part = AnalogNoiseSim(wiring, volts_per_pa=volts_per_pa, supply_v=config.supply_v)
    wiring.analog(config.adc, part.at_adc_v)
    return part


class AnalogNoiseSim:
    """Knobs `level_db` and `tone_hz`: a pure tone in the room, in dB re 20 µPa.

    Faults: absent (a cut wire, taken to 0 V), stuck (the converter's last code), saturated (driven
    from rail to rail). Does not imitate noise of its own, frequency response or distortion.
    """

    fault = FaultKnob(Fault.ABSENT, Fault.STUCK, Fault.SATURATED)

    def __init__(
        self, wiring: "Wiring", *, volts_per_pa: float = 0.7875, supply_v: float = 3.3
    ) -> None:
        self.level_db, self.tone_hz = 45.0, 440.0
        self._time, self._volts_per_pa, self._supply_v = wiring.time, volts_per_pa, supply_v
        self._last_v = supply_v / 2

    def at_adc_v(self) -> float:
        """What the converter is given, in V."""
        if self.fault is Fault.ABSENT:
            return 0.0
        if self.fault is not Fault.STUCK:
            peak_pa = math.sqrt(2) * _REFERENCE_PA * math.pow(10, self.level_db / 20)
            swing_v = 1000.0 if self.fault is Fault.SATURATED else peak_pa * self._volts_per_pa
            wave = math.sin(2 * math.pi * self.tone_hz * self._time.now_s)
            self._last_v = max(0.0, min(self._supply_v, self._supply_v / 2 + swing_v * wave))
        return self._last_v
