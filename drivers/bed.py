"""A pressure mat or strip under a mattress, between a pin and ground."""

from collections.abc import Mapping
from typing import ClassVar

from drivers.board import Board
from drivers.edge_input import EdgeInput, PinConfig
from drivers.sensor import Quantity, Span
from drivers.sheet import Sheet
from drivers.two_state import TwoState

_BOUNCE_S = 0.05  # foam and springs make the contact dance; nobody gets up faster


class BedConfig(PinConfig, frozen=True, kw_only=True, tag="bed"):
    """`BED_OCCUPIED` is 1.0 while somebody lies or sits on it.

    Mats close when they are pressed, so a cut wire is an empty bed. `normally_closed` is for those
    that open: with them a cut wire is a bed that nobody leaves.
    """

    normally_closed: bool = False

    spans: ClassVar[Mapping[Quantity, Span]] = {Quantity.BED_OCCUPIED: Span(0.0, 1.0)}
    sheet: ClassVar[Sheet] = Sheet(
        part="pressure mat, two-wire",
        purpose="presence",
        range="1 while the bed is occupied",
        accuracy="exact",
        rate="at once, by edge",
        warm_up="none",
        price="€€",
        wiring="closes between the pin and ground when pressed; screened or twisted wire",
        limits="a cut wire is an empty bed, a mat that stays pressed a bed never left; a case on "
        "the bed counts as somebody. Never alone a sign of life or of none",
        library="gpiozero",
        source="J. Ganssle, A Guide to Debouncing",
    )

    def build(self, board: Board) -> TwoState:
        """Make the driver: pulled up, closed to ground."""
        pin = EdgeInput(board, self.gpio, pull_up=True, bounce_s=_BOUNCE_S)
        return TwoState(pin, Quantity.BED_OCCUPIED, active=not self.normally_closed)
