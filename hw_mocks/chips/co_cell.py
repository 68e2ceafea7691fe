"""A simulated electrochemical CO cell behind its transimpedance amplifier."""

from typing import TYPE_CHECKING, Any

from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.senses import Sense

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

_SUPPLY_V = 3.3  # where the amplifier ends

KNOBS = ("ppm",)
SENSES = (Sense("ppm", 20.0, 0.3),)  # T90 45 s, as electrochemical cells have


def plug(wiring: "Wiring", config: Any) -> "CoCellSim":
    """Lead its amplifier's output to the converter."""
    part = CoCellSim(
        na_per_ppm=config.na_per_ppm, feedback_kohm=config.feedback_kohm, bias_v=config.bias_v
    )
    wiring.analog(config.adc, part.at_adc_v)
    return part


class CoCellSim:
    """Knob `ppm`. Faults: absent (a cut wire: 0 V), stuck, saturated (amplifier at its end).

    Does not imitate the cell's response time, other gases, temperature or age.
    """

    fault = FaultKnob(Fault.ABSENT, Fault.STUCK, Fault.SATURATED, then=lambda cell: cell.hold())

    def __init__(
        self,
        ppm: float = 0.0,
        *,
        na_per_ppm: float = 2.0,
        feedback_kohm: float = 1000.0,
        bias_v: float = 0.5,
    ) -> None:
        self.ppm = self._held = ppm
        self._volts_per_ppm, self._bias_v = na_per_ppm * feedback_kohm * 1e-6, bias_v

    def hold(self) -> None:
        """Remember where it stands."""
        self._held = self.ppm

    def at_adc_v(self) -> float:
        """What the converter is given, in V."""
        if self.fault is Fault.ABSENT:
            return 0.0
        ppm = self._held if self.fault is Fault.STUCK else self.ppm
        volts = self._bias_v + ppm * self._volts_per_ppm
        return _SUPPLY_V if self.fault is Fault.SATURATED else max(0.0, min(_SUPPLY_V, volts))
