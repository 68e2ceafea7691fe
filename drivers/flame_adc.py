"""An infrared flame module's analogue output at a converter: level and flicker of a burst."""

import itertools
from collections.abc import Mapping
from typing import Annotated, ClassVar

from msgspec import Meta

from drivers import flicker
from drivers.adc import AnalogInput, AnyAdc
from drivers.board import Board, SensorConfig
from drivers.burst import burst
from drivers.pace import Pace
from drivers.sensor import DisconnectedError, Quantity, SensorError, Span
from drivers.sheet import Sheet

# lamps blink at 100 or 120 Hz: sampled at 72 Hz they fold to 28 or 24 Hz, beside a flame's 1 to 15
_RATE_HZ, _SAMPLES = 72.0, 80
_OFF_RATE = 0.05  # of the rate: beyond this a lamp could fold to where flames are
_GAP_S = 1 / (2 * flicker.HIGH_HZ)
_LIVE_V = 0.02  # a phototransistor that conducts fully rests at 0.1 V and more
_LEAST = 0.01  # of the supply: three steps of a 10-bit converter


class FlameAdcConfig(SensorConfig, frozen=True, kw_only=True, tag="flame_adc"):
    """Circuit of the usual module: its output A0 falls from `supply_v` towards 0 V with infrared.

    Each read takes 1.1 s, in which the converter's bus serves nobody else.
    """

    adc: AnyAdc
    supply_v: Annotated[float, Meta(ge=2.5, le=5.5)] = 3.3
    every_s: Annotated[float, Meta(ge=2, le=3600)] = 5.0

    spans: ClassVar[Mapping[Quantity, Span]] = {
        Quantity.FLAME_IR: Span(0.0, 1.0),
        Quantity.FLAME_FLICKER_HZ: Span(0.0, flicker.HIGH_HZ),
    }
    library: ClassVar[str] = "gpiozero"
    sheet: ClassVar[Sheet] = Sheet(
        part="infrared diode module (YG1006), AO, on a converter",
        purpose="flame",
        range="0 to 1 of its supply, and flicker of 1 to 15 Hz",
        accuracy="level: none; flicker ±0.5 Hz",
        rate="a burst of 80 samples in 1.1 s each 5 s",
        warm_up="none",
        price="€",
        wiring="3.3 V; AO through 10 kΩ to the converter's input, 1 µF from there to ground, lest "
        "dimmed lamps fold into a flame's frequencies",
        limits="sun and halogen lamps give level, not flicker; a fan before a lamp gives both. "
        "Never alone evidence: at 30 to 50 cm flames gave less than steam and spray did. A burst "
        "that the host disturbed is an error, not a reading",
        library="gpiozero",
        source="YG1006 data sheet",
    )

    def wire(self) -> str:
        """The converter's."""
        return self.adc.wire()

    def claims(self) -> frozenset[str]:
        """The converter's input."""
        return self.adc.claims()

    def build(self, board: Board) -> "FlameAdc":
        """Make the driver; opens nothing yet."""
        return FlameAdc(self.adc.build(board), self.supply_v, board.pace)


class FlameAdc:
    """Level and flicker of infrared, of a burst whose samples carry the time they were taken at."""

    def __init__(self, adc: AnalogInput, supply_v: float, pace: Pace) -> None:
        self._adc, self._supply_v, self._pace = adc, supply_v, pace

    def open(self) -> None:
        """Claim the converter.

        Raises:
            OSError: The bus cannot be had.
        """
        self._adc.open()

    def read(self) -> dict[Quantity, float]:
        """Take a burst: the mean share of full light, and Hz; 0.0 Hz where nothing flickers.

        Raises:
            OSError: The bus did not answer.
            DisconnectedError: The voltage is one that only a cut wire gives.
            SensorError: The host was too busy to sample evenly.
        """
        times, volts = burst(self._adc, self._pace, rate_hz=_RATE_HZ, count=_SAMPLES)
        place, level_v = self._adc.place, sum(volts) / len(volts)
        if level_v < _LIVE_V:
            raise DisconnectedError(f"{place}: {level_v:.3f} V: cut wire, no supply or converter")
        rate_hz = (len(times) - 1) / (times[-1] - times[0])
        gap_s = max(late - soon for soon, late in itertools.pairwise(times))
        if abs(rate_hz - _RATE_HZ) > _OFF_RATE * _RATE_HZ or gap_s > _GAP_S:
            sampled = f"sampled at {rate_hz:.1f} Hz with gaps to {1000 * gap_s:.0f} ms"
            raise SensorError(f"{place}: {sampled}: host busy, or a slow converter")
        hz, amplitude_v = flicker.of_samples(times, volts)
        share = max(0.0, min(1.0, 1 - level_v / self._supply_v))
        flickers = amplitude_v >= _LEAST * self._supply_v
        return {Quantity.FLAME_IR: share, Quantity.FLAME_FLICKER_HZ: hz if flickers else 0.0}

    def close(self) -> None:
        """Give the converter back; never raises."""
        self._adc.close()
