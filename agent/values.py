"""The values that flow through the agent: readings in, detections, events out."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from drivers.sensor import Quantity


@dataclass(frozen=True, slots=True)
class Reading:
    """One number from one sensor at one instant; `at` is seconds of the monotonic clock."""

    sensor: str
    quantity: Quantity
    value: float
    at: float


class FailureKind(StrEnum):
    """Why a sensor gave no reading, in words that name the remedy."""

    NO_ANSWER = "no_answer"  # OSError: unplugged, cut, bus locked
    WRONG_DEVICE = "wrong_device"
    CORRUPTED = "corrupted"  # checksum
    DISCONNECTED = "disconnected"  # a level that only a cut or shorted wire gives
    NOT_READY = "not_ready"  # heating, converting, no baseline
    MUTED = "muted"  # switched off by hand
    UNUSABLE = "unusable"  # any other SensorError


@dataclass(frozen=True, slots=True)
class Failure:
    """One read that gave no reading; `at` is seconds of the monotonic clock."""

    sensor: str
    kind: FailureKind
    message: str
    at: float


class Hazard(StrEnum):
    """What people are warned of; the words of topics, schemas and replay."""

    FIRE = "fire"  # heat and smoke too
    CO = "co"
    GAS = "gas"
    FALL = "fall"
    SOS = "sos"
    INACTIVITY = "inactivity"
    WANDERING = "wandering"
    NOISE = "noise"
    NEIGHBOUR_ALARM = "neighbour_alarm"
    INTRUSION = "intrusion"
    CLIMATE = "climate"
    AIR = "air"
    WATER = "water"
    TAMPER = "tamper"
    FAULT = "fault"
    POWER = "power"


class Stage(StrEnum):
    """How far a hazard has come."""

    PREALARM = "prealarm"
    ALARM = "alarm"
    CLEARED = "cleared"


class Why(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One plain sentence for people on site, in Korean and in English."""

    ko: Annotated[str, Meta(min_length=1)]
    en: Annotated[str, Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class Detection:
    """A hazard changed its stage, or grew within it, and the readings that decided so.

    `(hazard, subject)` names one incident: `subject` is `place` for hazards of the whole room and
    the sensor's name for faults and buttons. `rule` is the rule that decided, for example
    `rate_of_rise`. `at` is seconds of the monotonic clock. One that `is_local` is for people on
    site alone: it is shown and spoken, and never leaves.
    """

    hazard: Hazard
    stage: Stage
    subject: str
    rule: str
    evidence: tuple[Reading, ...]
    at: float
    why: Why
    is_local: bool = False
    cameras: tuple[str, ...] = ()  # of the hub's, which look at the place


PLACE = "place"
HUB = "hub"  # the name under which the hub's word is a reading
HOURLY = "hour"  # rule and subject of an event that tells what an hour was: no incident


class Evidence(msgspec.Struct, frozen=True):
    """A reading as it leaves the device; `age_s` before the event."""

    sensor: str
    quantity: str
    value: float
    age_s: float


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What leaves the device: one record of the outbox, chained to the one before by its hash.

    `wall_uncertainty_s` is None where nobody knows it; `wall_source` is one of those that
    `agent.wallclock.WallTime` names. `previous` is the SHA-256 (hex) of the previous record's
    bytes, or 64 zeros for the first. `revision` is 0 as it happened; above that the same event is
    told again, under the same id, with a better time. `inspection` is the nonce of the inspection
    that provoked it, empty where it is no test. `cameras` are those of the hub's own that look at
    the place, by the hub's ids, as the device's configuration names them.
    """

    id: str
    seq: int
    boot_id: str
    site: str
    device: str
    hazard: Hazard
    stage: Stage
    subject: str
    rule: str
    monotonic_s: float
    wall_time: str
    wall_uncertainty_s: float | None
    wall_source: str
    evidence: tuple[Evidence, ...]
    why: Why
    software: str
    models: dict[str, str]
    simulated: bool
    previous: str
    revision: Annotated[int, Meta(ge=0)] = 0
    inspection: str = ""
    cameras: list[str] = []
