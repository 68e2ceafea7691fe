"""A sound level meter after IEC 61672-1:2013: from blocks of samples to levels, and nothing else.

Every millisecond has its weighted sound, from which the time weightings are followed; the rule's
stored interval of 0.125 s at most (공동주택 층간소음) is kept here, inside. Of each half second the
highest levels leave, and of each second its equivalent level.
"""

import math
from dataclasses import dataclass

import numpy as np

from agent.perception.a_weighting import AWeighting, Samples

LEAST_RATE_HZ = 16_000  # below, weighting A has lost its upper end
FAST_S, SLOW_S = 0.125, 1.0  # time weightings F and S
_BLOCKS_A_SECOND, _STEPS = 10, 100  # a step is a millisecond
_BLOCKS_A_REPORT = 5
_STORED_STEPS = 125  # of the F level, for percentiles
_CLIPS_AT = 0.9999  # of full scale


@dataclass(frozen=True, slots=True)
class Second:
    """Equivalent levels in dB of a whole second, A-weighted and not; `lost_pct` of its samples.

    `is_overloaded`: a sample reached the converter's end, so the levels are "at least so much".
    """

    laeq_dba: float
    leq_db: float
    lost_pct: float
    is_overloaded: bool


@dataclass(frozen=True, slots=True)
class Levels:
    """What a half second brought. Levels are in dB, negative infinity for digital silence.

    `at_s` is its end in seconds of samples, `laf_dba` and `las_dba` the highest F and S levels in
    it, `stored_laf_dba` the F level each 0.125 s, `second` the second that ended with it, if one
    did.
    """

    at_s: float
    laf_dba: float
    las_dba: float
    stored_laf_dba: tuple[float, ...]
    second: Second | None


class _Exponential:
    """One time weighting of steps of a millisecond, a block of `_STEPS` at once."""

    def __init__(self, time_constant_s: float) -> None:
        decay = math.exp(-1 / (1000 * time_constant_s))
        steps = np.arange(_STEPS)
        ages = steps[:, None] - steps[None, :]
        self._old = decay ** (steps + 1.0)
        self._new = np.where(ages >= 0, (1 - decay) * decay ** np.abs(ages), 0.0)
        self._last = 0.0

    def follow(self, squares: Samples) -> Samples:
        """Weight the mean squares of the next steps; as many come back."""
        weighted: Samples = self._old * self._last + self._new @ squares
        self._last = float(weighted[-1])
        return weighted


class LevelMeter:
    """Takes blocks of a tenth of a second; says what each half second brought.

    `full_scale_db` is the level in dB re 20 µPa of a sine that just reaches full scale, 1.0 of the
    samples. `block_frames` is how many samples a block must have.
    """

    def __init__(self, rate_hz: int, full_scale_db: float) -> None:
        """Make the filters.

        Raises:
            ValueError: Less than 16 kHz, or no whole number of samples in a tenth of a second.
        """
        if rate_hz < LEAST_RATE_HZ or rate_hz % _BLOCKS_A_SECOND:
            raise ValueError(f"{rate_hz} Hz: {LEAST_RATE_HZ} Hz at least, in tens")
        self.rate_hz, self.block_frames = rate_hz, rate_hz // _BLOCKS_A_SECOND
        self._full_scale_db = full_scale_db
        self._weighting = AWeighting(rate_hz, self.block_frames)
        self._begins = np.arange(_STEPS) * self.block_frames // _STEPS
        self._frames = np.diff(self._begins, append=self.block_frames)
        self._fast, self._slow = _Exponential(FAST_S), _Exponential(SLOW_S)
        self._heard = self._lost = self._missed = 0  # samples; `_missed` of this second
        self._steps = 0
        self._squares: list[tuple[float, float]] = []  # of each block of this second, A and not
        self._highest = [0.0, 0.0]  # mean squares, F and S
        self._stored: list[float] = []
        self._clipped = False

    def update(self, block: Samples, lost: int = 0) -> Levels | None:
        """Take the next block in; `lost` samples were missing before it."""
        if lost:
            self._weighting.reset()
            self._lost, self._missed = self._lost + lost, self._missed + lost
        self._heard += len(block)
        squares = self._squares_of(block)
        fast, slow = self._fast.follow(squares), self._slow.follow(squares)
        self._highest = [max(self._highest[0], fast.max()), max(self._highest[1], slow.max())]
        first = -self._steps % _STORED_STEPS
        self._stored += [self._level(each) for each in fast[first::_STORED_STEPS]]
        self._steps += _STEPS
        if self._heard // self.block_frames % _BLOCKS_A_REPORT:
            return None
        return self._report()

    def _squares_of(self, block: Samples) -> Samples:
        """The weighted mean square of each millisecond; the block's own go to the second's."""
        weighted = self._weighting.weight(block) ** 2
        plain = block - block.mean()
        self._squares.append((float(weighted.mean()), float(np.mean(plain * plain))))
        self._clipped |= bool(np.abs(block).max() >= _CLIPS_AT)
        squares: Samples = np.add.reduceat(weighted, self._begins) / self._frames
        return squares

    def _report(self) -> Levels:
        found = Levels(
            at_s=(self._heard + self._lost) / self.rate_hz,
            laf_dba=self._level(self._highest[0]),
            las_dba=self._level(self._highest[1]),
            stored_laf_dba=tuple(self._stored),
            second=self._second() if len(self._squares) == _BLOCKS_A_SECOND else None,
        )
        self._highest, self._stored = [0.0, 0.0], []
        return found

    def _second(self) -> Second:
        weighted, plain = (sum(each) / len(each) for each in zip(*self._squares, strict=True))
        lost_pct = 100 * self._missed / (self._missed + self.rate_hz)
        found = Second(self._level(weighted), self._level(plain), lost_pct, self._clipped)
        self._squares, self._missed, self._clipped = [], 0, False
        return found

    def _level(self, mean_square: float) -> float:
        """In dB; half the square of full scale is a sine's that just reaches it."""
        if mean_square <= 0:
            return -math.inf
        return self._full_scale_db + 10 * math.log10(2 * mean_square)


def percentile(levels_dba: Samples, exceeded_pct: float) -> float:
    """The level in dB that is exceeded for so many percent of the time: LA90 is the background."""
    return float(np.percentile(levels_dba, 100 - exceeded_pct))
