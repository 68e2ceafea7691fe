"""Keep systemd informed, and honestly so: the watchdog is fed by progress, never by a timer."""

import logging
import threading
from collections.abc import Callable

from agent.health import Heartbeats

log = logging.getLogger(__name__)

SPARED_S = 1800.0  # on end


class Respite:
    """Spares who may wait for the disk while an alarm sounds, for `SPARED_S` at most.

    On a card that hangs the next agent could not even start, so a siren that sounds is worth more
    than a worker that does not. `sounds` tells whether an alarm is to be heard, `on_disk` whether a
    worker may wait for the card; neither may wait itself. `clock` is monotonic seconds.
    """

    def __init__(
        self,
        sounds: Callable[[], bool],
        on_disk: Callable[[str], bool],
        clock: Callable[[], float],
    ) -> None:
        self._sounds, self._on_disk, self._clock = sounds, on_disk, clock
        self._since: float | None = None

    def spares(self, late: list[str]) -> bool:
        """Whether the watchdog is fed though these are late; to be asked at every turn."""
        if not late or not self._sounds():
            self._since = None
            return False
        now = self._clock()
        if self._since is None:
            self._since = now
        return now - self._since < SPARED_S and all(map(self._on_disk, late))


def watch(  # noqa: PLR0913  # whom it watches, asks and tells
    heartbeats: Heartbeats,
    stop: threading.Event,
    *,
    every_s: float,
    notify: Callable[[str], None],
    report: Callable[[list[str]], None],
    spares: Callable[[list[str]], bool],
) -> None:
    """Until `stop`: ping the watchdog while every worker makes progress, and `report` who is late.

    `spares` may have it pinged all the same. `every_s` is in real seconds and below half of
    systemd's `WatchdogSec`.
    """
    said: tuple[list[str], bool] = [], False
    while not stop.wait(every_s):
        late = heartbeats.late()
        spared = spares(late)
        if (late, spared) != said:
            said = late, spared
            _say(late, spared=spared)
        if spared or not late:
            notify("WATCHDOG=1")
        report(late)
    notify("STOPPING=1")


def _say(late: list[str], *, spared: bool) -> None:
    names = ", ".join(late)
    if spared:
        log.error("watchdog fed though there is no progress from %s: an alarm sounds", names)
    elif late:
        log.error("watchdog left to expire: no progress from %s", names)
    else:
        log.warning("every worker makes progress again")
