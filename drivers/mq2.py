"""Hanwei MQ-2: tin oxide cell for LPG, hydrogen, smoke, other reducing gases (its datasheet)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from msgspec import Meta

from drivers import baseline
from drivers.adc import AnalogInput, AnyAdc
from drivers.board import Board, SensorConfig
from drivers.sensor import DisconnectedError, Quantity, Span
from drivers.sheet import Sheet

_LIVE_V = (
    0.01  # three steps of an MCP3008; 1.7 MΩ with the default circuit: no heated cell has that
)


class Mq2Config(SensorConfig, frozen=True, kw_only=True, tag="mq2"):
    """Circuit of the usual module: `supply_v` - cell - A0 - `load_kohm` - ground.

    `load_kohm`: what A0 sees towards ground, the divider included. `divider`: the share of A0's
    voltage that reaches the converter, as a rule of 10 kΩ over 20 kΩ, since A0 may rise to 5 V.
    """

    adc: AnyAdc
    load_kohm: Annotated[float, Meta(ge=0.1, le=100)] = 5.0
    supply_v: Annotated[float, Meta(ge=4.5, le=5.5)] = 5.0  # 5 V ±0.1 V (table A)
    divider: Annotated[float, Meta(gt=0, le=1)] = 2 / 3

    spans: ClassVar[Mapping[Quantity, Span]] = {
        # clean air is 1; cold or damp air gives up to 1.7 times that (figure 2), a cold heater more
        Quantity.GAS_RS_R0: Span(0.0, 4.0, frozen_after_s=24 * 3600.0)
    }
    warm_up_s: ClassVar[float] = 180.0  # after a short pause; a new cell takes 24 h (table C)
    library: ClassVar[str] = "gpiozero"
    sheet: ClassVar[Sheet] = Sheet(
        part="Hanwei MQ-2 on an MCP3008",
        purpose="gas",
        range="a ratio: 1 in clean air, falling with LPG, hydrogen, smoke",
        accuracy="none: cells differ several-fold",
        rate="each poll",
        warm_up="180 s; a new cell 24 h, then a clean-air baseline",
        price="€",
        wiring=(
            "5 V for heater and cell (0.8 W); A0 through a divider (10 kΩ over 20 kΩ) to the "
            "converter, since it may rise to 5 V"
        ),
        limits=(
            "a ratio and never ppm; it reacts to alcohol, hairspray and cooking, and drifts "
            "with temperature and humidity. A dead heater reads as very clean air, above the "
            "span"
        ),
        library="gpiozero",
        source="Hanwei MQ-2 technical data",
    )

    def wire(self) -> str:
        """The converter's."""
        return self.adc.wire()

    def claims(self) -> frozenset[str]:
        """The converter's input."""
        return self.adc.claims()

    def build(self, board: Board) -> "Mq2":
        """Make the driver; its baseline is looked for in the board's state directory."""
        return Mq2(self, self.adc.build(board), board.state)


def rs_kohm(load_v: float, supply_v: float, load_kohm: float) -> float:
    """The cell's resistance in kΩ, Rs = (Vc / V_RL - 1) x RL; `load_v` is V_RL, above 0 V.

    Zero or less means more than the supply at the load, which no cell can give.
    """
    return (supply_v / load_v - 1) * load_kohm


class Mq2:
    """Rs/R0 with R0 taken as the cell's own resistance in clean air: 1 there, falling with gas.

    The datasheet's R0 is the resistance in 1000 ppm of hydrogen, which nobody has at hand; its
    clean-air line is at 9.8 times that, so multiply by 9.8 to read its curves. A ratio and no ppm:
    cells differ several-fold, and the ratio moves with temperature and humidity.

    At the converter's rail the cell has at most the resistance given: reported so, since what is
    more than can be told counts as the hazard. A cell with a dead heater reads as very clean air,
    above the span.
    """

    def __init__(self, config: Mq2Config, adc: AnalogInput, state: Path) -> None:
        self._config, self._adc, self._state = config, adc, state
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
            self._r0_kohm = baseline.load(self._state, self._config.name).r0_kohm
        return {Quantity.GAS_RS_R0: resistance_kohm / self._r0_kohm}

    def rs_kohm(self) -> float:
        """The cell's resistance now, in kΩ; needs no baseline.

        Raises:
            OSError: The bus did not answer.
            DisconnectedError: The voltage is one that only a cut or shorted wire gives.
        """
        circuit = self._config
        if (adc_v := self._adc.volts()) < _LIVE_V:
            raise DisconnectedError(
                f"{self._adc.place}: {adc_v:.3f} V: cut wire, no 5 V or no converter"
            )
        at_a0_v = adc_v / circuit.divider
        resistance_kohm = rs_kohm(at_a0_v, circuit.supply_v, circuit.load_kohm)
        if resistance_kohm <= 0:
            raise DisconnectedError(
                f"{self._adc.place}: {adc_v:.3f} V: A0 shorted to 5 V, or wrong `divider`"
            )
        return resistance_kohm

    def close(self) -> None:
        """Give the converter back; never raises. The heater stays on: it has no switch."""
        self._adc.close()
