"""An electret microphone with a linear amplifier (MAX4466) on a converter: how loud it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from msgspec import Meta

from drivers import calibration
from drivers.adc import AnalogInput, AnyAdc
from drivers.board import Board, SensorConfig
from drivers.burst import burst
from drivers.pace import Pace
from drivers.sensor import DisconnectedError, Quantity, Span
from drivers.sheet import Sheet
from drivers.sound_level import level_db, rms

_RATE_HZ, _SAMPLES = 256.0, 128  # half a second; of plain noise the level scatters by 0.5 dB
_LEAST_V = 1e-3  # what the steps of a 10-bit converter alone make: less cannot be told
_RESTS = (0.2, 0.8)  # of its supply; the amplifier rests at half of it


class AnalogNoiseConfig(SensorConfig, frozen=True, kw_only=True, tag="analog_noise"):
    """`gain` is the amplifier's, set with its screw; `sensitivity_mv_per_pa` the capsule's.

    Without a calibration record these two make the level, and it may be 5 dB off. Each read takes
    half a second, in which the converter's bus serves nobody else.
    """

    adc: AnyAdc
    gain: Annotated[float, Meta(ge=1, le=1000)]  # 25 to 125 on the usual board
    sensitivity_mv_per_pa: Annotated[float, Meta(ge=0.5, le=100)] = 6.3  # CMA-4544PF-W: -44 dB
    supply_v: Annotated[float, Meta(ge=2.4, le=5.5)] = 3.3
    every_s: Annotated[float, Meta(ge=1, le=3600)] = 5.0

    spans: ClassVar[Mapping[Quantity, Span]] = {
        # a converter that is stuck gives its least for ever; a room is not that still for a day
        Quantity.SOUND_LEQ_DB: Span(-20.0, 160.0, frozen_after_s=24 * 3600.0)
    }
    warm_up_s: ClassVar[float] = 5.0  # until its coupling capacitors are charged
    library: ClassVar[str] = "gpiozero"
    sheet: ClassVar[Sheet] = Sheet(
        part="electret capsule with MAX4466 on a converter",
        purpose="noise",
        range="35 to 97 dB with a gain of 125 on 10 bits; unweighted",
        accuracy="±5 dB uncalibrated, ±1 dB calibrated, ±0.5 dB by chance (±2 dB below 50 dB)",
        rate="a burst of half a second each 5 s",
        warm_up="5 s",
        price="€",
        wiring="3.3 V from a quiet supply; OUT to the converter's input",
        limits="a level of half a second in each five: no verdict by any noise law, and no sound "
        "is kept. Modules with automatic gain (MAX9814) or a comparator (KY-038) cannot be used. "
        "Beyond its end it says its end",
        library="gpiozero",
        source="Maxim MAX4466 data sheet 19-1950; CUI CMA-4544PF-W data sheet",
    )

    def wire(self) -> str:
        """The converter's."""
        return self.adc.wire()

    def claims(self) -> frozenset[str]:
        """The converter's input."""
        return self.adc.claims()

    def build(self, board: Board) -> "AnalogNoise":
        """Make the driver; its calibration is looked for in the board's state directory."""
        return AnalogNoise(self, self.adc.build(board), board.state, board.pace)


class AnalogNoise:
    """The level of a burst of samples scattered in time, so that no tone can hide between them."""

    def __init__(
        self, config: AnalogNoiseConfig, adc: AnalogInput, state: Path, pace: Pace
    ) -> None:
        self._config, self._adc, self._state, self._pace = config, adc, state, pace
        self._offset_db = 0.0

    def open(self) -> None:
        """Claim the converter and load the calibration, if there is one.

        Raises:
            OSError: The bus cannot be had.
            NotReadyError: The calibration cannot be used.
        """
        self._adc.open()
        found = calibration.load(self._state, self._config.name)
        self._offset_db = found.offset_db if found is not None else 0.0

    def read(self) -> dict[Quantity, float]:
        """The unweighted level of half a second, in dB re 20 µPa.

        Raises:
            OSError: The bus did not answer.
            DisconnectedError: It rests where only a cut or shorted wire does.
        """
        _, volts = burst(self._adc, self._pace, rate_hz=_RATE_HZ, count=_SAMPLES, scattered=True)
        rest = sum(volts) / len(volts) / self._config.supply_v
        if not _RESTS[0] <= rest <= _RESTS[1]:
            where = f"rests at {rest:.0%} of its supply, not near half"
            raise DisconnectedError(f"{self._adc.place}: {where}: cut wire, no supply or converter")
        volts_per_pa = self._config.sensitivity_mv_per_pa / 1000 * self._config.gain
        level = level_db(max(rms(volts), _LEAST_V) / volts_per_pa)
        return {Quantity.SOUND_LEQ_DB: level + self._offset_db}

    def close(self) -> None:
        """Give the converter back; never raises."""
        self._adc.close()
