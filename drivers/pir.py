"""A passive infrared motion sensor such as the HC-SR501, whose 3.3 V output goes high on motion."""

from collections.abc import Mapping
from typing import ClassVar

from drivers.board import Board
from drivers.edge_input import EdgeInput, PinConfig
from drivers.sensor import Quantity, Span
from drivers.sheet import Sheet
from drivers.two_state import TwoState


class PirConfig(PinConfig, frozen=True, kw_only=True, tag="pir"):
    """`MOTION` is 1.0 while the module's output is high: motion, and its own hold of 0.3 s or more.

    The HC-SR501 settles for about a minute after power-on and may report motion that is not
    there; 3 to 7 m, 110 to 120 degrees. It sees warm bodies that move: a sleeper or somebody
    lying still is not seen. The pin is pulled down, so a cut wire is a room in which nothing moves.
    """

    spans: ClassVar[Mapping[Quantity, Span]] = {Quantity.MOTION: Span(0.0, 1.0)}
    warm_up_s: ClassVar[float] = 60.0
    sheet: ClassVar[Sheet] = Sheet(
        part="HC-SR501 or alike",
        purpose="presence",
        range="1 while it sees motion and for its hold time; 3 to 7 m, 110 to 120°",
        accuracy="none given",
        rate="at once, by edge",
        warm_up="60 s",
        price="€",
        wiring="its 3.3 V output to the pin; 5 V supply",
        limits=(
            "a sleeper, or somebody lying still, is not seen; a cut wire is a room in which "
            "nothing moves"
        ),
        library="gpiozero",
        source="HC-SR501 datasheet",
    )

    def build(self, board: Board) -> TwoState:
        """Make the driver: pulled down, driven high by an output that does not bounce."""
        pin = EdgeInput(board, self.gpio, pull_up=False, bounce_s=None)
        return TwoState(pin, Quantity.MOTION, active=True)
