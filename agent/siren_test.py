"""The siren is announced, sounds three slow tones and is heard by the device's own microphone.

By day and by schedule alone, or by hand (`haetae selftest --sound`): people hear it. Meanwhile the
microphone's readings are held back: its own siren is no noise and no alarm next door.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.hearing import BEFORE_S, LEVELS, Hearing, Level, Verdict, judge
from agent.sections import Config
from agent.values import Reading
from drivers.board import SensorConfig
from drivers.sensor import Quantity

log = logging.getLogger(__name__)

NAME = "siren"
LISTENS_S = 24.0  # words, tones, and the stillness after them


class Sounding(Protocol):
    """What sounds; `agent.annunciator.Annunciator`."""

    def announce_test(self) -> None:
        """Say that a test follows, and sound it."""

    def sounded(self) -> Sequence[tuple[float, bool]]:
        """When the siren was switched since then, in seconds of its clock, and to what."""


@dataclass(slots=True)
class _Listening:
    """From `began` on, in seconds of the agent's clock; `real` is what the siren's showed then."""

    began: float
    real: float
    since: float
    levels: list[Level]
    is_broken_off: bool = False


class SirenTest:
    """One test at a time; for the pipeline's thread. `real` is the siren's clock, in seconds."""

    def __init__(self, config: Config, siren: Sounding, real: Callable[[], float]) -> None:
        self._siren, self._real = siren, real
        self._microphone, self._quantity = microphone(config) or ("", LEVELS[0])
        self._listening: _Listening | None = None

    @property
    def is_possible(self) -> bool:
        """Whether there is a microphone that can follow the tones while it guards."""
        return bool(self._microphone)

    @property
    def is_under_way(self) -> bool:
        """Whether it sounds, or is about to."""
        return self._listening is not None

    @property
    def hears(self) -> str:
        """The microphone by name."""
        return self._microphone

    def begin(self, now: float) -> None:
        """Announce it and listen, at `now` (seconds of the agent's clock)."""
        self._listening = _Listening(now, self._real(), now, [])
        self._siren.announce_test()
        log.warning("self-test: siren: announced")

    def holds(self, reading: Reading) -> bool:
        """Whether this reading is of the siren's own making."""
        listening = self._listening
        if listening is None or reading.sensor != self._microphone:
            return False
        if reading.at < listening.began:
            return False
        if reading.quantity is self._quantity:
            listening.levels.append(Level(listening.since, reading.at, reading.value))
            listening.since = reading.at
        return True

    def break_off(self) -> None:
        """What was heard counts for nothing: something else is going on."""
        if self._listening is not None:
            self._listening.is_broken_off = True

    def step(self, now: float) -> Hearing | None:
        """The verdict, once it is over; None before, and where it was broken off."""
        listening = self._listening
        if listening is None or now < listening.began + LISTENS_S:
            return None
        self._listening = None
        if listening.is_broken_off:
            return None
        ahead_s = listening.began - listening.real
        edges = [(at + ahead_s, sounds) for at, sounds in self._siren.sounded()]
        if not edges:
            return Hearing(Verdict.NOT_HEARD, "it was not switched")
        quiet_from = edges[0][0] - BEFORE_S
        heard = [each for each in listening.levels if each.began >= quiet_from]
        return judge(heard, edges, highest=True)


def microphone(config: Config) -> tuple[str, Quantity] | None:
    """The microphone of perception, which tells the highest level of each half second."""
    for quantity in LEVELS:
        for each in config.sensors:
            if can_follow(each) and quantity in each.spans:
                return each.name, quantity
    return None


def can_follow(sensor: SensorConfig) -> bool:
    """Whether it tells what it heard often enough."""
    return sensor.is_perceived and sensor.every_s <= 0.5
