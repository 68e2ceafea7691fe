"""A magnetic reed contact at a door or shutter, between a pin and ground."""

from collections.abc import Mapping
from typing import ClassVar

from drivers.board import Board
from drivers.edge_input import EdgeInput, PinConfig
from drivers.sensor import Quantity, Span
from drivers.sheet import Sheet
from drivers.two_state import TwoState

_BOUNCE_S = 0.002  # reed switches settle within 1 ms


class DoorConfig(PinConfig, frozen=True, kw_only=True, tag="door"):
    """`CONTACT_OPEN` is 1.0 while the door is open.

    `normally_closed` (the default): the loop is closed while the door is shut, so a cut wire
    reads as an open door. Otherwise the contact closes when the door opens; then nothing tells a
    cut wire from a shut door. A magnet held to the contact from outside is not seen.
    """

    normally_closed: bool = True

    spans: ClassVar[Mapping[Quantity, Span]] = {Quantity.CONTACT_OPEN: Span(0.0, 1.0)}
    sheet: ClassVar[Sheet] = Sheet(
        part="magnetic reed contact",
        purpose="presence",
        range="1 while the door is open",
        accuracy="exact",
        rate="at once, by edge",
        warm_up="none",
        price="€",
        wiring="normally closed contact between the pin and ground, so that a cut wire is seen",
        limits="a magnet held to it from outside is not seen",
        library="gpiozero",
        source="J. Ganssle, A Guide to Debouncing",
    )

    def build(self, board: Board) -> TwoState:
        """Make the driver: pulled up, closed to ground."""
        pin = EdgeInput(board, self.gpio, pull_up=True, bounce_s=_BOUNCE_S)
        return TwoState(pin, Quantity.CONTACT_OPEN, active=not self.normally_closed)
