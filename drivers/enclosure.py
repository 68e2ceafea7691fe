"""A microswitch under the lid of the device's own case, between a pin and ground."""

from collections.abc import Mapping
from typing import ClassVar

from drivers.board import Board
from drivers.edge_input import EdgeInput, PinConfig
from drivers.sensor import Quantity, Span
from drivers.sheet import Sheet
from drivers.two_state import TwoState

_BOUNCE_S = 0.005  # 18 switches: 1.6 ms on average, 6.2 ms at worst (Ganssle)


class EnclosureConfig(PinConfig, frozen=True, kw_only=True, tag="enclosure"):
    """`ENCLOSURE_OPEN` is 1.0 while the case is open.

    `normally_closed` (the default): the lid holds the contact closed, so that a cut wire reads as
    an opened case.
    """

    normally_closed: bool = True

    spans: ClassVar[Mapping[Quantity, Span]] = {Quantity.ENCLOSURE_OPEN: Span(0.0, 1.0)}
    sheet: ClassVar[Sheet] = Sheet(
        part="microswitch with lever",
        purpose="tamper",
        range="1 while the case is open",
        accuracy="exact",
        rate="at once, by edge",
        warm_up="none",
        price="€",
        wiring="held closed by the lid, between the pin and ground, so that a cut wire is seen",
        limits="says nothing while the device has no power: whoever cuts the power first is not "
        "seen opening it",
        library="gpiozero",
        source="J. Ganssle, A Guide to Debouncing",
    )

    def build(self, board: Board) -> TwoState:
        """Make the driver: pulled up, closed to ground."""
        pin = EdgeInput(board, self.gpio, pull_up=True, bounce_s=_BOUNCE_S)
        return TwoState(pin, Quantity.ENCLOSURE_OPEN, active=not self.normally_closed)
