"""A float switch or leak relay at the lowest point, between a pin and ground."""

from collections.abc import Mapping
from typing import ClassVar

from drivers.board import Board
from drivers.edge_input import EdgeInput, PinConfig
from drivers.sensor import Quantity, Span
from drivers.sheet import Sheet
from drivers.two_state import TwoState

_BOUNCE_S = 0.1  # ripples move a float; a flood does not hurry


class FloodConfig(PinConfig, frozen=True, kw_only=True, tag="flood"):
    """`WATER_PRESENT` is 1.0 while there is water.

    `normally_closed` is for float switches mounted so that they open when they rise, and for relays
    that drop out: then a cut wire reads as water, which is the wiring to choose. With a contact
    that closes (the default) nothing tells a cut wire from a dry floor.
    """

    normally_closed: bool = False

    spans: ClassVar[Mapping[Quantity, Span]] = {Quantity.WATER_PRESENT: Span(0.0, 1.0)}
    sheet: ClassVar[Sheet] = Sheet(
        part="float switch or leak relay",
        purpose="water",
        range="1 while there is water",
        accuracy="exact",
        rate="at once, by edge",
        warm_up="none",
        price="€",
        wiring="volt-free contact between the pin and ground; no bare electrodes on the pin, which"
        " corrode",
        limits="with a contact that closes, a cut wire is a dry floor; a float that sticks is seen"
        " by lifting it",
        library="gpiozero",
        source="J. Ganssle, A Guide to Debouncing",
    )

    def build(self, board: Board) -> TwoState:
        """Make the driver: pulled up, closed to ground."""
        pin = EdgeInput(board, self.gpio, pull_up=True, bounce_s=_BOUNCE_S)
        return TwoState(pin, Quantity.WATER_PRESENT, active=not self.normally_closed)
