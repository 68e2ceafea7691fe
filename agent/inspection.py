"""Was it a physical stimulus? Judged from what one sensor said during an inspection. Pure.

Somebody brings smoke, warmth or gas to the sensor, or presses the button. What is held against
the curve is what a person at a desk would leave out: calm before, a way up and down that takes
time, and the hazard's own detector, which must have alarmed by this sensor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from agent.detectors.gas import LEAST_RATIO
from agent.values import Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

POINTS = 64  # of a curve as it is recorded
CALM_READINGS = 2  # before the stimulus, within a tenth of its height
BETWEEN = 3  # different values between a tenth and nine tenths of the height, up and down together
_MOST_RAW = 8192  # readings held at once, of each quantity
_LOW, _HIGH, _RETURNED = 0.1, 0.9, 0.5  # parts of the height

Curve = list[tuple[float, float]]  # seconds since the opening, value


class Manner(StrEnum):
    """How a quantity answers to a stimulus."""

    CURVE = "curve"  # it rises and falls through what lies between
    EDGE = "edge"  # a contact: on, off
    SCORE = "score"  # a model's opinion, which may jump


MANNERS: Mapping[Quantity, Manner] = MappingProxyType(
    {
        Quantity.BUTTON: Manner.EDGE,
        Quantity.SMOKE_ALARM_CONTACT: Manner.EDGE,
        Quantity.WATER_PRESENT: Manner.EDGE,
        Quantity.FALL_SCORE: Manner.SCORE,
    }
)


class Outcome(StrEnum):
    """What an inspection showed, for machines."""

    PROVEN = "proven"
    SILENT = "silent"
    NO_STIMULUS = "no_stimulus"
    NOT_CALM = "not_calm"
    NO_ALARM = "no_alarm"
    NOT_ANALOGUE = "not_analogue"
    NOT_RETURNED = "not_returned"
    INTERRUPTED = "interrupted"  # told by the next start: this one never came to an end


WHY: Mapping[Outcome, Why] = MappingProxyType(
    {
        Outcome.PROVEN: Why(
            "감지기가 실제 자극에 반응하고 경보를 울렸습니다.",
            "The sensor answered to a real stimulus, and the alarm came.",
        ),
        Outcome.SILENT: Why(
            "점검하는 동안 감지기에서 값이 오지 않았습니다. 배선을 확인해 주세요.",
            "The sensor said nothing during the inspection. Please check its wiring.",
        ),
        Outcome.NO_STIMULUS: Why(
            "점검하는 동안 값이 변하지 않았습니다. 자극을 더 가까이 대 주세요.",
            "Nothing changed during the inspection. Please bring the stimulus closer.",
        ),
        Outcome.NOT_CALM: Why(
            "자극을 주기 전의 평온한 값이 없습니다. 가라앉은 뒤에 다시 점검해 주세요.",
            "There was no calm before the stimulus. Please wait until it settles, and try again.",
        ),
        Outcome.NO_ALARM: Why(
            "값은 변했지만 이 감지기로 경보가 울리지 않았습니다.",
            "The value changed, but no alarm came by this sensor.",
        ),
        Outcome.NOT_ANALOGUE: Why(
            "값이 한 번에 뛰었습니다. 연기나 열은 서서히 오르고 내립니다. 천천히 다시 해 주세요.",
            "The value jumped. Real smoke or warmth comes and goes by degrees: again, more slowly.",
        ),
        Outcome.NOT_RETURNED: Why(
            "점검 시간 안에 값이 돌아오지 않았습니다. 실제 위험이 없는지 확인해 주세요.",
            "The value did not come back in time. Please make sure that there is no real danger.",
        ),
        Outcome.INTERRUPTED: Why(
            "점검하는 동안 기기가 다시 시작되었습니다. 처음부터 다시 점검해 주세요.",
            "The device started anew during the inspection. Please inspect the sensor again.",
        ),
    }
)


@dataclass(slots=True)
class Inspection:
    """One sensor's readings while it is inspected, from `opened_at` on (monotonic seconds)."""

    sensor: str
    quantities: frozenset[Quantity]
    hazards: frozenset[Hazard]
    opened_at: float
    closes_at: float
    alarmed_by: Quantity | None = None
    _curves: dict[Quantity, Curve] = field(default_factory=dict)

    def take(self, reading: Reading) -> None:
        """Keep a reading, if it is of this sensor."""
        if reading.sensor != self.sensor or reading.quantity not in self.quantities:
            return
        curve = self._curves.setdefault(reading.quantity, [])
        level = reading.value
        if reading.quantity is Quantity.GAS_RS_R0:  # a cell's resistance falls with the gas
            level = round(1 / max(level, LEAST_RATIO), 3)
        curve.append((round(reading.at - self.opened_at, 3), level))
        if len(curve) >= _MOST_RAW:
            curve[:] = decimated(curve, _MOST_RAW // 2)

    def heed(self, detection: Detection) -> None:
        """Note an alarm that came by this sensor."""
        if detection.stage is Stage.ALARM and detection.hazard in self.hazards:
            mine = (e.quantity for e in detection.evidence if e.sensor == self.sensor)
            self.alarmed_by = self.alarmed_by or next(mine, None)

    @property
    def quantity(self) -> Quantity:
        """Which of the sensor's quantities the stimulus was in."""
        if self.alarmed_by in self.quantities and self.alarmed_by is not None:
            return self.alarmed_by
        return max(sorted(self.quantities), key=lambda each: _height(self._curves.get(each, [])))

    @property
    def curve(self) -> Curve:
        """What it said, in at most `POINTS` points."""
        return decimated(self._curves.get(self.quantity, []), POINTS)

    @property
    def has_returned(self) -> bool:
        """Whether the stimulus is over: on its way back the value passed half of its height."""
        raw = self._curves.get(self.quantity, [])
        low, height = _base(raw), _height(raw)
        return height > 0 and raw[-1][1] <= low + _RETURNED * height

    def outcome(self) -> Outcome:
        """Judge by everything up to now."""
        raw = self._curves.get(self.quantity, [])
        if not raw:
            return Outcome.SILENT
        low, height = _base(raw), _height(raw)
        if height <= 0:
            return Outcome.NO_STIMULUS
        manner = MANNERS.get(self.quantity, Manner.CURVE)
        calm = next((n for n, (_, value) in enumerate(raw) if value > low + _LOW * height), 0)
        failures = {  # a contact tells its edges alone
            Outcome.NOT_CALM: calm < (1 if manner is Manner.EDGE else CALM_READINGS),
            Outcome.NO_ALARM: self.alarmed_by is None,
            Outcome.NOT_RETURNED: not self.has_returned,
            Outcome.NOT_ANALOGUE: manner is Manner.CURVE and not _is_analogue(raw, low, height),
        }
        return next((each for each, failed in failures.items() if failed), Outcome.PROVEN)


def decimated(curve: Sequence[tuple[float, float]], most: int) -> Curve:
    """At most `most` points that keep the lowest and the highest of each stretch of time."""
    if len(curve) <= most:
        return list(curve)
    stretches = most // 2
    begins, lasts = curve[0][0], max(curve[-1][0] - curve[0][0], 1e-9)
    found: dict[int, list[tuple[float, float]]] = {}
    for point in curve:
        number = min(stretches - 1, int((point[0] - begins) / lasts * stretches))
        found.setdefault(number, []).append(point)
    kept: Curve = []
    for points in found.values():
        ends = {min(points, key=lambda p: p[1]), max(points, key=lambda p: p[1])}
        kept += sorted(ends)
    return kept


def _base(raw: Curve) -> float:
    """The value at the opening."""
    return raw[0][1] if raw else 0.0


def _height(raw: Curve) -> float:
    """How far the value rose above that of the opening."""
    return max((value for _, value in raw), default=0.0) - _base(raw)


def _is_analogue(raw: Curve, low: float, height: float) -> bool:
    """Whether it went through what lies between, on the way up and on the way down."""
    peak = max(range(len(raw)), key=lambda n: raw[n][1])
    lower, upper = low + _LOW * height, low + _HIGH * height
    up = {value for _, value in raw[:peak] if lower < value < upper}
    down = {value for _, value in raw[peak:] if lower < value < upper}
    return bool(up) and bool(down) and len(up | down) >= BETWEEN
