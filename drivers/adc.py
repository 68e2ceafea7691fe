"""Analogue-to-digital converters: what `adc = {chip = "..."}` may say, and what it gives."""

from typing import Protocol

from drivers.ads1115_input import Ads1115Adc
from drivers.mcp3008_input import Mcp3008Adc


class AnalogInput(Protocol):
    """One input of a converter.

    `rail_v` is the highest voltage that it can tell, given for all above, too; `place` names it
    in messages.
    """

    rail_v: float
    place: str

    def open(self) -> None:
        """Claim its bus.

        Raises:
            OSError: The bus cannot be had.
        """

    def volts(self) -> float:
        """Convert once, in V.

        Raises:
            OSError: The bus did not answer.
        """

    def close(self) -> None:
        """Give the bus back; never raises."""


AnyAdc = Mcp3008Adc | Ads1115Adc
