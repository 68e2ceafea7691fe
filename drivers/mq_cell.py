"""A heated tin oxide cell of the MQ series in its module's circuit: what all of them share."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from drivers import baseline
from drivers.adc import AnalogInput
from drivers.sensor import DisconnectedError, Quantity, Span

# clean air is 1; cold or damp air gives up to 1.7 times that (figures of the makers), and a cold
# heater more
SPANS: Mapping[Quantity, Span] = {
    Quantity.GAS_RS_R0: Span(0.0, 4.0, frozen_after_s=24 * 3600.0),
}
_LIVE_V = (
    0.01  # three steps of an MCP3008; megohms in any of their circuits: no heated cell has that
)


class Circuit(Protocol):
    """`supply_v` - cell - A0 - `load_kohm` - ground; `divider` of A0's voltage is converted."""

    @property
    def name(self) -> str:
        """The sensor's name, under which its baseline is kept."""

    @property
    def supply_v(self) -> float:
        """What feeds the cell."""

    @property
    def load_kohm(self) -> float:
        """What A0 sees towards ground, the divider included."""

    @property
    def divider(self) -> float:
        """The share of A0's voltage that reaches the converter."""


def rs_kohm(load_v: float, supply_v: float, load_kohm: float) -> float:
    """The cell's resistance in kΩ, Rs = (Vc / V_RL - 1) x RL; `load_v` is V_RL, above 0 V.

    Zero or less means more than the supply at the load, which no cell can give.
    """
    return (supply_v / load_v - 1) * load_kohm


class MqCell:
    """Rs/R0 with R0 taken as the cell's own resistance in clean air: 1 there, falling with gas.

    A ratio and no ppm: cells differ several-fold, and the ratio moves with temperature and
    humidity. At the converter's rail the cell has at most the resistance given: reported so, since
    what is more than can be told counts as the hazard. A cell with a dead heater reads as very
    clean air, above the span.
    """

    def __init__(self, circuit: Circuit, adc: AnalogInput, state: Path) -> None:
        self._circuit, self._adc, self._state = circuit, adc, state
        self._r0_kohm: float | None = None

    def open(self) -> None:
        """Claim the converter. The baseline is loaded by the first `read` that finds one.

        Raises:
            OSError: The bus cannot be had.
        """
        self._adc.open()

    def read(self) -> dict[Quantity, float]:
        """Measure once.

        Raises:
            OSError: The bus did not answer.
            NotReadyError: There is no clean-air baseline yet.
            DisconnectedError: The voltage is one that only a cut or shorted wire gives.
        """
        resistance_kohm = self.rs_kohm()
        if self._r0_kohm is None:
            self._r0_kohm = baseline.load(self._state, self._circuit.name).r0_kohm
        return {Quantity.GAS_RS_R0: resistance_kohm / self._r0_kohm}

    def rs_kohm(self) -> float:
        """The cell's resistance now, in kΩ; needs no baseline.

        Raises:
            OSError: The bus did not answer.
            DisconnectedError: The voltage is one that only a cut or shorted wire gives.
        """
        circuit = self._circuit
        if (adc_v := self._adc.volts()) < _LIVE_V:
            raise DisconnectedError(
                f"{self._adc.place}: {adc_v:.3f} V: cut wire, no 5 V or no converter"
            )
        resistance_kohm = rs_kohm(adc_v / circuit.divider, circuit.supply_v, circuit.load_kohm)
        if resistance_kohm <= 0:
            raise DisconnectedError(
                f"{self._adc.place}: {adc_v:.3f} V: A0 shorted to 5 V, or wrong `divider`"
            )
        return resistance_kohm

    def sample(self) -> tuple[float]:
        """The resistance in kΩ; raises as `rs_kohm` does."""
        return (self.rs_kohm(),)

    def commission(
        self, samples: Sequence[tuple[float, ...]], *, taken_at: str, heated_h: float
    ) -> str:
        """Keep the resistance in clean air.

        Raises:
            NotReadyError: The samples are too few, or still drift.
            OSError: The disk is full, read-only or broken; the old baseline stays.
        """
        resistances = [resistance_kohm for (resistance_kohm,) in samples]
        found = baseline.measure_r0(resistances, taken_at=taken_at, burn_in_h=heated_h)
        baseline.store(self._state, self._circuit.name, found)
        self._r0_kohm = found.r0_kohm
        return f"{found.r0_kohm:.1f} kΩ in clean air"

    def close(self) -> None:
        """Give the converter back; never raises. The heater stays on: it has no switch."""
        self._adc.close()
