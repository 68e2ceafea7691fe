"""Does the siren really sound? Only somebody who listens can tell: the device's own microphone.

A group of T3 is sounded, and each level that the microphone gives is put beside what the siren did
meanwhile. Noise would have to come and go with the tones, at one level, out of a still room, to be
taken for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from agent import signals
from agent.annunciator import Output
from agent.config import Config
from agent.outputs import siren as make_siren
from agent.sampler import failure
from drivers.board import Board, SensorConfig
from drivers.pace import Pace
from drivers.sensor import Quantity, Sensor, SensorError

LEVELS = (Quantity.SOUND_LAF_DBA, Quantity.SOUND_LEQ_DB)  # the better first
LEAST_DB = 10.0  # of a tone above the stillness before and after the group
GAP_DB = 6.0  # and above the gaps within it, in which a room still rings
ALIKE_DB = 6.0  # one siren is as loud each time
TONES = 3
BEFORE_S, AFTER_S = 3.0, 5.0  # listened to before the group, and from its begin on
_MEMORY_S = 0.2  # time weighting F rises and falls with 125 ms
_PURE = 0.9  # of a sample's time
_AT_ONCE_S = 0.05
_LATE_S = 0.05  # a reading may make a tone longer by this, as ISO 8201 allows
_RINGS_S = 0.5  # after the last tone


class Verdict(StrEnum):
    """What is known of the siren now."""

    PROVEN = "proven"
    NOT_HEARD = "not heard"
    NO_MICROPHONE = "no microphone"


@dataclass(frozen=True, slots=True)
class Hearing:
    """The verdict and why, for who mends it."""

    verdict: Verdict
    why: str


@dataclass(frozen=True, slots=True)
class Level:
    """A level in dB of what was heard from `began` to `ended`, in seconds of one clock."""

    began: float
    ended: float
    db: float


@dataclass(frozen=True, slots=True)
class _Phase:
    """Between two edges of the siren."""

    began: float
    ended: float

    def of(self, levels: Sequence[Level]) -> list[float]:
        """The levels that are almost wholly of this phase."""
        return [each.db for each in levels if self._share(each) >= _PURE]

    def _share(self, level: Level) -> float:
        began = min(level.began, level.ended - _MEMORY_S)
        inside = min(level.ended, self.ended) - max(began, self.began)
        return inside / (level.ended - began)


def judge(levels: Sequence[Level], edges: Sequence[tuple[float, bool]]) -> Hearing:
    """Say whether the levels go with the siren's edges (seconds of the same clock, and on or off).

    Three tones, each alike and 10 dB above all that was heard before and after, and 6 dB above the
    gaps beside it.
    """
    if [on for _, on in edges] != [True, False] * TONES:
        return Hearing(Verdict.NOT_HEARD, f"{len(edges)} edges: not the tones that were asked for")
    times = [at for at, _ in edges]
    ends = [*times[:-1], times[-1] + _RINGS_S]
    phases = map(_Phase, [float("-inf"), *ends], [*times, float("inf")])
    heard = [phase.of(levels) for phase in phases]
    if not all(heard):
        return Hearing(Verdict.NOT_HEARD, "the microphone is too slow to follow the tones")
    tones, gaps = [min(each) for each in heard[1::2]], [min(each) for each in heard[2:-1:2]]
    still = max(*heard[0], *heard[-1])
    above = min(tones) - still
    said = f"tones {min(tones):.1f} to {max(tones):.1f} dB, {above:+.1f} dB above the room"
    if above < LEAST_DB:
        return Hearing(Verdict.NOT_HEARD, f"{said}: {LEAST_DB:g} dB are needed")
    if max(tones) - min(tones) > ALIKE_DB:
        return Hearing(Verdict.NOT_HEARD, f"{said}: not one siren, or a noise came in between")
    if any(min(tones[n], tones[n + 1]) - gap < GAP_DB for n, gap in enumerate(gaps)):
        return Hearing(Verdict.NOT_HEARD, f"{said}: but not in step with the siren")
    return Hearing(Verdict.PROVEN, said)


class _Group:
    """One group of T3 on a siren, and when it was really switched."""

    def __init__(self, siren: Output, pace: Pace) -> None:
        self._siren, self._pace, self._begins = siren, pace, pace.clock() + BEFORE_S
        self._sounds = False
        self.edges: list[tuple[float, bool]] = []

    def step(self) -> float:
        """Put the siren where it belongs now; give the seconds until its next edge.

        Raises:
            OSError: The pin cannot be had or moved.
        """
        since_s = self._pace.clock() - self._begins
        if since_s < 0:
            return -since_s
        sounds, left_s = signals.TEST(since_s)
        if sounds is not self._sounds:
            (self._siren.on if sounds else self._siren.off)()
            self._sounds = sounds
            self.edges.append((self._pace.clock(), sounds))
        return left_s


def hear(config: Config, board: Board) -> Hearing:
    """Sound one group of T3 and listen to it; takes about ten seconds and the wires.

    People hear it: only ever on request.
    """
    found = _microphone(config)
    if found is None:
        why = f"no sensor gives {' or '.join(LEVELS)}: nobody can say whether the siren sounds"
        return Hearing(Verdict.NO_MICROPHONE, why)
    each, quantity = found
    sensor, siren = each.build(board), make_siren(config.annunciator.siren, board)
    try:
        sensor.open()
        board.pace.wait(each.warm_up_s)
        group = _Group(siren, board.pace)
        levels = _listen(sensor, quantity, group, board.pace)
    except (OSError, SensorError) as error:
        return Hearing(Verdict.NOT_HEARD, failure(each.name, error, 0.0).message)
    finally:
        siren.close()
        sensor.close()
    return judge(levels, group.edges)


def _microphone(config: Config) -> tuple[SensorConfig, Quantity] | None:
    for quantity in LEVELS:
        for each in config.sensors:
            if quantity in each.spans:
                return each, quantity
    return None


def _listen(sensor: Sensor, quantity: Quantity, group: _Group, pace: Pace) -> list[Level]:
    """Read without a break, but never into the next edge of the siren.

    Raises:
        OSError: The microphone does not answer, or the siren's pin cannot be moved.
        SensorError: The microphone gives no level.
    """
    ends, levels, took_s = pace.clock() + BEFORE_S + AFTER_S, list[Level](), 0.0
    while pace.clock() < ends:
        left_s = group.step()
        if left_s < took_s - _LATE_S:
            pace.wait(left_s)
            continue
        began = pace.clock()
        level = sensor.read()[quantity]
        levels.append(Level(began, pace.clock(), level))
        took_s = levels[-1].ended - began
        if took_s < _AT_ONCE_S:  # it gives the newest level that it has
            pace.wait(min(_AT_ONCE_S, left_s))
    return levels
