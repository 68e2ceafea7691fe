"""An infrared flame module with a comparator: a diode that says light or no light."""

from collections import deque
from collections.abc import Mapping
from typing import ClassVar

from drivers import flicker
from drivers.board import Board, GpioNumber, SensorConfig
from drivers.edge_train import EdgeTrain
from drivers.sensor import Quantity, Span
from drivers.sheet import Sheet

_BOUNCE_S = (
    0.01  # passes flames, 15 Hz and more; stops lamps on the mains and the comparator's dance
)
_FASTEST_HZ = 1 / (2 * _BOUNCE_S)
_WINDOW_S = 4.0


class FlameIrConfig(SensorConfig, frozen=True, kw_only=True, tag="flame_ir"):
    """`FLAME_IR` is 1.0 if it saw infrared since the last read, `FLAME_FLICKER_HZ` how fast.

    Its output is low while it sees infrared. The threshold is set with the screw on the module: so
    that the room's own light does not reach it.
    """

    gpio: GpioNumber

    spans: ClassVar[Mapping[Quantity, Span]] = {
        Quantity.FLAME_IR: Span(0.0, 1.0),
        Quantity.FLAME_FLICKER_HZ: Span(0.0, 1.2 * _FASTEST_HZ),  # time stamps have errors, too
    }
    library: ClassVar[str] = "gpiozero"
    sheet: ClassVar[Sheet] = Sheet(
        part="infrared diode module (YG1006, LM393), DO",
        purpose="flame",
        range="1 while it sees infrared (760 to 1100 nm, ±30°, a lighter at 0.8 m), and 0 to 50 Hz",
        accuracy="a threshold; the frequency of the last 4 s to a few %",
        rate="each poll; three flashes make a frequency",
        warm_up="none",
        price="€",
        wiring="3.3 V; DO to the pin",
        limits="sun, halogen lamps and people who pass before them read as light; only flicker of "
        "1 to 15 Hz is flame-like, and never alone evidence: at 30 to 50 cm flames gave less than "
        "steam and spray did. A cut wire reads as dark",
        library="gpiozero",
        source="YG1006 data sheet; LM393 data sheet",
    )

    def wire(self) -> str:
        """Inputs that are polled; edges are noted meanwhile."""
        return "gpio"

    def claims(self) -> frozenset[str]:
        """Its pin."""
        return frozenset({f"gpio{self.gpio}"})

    def build(self, board: Board) -> "FlameIr":
        """Make the driver: pulled up, low while it sees light."""
        return FlameIr(EdgeTrain(board, self.gpio, pull_up=True, bounce_s=_BOUNCE_S))


class FlameIr:
    """Flicker counts edges by the kernel's time stamps, so a late read does not change it."""

    def __init__(self, pin: EdgeTrain) -> None:
        self._pin = pin
        self._rises: deque[float] = deque(maxlen=round(_FASTEST_HZ * _WINDOW_S))

    def open(self) -> None:
        """Claim the pin.

        Raises:
            OSError: The pin cannot be had.
        """
        self._pin.open()

    def read(self) -> dict[Quantity, float]:
        """Whether it saw light since the last read, and how fast that flickers, in Hz.

        Raises:
            OSError: The pin is not open, or cannot be read.
        """
        is_lit, edges = self._pin.level(), self._pin.take()
        if not edges:
            self._rises.clear()  # steady: what was before has ended
        self._rises.extend(edge.at for edge in edges if edge.level)
        while self._rises and not 0 <= self._rises[-1] - self._rises[0] <= _WINDOW_S:
            self._rises.popleft()
        was_lit = is_lit or any(edge.level for edge in edges)
        hz = flicker.of_edges(self._rises)
        return {Quantity.FLAME_IR: float(was_lit), Quantity.FLAME_FLICKER_HZ: hz}

    def close(self) -> None:
        """Give the pin back; never raises."""
        self._pin.close()
