"""One level with two limits: a prealarm, and an alarm that is over only when all of it is."""

from dataclasses import dataclass, field

from agent.detectors.threshold import HeldThreshold
from agent.values import Stage


@dataclass(slots=True, eq=False)
class Graded:
    """Goes up from prealarm to alarm, never down, and ends when both limits have."""

    prealarm: HeldThreshold
    alarm: HeldThreshold
    stage: Stage | None = field(default=None, init=False)

    @classmethod
    def of(
        cls, limits: tuple[float, float], fall: float, hold_s: float, clear_s: float
    ) -> "Graded":
        """Make it of prealarm and alarm limit and their common end, in the level's unit."""
        prealarm, alarm = (HeldThreshold(rise, fall, hold_s, clear_s) for rise in limits)
        return cls(prealarm, alarm)

    def update(self, level: float, at: float) -> Stage | None:
        """Take the level at `at` (seconds) in; give the stage that is new."""
        self.prealarm.update(level, at)
        self.alarm.update(level, at)
        found: Stage | None = None
        if self.alarm.active:
            found = Stage.ALARM
        elif self.prealarm.active:
            found = self.stage or Stage.PREALARM
        if found is self.stage:
            return None
        self.stage = found
        return found or Stage.CLEARED

    def lasted_s(self, at: float) -> float:
        """For how long it has lasted at `at`, in s."""
        begun = self.alarm.begun if self.stage is Stage.ALARM else self.prealarm.begun
        return at - begun

    @property
    def standing(self) -> bool:
        """Whether it was told, and the last level was not below its end."""
        return self.stage is not None and (self.prealarm.standing or self.alarm.standing)
