"""Figaro TGS5042: electrochemical CO cell behind a transimpedance amplifier (its data sheet)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from msgspec import Meta

from drivers.adc import AnalogInput, AnyAdc
from drivers.board import Board, SensorConfig
from drivers.sensor import DisconnectedError, Quantity, Span
from drivers.sheet import Sheet

_SATURATES_PPM = 1000.0
_ZERO_PPM = 20.0  # how far below zero cell, amplifier and 1 % resistors may rest in clean air


class CoCellConfig(SensorConfig, frozen=True, kw_only=True, tag="co_cell"):
    """The amplifier gives `bias_v` in clean air and rises by `na_per_ppm` x `feedback_kohm`.

    `na_per_ppm` is printed on each cell. `bias_v` lifts clean air off 0 V, so that a cut wire is
    told from it. With the defaults and 2 nA/ppm one step of an MCP3008 is 1.6 ppm.
    """

    adc: AnyAdc
    na_per_ppm: Annotated[float, Meta(ge=0.5, le=5)]
    feedback_kohm: Annotated[float, Meta(ge=10, le=10_000)] = 1000.0
    bias_v: Annotated[float, Meta(ge=0.1, le=2)] = 0.5

    spans: ClassVar[Mapping[Quantity, Span]] = {
        # to 1 %; no frozen time, since clean air may rightly give one step for weeks
        Quantity.CO_PPM: Span(-_ZERO_PPM, 10_000.0, saturates=_SATURATES_PPM)
    }
    warm_up_s: ClassVar[float] = 60.0  # its 90 % response time: what it took while off is gone
    life_years: ClassVar[float | None] = 10.0  # Figaro's product page
    library: ClassVar[str] = "gpiozero"
    sheet: ClassVar[Sheet] = Sheet(
        part="Figaro TGS5042 and amplifier on an MCP3008",
        purpose="gas",
        range="0 to 10,000 ppm by the cell",
        accuracy="±5 % of linear to 500 ppm; 1.6 ppm a step",
        rate="90 % of a step in 60 s",
        warm_up="60 s",
        price="€€€",
        wiring=(
            "cell and transimpedance amplifier with 0.5 V bias to the converter; nA/ppm as "
            "printed on each cell"
        ),
        limits=(
            "hydrogen reads as CO. A dried-out cell rests where clean air does: only CO let to "
            "it, once a year, proves it. 10 years"
        ),
        library="gpiozero",
        source="Figaro TGS5042 product information and page",
    )

    def __post_init__(self) -> None:
        """Refuse an amplifier that could not tell a cut wire, or not enough CO.

        Raises:
            ValueError: msgspec makes it an error that names the place.
        """
        if ppm(0.0, self) >= -_ZERO_PPM:
            raise ValueError("`bias_v` is too low to tell a cut wire from clean air: raise it")
        if ppm(self.adc.rail_v, self) < _SATURATES_PPM:
            raise ValueError(
                f"the converter's rail is below {_SATURATES_PPM:g} ppm: lower `feedback_kohm`"
            )

    def wire(self) -> str:
        """The converter's."""
        return self.adc.wire()

    def claims(self) -> frozenset[str]:
        """The converter's input."""
        return self.adc.claims()

    def build(self, board: Board) -> "CoCell":
        """Make the driver; opens nothing yet."""
        return CoCell(self, self.adc.build(board))


def ppm(volts: float, circuit: CoCellConfig) -> float:
    """The concentration at which the amplifier gives `volts`."""
    volts_per_ppm = circuit.na_per_ppm * circuit.feedback_kohm * 1e-6
    return (volts - circuit.bias_v) / volts_per_ppm


class CoCell:
    """CO, 0 to 10,000 ppm by the cell, ±5 % of linear to 500 ppm, 90 % of a step within 60 s.

    At the converter's rail the reading is what the rail stands for: at least so much. Hydrogen
    reads as CO. A cell that has dried out, or is off its own pins, rests at `bias_v` as clean air
    does: only CO, let to it once a year, proves the cell.
    """

    def __init__(self, config: CoCellConfig, adc: AnalogInput) -> None:
        self._config, self._adc = config, adc

    def open(self) -> None:
        """Claim the converter.

        Raises:
            OSError: The bus cannot be had.
        """
        self._adc.open()

    def read(self) -> dict[Quantity, float]:
        """Measure once.

        Raises:
            OSError: The bus did not answer.
            DisconnectedError: The voltage is one that only a cut wire gives.
        """
        volts = self._adc.volts()
        if (found_ppm := ppm(volts, self._config)) < -_ZERO_PPM:
            raise DisconnectedError(
                f"{self._adc.place}: {volts:.3f} V, far below `bias_v`: cut wire, "
                "no supply or no converter"
            )
        return {Quantity.CO_PPM: found_ppm}

    def close(self) -> None:
        """Give the converter back; never raises."""
        self._adc.close()
