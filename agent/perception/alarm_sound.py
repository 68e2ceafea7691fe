"""The alarm next door: the cadence of another smoke or CO alarm, through a wall, in its spectrum.

T3 (ISO 8201) is three pulses of half a second, half a second apart, each 4 s; T4 (CO) is four
pulses of 0.1 s, 0.1 s apart, each 5.8 s. Any pitch from 400 to 4600 Hz will do, so it may be a
piezo's 3.1 kHz or the 520 Hz for sleeping rooms; it must be one tone above what surrounds it.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]
Levels = NDArray[np.float32]

_FRAME_S, _HOP_S = 0.04, 0.02  # so that a bin is 25 Hz wide at any sampling rate
_LOWEST, _HIGHEST = 16, 184  # bins: 400 and 4600 Hz
_BESIDE = 12  # bins to each side make what surrounds a tone
_WITHIN = 3  # but not these, next to it
_REMEMBERED_S = 15.0
_EVERY = 20  # frames between two looks
_SMOOTH = 3  # frames
_SPARSE = 4  # every so many frames are enough to know peak and pause by
_QUIET_SHARE = 0.25  # of the time at least nothing sounds or rings
_RESTLESS = 6  # times the pulses of a group: so many onsets are noise
_CONTRAST_DB = 8.0  # between the pulses and the pauses of a bin
_BELOW_PEAK_DB = (5.0, 8.0, 12.0)  # a pulse ends so far below: what rings longer is the room
_TONAL_DB = 5.0  # above what surrounds it, in the middle of the pulses
_ALIVE_S = 170.0  # after one was heard, one more group is enough: CO alarms come down to that
_ALIVE_BINS = 1  # so far from where it was heard
_FILL_S = 0.05  # shorter gaps and blips are noise


@dataclass(frozen=True, slots=True)
class Cadence:
    """A pattern of pulses: times in seconds, from onset to onset but for `on_s`.

    The tolerances are wider than those of the standards, as a room lengthens pulses by what rings
    and a wall leaves little of their beginnings.
    """

    pulses: int
    on_s: tuple[float, float]
    apart_s: tuple[float, float]
    period_s: tuple[float, float]
    loud_share: float  # of the time it is quieter than the body of its pulses
    is_smooth: bool  # judged by the mean of `_SMOOTH` frames: less is left of noise


T3 = Cadence(3, (0.36, 0.88), (0.88, 1.12), (3.6, 4.4), 0.85, is_smooth=True)
T4 = Cadence(4, (0.06, 0.17), (0.16, 0.25), (5.2, 6.4), 0.96, is_smooth=False)
_ALIKE = 1.6  # the longest pulse over the shortest


class AlarmSound:
    """Takes sound in and says which alarm is heard: 3 pulses, 4 pulses, or 0 for none.

    It keeps 15 s of levels of each bin of the spectrum, and no sound.
    """

    def __init__(self, rate_hz: int) -> None:
        self._frame, self._hop = round(_FRAME_S * rate_hz), round(_HOP_S * rate_hz)
        self._window = np.hanning(self._frame + 1)[:-1]
        self._rest = np.empty(0)
        self._levels = np.empty((0, _HIGHEST - _LOWEST), dtype=np.float32)
        self._tonal, self._smooth = np.empty_like(self._levels), np.empty_like(self._levels)
        self._power = np.empty((0, _HIGHEST - _LOWEST))  # of the last frames
        self._frames = 0
        self._heard: dict[int, int] = {}  # pulses: the frame at which its last group was found
        self._bins: dict[int, int] = {}  # and the bin that it was found in

    def update(self, samples: Samples, lost: int = 0) -> int:
        """Take the next samples in; `lost` were missing before them, which ends what was heard."""
        if lost:
            self._rest = np.empty(0)
            self._power = self._power[:0]
            self._levels, self._tonal, self._smooth = (
                each[:0] for each in (self._levels, self._tonal, self._smooth)
            )
        both = np.concatenate((self._rest, samples))
        if len(both) < self._frame:
            self._rest = both
            return self._pulses()
        frames = np.lib.stride_tricks.sliding_window_view(both, self._frame)[:: self._hop]
        self._rest = both[len(frames) * self._hop :]
        self._remember(frames)
        before, self._frames = self._frames, self._frames + len(frames)
        if before // _EVERY != self._frames // _EVERY:
            for cadence in (T3, T4):
                column = self._finds(cadence)
                if column is None and self._is_alive(cadence):
                    column = self._finds(cadence, 1)
                if column is not None:
                    self._heard[cadence.pulses] = self._frames
                    self._bins[cadence.pulses] = column
        return self._pulses()

    def _pulses(self) -> int:
        """What was found within the last two periods and a half."""
        for cadence in (T3, T4):
            found = self._heard.get(cadence.pulses)
            if found is not None and self._frames - found <= 1.5 * cadence.period_s[1] / _HOP_S:
                return cadence.pulses
        return 0

    def _is_alive(self, cadence: Cadence) -> bool:
        """Whether so little time has passed since a T4 that a single group may be its next."""
        found = self._heard.get(cadence.pulses)
        return cadence is T4 and found is not None and self._frames - found <= _ALIVE_S / _HOP_S

    def _remember(self, frames: NDArray[np.float64]) -> None:
        """Keep the level of each bin of each frame, and how far it stands above its neighbours."""
        spectrum = np.fft.rfft(frames * self._window, axis=1)[:, : _HIGHEST + _BESIDE + 1]
        power = spectrum.real**2 + spectrum.imag**2 + 1e-30
        level = 10 * np.log10(power)
        shifts = [n for n in range(-_BESIDE, _BESIDE + 1) if abs(n) >= _WITHIN]
        around = np.stack([level[:, _LOWEST + n : _HIGHEST + n] for n in shifts])
        mine = level[:, _LOWEST:_HIGHEST]
        recent = np.concatenate((self._power, power[:, _LOWEST:_HIGHEST]))
        self._power = recent[1 - _SMOOTH :]
        mean = sum(recent[n : len(recent) - _SMOOTH + 1 + n] for n in range(_SMOOTH)) / _SMOOTH
        self._levels = _appended(self._levels, mine)
        self._tonal = _appended(self._tonal, mine - np.median(around, axis=0))
        self._smooth = _appended(self._smooth, 10 * np.log10(mean))

    def _finds(self, cadence: Cadence, groups: int = 2) -> int | None:
        """The bin in which so many groups of a cadence have just been heard."""
        span = round((groups * cadence.period_s[1] + 0.5) / _HOP_S)
        levels = (self._smooth if cadence.is_smooth else self._levels)[-span:]
        if len(levels) * _HOP_S < cadence.period_s[0]:
            return None
        ranked = np.sort(levels[::_SPARSE], axis=0)
        peak = ranked[round(cadence.loud_share * (len(ranked) - 1))]
        contrast = peak - ranked[round(_QUIET_SHARE * (len(ranked) - 1))]
        for below_db in _BELOW_PEAK_DB:
            limit = peak - np.minimum(below_db, contrast / 2)
            column = self._matches(cadence, groups, levels, limit, contrast)
            if column is not None:
                return column
        return None

    def _matches(
        self, cadence: Cadence, groups: int, levels: Levels, limit: Levels, contrast: Levels
    ) -> int | None:
        """The bin in which what is above `limit`, of each bin, is the cadence."""
        sounds = levels > limit
        starts = np.count_nonzero(sounds[1:] & ~sounds[:-1], axis=0)
        likely = (contrast >= _CONTRAST_DB) & (starts < _RESTLESS * cadence.pulses)
        likely &= starts >= groups * cadence.pulses - 1
        if groups == 1:
            near = np.arange(likely.size) - self._bins[cadence.pulses]
            likely &= np.abs(near) <= _ALIVE_BINS
        fill = round(_FILL_S / _HOP_S) if cadence.is_smooth else 1
        tonal = self._tonal[-len(levels) :]
        for column in np.flatnonzero(likely):
            runs = _runs(sounds[:, column], fill)
            for found in _groups(runs, cadence, groups, len(levels)):
                if _is_tone(found, tonal[:, column]):
                    return int(column)
        return None


def _is_tone(pulses: Sequence[tuple[int, int]], tonal: Levels) -> bool:
    """Whether a bin stands out all through most pulses, which noise does not."""
    inner = [tonal[begin + 1 : max(end - 1, begin + 2)] for begin, end in pulses]
    return bool(np.percentile([each.mean() for each in inner], 30) >= _TONAL_DB)


def _appended(rows: Levels, more: NDArray[np.float64]) -> Levels:
    """The rows and those that follow, as many as are remembered."""
    return np.concatenate((rows, more.astype(np.float32)))[-round(_REMEMBERED_S / _HOP_S) :]


def _runs(sounds: NDArray[np.bool_], fill: int) -> list[tuple[int, int]]:
    """Begin and end of each stretch that sounds, in frames, without the shortest gaps and blips."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], sounds.astype(np.int8), [0]))))
    runs: list[tuple[int, int]] = []
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        if runs and begin - runs[-1][1] <= fill:
            runs[-1] = (runs[-1][0], int(end))
        else:
            runs.append((int(begin), int(end)))
    return [(begin, end) for begin, end in runs if end - begin > fill]


def _groups(
    runs: Sequence[tuple[int, int]], cadence: Cadence, groups: int, now: int
) -> Iterator[Sequence[tuple[int, int]]]:
    """So many groups in a row, if they end now and nothing else sounded between them."""
    count = groups * cadence.pulses
    for first in range(len(runs) - count + 1):
        found = runs[first : first + count]
        before = runs[first - 1][0] if first else None
        after = runs[first + count][0] if first + count < len(runs) else now
        if _is_cadence(found, cadence, before, after):
            yield found


def _is_cadence(
    found: Sequence[tuple[int, int]], cadence: Cadence, before: int | None, after: int
) -> bool:
    def within(frames: int, bounds: tuple[float, float]) -> bool:
        return bounds[0] <= frames * _HOP_S <= bounds[1]

    onsets = [begin for begin, _ in found]
    lengths = [end - begin for begin, end in found]
    gaps = [late - soon for soon, late in itertools.pairwise(onsets)]
    count = cadence.pulses
    pauses = gaps[count - 1 :: count]
    periods = [late - soon for soon, late in itertools.pairwise(onsets[::count])]
    del gaps[count - 1 :: count]
    return (
        all(within(each, cadence.on_s) for each in lengths)
        and max(lengths) <= _ALIKE * min(lengths) + 2
        and all(within(each, cadence.apart_s) for each in gaps)
        and all(within(each, cadence.period_s) for each in periods)
        and all(each * _HOP_S > cadence.apart_s[1] for each in pauses)
        and (before is None or (onsets[0] - before) * _HOP_S > cadence.apart_s[1])
        and (after - onsets[-1]) * _HOP_S > cadence.apart_s[1]
    )
