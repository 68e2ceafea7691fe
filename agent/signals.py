"""What alarms sound and look like: pure functions of the time since they began.

A signal maps seconds since its beginning to (level, seconds until that level ends).
"""

from collections.abc import Callable, Sequence

from agent import asking

Signal = Callable[[float], tuple[bool, float]]
FOREVER_S = 3600.0
_EDGE_S = 1e-6  # floating-point times may lie this much before the edge they mean


def cycle(*steps: tuple[bool, float]) -> Signal:
    """Repeat `steps`, each a level and its seconds, without end and without drift."""
    period_s = sum(seconds for _, seconds in steps)

    def signal(since_s: float) -> tuple[bool, float]:
        left = since_s % period_s + _EDGE_S
        for level, seconds in steps:
            if left < seconds:
                return level, seconds - left + _EDGE_S
            left -= seconds
        return steps[0][0], steps[0][1]  # within _EDGE_S of the period's end: the next one begins

    return signal


def once(*steps: tuple[bool, float]) -> Signal:
    """Play `steps` one time, then stay off."""
    repeated, length_s = cycle(*steps), sum(seconds for _, seconds in steps)

    def signal(since_s: float) -> tuple[bool, float]:
        return repeated(since_s) if since_s + _EDGE_S < length_s else (False, FOREVER_S)

    return signal


def then(first: Signal, until_s: float, after: Signal) -> Signal:
    """Play `first` for `until_s` seconds and `after` from then on."""

    def signal(since_s: float) -> tuple[bool, float]:
        if since_s + _EDGE_S >= until_s:
            return after(since_s - until_s)
        level, left_s = first(since_s)
        return level, min(left_s, until_s - since_s)

    return signal


def _pulses(count: int, on_s: float, off_s: float, pause_s: float) -> Sequence[tuple[bool, float]]:
    return [(True, on_s), (False, off_s)] * (count - 1) + [(True, on_s), (False, pause_s)]


# ISO 8201: three pulses of 0.5 s, 0.5 s apart, then 1.5 s of silence; period 4.0 s
T3 = cycle(*_pulses(3, 0.5, 0.5, 1.5))
# NFPA 720 / UL 2034 temporal four: four pulses of 0.1 s, 0.1 s apart, then 5 s; once a minute
# after four minutes
T4 = then(
    cycle(*_pulses(4, 0.1, 0.1, 5.0)), until_s=240.0, after=cycle(*_pulses(4, 0.1, 0.1, 59.3))
)
SILENT: Signal = cycle((False, FOREVER_S))
REPEAT = then(T3, until_s=60.0, after=SILENT)  # another alarm, for who does not hear it
STEADY: Signal = cycle((True, FOREVER_S))
CHIRP = once((True, 0.2))  # "heard you": SOS taken
CALL_OUT = then(  # a chirp, and time for words: somebody left
    cycle((True, 0.2), (False, 7.8)), until_s=300.0, after=SILENT
)
DETER = cycle((True, 3.0), (False, 1.0))  # for animals: no alarm's pattern, and no strobe
MOVE_AWAY = then(  # for a driver: a chirp and words, twice a minute for five minutes
    cycle((True, 0.2), (False, 29.8)), until_s=300.0, after=SILENT
)
TEST = once(*_pulses(3, 0.5, 0.5, 1.5))  # one group of T3
# a tone before the question and one after it, as an answering machine has: now answer
ASK = cycle(
    (True, 0.1), (False, asking.TALK_S - 0.1),
    (True, 0.1), (False, asking.ROUND_S - asking.TALK_S - 0.1),
)  # fmt: skip
ASK_TALKS = cycle((True, asking.TALK_S), (False, asking.ROUND_S - asking.TALK_S))
SLOW_TEST = once(*_pulses(3, 1.5, 1.5, 1.5))  # for who is told what is heard twice a second
ANNOUNCED_TEST = then(SILENT, until_s=10.0, after=SLOW_TEST)  # words first
ANNOUNCED_TEST_TALKS = then(STEADY, until_s=7.0, after=SILENT)
FLASH = cycle((True, 0.25), (False, 0.25))  # lamp in an alarm
SLOW_FLASH = cycle((True, 0.5), (False, 1.5))  # lamp in a prealarm
WINK = cycle((True, 0.1), (False, 29.9))  # lamp while something is broken
HELP_COMING = cycle((True, 2.5), (False, 0.5))  # lamp, calm: somebody is on the way
INSPECTION = cycle(*_pulses(3, 0.1, 0.2, 1.3))  # lamp, while a sensor is under inspection
FIND_ME = cycle((True, 0.1), (False, 0.1), (True, 0.1), (False, 0.7))  # lamp, for an installer
