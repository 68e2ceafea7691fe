"""What every sensor driver provides, what it measures, and how it fails."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable


class Quantity(StrEnum):
    """A measured quantity in its one unit; the unit is part of the name.

    Recordings spell a quantity by its name, so value and name are the same word.
    """

    TEMPERATURE_C = "TEMPERATURE_C"
    RELATIVE_HUMIDITY_PCT = "RELATIVE_HUMIDITY_PCT"
    SMOKE_OBSCURATION_PCT_PER_M = "SMOKE_OBSCURATION_PCT_PER_M"
    SMOKE_ALARM_CONTACT = "SMOKE_ALARM_CONTACT"  # 1.0: a certified alarm's relay says smoke
    PM1_0_UG_M3 = "PM1_0_UG_M3"
    PM2_5_UG_M3 = "PM2_5_UG_M3"
    PM10_UG_M3 = "PM10_UG_M3"
    CO_PPM = "CO_PPM"
    CO2_PPM = "CO2_PPM"
    ECO2_PPM = "ECO2_PPM"
    TVOC_PPB = "TVOC_PPB"
    VOC_INDEX = "VOC_INDEX"
    GAS_RS_R0 = "GAS_RS_R0"  # uncalibrated MQ cell: a ratio, never ppm
    FLAME_IR = "FLAME_IR"  # 0.0 to 1.0
    SOUND_LAF_DBA = "SOUND_LAF_DBA"  # A-weighted, time weighting F: the highest since the last
    SOUND_LAEQ_DBA = "SOUND_LAEQ_DBA"  # A-weighted, equivalent level of one second
    SOUND_LOST_PCT = "SOUND_LOST_PCT"  # of the samples of that second
    ALARM_PULSES = "ALARM_PULSES"  # 3.0: a T3 of another alarm is heard, 4.0: a T4, else 0.0
    MOTION = "MOTION"  # 0.0 or 1.0
    PRESENCE = "PRESENCE"  # 0.0 or 1.0
    CONTACT_OPEN = "CONTACT_OPEN"  # 0.0 or 1.0
    BUTTON = "BUTTON"  # 1.0 while pressed
    FIRE_SCORE = "FIRE_SCORE"  # 0.0 to 1.0
    SMOKE_SCORE = "SMOKE_SCORE"  # 0.0 to 1.0
    FLAME_AREA_PCT = "FLAME_AREA_PCT"  # of the picture: it looks like flame, and moves so
    FALL_SCORE = "FALL_SCORE"  # 0.0 to 1.0: somebody fell and stays down
    LYING_SCORE = "LYING_SCORE"  # 0.0 to 1.0: somebody lies where nobody should
    BODY_MOTION = "BODY_MOTION"  # 0.0 to 1.0 of who moves most; 1.0 is walking
    POSE_LOST = "POSE_LOST"  # 1.0: a person was lost from sight right after a rapid drop
    PERSON_COUNT = "PERSON_COUNT"
    VIEW = "VIEW"  # what a camera sees of its own sight: drivers/view.py
    VIEW_OUTLINE_ROW = "VIEW_OUTLINE_ROW"  # of the edges a camera sees
    SURFACE_TEMPERATURE_C = "SURFACE_TEMPERATURE_C"  # of what a spot or array looks at; hottest
    PRESSURE_HPA = "PRESSURE_HPA"
    GAS_KOHM = "GAS_KOHM"  # a bare metal-oxide cell's resistance
    FLAME_FLICKER_HZ = "FLAME_FLICKER_HZ"  # 0.0 where nothing flickers
    SOUND_LEQ_DB = "SOUND_LEQ_DB"  # unweighted level of an analogue microphone
    DISTANCE_M = "DISTANCE_M"
    TAG_RSSI_DBM = "TAG_RSSI_DBM"
    TAG_PRESENT = "TAG_PRESENT"  # 0.0 or 1.0
    BED_OCCUPIED = "BED_OCCUPIED"  # 0.0 or 1.0
    ENCLOSURE_OPEN = "ENCLOSURE_OPEN"  # 0.0 or 1.0
    TILT_DEG = "TILT_DEG"  # from where it was mounted
    VIBRATION_M_S2 = "VIBRATION_M_S2"  # RMS without gravity
    MAGNETIC_SHIFT_UT = "MAGNETIC_SHIFT_UT"  # of the field from that of the empty place
    WATER_L = "WATER_L"  # counted since the counter was set
    WATER_PRESENT = "WATER_PRESENT"  # 0.0 or 1.0, where it must be dry
    SUPPLY_V = "SUPPLY_V"
    SUPPLY_A = "SUPPLY_A"
    BATTERY_V = "BATTERY_V"
    SUPPLY_LOST = "SUPPLY_LOST"  # 0.0 or 1.0
    UNDER_VOLTAGE = "UNDER_VOLTAGE"  # 0.0 or 1.0: now
    THROTTLED = "THROTTLED"  # 0.0 or 1.0: now
    ANALOG_V = "ANALOG_V"
    AWAY_H = "AWAY_H"  # the hub says: nobody is at home for so many hours; 0.0: at home


@dataclass(frozen=True, slots=True)
class Span:
    """What a transducer can physically report, in the quantity's unit; both ends can occur.

    `saturates`: at or above this value the transducer says "at least so much", which for a
    hazard channel counts as the hazard. `frozen_after_s`: the very same number for longer than
    this means a stuck sensor; None where a quantity may rightly stand still, such as a contact.
    """

    low: float
    high: float
    saturates: float | None = None
    frozen_after_s: float | None = None


class SensorError(Exception):
    """The sensor answered, but not with a usable measurement."""


class WrongDeviceError(SensorError):
    """Another chip answers at the configured place."""


class ChecksumError(SensorError):
    """The bytes were corrupted on the wire."""


class DisconnectedError(SensorError):
    """The electrical level is one that only a cut or shorted wire gives."""


class MutedError(SensorError):
    """People have switched it off by hand: it senses nothing until they switch it on again."""


class NotReadyError(SensorError):
    """The part is there and well, but has no measurement yet (conversion, heating, no baseline)."""


class Sensor(Protocol):
    """One physical or virtual sensor, used by one thread only. It knows no clock and no thread."""

    def open(self) -> None:
        """Identify the device and bring it into its measuring mode.

        Idempotent: it is called again to recover after any failed read.

        Raises:
            OSError: The wire did not answer.
            SensorError: Something else answered.
        """

    def read(self) -> Mapping[Quantity, float]:
        """Return one fresh measurement, blocking at most one conversion time.

        Raises:
            OSError: The wire did not answer.
            SensorError: The answer is unusable. Never return a stand-in value.
        """

    def close(self) -> None:
        """Put the device to rest. Never raises."""


@runtime_checkable
class EdgeSensor(Sensor, Protocol):
    """A sensor that also says when its level changes, so that nobody need poll it fast."""

    def pending(self) -> bool:
        """Whether an edge waits that `read` has not returned yet."""

    def on_edge(self, callback: Callable[[], None]) -> None:
        """Have `callback` called, from the wire's own thread, after every edge."""


@runtime_checkable
class Commissioned(Sensor, Protocol):
    """A sensor that has to be measured as it is put in: in clean air, at rest."""

    def sample(self) -> tuple[float, ...]:
        """One measurement for `commission`; needs none itself.

        Raises:
            OSError: The wire did not answer.
            SensorError: The answer is unusable.
        """

    def commission(
        self, samples: Sequence[tuple[float, ...]], *, taken_at: str, heated_h: float
    ) -> str:
        """Keep what the samples say, in their order, and say it in words.

        Args:
            samples: Some dozens, a few seconds apart.
            taken_at: When, in RFC 3339, for people.
            heated_h: For how many hours a heated cell had been on.

        Raises:
            NotReadyError: They are too few, or it has not settled.
            OSError: The disk is full, read-only or broken; what was kept before stays.
        """
