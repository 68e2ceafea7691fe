"""The agent's threads: each shows progress, and a bug in one ends the process."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from agent import sdnotify, supervisor
from agent.health import Heartbeats

log = logging.getLogger(__name__)

CRASHED = 70  # EX_SOFTWARE: a bug; systemd restarts the agent
JOIN_S = 5.0
REPORT_EVERY_S = 1.0

Beat = Callable[[], None]


def never() -> bool:
    """Of a worker that waits for no disk."""
    return False


def always() -> bool:
    """Of a worker that reads or writes files."""
    return True


@dataclass(frozen=True, slots=True)
class Worker:
    """One thread: its name, what it runs, and the longest silence it may keep, in seconds.

    `on_disk` tells whether it may be the card that it waits for.
    """

    name: str
    work: Callable[[Beat], None]
    within_s: float
    on_disk: Callable[[], bool] = never


class Stoppable(Protocol):
    """Whatever a worker runs in."""

    def stop(self) -> None:
        """End it; from any thread."""


class Workers:
    """Runs workers until `stop`, and supervises them on the caller's thread.

    `sounds` tells whether an alarm is to be heard, and waits for nobody.
    """

    def __init__(self, sounds: Callable[[], bool]) -> None:
        self._sounds = sounds
        self._heartbeats = Heartbeats(time.monotonic)
        self._crashed = False
        self.stopping = threading.Event()

    def run(
        self,
        workers: list[Worker],
        *,
        stop: Callable[[], None],
        report: Callable[[list[str]], None],
    ) -> int:
        """Start them and supervise until they are told to stop; return the exit code.

        `stop` ends every worker's work; `report` is called each second with who is late.
        """
        on_disk = {each.name: each.on_disk for each in workers}
        respite = supervisor.Respite(self._sounds, lambda name: on_disk[name](), time.monotonic)
        threads = [self._start(worker, stop) for worker in workers]
        supervisor.watch(
            self._heartbeats,
            self.stopping,
            every_s=REPORT_EVERY_S,
            notify=sdnotify.notify,
            report=report,
            spares=respite.spares,
        )
        for thread in threads:
            thread.join(timeout=JOIN_S)
        return CRASHED if self._crashed else 0

    def _start(self, worker: Worker, stop: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                worker.work(lambda: self._heartbeats.beat(worker.name))
            except (
                Exception
            ):  # the top of a thread: a bug ends the process, and systemd restarts it
                log.critical("%s: ended by a bug", worker.name, exc_info=True)
                self._crashed = True
                stop()

        self._heartbeats.expect(worker.name, worker.within_s)
        thread = threading.Thread(target=run, name=worker.name, daemon=True)
        thread.start()
        return thread
