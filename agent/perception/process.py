"""The perception process: a thread for each camera and microphone; this one supervises them.

Threads may hang in libraries that never return. This thread never does: it hears systemd and the
agent, and feeds systemd's watchdog while every worker makes progress. At the end it waits for no
thread for long.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from agent import sdnotify
from agent.health import Heartbeats
from agent.perception.sender import Sender
from agent.perception.watcher import CameraGoneError
from drivers.record import MuteRecord, source_of

log = logging.getLogger(__name__)

GONE, CRASHED = 69, 70  # EX_UNAVAILABLE: a device cannot be had; EX_SOFTWARE: a bug
_TURN_S = 0.25
_PROGRESS_S = 30.0  # a pause between openings beats, too; opening a camera takes seconds
_END_S = 1.5


class Worker(Protocol):
    """What a thread of its own runs for the sensor `name`."""

    name: str

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Work until `stop`; `beat` after each piece of progress."""

    def mute(self, *, is_muted: bool) -> None:
        """Be off or on; from any thread."""

    def draw(self, *, is_wanted: bool) -> None:
        """Send the outline of what is seen, for a while; from any thread."""


class Perception:
    """All workers of one process, and the sender that they share."""

    def __init__(self, workers: Sequence[Worker], sender: Sender) -> None:
        self._workers = {source_of(each.name): each for each in workers}
        self._sender = sender
        self._stop = threading.Event()
        self._heartbeats = Heartbeats(time.monotonic)
        self._code = 0

    def run(self) -> int:
        """Work until `stop`, or until a worker cannot go on; return the exit code.

        A thread that hangs is left behind: end the process without waiting for it.

        Raises:
            OSError: The place for the agent's answers cannot be had.
        """
        self._sender.open()
        threads = [self._start(worker) for worker in self._workers.values()]
        sdnotify.notify("READY=1")
        while not self._stop.wait(_TURN_S):
            for said in self._sender.answers():
                if (worker := self._workers.get(said.source)) is None:
                    continue
                if isinstance(said, MuteRecord):
                    worker.mute(is_muted=said.is_muted)
                else:
                    worker.draw(is_wanted=said.is_wanted)
            if not self._heartbeats.late():
                sdnotify.notify("WATCHDOG=1")
        sdnotify.notify("STOPPING=1")
        end = time.monotonic() + _END_S
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        self._sender.close()
        return self._code

    def stop(self) -> None:
        """End `run`; from any thread or a signal handler."""
        self._stop.set()

    def _start(self, worker: Worker) -> threading.Thread:
        def run() -> None:
            try:
                worker.run(self._stop, lambda: self._heartbeats.beat(worker.name))
            except CameraGoneError as error:
                self._code = GONE
                log.error("%s", error)  # noqa: TRY400  # no traceback
            except Exception:  # the top of a thread: a bug ends the process, systemd restarts it
                self._code = CRASHED
                log.critical("%s: ended by a bug", worker.name, exc_info=True)
            finally:  # also where there is no memory for a line in the log
                self._stop.set()

        self._heartbeats.expect(worker.name, _PROGRESS_S)
        thread = threading.Thread(target=run, name=worker.name, daemon=True)
        thread.start()
        return thread
