"""The charger's or UPS's volt-free "mains good" contact, between a pin and ground."""

from collections.abc import Mapping
from typing import ClassVar

from drivers.board import Board
from drivers.edge_input import EdgeInput, PinConfig
from drivers.sensor import Quantity, Span
from drivers.sheet import Sheet
from drivers.two_state import TwoState

_BOUNCE_S = 0.02  # a relay that drops out while its supply sags


class SupplyLostConfig(PinConfig, frozen=True, kw_only=True, tag="supply_lost"):
    """`SUPPLY_LOST` is 1.0 while the mains supply is gone and the battery carries the device.

    `normally_closed` (the default): the relay is held closed while the mains are good, so a cut
    wire reads as mains lost. Open-collector outputs that pull low while good are wired alike.
    """

    normally_closed: bool = True

    spans: ClassVar[Mapping[Quantity, Span]] = {Quantity.SUPPLY_LOST: Span(0.0, 1.0)}
    sheet: ClassVar[Sheet] = Sheet(
        part="charger or UPS signal contact",
        purpose="power",
        range="1 while the mains are lost",
        accuracy="exact",
        rate="at once, by edge",
        warm_up="none",
        price="€",
        wiring="closed between the pin and ground while the mains are good, so that a cut wire is "
        "seen",
        limits="tells nothing of the battery's charge: see a meter on the cell",
        library="gpiozero",
        source="J. Ganssle, A Guide to Debouncing",
    )

    def build(self, board: Board) -> TwoState:
        """Make the driver: pulled up, closed to ground."""
        pin = EdgeInput(board, self.gpio, pull_up=True, bounce_s=_BOUNCE_S)
        return TwoState(pin, Quantity.SUPPLY_LOST, active=not self.normally_closed)
