"""What may cross from perception to the agent: one number a datagram, and how much of it.

Both sides hold to this table. Each quantity has bounds, a resolution and a greatest rate; both
sides round to the resolution and the times to 10 ms, so what the whole channel can carry is a
computed number (`bits_per_s`), far below any picture or sound. `docs/privacy.md` states it.
"""

import binascii
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from drivers import outline
from drivers.sensor import Quantity

MAGIC = b"HTR\x01"  # its last byte is the version
_LAYOUT = struct.Struct("<4sHHdd")  # magic, source, quantity, value, monotonic seconds
SIZE = _LAYOUT.size
BUDGET_BYTES_S = 1024  # of all senders together
MAX_AGE_S = 3.0  # what is older is no news
AHEAD_S = 0.05  # a time further ahead than this is made up
TIME_STEP_S = 0.01
_BURST = 2.0  # records of one quantity at once, where the sender was held up
# the two things that the agent ever says to perception, as a quantity's code
MUTE, OUTLINE = 0xFFFF, 0xFFFE


class Row(NamedTuple):
    """One quantity on the wire: its code, its bounds and resolution in its unit, records a second.

    `is_peak`: of several records between two reads the greatest counts, not the last.
    """

    code: int
    low: float
    high: float
    resolution: float
    hz: float = 2.0
    is_peak: bool = False

    @property
    def levels(self) -> int:
        """How many different numbers can cross."""
        return round((self.high - self.low) / self.resolution) + 1

    def rounded(self, value: float) -> float:
        """The nearest of the numbers that can cross, within the bounds."""
        step = round((min(max(value, self.low), self.high) - self.low) / self.resolution)
        return round(self.low + step * self.resolution, 6)


TABLE: Mapping[Quantity, Row] = {
    Quantity.FIRE_SCORE: Row(1, 0.0, 1.0, 0.01),
    Quantity.SMOKE_SCORE: Row(2, 0.0, 1.0, 0.01),
    Quantity.FLAME_AREA_PCT: Row(3, 0.0, 100.0, 0.1),
    Quantity.FALL_SCORE: Row(4, 0.0, 1.0, 0.01, is_peak=True),
    Quantity.LYING_SCORE: Row(5, 0.0, 1.0, 0.01),
    Quantity.BODY_MOTION: Row(6, 0.0, 1.0, 0.01, is_peak=True),
    Quantity.POSE_LOST: Row(7, 0.0, 1.0, 1.0, is_peak=True),
    Quantity.PERSON_COUNT: Row(8, 0.0, 15.0, 1.0),
    Quantity.VIEW: Row(9, 0.0, 7.0, 1.0),
    Quantity.SOUND_LAF_DBA: Row(10, 0.0, 170.0, 0.1, is_peak=True),
    Quantity.SOUND_LAEQ_DBA: Row(11, 0.0, 170.0, 0.1),
    Quantity.SOUND_LEQ_DB: Row(12, 0.0, 170.0, 0.1),
    Quantity.SOUND_LOST_PCT: Row(13, 0.0, 100.0, 1.0),
    Quantity.ALARM_PULSES: Row(14, 0.0, 4.0, 1.0, is_peak=True),
    Quantity.VIEW_OUTLINE_ROW: Row(15, 0.0, float(outline.HIGHEST), 1.0),
}
_BY_CODE = {row.code: quantity for quantity, row in TABLE.items()}


class RecordError(ValueError):
    """These bytes are no record, or this number may not cross."""


@dataclass(frozen=True, slots=True)
class Record:
    """A number of a sensor (`source_of` its name) at a time in monotonic seconds, both rounded."""

    source: int
    quantity: Quantity
    value: float
    at: float


@dataclass(frozen=True, slots=True)
class MuteRecord:
    """What people want of a sensor: that it is off, or on again; `at` in monotonic seconds."""

    source: int
    is_muted: bool
    at: float


@dataclass(frozen=True, slots=True)
class OutlineRecord:
    """Whether somebody draws zones on what a camera sees; `at` in monotonic seconds."""

    source: int
    is_wanted: bool
    at: float


def source_of(name: str) -> int:
    """The number by which a sensor goes on the wire: CRC-16/XMODEM of its name."""
    return binascii.crc_hqx(name.encode(), 0)


def encode(name: str, quantity: Quantity, value: float, at: float) -> bytes:
    """One record of the sensor `name`; the value is cut to its bounds and rounded.

    Raises:
        RecordError: The quantity is not in the table, or a number is not finite.
    """
    if (row := TABLE.get(quantity)) is None:
        raise RecordError(f"{quantity}: may not cross")
    if not (math.isfinite(value) and math.isfinite(at)):
        raise RecordError(f"{quantity} {value} at {at}: not finite")
    return _LAYOUT.pack(MAGIC, source_of(name), row.code, row.rounded(value), _past(at))


def encode_mute(name: str, *, is_muted: bool, at: float) -> bytes:
    """Say to perception whether people want the sensor `name` off."""
    return _LAYOUT.pack(MAGIC, source_of(name), MUTE, float(is_muted), _past(at))


def encode_outline(name: str, *, is_wanted: bool, at: float) -> bytes:
    """Say to perception whether the outline that the camera `name` sees is to cross."""
    return _LAYOUT.pack(MAGIC, source_of(name), OUTLINE, float(is_wanted), _past(at))


def decode(raw: bytes) -> Record:
    """Read a record that perception sent; its numbers are rounded, whatever their last bits say.

    Raises:
        RecordError: It has another length, magic, an unknown code or a number outside its bounds.
    """
    source, code, value, at = _fields(raw)
    if (quantity := _BY_CODE.get(code)) is None:
        raise RecordError(f"quantity {code} is unknown")
    row = TABLE[quantity]
    if not row.low <= value <= row.high:  # which NaN is not either
        raise RecordError(f"{quantity} {value} outside {row.low:g} to {row.high:g}")
    return Record(source, quantity, row.rounded(value), at)


def decode_mute(raw: bytes) -> MuteRecord:
    """Read what the agent said.

    Raises:
        RecordError: It is anything but that a sensor is to be off or on.
    """
    source, code, value, at = _fields(raw)
    if code != MUTE or value not in {0.0, 1.0}:
        raise RecordError(f"quantity {code} {value}: no mute record")
    return MuteRecord(source, value == 1.0, at)


def decode_said(raw: bytes) -> MuteRecord | OutlineRecord:
    """Read what the agent said, of its two things.

    Raises:
        RecordError: It is neither.
    """
    source, code, value, at = _fields(raw)
    if code == OUTLINE and value in {0.0, 1.0}:
        return OutlineRecord(source, value == 1.0, at)
    return decode_mute(raw)


def _fields(raw: bytes) -> tuple[int, int, float, float]:
    if len(raw) != SIZE:
        raise RecordError(f"{len(raw)} bytes, a record has {SIZE}")
    magic, source, code, value, at = _LAYOUT.unpack(raw)
    if magic != MAGIC:
        raise RecordError(f"begins with {magic.hex(' ')}")
    if not 0.0 <= at < 1e9:  # 30 years; nor is NaN
        raise RecordError(f"time {at}")
    return source, code, value, _past(at)


def _past(at: float) -> float:
    """The time at or just before `at`, in whole steps: never ahead of the clock."""
    return round(math.floor(at / TIME_STEP_S + 1e-6) * TIME_STEP_S, 2)


@dataclass(slots=True)
class Bucket:
    """A token bucket: `rate` a second, at most `depth` at once; full at first. Times in seconds."""

    rate: float
    depth: float
    _left: float = field(init=False)
    _at: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Fill it."""
        self._left = self.depth

    def take(self, amount: float, at: float) -> bool:
        """Take so much out at the time `at`, or nothing if there is not as much."""
        if self._at is not None:
            self._left = min(self.depth, self._left + max(0.0, at - self._at) * self.rate)
        self._at = at if self._at is None else max(at, self._at)
        if self._left + 1e-9 < amount:
            return False
        self._left -= amount
        return True


def budget() -> Bucket:
    """The bytes that one side lets through: `BUDGET_BYTES_S`, and so many at once."""
    return Bucket(BUDGET_BYTES_S, BUDGET_BYTES_S)


def pace_of(quantity: Quantity) -> Bucket:
    """How often records of one quantity of one sensor are let through."""
    return Bucket(TABLE[quantity].hz, _BURST)


def bits_per_s() -> float:
    """The most that one sensor with every quantity of the table can tell in a second, in bits.

    Each record picks one of the levels and one of the times that are news; being sent at all, or
    not, is one more choice.
    """
    times = round((MAX_AGE_S + AHEAD_S) / TIME_STEP_S) + 1
    return sum(row.hz * math.log2(row.levels * times + 1) for row in TABLE.values())
