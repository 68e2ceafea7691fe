"""Aosong DHT11."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from msgspec import Meta

from drivers.board import Board, GpioNumber, SensorConfig
from drivers.dht import LEAST_EVERY_S, LIMITS, WIRE, WIRING, DhtReader
from drivers.sensor import Quantity, Span, WrongDeviceError
from drivers.sheet import Sheet

_DAY_S = 24 * 3600.0  # whole degrees and per cents rightly stand for hours
_DRIEST_PCT = 5.0


class Dht11Config(SensorConfig, frozen=True, kw_only=True, tag="dht11"):
    """A data pin with a pull-up of 4.7 to 10 kΩ. Each read keeps a core busy for 0.25 s."""

    gpio: GpioNumber
    every_s: Annotated[float, Meta(ge=LEAST_EVERY_S, le=3600)] = 5.0

    spans: ClassVar[Mapping[Quantity, Span]] = {
        # 0 to 50 °C and 20 to 90 % in older issues of the part; the library has no sign for it
        Quantity.TEMPERATURE_C: Span(0.0, 60.0, saturates=50.0, frozen_after_s=_DAY_S),
        Quantity.RELATIVE_HUMIDITY_PCT: Span(_DRIEST_PCT, 95.0, frozen_after_s=_DAY_S),
    }
    library: ClassVar[str] = "adafruit_dht"
    sheet: ClassVar[Sheet] = Sheet(
        part="Aosong DHT11",
        purpose="heat and climate",
        range="0 to 50 °C, 20 to 90 %",
        accuracy="±2 °C, ±5 %",
        rate="2 s at most; 5 s by default",
        warm_up="none",
        price="€",
        wiring=WIRING + "; at 3.3 V it bears 20 cm of cable",
        limits=LIMITS
        + " Newer issues go below 0 °C, but adafruit_dht drops their sign: use it where it "
        "never freezes.",
        library="adafruit-circuitpython-dht, Blinka",
        source="Aosong DHT11 product manual",
    )

    def wire(self) -> str:
        """Shared by all DHT parts."""
        return WIRE

    def claims(self) -> frozenset[str]:
        """Its pin."""
        return frozenset({f"gpio{self.gpio}"})

    def build(self, board: Board) -> "Dht11":
        """Import the library now: it takes SIGTERM for itself, and the agent takes it back."""
        import adafruit_dht  # noqa: PLC0415  # only where one is wired

        return Dht11(DhtReader(board, self.gpio, adafruit_dht.DHT11))


class Dht11:
    """Air: 0 to 50 °C ±2 °C, 20 to 90 %RH ±5 %, every 2 s at most (DHT11, Aosong)."""

    def __init__(self, reader: DhtReader) -> None:
        self._reader = reader

    def open(self) -> None:
        """Find the pin.

        Raises:
            OSError: This board has no such pin.
        """
        self._reader.open()

    def read(self) -> dict[Quantity, float]:
        """°C and %, as the part took them at the previous read (its datasheet says so).

        Raises:
            OSError: Nobody answers.
            SensorError: The frame is spoilt, or comes from another part.
        """
        celsius, humidity_pct = self._reader.read()
        if humidity_pct < _DRIEST_PCT:  # a DHT22's high byte of tenths of a per cent is 0 to 3
            raise WrongDeviceError(f"{humidity_pct:.0f} % humidity is no DHT11: is it a DHT22?")
        return {Quantity.TEMPERATURE_C: celsius, Quantity.RELATIVE_HUMIDITY_PCT: humidity_pct}

    def close(self) -> None:
        """Nothing is held between two reads."""
