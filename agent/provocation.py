"""One sensor is made to feel something, and answers or does not. Pure: no clock, no wire.

While it lasts, what the sensor says is held back from the detectors that guard, and shown to a twin
of theirs. Only what the stimulus explains is held, and only until the sensor is back: `longest_s`
is the longest that a danger at this very sensor can stay unseen.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from agent.detectors.gas import LEAST_RATIO
from agent.values import Reading
from drivers.sensor import Quantity
from drivers.stimulus import Answer

CONFIRMED = 2  # readings that feel it: one is a spike
BACK = 0.5  # of `rise`: below it the sensor is back
CALM = 0.25  # of `rise`: so far the readings before it may lie apart
_SLACK_S = 2.0  # a step of the pipeline's clock, and one of the sampler's


class Outcome(StrEnum):
    """What one provocation showed."""

    ANSWERED = "answered"
    NO_ALARM = "no_alarm"  # it felt it, and the detectors would not have alarmed
    NO_ANSWER = "no_answer"
    NOT_BACK = "not_back"
    DRY = "dry"  # the element gave nothing back of what it took
    SILENT = "silent"
    BEYOND = "beyond"  # more than the stimulus explains: it is taken for real
    BROKEN_OFF = "broken_off"


UNDECIDED = frozenset({Outcome.BEYOND, Outcome.BROKEN_OFF})  # nobody is to blame: once more


def level(quantity: Quantity, value: float) -> float:
    """The height of a reading: a gas cell's resistance falls with the gas."""
    return 1 / max(value, LEAST_RATIO) if quantity is Quantity.GAS_RS_R0 else value


def longest_s(answer: Answer, every_s: float) -> float:
    """For how many seconds a sensor that is read so often is held back at most."""
    return answer.on_s + answer.back_s + every_s + _SLACK_S


@dataclass(slots=True)
class Provocation:
    """From `began` (monotonic seconds) on, of a quantity whose level was `before` until then."""

    sensor: str
    quantity: Quantity
    owes: Answer
    every_s: float
    before: float
    began: float
    peak: float = field(init=False)
    after: float | None = field(default=None, init=False)
    outcome: Outcome | None = field(default=None, init=False)  # none while it lasts
    held: list[Reading] = field(default_factory=list, init=False)
    felt: list[Reading] = field(default_factory=list, init=False)  # that rose far enough
    _off_at: float | None = field(default=None, init=False)
    _stood: float = field(default=0.0, init=False)  # when it last stood high
    _is_broken_off: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.peak = self.before

    @property
    def until(self) -> float:
        """When the stimulus ends, as far as is known now (monotonic seconds)."""
        return self.began + self.owes.on_s if self._off_at is None else self._off_at

    @property
    def is_over(self) -> bool:
        """Whether the readings are everybody's again."""
        return self.outcome is not None

    def concerns(self, reading: Reading) -> bool:
        """Whether a reading of this sensor may be the stimulus's work."""
        return not self.is_over and reading.at >= self.began

    def take(self, reading: Reading) -> None:
        """Hold back and look at a reading of this sensor."""
        self.held.append(reading)
        if self.is_over or reading.quantity is not self.quantity:
            return
        height = level(reading.quantity, reading.value)
        rise = height - self.before
        self.peak, self.after = max(self.peak, height), height
        if rise > self.owes.most:
            self._end(reading.at, Outcome.BEYOND)
            return
        if rise >= BACK * self.owes.rise:
            self._stood = reading.at
        if self._off_at is None:
            if rise >= self.owes.rise:
                self.felt.append(reading)
            if len(self.felt) >= CONFIRMED:
                self._off_at = reading.at
        elif rise < BACK * self.owes.rise and reading.at > self._off_at:
            self._judge(reading.at)

    def step(self, now: float) -> None:
        """Let time pass to `now`."""
        if self.is_over:
            return
        if self._off_at is None and now >= self.began + self.owes.on_s:
            self._off_at = self.began + self.owes.on_s
        if self._off_at is not None and now >= self._off_at + self.owes.back_s + self.every_s:
            self._judge(now)

    def break_off(self, now: float) -> None:
        """End the stimulus now, for something else is going on; held back until it is back."""
        self._is_broken_off = True
        self._off_at = now if self._off_at is None else self._off_at

    def _judge(self, now: float) -> None:
        is_back = self.after is not None and self.after - self.before < BACK * self.owes.rise
        if self._is_broken_off:
            outcome = Outcome.BROKEN_OFF
        elif self.after is None:
            outcome = Outcome.SILENT
        elif not is_back:
            outcome = Outcome.NOT_BACK
        elif len(self.felt) < CONFIRMED:
            outcome = Outcome.NO_ANSWER
        elif self._stood < self.until + self.owes.lingers_s:
            outcome = Outcome.DRY
        else:
            outcome = Outcome.ANSWERED
        self._end(now, outcome)

    def _end(self, now: float, outcome: Outcome) -> None:
        self._off_at = now if self._off_at is None else self._off_at
        self.outcome = outcome


def calm_before(sensor: str, quantity: Quantity, owes: Answer, past: list[Reading]) -> float | None:
    """The level of a sensor's last readings, None where they do not lie together."""
    mine = [r.value for r in past if r.sensor == sensor and r.quantity is quantity][-3:]
    heights = [level(quantity, each) for each in mine]
    if not heights or max(heights) - min(heights) > CALM * owes.rise:
        return None
    return heights[-1]
