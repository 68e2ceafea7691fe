"""Keep systemd informed, and honestly so: the watchdog is fed by progress, never by a timer."""

import logging
import threading
from collections.abc import Callable

from agent.health import Heartbeats

log = logging.getLogger(__name__)


def watch(
    heartbeats: Heartbeats,
    stop: threading.Event,
    *,
    every_s: float,
    notify: Callable[[str], None],
    report: Callable[[list[str]], None],
) -> None:
    """Until `stop`: ping the watchdog while every worker makes progress, and `report` who is late.

    `every_s` is in real seconds and below half of systemd's `WatchdogSec`.
    """
    silent: list[str] = []
    while not stop.wait(every_s):
        late = heartbeats.late()
        if late != silent:
            if late:
                log.error("watchdog left to expire: no progress from %s", ", ".join(late))
            else:
                log.warning("watchdog fed again: every worker makes progress")
            silent = late
        if not late:
            notify("WATCHDOG=1")
        report(late)
    notify("STOPPING=1")
