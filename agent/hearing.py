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
from agent.outputs import siren as make_siren
from agent.sampler import failure
from agent.sections import Config
from agent.signals import Signal
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
_SLOW_RINGS_S = 1.5  # and until half seconds, late as they come, have nothing of it
_SLOW_AFTER_S = 11.0


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

    def of(self, levels: Sequence[Level], share: float) -> list[float]:
        """The levels of whose time such a share was in this phase."""
        return [each.db for each in levels if self._share(each) >= share]

    def _share(self, level: Level) -> float:
        began = min(level.began, level.ended - _MEMORY_S)
        inside = min(level.ended, self.ended) - max(began, self.began)
        return inside / (level.ended - began)


def judge(
    levels: Sequence[Level], edges: Sequence[tuple[float, bool]], *, highest: bool = False
) -> Hearing:
    """Say whether the levels go with the siren's edges (seconds of the same clock, and on or off).

    Three tones, each alike and 10 dB above all that was heard before and after, and 6 dB above the
    gaps beside it. With `highest` each level is the highest of its time, not the mean.
    """
    if [on for _, on in edges] != [True, False] * TONES:
        return Hearing(Verdict.NOT_HEARD, f"{len(edges)} edges: not the tones that were asked for")
    times = [at for at, _ in edges]
    ends = [*times[:-1], times[-1] + (_SLOW_RINGS_S if highest else _RINGS_S)]
    phases = map(_Phase, [float("-inf"), *ends], [*times, float("inf")])
    heard = [phase.of(levels, 1.0 if highest else _PURE) for phase in phases]
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
    """Three tones on a siren, and when it was really switched."""

    def __init__(self, siren: Output, pace: Pace, signal: Signal) -> None:
        self._siren, self._pace, self._begins = siren, pace, pace.clock() + BEFORE_S
        self._signal = signal
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
        sounds, left_s = self._signal(since_s)
        if sounds is not self._sounds:
            (self._siren.on if sounds else self._siren.off)()
            self._sounds = sounds
            self.edges.append((self._pace.clock(), sounds))
        return left_s


def hear(config: Config, board: Board) -> Hearing:
    """Sound three tones and listen to them; takes about ten seconds and the wires.

    They are a group of T3, but for a microphone of perception longer: it tells the highest of each
    half second, some tenths late. People hear it: only ever on request.
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
        signal = signals.SLOW_TEST if each.is_perceived else signals.TEST
        group = _Group(siren, board.pace, signal)
        levels = (_overhear if each.is_perceived else _listen)(sensor, quantity, group, board.pace)
    except (OSError, SensorError) as error:
        return Hearing(Verdict.NOT_HEARD, failure(each.name, error, 0.0).message)
    finally:
        siren.close()
        sensor.close()
    return judge(levels, group.edges, highest=each.is_perceived)


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


def _overhear(sensor: Sensor, quantity: Quantity, group: _Group, pace: Pace) -> list[Level]:
    """Take each level as it is told: it is of the time since the one before.

    Raises:
        OSError: Perception cannot be heard, or the siren's pin cannot be moved.
        SensorError: It says nothing of the microphone.
    """
    ends, levels, since = pace.clock() + BEFORE_S + _SLOW_AFTER_S, list[Level](), pace.clock()
    while pace.clock() < ends:
        left_s = group.step()
        level = sensor.read().get(quantity)
        if level is not None:
            now = pace.clock()
            levels.append(Level(since, now, level))
            since = now
        pace.wait(min(_AT_ONCE_S, left_s))
    return levels
