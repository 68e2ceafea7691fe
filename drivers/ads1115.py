"""A plain voltage at an input of an ADS1115."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from msgspec import Meta

from drivers.adc import AnalogInput
from drivers.ads1115_input import Ads1115Adc, Range
from drivers.board import Board
from drivers.i2c_chip import I2cConfig
from drivers.sensor import DisconnectedError, Quantity, Span
from drivers.sheet import Sheet


class Ads1115Config(I2cConfig, frozen=True, kw_only=True, tag="ads1115"):
    """`ANALOG_V`: the voltage at one input, for parts that have no driver of their own.

    A source that is alive never gives less than `live_zero_v`: below it the wire is cut. Only a
    source that may rightly give 0 V needs `live_zero_v = 0`. The rest is as in `adc = {...}`.
    """

    channel: Annotated[int, Meta(ge=0, le=3)]
    address: Annotated[int, Meta(ge=0x48, le=0x4B)] = 0x48
    range_v: Range = "4.096"
    live_zero_v: Annotated[float, Meta(ge=0, le=6)] = 0.02
    sysfs: bool = False

    spans: ClassVar[Mapping[Quantity, Span]] = {Quantity.ANALOG_V: Span(-6.144, 6.144)}
    library: ClassVar[str] = "haetae"
    sheet: ClassVar[Sheet] = Sheet(
        part="Texas Instruments ADS1115",
        purpose="any analogue part",
        range="0 V to its supply in steps of `range_v` / 32768",
        accuracy="±0.15 % of full scale at worst",
        rate="each poll; a conversion takes 4 ms",
        warm_up="none",
        price="€",
        wiring="I2C at 0x48 to 0x4B by ADDR, 3.3 V; a live source never rests at 0 V",
        limits=(
            "no input above its supply. Other parts take one of its inputs by "
            '`adc = {chip = "ads1115", ...}`. Register code of our own: the library waits for the '
            "end of a conversion for ever, and in its continuous mode never changes the input"
        ),
        library="haetae; or the kernel's ti-ads1015 (iio)",
        source="Texas Instruments SBAS444E; adafruit_ads1x15 3.0.5",
    )

    def claims(self) -> frozenset[str]:
        """Its input."""
        return self._adc().claims()

    def build(self, board: Board) -> "Ads1115":
        """Make the driver; opens nothing yet."""
        return Ads1115(self._adc().build(board), self.live_zero_v)

    def _adc(self) -> Ads1115Adc:
        return Ads1115Adc(
            channel=self.channel,
            bus=self.bus,
            address=self.address,
            range_v=self.range_v,
            sysfs=self.sysfs,
        )


class Ads1115:
    """The voltage at one input of an ADS1115."""

    def __init__(self, adc: AnalogInput, live_zero_v: float) -> None:
        self._adc, self._live_zero_v = adc, live_zero_v

    def open(self) -> None:
        """See whether the chip is there.

        Raises:
            OSError: No such bus, or nobody answers.
            WrongDeviceError: Another chip answers.
        """
        self._adc.open()

    def read(self) -> dict[Quantity, float]:
        """Convert once.

        Raises:
            OSError: Nobody answers, or the conversion does not end.
            DisconnectedError: The voltage is one that only a cut wire gives.
        """
        if (volts := self._adc.volts()) < self._live_zero_v:
            raise DisconnectedError(f"{self._adc.place}: {volts:.4f} V: cut wire")
        return {Quantity.ANALOG_V: volts}

    def close(self) -> None:
        """Nothing to put to rest."""
        self._adc.close()
