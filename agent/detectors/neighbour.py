"""The alarm next door: another smoke or CO alarm is heard through the wall."""

import msgspec

from agent import noise_wording as wording
from agent.values import PLACE, Detection, Hazard, Reading, Stage
from drivers.sensor import Quantity

CLEAR_S = 180.0  # a CO alarm sounds but once a minute after four minutes
DEAF_S = 15.0  # so long after the own siren its echo of three pulses may still be told
REPEAT_S = 60.0  # for so long the own siren repeats it, where the profile says so
_SIREN = frozenset({Hazard.FIRE, Hazard.CO})


class NeighbourConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[neighbour]`. `repeat`: the own siren sounds for a minute, for who does not hear well."""

    repeat: bool = False


class NeighbourDetector:
    """An alarm when two groups of pulses were heard; over when none was for three minutes.

    While the own siren sounds, nobody can tell whose pulses are heard: they count for nothing.
    """

    def __init__(self, config: NeighbourConfig) -> None:
        self._repeats = config.repeat
        self._sirens: set[tuple[Hazard, str]] = set()
        self._deaf_until = float("-inf")
        self._heard: dict[int, Reading] = {}  # the last reading of each cadence that is told
        self._now = float("-inf")

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        if reading.quantity is not Quantity.ALARM_PULSES:
            return []
        self._now = reading.at
        pulses = round(reading.value)
        if pulses and not self._is_deaf(reading.at):
            is_new = pulses not in self._heard
            self._heard[pulses] = reading
            if is_new:
                return [self._begin(pulses, reading)]
        elif pulses in self._heard:
            self._heard[pulses] = reading  # it may be the own siren that repeats it
        return self._end(reading.at)

    def tick(self, now: float) -> list[Detection]:  # noqa: ARG002  # the shape of a detector
        """Time alone begins and ends nothing: who hears nothing cannot say that it is over."""
        return []

    def heed(self, detection: Detection) -> None:
        """Know when the own siren sounds."""
        if detection.hazard not in _SIREN:
            return
        incident = detection.hazard, detection.subject
        if detection.stage is Stage.ALARM:
            self._sirens.add(incident)
        elif detection.stage is Stage.CLEARED and incident in self._sirens:
            self._sirens.discard(incident)
            self._deaf_until = max(self._deaf_until, detection.at + DEAF_S)

    def _is_deaf(self, at: float) -> bool:
        return bool(self._sirens) or at < self._deaf_until

    def _begin(self, pulses: int, reading: Reading) -> Detection:
        if self._repeats:
            self._deaf_until = reading.at + REPEAT_S + DEAF_S
        return Detection(
            Hazard.NEIGHBOUR_ALARM,
            Stage.ALARM,
            PLACE,
            f"t{pulses}",
            (reading,),
            reading.at,
            wording.neighbour(pulses),
        )

    def _end(self, at: float) -> list[Detection]:
        if not self._heard or max(each.at for each in self._heard.values()) > at - CLEAR_S:
            return []
        last = max(self._heard.values(), key=lambda each: each.at)
        self._heard.clear()
        why = wording.neighbour_over()
        rule = f"t{round(last.value)}"
        return [Detection(Hazard.NEIGHBOUR_ALARM, Stage.CLEARED, PLACE, rule, (last,), at, why)]
