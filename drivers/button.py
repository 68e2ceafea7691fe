"""A push-button between a pin and ground: SOS, hush, test."""

from collections.abc import Mapping
from typing import ClassVar

from drivers.board import Board
from drivers.edge_input import EdgeInput, PinConfig
from drivers.sensor import Quantity, Span
from drivers.sheet import Sheet
from drivers.two_state import TwoState

_BOUNCE_S = 0.005  # 18 switches: 1.6 ms on average, 6.2 ms at worst (Ganssle, Guide to Debouncing)


class ButtonConfig(PinConfig, frozen=True, kw_only=True, tag="button"):
    """`BUTTON` is 1.0 while pressed; a press of 20 ms between two polls is not lost.

    A cut wire is a button that nobody presses: it cannot be told, so a button is proven by
    pressing it.
    """

    spans: ClassVar[Mapping[Quantity, Span]] = {Quantity.BUTTON: Span(0.0, 1.0)}
    sheet: ClassVar[Sheet] = Sheet(
        part="push-button, for SOS, hush and test",
        purpose="people",
        range="1 while pressed; 20 ms is enough",
        accuracy="exact",
        rate="at once, by edge",
        warm_up="none",
        price="€",
        wiring="between the pin and ground",
        limits="a cut wire is a button that nobody presses: press it to prove it",
        library="gpiozero",
        source="J. Ganssle, A Guide to Debouncing",
    )

    def build(self, board: Board) -> TwoState:
        """Make the driver: pulled up, closed to ground while pressed."""
        pin = EdgeInput(board, self.gpio, pull_up=True, bounce_s=_BOUNCE_S)
        return TwoState(pin, Quantity.BUTTON, active=True)
