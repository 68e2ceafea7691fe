"""Hanwei MQ-2: tin oxide cell for LPG, hydrogen, smoke, other reducing gases (its datasheet)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from msgspec import Meta

from drivers.adc import AnyAdc
from drivers.board import Board, SensorConfig
from drivers.mq_cell import SPANS, MqCell
from drivers.sensor import Quantity, Span
from drivers.sheet import Sheet


class Mq2Config(SensorConfig, frozen=True, kw_only=True, tag="mq2"):
    """Circuit of the usual module: `supply_v` - cell - A0 - `load_kohm` - ground.

    `load_kohm`: what A0 sees towards ground, the divider included. `divider`: the share of A0's
    voltage that reaches the converter, as a rule of 10 kΩ over 20 kΩ, since A0 may rise to 5 V.

    The datasheet's R0 is the resistance in 1000 ppm of hydrogen, which nobody has at hand; its
    clean-air line is at 9.8 times that, so multiply the reading by 9.8 to read its curves.
    """

    adc: AnyAdc
    load_kohm: Annotated[float, Meta(ge=0.1, le=100)] = 5.0
    supply_v: Annotated[float, Meta(ge=4.5, le=5.5)] = 5.0  # 5 V ±0.1 V (table A)
    divider: Annotated[float, Meta(gt=0, le=1)] = 2 / 3

    spans: ClassVar[Mapping[Quantity, Span]] = SPANS
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

    def build(self, board: Board) -> MqCell:
        """Make the driver; its baseline is looked for in the board's state directory."""
        return MqCell(self, self.adc.build(board), board.state)
