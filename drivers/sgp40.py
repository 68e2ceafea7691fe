"""Sensirion SGP40 metal-oxide gas sensor on I2C, with the VOC algorithm of adafruit_sgp40."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from drivers import sensirion
from drivers.board import Board
from drivers.i2c_chip import I2cChip, I2cConfig
from drivers.sensor import NotReadyError, Quantity, SensorError, Span, WrongDeviceError
from drivers.sheet import Sheet
from drivers.voc_learning import VocLearning

if TYPE_CHECKING:
    from drivers.sht4x import Sht4x

_FEATURES, _MEASURE_RAW = b"\x20\x2f", b"\x26\x0f"
_FEATURES_S, _MEASURE_S = 0.01, 0.03  # table 8
_OPEN_TICKS = 65_000  # from here on the algorithm would go on with its last value


class Sgp40Config(I2cConfig, frozen=True, kw_only=True, tag="sgp40"):
    """`sht4x`: the address, on the same bus, of an SHT4x that measures the air beside it.

    Without one the sensor takes 25 °C and 50 % for granted, and damp air reads as gas.
    """

    address: Annotated[int, Meta(ge=0x59, le=0x59)] = 0x59
    every_s: Annotated[float, Meta(ge=1, le=1)] = 1.0  # the algorithm's own interval
    sht4x: Annotated[int, Meta(ge=0x44, le=0x46)] | None = None

    # it may stand at its lowest or highest for hours
    spans: ClassVar[Mapping[Quantity, Span]] = {Quantity.VOC_INDEX: Span(0.0, 500.0, saturates=500)}
    warm_up_s: ClassVar[float] = 60.0  # "switch-on behaviour" (table 1)
    ready_within_s: ClassVar[float] = 3600.0  # it learns clean air for 45 minutes
    library: ClassVar[str] = "adafruit_sgp40"
    sheet: ClassVar[Sheet] = Sheet(
        part="Sensirion SGP40",
        purpose="gas",
        range="VOC index 0 to 500; 100 is the air of the last day",
        accuracy="±15 index points from part to part",
        rate="1 s",
        warm_up="60 s, and 45 min of learning where it has no state from before",
        price="€€",
        wiring="I2C at 0x59, 3.3 V; an SHT4x beside it on the same bus compensates humidity",
        limits=(
            "an index of change and never ppm: gas that is always there becomes 100. While it "
            "learns there is no index, since gas would be learnt as clean air. What it has learnt "
            "is kept every half hour and taken up again if the board has not been restarted and no "
            "more than 40 minutes have passed. Silicone vapour poisons it. Our own register code: "
            "the library's waits 0.5 s for what takes 30 ms, and keeps the bus's thread so long"
        ),
        library="haetae; adafruit-circuitpython-sgp40 for Sensirion's VOC algorithm",
        source="Sensirion SGP40 data sheet, version 1.2",
    )

    def build(self, board: Board) -> "Sgp40":
        """Make the driver; opens nothing yet."""
        air = None
        if self.sht4x is not None:
            from drivers.sht4x import Sht4x  # noqa: PLC0415  # only where it has one beside it

            air = Sht4x(board, self.bus, self.sht4x)
        return Sgp40(board, self, air)


class Sgp40:
    """VOC index, 0 to 500, one measurement a second; 100 stands for the air of the last day."""

    def __init__(self, board: Board, config: Sgp40Config, air: "Sht4x | None") -> None:
        self._chip = I2cChip(board, config.bus, config.address)
        self._wait, self._air = board.pace.wait, air
        self._learning = VocLearning(board, config.name)
        self._is_open = False

    def open(self) -> None:
        """See whether it is an SGP40; take up what was learnt before.

        Raises:
            OSError: No such bus, or nobody answers.
            SensorError: Something else answers.
        """
        self._learning.miss()  # till `read` has a measurement
        if self._air is not None:
            self._air.open()
        features = sensirion.insist(lambda: self._ask(_FEATURES, _FEATURES_S))
        if features >> 8 != 0x32:
            raise WrongDeviceError(f"{self._chip.place}: feature set {features:#06x}")
        self._learning.begin()
        self._is_open = True

    def read(self) -> dict[Quantity, float]:
        """Measure, and let the algorithm have it.

        Raises:
            OSError: Nobody answers, or the bus is locked.
            SensorError: It still learns what clean air is, or a checksum is wrong.
        """
        if not self._is_open:
            raise NotReadyError(f"{self._chip.place}: not open")
        ticks = self._ask(_MEASURE_RAW + self._compensation(), _MEASURE_S)
        if ticks >= _OPEN_TICKS:
            raise SensorError(f"{self._chip.place}: {ticks} ticks: its heater or layer is broken")
        index = self._learning.index(max(1, ticks))
        if (minutes := self._learning.left_min()) > 0:
            raise NotReadyError(f"{self._chip.place}: learns clean air for {minutes:.0f} min more")
        return {Quantity.VOC_INDEX: float(index)}

    def close(self) -> None:
        """Keep what it has learnt; its heater stays on, for whoever opens it next."""
        self._learning.keep()
        self._is_open = False

    def _ask(self, command: bytes, seconds: float) -> int:
        self._chip.write(command)
        self._wait(seconds)
        return sensirion.unpacked(self._chip.read(3), self._chip.place)[0]

    def _compensation(self) -> bytes:
        """Humidity and temperature for the measurement (table 10), measured if it can be."""
        if self._air is None:
            return sensirion.packed(0x8000, 0x6666)  # 50 %, 25 °C
        air = self._air.read()
        celsius, percent = air[Quantity.TEMPERATURE_C], air[Quantity.RELATIVE_HUMIDITY_PCT]
        words = round(percent / 100 * 0xFFFF), round((celsius + 45) / 175 * 0xFFFF)
        return sensirion.packed(*words)
