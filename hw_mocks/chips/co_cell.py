"""A simulated electrochemical CO cell behind its transimpedance amplifier."""

from typing import TYPE_CHECKING, Any

from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.senses import Sense

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

_SUPPLY_V = 3.3  # where the amplifier ends

_TAKES_PPM, _GIVES_BACK = 500.0, 0.7  # while its stimulus acts, and what is left at each look
KNOBS = ("ppm", "dry")
SENSES = (Sense("ppm", 20.0, 0.3),)  # T90 45 s, as electrochemical cells have


def plug(wiring: "Wiring", config: Any) -> "CoCellSim":
    """Lead its amplifier's output to the converter."""
    part = CoCellSim(
        na_per_ppm=config.na_per_ppm, feedback_kohm=config.feedback_kohm, bias_v=config.bias_v
    )
    wiring.analog(config.adc, part.at_adc_v)
    return part


class CoCellSim:
    """Knobs `ppm`, and `dry`: nothing is left of its electrolyte, so that it feels nothing.

    While it is `provoked` it takes a charge, and gives it back afterwards; a dry one keeps none.
    Faults: absent (a cut wire: 0 V), stuck, saturated (amplifier at its end). Does not imitate the
    cell's response time (the charge goes by looks at it, not by seconds), other gases, temperature.
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
        self.dry = self.provoked = False
        self._charge_ppm = 0.0
        self._volts_per_ppm, self._bias_v = na_per_ppm * feedback_kohm * 1e-6, bias_v

    def hold(self) -> None:
        """Remember where it stands."""
        self._held = self.ppm

    def _charge(self) -> float:
        """What its stimulus adds now, in ppm."""
        kept_ppm = 0.0 if self.dry else self._charge_ppm * _GIVES_BACK
        self._charge_ppm = _TAKES_PPM if self.provoked else kept_ppm
        return self._charge_ppm

    def at_adc_v(self) -> float:
        """What the converter is given, in V."""
        if self.fault is Fault.ABSENT:
            return 0.0
        felt_ppm = 0.0 if self.dry else self.ppm
        ppm = self._held if self.fault is Fault.STUCK else felt_ppm + self._charge()
        volts = self._bias_v + ppm * self._volts_per_ppm
        return _SUPPLY_V if self.fault is Fault.SATURATED else max(0.0, min(_SUPPLY_V, volts))
