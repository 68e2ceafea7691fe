"""A plain voltage at an input of an MCP3008."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from msgspec import Meta

from drivers.board import Board, SensorConfig
from drivers.mcp3008_input import V_REF_MAX, Mcp3008Adc, Mcp3008Input
from drivers.sensor import DisconnectedError, Quantity, Span
from drivers.sheet import Sheet


class Mcp3008Config(SensorConfig, frozen=True, kw_only=True, tag="mcp3008"):
    """`ANALOG_V`: the voltage at one input, for parts that have no driver of their own.

    A source that is alive never gives less than `live_zero_v`: below it the wire is cut or the
    chip absent. Only a source that may rightly give 0 V needs `live_zero_v = 0`.
    """

    channel: Annotated[int, Meta(ge=0, le=7)]
    device: Annotated[int, Meta(ge=0, le=1)] = 0
    vref_v: Annotated[float, Meta(ge=0.25, le=V_REF_MAX)] = 3.3
    live_zero_v: Annotated[float, Meta(ge=0, le=V_REF_MAX)] = 0.02

    spans: ClassVar[Mapping[Quantity, Span]] = {Quantity.ANALOG_V: Span(0.0, V_REF_MAX)}
    library: ClassVar[str] = "gpiozero"
    sheet: ClassVar[Sheet] = Sheet(
        part="Microchip MCP3008",
        purpose="any voltage",
        range="0 to V_REF in 1024 steps",
        accuracy="±1 step (-B), ±2 (-C)",
        rate="each poll",
        warm_up="none",
        price="€",
        wiring="SPI0 with CE0 or CE1; V_DD and V_REF at 3.3 V; a live source never rests at 0 V",
        limits=(
            "an absent converter reads 0 V: told from a source only where that never rests at 0 V"
        ),
        library="gpiozero",
        source="Microchip DS21295",
    )

    def wire(self) -> str:
        """Both chip selects share clock and data."""
        return self._adc().wire()

    def claims(self) -> frozenset[str]:
        """Its input."""
        return self._adc().claims()

    def build(self, board: Board) -> "Mcp3008":
        """Make the driver; opens nothing yet."""
        return Mcp3008(self._adc().build(board), self.live_zero_v)

    def _adc(self) -> Mcp3008Adc:
        return Mcp3008Adc(channel=self.channel, device=self.device, vref_v=self.vref_v)


class Mcp3008:
    """The voltage at one input of an MCP3008, 0 V to V_REF in 1024 steps."""

    def __init__(self, adc: Mcp3008Input, live_zero_v: float) -> None:
        self._adc, self._live_zero_v = adc, live_zero_v

    def open(self) -> None:
        """Claim the bus.

        Raises:
            OSError: Pins or bus cannot be had.
        """
        self._adc.open()

    def read(self) -> dict[Quantity, float]:
        """Convert once.

        Raises:
            OSError: It is not open, or the bus refused.
            DisconnectedError: The voltage is one that only a cut wire gives.
        """
        if (volts := self._adc.volts()) < self._live_zero_v:
            raise DisconnectedError(f"{self._adc.place}: {volts:.3f} V: cut wire or no converter")
        return {Quantity.ANALOG_V: volts}

    def close(self) -> None:
        """Give the bus back; never raises."""
        self._adc.close()
