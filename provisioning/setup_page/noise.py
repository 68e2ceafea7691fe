"""How loud it is when it is quiet, as the microphone hears it; and what a reference meter says.

The levels are the agent's own readings: half a minute of them, by the agent's clock.
"""

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import msgspec

from agent.sections import Config
from agent.values import Why
from drivers import calibration, kept
from drivers.sensor import NotReadyError, Quantity
from provisioning.remedy import Failure
from provisioning.setup_page.draft import Noise
from provisioning.setup_page.live import Live
from provisioning.setup_page.refusals import RefusedError

LASTS_S = 30.0
_REFERENCE_S = 15.0
_LEVELS = (str(Quantity.SOUND_LAEQ_DBA), str(Quantity.SOUND_LEQ_DB))
_FEWEST = 10
_RESTLESS_DB = 15.0  # from the quietest second to the loudest: that was no quiet
Body = Mapping[str, Any]


class Listening:
    """A measurement under way; `keep` is given what came of it."""

    def __init__(
        self, live: Live, keep: Callable[[Noise], None], *, stamp: Callable[[], str]
    ) -> None:
        self._live, self._keep, self._stamp = live, keep, stamp
        self._lock = threading.Lock()
        self._sensor, self._quantity, self._lasts_s = "", "", LASTS_S
        self._began_at: float | None = None
        self._levels: list[float] = []
        self._done = threading.Event()
        self.quiet: list[float] = []
        live.watch(self._hear)

    def begin(self, sensor: str, quantity: str, lasts_s: float = LASTS_S) -> None:
        """Listen to it from the next level on."""
        with self._lock:
            self._sensor, self._quantity, self._lasts_s = sensor, quantity, lasts_s
            self._began_at, self._levels = self._live.now, []
            self._done.clear()

    def wait(self, within_s: float) -> list[float]:
        """The levels, once it is over; empty where it was not in time."""
        return list(self._levels) if self._done.wait(within_s) else []

    def shown(self) -> Noise | None:
        """How far it is; None while none is under way."""
        with self._lock:
            if self._began_at is None:
                return None
            left_s = max(0.0, self._lasts_s - (self._live.now - self._began_at))
            return Noise(
                sensor=self._sensor, state="running", left_s=round(left_s, 1), lasts_s=self._lasts_s
            )

    def _hear(self, said: Body) -> None:
        with self._lock:
            if self._began_at is None:
                return
            if said["sensor"] == self._sensor and said.get("quantity") == self._quantity:
                self._levels.append(said["value"])
            if said["at"] < self._began_at + self._lasts_s:
                return
            self._began_at = None
            levels = list(self._levels)
        if self._lasts_s >= LASTS_S:
            self.quiet = levels
            self._keep(judged(self._sensor, levels, self._stamp()))
        self._done.set()


def microphone(config: Config | None) -> tuple[str, str] | None:
    """The sensor that hears, and its quantity; None where the device has none."""
    for each in config.sensors if config is not None else []:
        for level in _LEVELS:
            if level in {str(quantity) for quantity in each.spans}:
                return each.name, level
    return None


def judged(sensor: str, levels: Sequence[float], at: str) -> Noise:
    """What a quiet half minute was: energy mean in dB, or why it was none."""
    if len(levels) < _FEWEST:
        return _failed(sensor, "noise-silent", _SILENT, at)
    mean = _energy_mean(levels)
    if max(levels) - min(levels) > _RESTLESS_DB:
        return _failed(sensor, "noise-restless", _RESTLESS, at)
    return Noise(
        sensor=sensor,
        state="passed",
        level_dba=round(mean, 1),
        lowest_dba=round(min(levels), 1),
        highest_dba=round(max(levels), 1),
        readings=len(levels),
        at=at,
    )


def calibrate(  # noqa: PLR0913  # the microphone, what it heard, and where it is kept
    state: Path,
    found: Noise,
    *,
    quiet: Sequence[float],
    heard: Sequence[float],
    reference_db: float,
    reference: str,
    taken_at: str,
) -> Noise:
    """Keep what the microphone is off by, where its driver looks when it is opened.

    Raises:
        RefusedError: The sound was not steady, or hardly above the quiet.
        OSError: The disk is full, read-only or broken.
    """
    try:
        before = calibration.load(state, found.sensor)
    except NotReadyError:
        before = None
    offset_db = before.offset_db if before is not None else 0.0
    try:
        made = calibration.measure(
            [level - offset_db for level in heard],
            [level - offset_db for level in quiet],
            reference_db=reference_db,
            reference=reference,
            taken_at=taken_at,
        )
    except (NotReadyError, msgspec.ValidationError) as error:
        raise RefusedError(_unsteady(str(error))) from None
    kept.store(calibration.path(state, found.sensor), made)
    return msgspec.structs.replace(
        found,
        reference_db=reference_db,
        offset_db=round(made.offset_db, 2),
        level_dba=round(fmean(quiet) - offset_db + made.offset_db, 1),
    )


def reference_s() -> float:
    """How long a steady sound is listened to, in s."""
    return _REFERENCE_S


def _energy_mean(levels: Sequence[float]) -> float:
    return 10 * math.log10(fmean(10 ** (level / 10) for level in levels))


def _failed(sensor: str, code: str, words: tuple[Why, Why], at: str) -> Noise:
    return Noise(sensor=sensor, state="failed", code=code, why=words[0], remedy=words[1], at=at)


_SILENT = (
    Why("마이크에서 값이 오지 않았어요.", "Nothing came from the microphone."),
    Why("마이크의 선을 확인하고 다시 해 주세요.", "Check the microphone's wires, and do it again."),
)
_RESTLESS = (
    Why("재는 동안 조용하지 않았어요.", "It was not quiet meanwhile."),
    Why(
        "30초 동안 말하거나 움직이지 말고 다시 해 주세요.",
        "Do it again, and do not speak or move for 30 seconds.",
    ),
)


def _unsteady(detail: str) -> Failure:
    return Failure(
        "sound-not-steady",
        Why(
            "기준 소리가 고르지 않거나 너무 작아요.",
            "The reference sound was not steady, or too soft.",
        ),
        Why(
            "소음계와 마이크를 나란히 두고, 평소보다 크고 고른 소리로 다시 해 주세요.",
            "Put meter and microphone side by side, and use a steady sound well above the quiet.",
        ),
        detail,
    )


def new_failure(code: str) -> RefusedError:
    """Why no measurement was begun or no meter's value taken."""
    return RefusedError(_REFUSALS[code])


_REFUSALS = {
    "no-microphone": Failure(
        "no-microphone",
        Why("이 기기에는 마이크가 없어요.", "This device has no microphone."),
        Why("다음 단계로 가 주세요.", "Please go on with the next step."),
    ),
    "noise-first": Failure(
        "noise-first",
        Why("조용할 때의 소리를 아직 재지 않았어요.", "The quiet has not been measured yet."),
        Why("먼저 30초 동안 조용히 재 주세요.", "Please measure the quiet first."),
    ),
}
