"""Whether a sensor can be believed: no data, time-out, frozen, error density, range. One place.

The order and the idea of one validator for every sensor are PX4's. What is doubted here is what
the transducer cannot physically have measured, never what is merely unusual.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from agent.values import Failure, FailureKind, Reading
from drivers.sensor import Quantity, Span

_CONTACT = Span(0.0, 1.0)
# what any transducer of a quantity can report: for sensors of which nothing else is known
WIDEST: Mapping[Quantity, Span] = {
    Quantity.TEMPERATURE_C: Span(-200.0, 1372.0),  # a type K thermocouple
    Quantity.RELATIVE_HUMIDITY_PCT: Span(-6.0, 119.0),  # a Sensirion word, uncropped
    Quantity.SMOKE_OBSCURATION_PCT_PER_M: Span(-10.0, 100.0),  # below 0 by drift of the zero
    Quantity.SMOKE_ALARM_CONTACT: _CONTACT,
    Quantity.PM1_0_UG_M3: Span(0.0, 65535.0),  # a 16-bit word
    Quantity.PM2_5_UG_M3: Span(0.0, 65535.0),
    Quantity.PM10_UG_M3: Span(0.0, 65535.0),
    Quantity.CO_PPM: Span(-100.0, 100_000.0),  # a cell's zero drifts; 10 % by volume
    Quantity.CO2_PPM: Span(0.0, 1_000_000.0),
    Quantity.ECO2_PPM: Span(0.0, 65535.0),
    Quantity.TVOC_PPB: Span(0.0, 65535.0),
    Quantity.VOC_INDEX: Span(0.0, 500.0),
    Quantity.GAS_RS_R0: Span(0.0, 1000.0),
    Quantity.FLAME_IR: _CONTACT,
    Quantity.SOUND_LAF_DBA: Span(0.0, 194.0),  # one atmosphere of sound pressure
    Quantity.SOUND_LAEQ_DBA: Span(-100.0, 194.0),
    Quantity.SOUND_LOST_PCT: Span(0.0, 100.0),
    Quantity.ALARM_PULSES: Span(0.0, 4.0),
    Quantity.MOTION: _CONTACT,
    Quantity.PRESENCE: _CONTACT,
    Quantity.CONTACT_OPEN: _CONTACT,
    Quantity.BUTTON: _CONTACT,
    Quantity.FIRE_SCORE: _CONTACT,
    Quantity.SMOKE_SCORE: _CONTACT,
    Quantity.FALL_SCORE: _CONTACT,
    Quantity.FLAME_AREA_PCT: Span(0.0, 100.0),
    Quantity.LYING_SCORE: _CONTACT,
    Quantity.BODY_MOTION: _CONTACT,
    Quantity.POSE_LOST: _CONTACT,
    Quantity.PERSON_COUNT: Span(0.0, 10_000.0),
    Quantity.VIEW: Span(0.0, 255.0),  # a byte
    Quantity.VIEW_OUTLINE_ROW: Span(0.0, 2.0**53),  # exact in a double
    Quantity.SURFACE_TEMPERATURE_C: Span(-100.0, 3000.0),  # a pyrometer on a flame
    Quantity.PRESSURE_HPA: Span(0.0, 2000.0),
    Quantity.GAS_KOHM: Span(0.0, 1_000_000.0),
    Quantity.FLAME_FLICKER_HZ: Span(0.0, 1000.0),
    Quantity.SOUND_LEQ_DB: Span(-100.0, 194.0),
    Quantity.DISTANCE_M: Span(0.0, 1000.0),
    Quantity.TAG_RSSI_DBM: Span(-150.0, 50.0),
    Quantity.TAG_PRESENT: _CONTACT,
    Quantity.BED_OCCUPIED: _CONTACT,
    Quantity.ENCLOSURE_OPEN: _CONTACT,
    Quantity.TILT_DEG: Span(-180.0, 180.0),
    Quantity.VIBRATION_M_S2: Span(0.0, 5000.0),
    Quantity.MAGNETIC_SHIFT_UT: Span(0.0, 10_000.0),
    Quantity.WATER_L: Span(0.0, 1e9),
    Quantity.WATER_PRESENT: _CONTACT,
    Quantity.SUPPLY_V: Span(-60.0, 60.0),
    Quantity.SUPPLY_A: Span(-100.0, 100.0),
    Quantity.BATTERY_V: Span(0.0, 60.0),
    Quantity.SUPPLY_LOST: _CONTACT,
    Quantity.UNDER_VOLTAGE: _CONTACT,
    Quantity.THROTTLED: _CONTACT,
    Quantity.ANALOG_V: Span(-60.0, 60.0),
    Quantity.AWAY_H: Span(0.0, 8784.0),  # a year
}

SILENT_READS, SILENT_S = 3.0, 10.0  # silent after so many intervals, and after so long at least
GOOD_READS = 3  # in a row end a fault
DENSITY_READS = 60  # attempts over which errors are counted
DENSE, SPARSE = 0.6, 0.4  # a fault begins above the one and ends below the other
# How many failures in a row, over how many seconds, make a fault. About 30 % of a DHT's reads fail
# its checksum: 15 in a row are then one in 70 million, but six would come every hour.
_PATIENCE: Mapping[str, tuple[int, float]] = {
    FailureKind.NO_ANSWER: (3, SILENT_S),
    FailureKind.WRONG_DEVICE: (2, 0.0),
    FailureKind.DISCONNECTED: (2, 0.0),
    FailureKind.CORRUPTED: (15, 20.0),
    FailureKind.UNUSABLE: (15, 20.0),
    FailureKind.NOT_READY: (3, 60.0),
    FailureKind.MUTED: (1, 0.0),  # it says so itself
    "range": (3, SILENT_S),
    "frozen": (1, 0.0),
}
# after these it may have lost its power, so it warms up anew
_UNPOWERED = frozenset({FailureKind.NO_ANSWER, FailureKind.DISCONNECTED, "silent"})


@dataclass(frozen=True, slots=True)
class Watched:
    """What a configured sensor may report, how often it must, and how long it is cold, in s.

    For `ready_within_s` it may say that it has nothing to say yet.
    """

    spans: Mapping[Quantity, Span]
    every_s: float
    warm_up_s: float = 0.0
    ready_within_s: float = 60.0


class State(StrEnum):
    """How far a sensor can be relied on now."""

    OK = "ok"
    WARMING = "warming"
    DOUBTED = "doubted"
    FAILING = "failing"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Health:
    """A sensor's state, why in English for who mends it, and the last reading of each quantity."""

    state: State
    why: str
    last: tuple[Reading, ...]

    @property
    def is_sound(self) -> bool:
        """Whether its readings reach the detectors."""
        return self.state is State.OK


@dataclass(slots=True, eq=False)
class _Still:
    """Since when a quantity has shown the very same number, in monotonic seconds."""

    value: float
    since: float
    seen: float


@dataclass(slots=True, eq=False)
class Plausibility:
    """Everything known of one sensor. `watched` is None for a sensor that nobody configured.

    An attempt is one read: a failure, or the readings that carry the same time. It is good when
    none of them is doubted, which shows when the next attempt begins.
    """

    watched: Watched | None
    fault: str | None = field(default=None, init=False)  # the rule by which it is a fault
    detail: str = field(default="", init=False)  # the last failure or doubt, for who mends it
    last: dict[Quantity, Reading] = field(default_factory=dict, init=False)
    _asked: float | None = field(default=None, init=False)  # since when it ought to be heard
    _heard: float | None = field(default=None, init=False)
    _warm_from: float = field(default=0.0, init=False)
    _attempt: float | None = field(default=None, init=False)  # when the one under way began
    _is_good: bool = field(default=False, init=False)  # the one under way, so far
    _good: int = field(default=0, init=False)  # attempts in a row
    _bad: int = field(default=0, init=False)  # attempts in a row
    _bad_since: float = field(default=0.0, init=False)
    _attempts: deque[bool] = field(default_factory=lambda: deque(maxlen=DENSITY_READS), init=False)
    _failed: int = field(default=0, init=False)  # of `_attempts`
    _still: dict[Quantity, _Still] = field(default_factory=dict, init=False)

    def believe(self, reading: Reading) -> bool:
        """Take a reading in; tell whether detectors may see it. `fault` may change."""
        if reading.at != self._attempt:
            self._begin(reading.at)
        if doubt := self._doubt(reading):
            rule, self.detail = doubt
            self._count_bad(rule, reading.at)
            return False
        self.last[reading.quantity] = reading
        return not self._is_warming(reading.at)

    def fail(self, failure: Failure) -> None:
        """Take a failure in; `fault` may change."""
        self._begin(failure.at)
        self.detail = f"{failure.kind}: {failure.message}"
        self._count_bad(failure.kind, failure.at)

    def wait(self, now: float) -> None:
        """Let time pass to `now`; `fault` becomes `silent` where nothing was heard for too long."""
        if self.watched is None or self.fault is not None:
            return
        if self._asked is None:
            self._asked = now
        silent_s = now - (self._asked if self._heard is None else self._heard)
        if silent_s > max(SILENT_READS * self.watched.every_s, SILENT_S):
            self.fault, self.detail = "silent", f"nothing for {silent_s:.0f} s"
            self._good, self._is_good = 0, False

    def excuse(self, now: float) -> None:
        """Note that it was heard, though what it says is held back: it is provoked."""
        if self._heard is not None:
            self._heard = max(self._heard, now)

    def health(self) -> Health:
        """Say how far it can be relied on."""
        last = tuple(self.last.values())
        if self.fault == "silent":
            return Health(State.SILENT, self.detail, last)
        if self.fault in ("range", "frozen"):
            return Health(State.DOUBTED, self.detail, last)
        if self.fault is not None:
            return Health(State.FAILING, self.detail, last)
        if not last:
            return Health(State.WARMING, self.detail or "not heard from yet", last)
        if self._heard is None or self._is_warming(self._heard):
            return Health(State.WARMING, "warming up", last)
        return Health(State.OK, "", last)

    def _is_warming(self, now: float) -> bool:
        return self.watched is not None and now - self._warm_from < self.watched.warm_up_s

    def _begin(self, at: float) -> None:
        """Close the attempt before, and open one."""
        if self._is_good:
            self._count_good()
        self._attempt, self._is_good = at, True
        if self._heard is None or (self.fault in _UNPOWERED and self._good == 0):
            self._warm_from = at
        self._heard = at

    def _doubt(self, reading: Reading) -> tuple[str, str] | None:
        """Give the rule by which the reading is doubted, and why."""
        span = self.watched.spans.get(reading.quantity) if self.watched is not None else None
        if span is None:
            span = WIDEST[reading.quantity]
        value = reading.value
        if not span.low <= value <= span.high:  # which NaN is not either
            return "range", f"{reading.quantity} {value:g} outside {span.low:g} to {span.high:g}"
        if span.frozen_after_s is None:
            return None
        still = self._still.get(reading.quantity)
        if (
            still is None
            or value != still.value
            or (span.saturates is not None and value >= span.saturates)
            or reading.at - still.seen > span.frozen_after_s
        ):
            self._still[reading.quantity] = _Still(value, reading.at, reading.at)
            return None
        still.seen = reading.at
        if (for_s := reading.at - still.since) > span.frozen_after_s:
            return "frozen", f"{reading.quantity} {value:g} for {for_s:.0f} s"
        return None

    def _count_bad(self, rule: str, at: float) -> None:
        if not self._is_good:  # already counted: another quantity of the same read
            return
        self._is_good, self._good = False, 0
        if self._bad == 0:
            self._bad_since = at
        self._bad += 1
        self._remember(failed=True)
        if self.fault is not None or (rule == FailureKind.NOT_READY and self._may_wait(at)):
            return
        reads, seconds = _PATIENCE[rule]
        if self._bad >= reads and at - self._bad_since >= seconds:
            self.fault = str(rule)
        elif self._failed > DENSE * DENSITY_READS:
            self.fault = "error_density"

    def _may_wait(self, at: float) -> bool:
        within_s = self.watched.ready_within_s if self.watched is not None else 0.0
        return self._is_warming(at) or at - self._bad_since < within_s

    def _count_good(self) -> None:
        self._bad = 0
        self._good += 1
        self._remember(failed=False)
        if self.fault is None or self._good < GOOD_READS:
            return
        if self.fault != "error_density" or self._failed < SPARSE * DENSITY_READS:
            self.fault = None

    def _remember(self, *, failed: bool) -> None:
        if len(self._attempts) == DENSITY_READS:
            self._failed -= self._attempts[0]
        self._attempts.append(failed)
        self._failed += failed
