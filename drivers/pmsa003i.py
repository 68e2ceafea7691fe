"""Plantower PMSA003I particle sensor on I2C, through the real adafruit_pm25."""

import errno
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from drivers.board import Board, SensorConfig
from drivers.sensor import ChecksumError, NotReadyError, Quantity, Span, WrongDeviceError
from drivers.sheet import Sheet

if TYPE_CHECKING:
    from adafruit_pm25.i2c import PM25_I2C

_ADDRESS = 0x12  # fixed
_FRAME_BYTES = 32
_START = b"\x42\x4d"  # "start character" 1 and 2: all the identity it has
# 16-bit fields; rated to 500 µg/m³, and "not less than 1000" at its end ("technical index")
_SPAN = Span(0.0, 65535.0, saturates=1000.0, frozen_after_s=12 * 3600.0)


class Pmsa003iConfig(SensorConfig, frozen=True, kw_only=True, tag="pmsa003i"):
    """`bus` is N of `/dev/i2c-N`; 5 V for its fan, 3.3 V on its lines, at most 100 kHz."""

    bus: Annotated[int, Meta(ge=0, le=99)] = 1

    spans: ClassVar[Mapping[Quantity, Span]] = {
        Quantity.PM1_0_UG_M3: _SPAN,
        Quantity.PM2_5_UG_M3: _SPAN,
        Quantity.PM10_UG_M3: _SPAN,
    }
    warm_up_s: ClassVar[float] = 30.0  # until the fan has settled ("circuit attentions" 4)
    life_years: ClassVar[float | None] = 3.0  # MTTF of laser and fan ("technical index")
    library: ClassVar[str] = "adafruit_pm25"
    sheet: ClassVar[Sheet] = Sheet(
        part="Plantower PMSA003I",
        purpose="smoke and particles",
        range="0 to 500 µg/m³ rated, 1000 at least",
        accuracy="±10 µg/m³ to 100, ±10 % to 500, against its own kind",
        rate="2.3 s, 0.2 to 0.8 s while it changes",
        warm_up="30 s (fan)",
        price="€€€",
        wiring=(
            "I2C at 0x12, `dtparam=i2c_arm=on`, 100 kHz at most; 5 V for the fan, 3.3 V on "
            "SDA, SCL, SET and RESET. Inlet and outlet free, 20 cm above the floor"
        ),
        limits=(
            "it counts light flashes: steam, dust and hairspray read as particles. It is rated "
            "for -10 to 60 °C and up to 99 % humidity; its laser and fan last about three "
            "years (MTTF), and a stopped fan reads as ever cleaner air. The column for "
            'ordinary air is used, "atmospheric environment", not "standard" (CF=1), whose '
            "density is that of metal dust in workshops (PMS5003 manual, Chinese issue, page "
            "12). Its only identity is the frame's start, 42 4d"
        ),
        library="adafruit-circuitpython-pm25, Blinka",
        source="Plantower PMSA003 series data manual 2.5; PMS5003 manual",
    )

    def wire(self) -> str:
        """Its bus."""
        return f"i2c-{self.bus}"

    def claims(self) -> frozenset[str]:
        """Its address on that bus."""
        return frozenset({f"i2c-{self.bus}:{_ADDRESS:#04x}"})

    def build(self, board: Board) -> "Pmsa003i":
        """Remember where it is."""
        return Pmsa003i(board, self.bus)


class Pmsa003i:
    """PM1.0, PM2.5 and PM10: 0 to 500 µg/m³ ±10 % (±10 below 100), new every 0.2 to 2.3 s.

    Of the two columns in its frame it gives "atmospheric environment": its density is that of the
    air people breathe, for which the limits are written; "standard" (CF=1) takes metal dust in
    workshops for granted (PMS5003 manual, Chinese issue, page 12).
    """

    def __init__(self, board: Board, bus: int) -> None:
        self._board, self._bus = board, bus
        self._library: PM25_I2C | None = None

    def open(self) -> None:
        """See whether a frame starts as it must.

        The library's constructor looks five times, a second apart, so nobody is sent there
        before the chip has answered.

        Raises:
            OSError: No such bus, or nobody answers.
            WrongDeviceError: What answers is not a frame.
        """
        from adafruit_bus_device.i2c_device import I2CDevice  # noqa: PLC0415  # only where wired
        from adafruit_pm25.i2c import PM25_I2C  # noqa: PLC0415  # only where wired

        self._library = None
        bus = self._board.i2c(self._bus)
        frame = bytearray(_FRAME_BYTES)
        try:
            with I2CDevice(bus, _ADDRESS, probe=False) as device:
                device.readinto(frame)
        except OSError as error:
            raise self._with_place(error) from error
        if not frame.startswith(_START):
            raise WrongDeviceError(f"{self._place()}: begins with {frame[:2].hex(' ')}, not 42 4d")
        try:
            self._library = PM25_I2C(bus, address=_ADDRESS)
        except RuntimeError as error:
            raise OSError(errno.EREMOTEIO, f"{self._place()}: {error}") from error

    def read(self) -> dict[Quantity, float]:
        """µg/m³ of air as it is ("atmospheric environment"), whole numbers.

        Raises:
            OSError: Nobody answers, or the bus is locked.
            SensorError: The frame is spoilt.
        """
        if self._library is None:
            raise NotReadyError(f"{self._place()}: not opened")
        try:
            frame = self._library.read()
        except RuntimeError as error:
            if isinstance(error.__cause__, OSError):
                raise self._with_place(error.__cause__) from error
            raise ChecksumError(f"{self._place()}: {error}") from error
        return {
            Quantity.PM1_0_UG_M3: float(frame["pm10 env"]),
            Quantity.PM2_5_UG_M3: float(frame["pm25 env"]),
            Quantity.PM10_UG_M3: float(frame["pm100 env"]),
        }

    def close(self) -> None:
        """Leave the fan running: a stopped one would need its warm-up again."""

    def _with_place(self, error: OSError) -> OSError:
        return OSError(error.errno, f"{self._place()}: {error.strerror}")

    def _place(self) -> str:
        return f"i2c-{self._bus}:{_ADDRESS:#04x}"
