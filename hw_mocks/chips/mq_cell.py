"""A simulated cell of the MQ series in its module's circuit."""

from typing import TYPE_CHECKING, Any, Self

from hw_mocks.faults import Fault, FaultKnob

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring


_FED_V, _FED = 3.0, 0.75  # what its stimulus feeds in, and the share of it that gets through


class MqCellSim:
    """Knob `rs_over_r0`: the cell's resistance, as a share of `clean_air_kohm`.

    While it is `provoked`, a voltage is fed into the converter's input beside it. Faults: absent
    (a cut wire: 0 V), stuck (as the converter's input would be), saturated (the cell is far below
    its load). Does not imitate heating up, temperature, humidity or drift.
    """

    fault = FaultKnob(Fault.ABSENT, Fault.STUCK, Fault.SATURATED, then=lambda cell: cell.hold())

    def __init__(
        self,
        rs_over_r0: float = 1.0,
        *,
        clean_air_kohm: float = 20.0,
        supply_v: float = 5.0,
        load_kohm: float = 5.0,
        divider: float = 2 / 3,
    ) -> None:
        self.rs_over_r0 = self._held = rs_over_r0
        self.provoked = False
        self.clean_air_kohm, self._load_kohm = clean_air_kohm, load_kohm
        self._supply_v, self._divider = supply_v, divider

    @classmethod
    def led(cls, wiring: "Wiring", config: Any, *, clean_air_kohm: float) -> Self:
        """Make one in the circuit of the configuration and lead its divider to the converter."""
        cell = cls(
            clean_air_kohm=clean_air_kohm,
            supply_v=config.supply_v,
            load_kohm=config.load_kohm,
            divider=config.divider,
        )
        wiring.analog(config.adc, cell.at_adc_v)
        return cell

    def hold(self) -> None:
        """Remember where it stands."""
        self._held = self.rs_over_r0

    def at_adc_v(self) -> float:
        """What the converter is given, in V."""
        if self.fault is Fault.ABSENT:
            return 0.0
        ratio = self._held if self.fault is Fault.STUCK else self.rs_over_r0
        rs_kohm = 0.0 if self.fault is Fault.SATURATED else ratio * self.clean_air_kohm
        volts = self._supply_v * self._divider * self._load_kohm / (rs_kohm + self._load_kohm)
        is_fed = self.provoked and self.fault is Fault.NONE and volts < _FED_V
        return volts + (_FED_V - volts) * _FED if is_fed else volts
