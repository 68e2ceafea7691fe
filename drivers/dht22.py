"""Aosong DHT22, also sold as AM2302 and RHT03."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from msgspec import Meta

from drivers.board import Board, GpioNumber, SensorConfig
from drivers.dht import LEAST_EVERY_S, LIMITS, WIRE, WIRING, DhtReader
from drivers.sensor import Quantity, Span
from drivers.sheet import Sheet

_SIX_HOURS_S = 6 * 3600.0  # at 0.1 °C and 0.1 % a living part moves sooner


class Dht22Config(SensorConfig, frozen=True, kw_only=True, tag="dht22"):
    """A data pin with a pull-up of 4.7 to 10 kΩ. Each read keeps a core busy for 0.25 s."""

    gpio: GpioNumber
    every_s: Annotated[float, Meta(ge=LEAST_EVERY_S, le=3600)] = 5.0

    spans: ClassVar[Mapping[Quantity, Span]] = {
        # rated to 80 °C; some go on to 125 °C, as their sellers say
        Quantity.TEMPERATURE_C: Span(-40.0, 125.0, saturates=80.0, frozen_after_s=_SIX_HOURS_S),
        Quantity.RELATIVE_HUMIDITY_PCT: Span(0.0, 100.0, frozen_after_s=_SIX_HOURS_S),
    }
    library: ClassVar[str] = "adafruit_dht"
    sheet: ClassVar[Sheet] = Sheet(
        part="Aosong DHT22, AM2302",
        purpose="heat and climate",
        range="-40 to 80 °C, 0 to 100 %",
        accuracy="±0.5 °C, ±2 % (±5 % at worst)",
        rate="2 s at most; 5 s by default",
        warm_up="none",
        price="€",
        wiring=WIRING,
        limits=LIMITS
        + " Some clones send temperatures below zero as two's complement, far outside the "
        "span.",
        library="adafruit-circuitpython-dht, Blinka",
        source="Aosong AM2302 datasheet",
    )

    def wire(self) -> str:
        """Shared by all DHT parts."""
        return WIRE

    def claims(self) -> frozenset[str]:
        """Its pin."""
        return frozenset({f"gpio{self.gpio}"})

    def build(self, board: Board) -> "Dht22":
        """Import the library now: it takes SIGTERM for itself, and the agent takes it back."""
        import adafruit_dht  # noqa: PLC0415  # only where one is wired

        return Dht22(DhtReader(board, self.gpio, adafruit_dht.DHT22))


class Dht22:
    """Air: -40 to 80 °C ±0.5 °C, 0 to 100 %RH ±2 %, every 2 s at most (AM2302, Aosong)."""

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
        return {Quantity.TEMPERATURE_C: celsius, Quantity.RELATIVE_HUMIDITY_PCT: humidity_pct}

    def close(self) -> None:
        """Nothing is held between two reads."""
