"""What Sensirion's VOC algorithm has learnt of a place, kept over restarts with its age."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from drivers import kept
from drivers.board import Board
from drivers.sensor import NotReadyError

if TYPE_CHECKING:
    from adafruit_sgp40.voc_algorithm import VOCAlgorithm

log = logging.getLogger(__name__)

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_LEARNS_READS = 2700  # INITI_DURATION_MEAN: for so long it takes what is there for clean
_GOOD_READS = 3 * 3600  # "after at least 3 hours of continuous operation" (get_states)
_KEEP_READS = 1800
_GONE_READS = 600  # "not after interruptions longer than 10 minutes" (set_states)
_OLDEST_S = float(_KEEP_READS + _GONE_READS)
_RESUMED_GAMMA = 10_800  # PERSISTENCE_UPTIME_GAMMA, in s
_BLACKOUT = 46  # INITIAL_BLACKOUT and one more


class VocState(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Mean and deviation as the algorithm has them, and when: seconds since `boot_id` booted."""

    mean: int
    deviation: int
    boot_id: str
    at_s: float


class VocLearning:
    """The algorithm, fed once a second. Only its age is asked of a clock: seconds since boot.

    The clock of the wall may be wrong until the network is there, and nobody knows how long the
    board was without power: a state from before a reboot is never taken up.
    """

    def __init__(self, board: Board, name: str) -> None:
        self._path, self._clock = kept.path(board.state, name), board.pace.clock
        self._name = name
        self._algorithm: VOCAlgorithm | None = None
        self._reads = self._missed = 0

    def begin(self) -> None:
        """Make the algorithm, from what was kept if it is fit; keep on with one that is there."""
        from adafruit_sgp40.voc_algorithm import VOCAlgorithm  # noqa: PLC0415  # only where wired

        if self._algorithm is not None and self._missed <= _GONE_READS:
            return
        self._algorithm, self._reads = VOCAlgorithm(), 0
        self._algorithm.vocalgorithm_init()
        try:
            state = kept.load(self._path, VocState, what="VOC state", remedy="it learns anew")
        except NotReadyError as error:
            log.info("%s: %s", self._name, error)
            return
        if state.boot_id == boot_id() and 0 <= self._clock() - state.at_s <= _OLDEST_S:
            self._resume(state)

    def _resume(self, state: VocState) -> None:
        """Do what the library's own `_set_states` would do if its call fitted its callee.

        Neither does that one tell the gas model, so that the first index would be 0.
        """
        if self._algorithm is None:
            return
        params = self._algorithm.params
        params.m_mean_variance_estimator_mean = params.m_mox_model_sraw_mean = state.mean
        params.m_mean_variance_estimator_std = params.m_mox_model_sraw_std = state.deviation
        params.m_mean_variance_estimator_uptime_gamma = _RESUMED_GAMMA << 16
        params.m_mean_variance_estimator_initialized = 1
        params.msraw = state.mean
        params.muptime = _BLACKOUT << 16  # its heater was on all the time
        self._reads = _GOOD_READS

    def index(self, ticks: int) -> int:
        """Take one measurement in, in the sensor's ticks; 0 to 500."""
        if self._algorithm is None:
            raise NotReadyError(f"{self._name}: not open")
        self._reads += 1
        self._missed = 0
        index: int = self._algorithm.vocalgorithm_process(ticks)
        if self._reads % _KEEP_READS == 0:
            self.keep()
        return index

    def miss(self) -> None:
        """Count a second without a measurement, until the next one comes."""
        self._missed += 1

    def left_min(self) -> float:
        """Minutes for which it still learns."""
        return max(0, _LEARNS_READS - self._reads) / 60

    def keep(self) -> None:
        """Store what it has learnt, if that is enough; a full disk costs the learning only."""
        if self._algorithm is None or self._reads < _GOOD_READS:
            return
        params = self._algorithm.params
        mean = params.m_mean_variance_estimator_mean + params.m_mean_variance_estimator_sraw_offset
        deviation = int(params.m_mean_variance_estimator_std)
        at_s = self._clock()
        state = VocState(mean=int(mean), deviation=deviation, boot_id=boot_id(), at_s=at_s)
        try:
            kept.store(self._path, state)
        except OSError as error:
            log.warning("%s: VOC state not kept: %s", self._name, error)


def boot_id() -> str:
    """Name this run of the kernel."""
    return BOOT_ID.read_text("ascii").strip()
