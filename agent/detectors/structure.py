"""What must stand still: how far it leans from how it was mounted, and how much it shakes."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from agent import town_wording as wording
from agent.detectors.derived import Derived
from agent.detectors.graded import Graded
from agent.detectors.presence import Source
from agent.detectors.threshold import STALE_S
from agent.values import Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

SETTLES_S = 7 * 86_400.0  # of the drift that is followed: weather, not a day's warmth
TILT, VIBRATION = "tilt", "vibration"
_RULES = {Quantity.TILT_DEG: TILT, Quantity.VIBRATION_M_S2: VIBRATION}

Hold = Annotated[float, Meta(ge=0, le=3600)]


class Tilt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Degrees from how it was mounted, for `hold_s` s; over below `fall_deg` for `clear_s` s.

    `drift_deg` is how much of a slow lean, over a week, is taken for the sensor's own: it moves by
    some 2 degrees from winter to summer. By no more than that any limit comes later.
    """

    prealarm_deg: Annotated[float, Meta(ge=0.5, le=45)]
    alarm_deg: Annotated[float, Meta(ge=0.5, le=45)]
    fall_deg: Annotated[float, Meta(ge=0.2, le=45)]
    hold_s: Hold = 600.0
    clear_s: Annotated[float, Meta(ge=10, le=86_400)] = 3600.0
    drift_deg: Annotated[float, Meta(ge=0, le=3)] = 0.0


class Vibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Acceleration without gravity in m/s², RMS, for `hold_s` s; over below `fall_m_s2`."""

    prealarm_m_s2: Annotated[float, Meta(ge=0.2, le=100)]
    alarm_m_s2: Annotated[float, Meta(ge=0.2, le=100)]
    fall_m_s2: Annotated[float, Meta(ge=0.1, le=100)]
    hold_s: Hold = 10.0
    clear_s: Annotated[float, Meta(ge=10, le=86_400)] = 600.0


class StructureConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[structure]`: what is watched of every accelerometer that is screwed to something.

    `tell` says what to do and whom to tell; without it people are told to keep away.
    """

    tilt: Tilt | None = None
    vibration: Vibration | None = None
    tell: Why | None = None

    def problems(self, sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        if self.tilt is None and self.vibration is None:
            yield "nothing is watched - at `$.structure`", "give `tilt` or `vibration`"
        tilt, shake = self.tilt, self.vibration
        rising = [
            (TILT, tilt and (tilt.fall_deg, tilt.prealarm_deg, tilt.alarm_deg)),
            (VIBRATION, shake and (shake.fall_m_s2, shake.prealarm_m_s2, shake.alarm_m_s2)),
        ]
        for name, limits in rising:
            if limits and not limits[0] < limits[1] <= limits[2]:
                problem = f"fall, prealarm and alarm do not rise - at `$.structure.{name}`"
                yield problem, "give them in that order"
        if not any(Quantity.TILT_DEG in each.quantities for each in sources.values()):
            yield "nothing feels a lean - at `$.structure`", "add one with driver `adxl345`"


@dataclass(slots=True, eq=False)
class Drift:
    """A lean that grew over days, in degrees, up to `most_deg`; times in s."""

    most_deg: float
    deg: float = 0.0
    _mean: float | None = None
    _at: float = 0.0

    def update(self, tilt_deg: float, at: float, *, told: bool = False) -> float:
        """Give the lean beyond what has drifted; one that was `told` does not drift away."""
        passed_s = at - self._at
        if self._mean is None:
            self._mean = min(tilt_deg, self.most_deg)
        elif passed_s <= STALE_S and not told:
            self._mean += (tilt_deg - self._mean) * -math.expm1(-passed_s / SETTLES_S)
        self._at = at
        self.deg = max(0.0, min(self._mean, self.most_deg))
        return tilt_deg - self.deg


@dataclass(slots=True, eq=False)
class _Watched:
    """One quantity of one sensor, and what of its level is drift."""

    level: Graded
    drift: Drift
    last: Reading


class StructureDetector:
    """Incidents `<sensor> tilt` and `<sensor> vibration`, of hazard `tamper`.

    Each sensor against its own mounting. One that is not heard ends nothing.
    """

    def __init__(self, config: StructureConfig) -> None:
        self._config = config
        self._watched: dict[tuple[str, Quantity], _Watched] = {}

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        key = reading.sensor, reading.quantity
        each = self._watched.get(key)
        if each is None:
            if (each := self._new(reading)) is None:
                return []
            self._watched[key] = each
        each.last = reading
        told = each.level.stage is not None
        level = each.drift.update(reading.value, reading.at, told=told)
        stage = each.level.update(level, reading.at)
        if stage is None:
            return []
        return [self._told(stage, reading, each.level.lasted_s(reading.at))]

    def tick(self, now: float) -> list[Detection]:  # noqa: ARG002  # the shape of a detector
        """Time alone begins and ends nothing here."""
        return []

    def standing(self, hazard: Hazard) -> tuple[Reading, ...]:
        """The last readings of what goes on now."""
        if hazard is not Hazard.TAMPER:
            return ()
        return tuple(each.last for each in self._watched.values() if each.level.standing)

    def derived(self) -> Iterator[Derived]:
        """Give how much of each lean is taken for drift, in degrees."""
        for (sensor, quantity), each in self._watched.items():
            if quantity is Quantity.TILT_DEG:
                yield Derived(sensor, "TILT_DRIFT_DEG", each.drift.deg, each.last.at)

    def _new(self, reading: Reading) -> _Watched | None:
        tilt, shake = self._config.tilt, self._config.vibration
        if reading.quantity is Quantity.TILT_DEG and tilt is not None:
            limits = tilt.prealarm_deg, tilt.alarm_deg
            level = Graded.of(limits, tilt.fall_deg, tilt.hold_s, tilt.clear_s)
            return _Watched(level, Drift(tilt.drift_deg), reading)
        if reading.quantity is Quantity.VIBRATION_M_S2 and shake is not None:
            limits = shake.prealarm_m_s2, shake.alarm_m_s2
            level = Graded.of(limits, shake.fall_m_s2, shake.hold_s, shake.clear_s)
            return _Watched(level, Drift(0.0), reading)
        return None

    def _told(self, stage: Stage, reading: Reading, lasted_s: float) -> Detection:
        rule, name = _RULES[reading.quantity], reading.sensor
        if stage is Stage.CLEARED:
            why = wording.still_again(name)
        else:
            said = wording.leans if rule == TILT else wording.shakes
            advice = wording.have_it_looked_at() if stage is Stage.PREALARM else None
            tell = self._config.tell or wording.keep_away()
            why = wording.joined(said(name, reading.value, lasted_s), advice, tell)
        subject, found = f"{name} {rule}", (reading,)
        return Detection(Hazard.TAMPER, stage, subject, rule, found, reading.at, why)
