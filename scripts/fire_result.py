"""What one recording gave, replayed through the same code as `haetae replay`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent import recording
from agent.recording import Recording
from agent.replay import replay
from agent.sections import Config


@dataclass
class Result:
    """What one recording gave. Times in seconds after ignition, where there is one."""

    found: Recording
    prealarm_s: float | None = None
    alarm_s: float | None = None
    rule: str = ""
    co_s: float | None = None
    counts: dict[str, int] = field(default_factory=dict)
    told: list[dict[str, Any]] = field(default_factory=list)

    def after(self, label: str) -> float | None:
        """Give a label as seconds after ignition."""
        at = self.found.labels.get(label)
        return None if at is None else at - self.found.labels.get("ignition_t_s", 0.0)

    @property
    def first_real_s(self) -> float | None:
        """When the first real alarm at the same place sounded."""
        real = (self.after("ionisation_alarm_t_s"), self.after("photoelectric_alarm_t_s"))
        return min((s for s in real if s is not None), default=None)


def evaluate(folder: Path, profile: Config) -> Result:
    """Replay one recording and note what it gave.

    Raises:
        RecordingError: It cannot be used.
    """
    result = Result(recording.load(folder))
    ignition_s = result.found.labels.get("ignition_t_s", 0.0)
    for event in replay(folder, profile, readings=False):
        kind, at = f"{event['hazard']} {event['stage']}", event["t_s"] - ignition_s
        if event["stage"] == "cleared":
            continue
        if kind == "fire alarm" and result.alarm_s is None:
            result.alarm_s, result.rule = at, event["rule"]
        elif kind == "fire prealarm" and result.prealarm_s is None:
            result.prealarm_s = at
        elif kind == "co alarm" and result.co_s is None:
            result.co_s = at
        result.counts[kind] = result.counts.get(kind, 0) + 1
        result.told.append(event)
    return result
