"""What each channel says of a danger, and within which time that must be an alarm."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from drivers.sensor import Quantity


@dataclass(frozen=True, slots=True)
class Danger:
    """A danger on one channel, in its unit, and the seconds within which it must alarm.

    It grows by `per_s` each second, as a counter does.
    """

    value: float
    within_s: float
    per_s: float = 0.0

    def at(self, since_s: float) -> float:
        """What the channel says so many seconds after the danger began."""
        return self.value + self.per_s * since_s


DANGER: Mapping[Quantity, Danger] = MappingProxyType(
    {
        Quantity.TEMPERATURE_C: Danger(80.0, 30.0),  # a step of more than +30 °C: 30 s
        Quantity.SMOKE_OBSCURATION_PCT_PER_M: Danger(20.0, 30.0),
        Quantity.SMOKE_ALARM_CONTACT: Danger(1.0, 10.0),
        Quantity.CO_PPM: Danger(400.0, 15 * 60.0),  # UL 2034
        Quantity.BUTTON: Danger(1.0, 10.0),
        Quantity.VIBRATION_M_S2: Danger(20.0, 15.0),  # shaken by hand
        Quantity.FALL_SCORE: Danger(1.0, 75.0),  # asked about first, for a minute at most
        Quantity.GAS_RS_R0: Danger(0.05, 180.0),  # a hold of two minutes at most
        Quantity.TILT_DEG: Danger(60.0, 3700.0),  # a hold of an hour at most
        Quantity.WATER_PRESENT: Danger(1.0, 660.0),  # a hold of ten minutes at most
        Quantity.WATER_L: Danger(0.0, 15_000.0, per_s=200.0),  # a burst main, and four hours' hold
    }
)
