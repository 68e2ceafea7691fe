"""One output at work: what waits for it goes out, most urgent first, each until it is taken.

A thread of its own each, so that an output that fails or hangs holds up no other.
"""

import logging
import random
import sqlite3
import threading
import time
from collections.abc import Callable

from provisioning.gateway.store import Store, Waiting
from provisioning.gateway.told import Output, RefusedError, UndeliveredError

log = logging.getLogger(__name__)

RETRY_S, RETRY_MAX_S = 1.0, 300.0
REFUSED_RETRY_S = 3600.0  # a receiver whose clock or secret was wrong refuses what is good, too


class Outlet:
    """Delivers the parcels of one output from the store. `clock` is monotonic seconds."""

    def __init__(
        self,
        output: Output,
        store: Store,
        *,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.output, self._store = output, store
        self._clock, self._jitter = clock, jitter
        self._news, self._stop = threading.Event(), threading.Event()
        self._failures = 0
        self.delivered = self.given_up = 0
        self.trouble = ""
        self._busy_since: float | None = None
        self._again_at = clock() + REFUSED_RETRY_S
        # one that hangs in a name look-up must not hold up the end of the process
        self._thread = threading.Thread(target=self._run, name=output.name, daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def wake(self) -> None:
        """Say that something waits."""
        self._news.set()

    def stop(self, within_s: float) -> None:
        """End, at most `within_s` from now."""
        self._stop.set()
        self._news.set()
        self._thread.join(within_s)

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs: it ends by `stop` alone."""
        return self._thread.is_alive()

    @property
    def busy_s(self) -> float:
        """For how long the delivery under way has lasted, in seconds; 0 where there is none."""
        since = self._busy_since
        return 0.0 if since is None else self._clock() - since

    def give_up(self, keys: list[str]) -> None:
        """Count what the store gave up, and say it."""
        if keys:
            self.given_up += len(keys)
            log.error("%s: too many wait: given up: %s", self.output.name, ", ".join(keys))

    def _run(self) -> None:
        while not self._stop.is_set():
            self._news.clear()
            try:
                self._try_refused_again()
                waiting = self._store.next(self.output.name)
                if waiting is not None:
                    self._deliver(waiting)
                    continue
            except sqlite3.Error as error:
                self._fail(f"the disk fails: {error}")
            except UndeliveredError as error:
                self._fail(str(error))
            else:
                self._news.wait(REFUSED_RETRY_S)
                continue
            self._pause()

    def _try_refused_again(self) -> None:
        if self._clock() >= self._again_at:
            self._again_at = self._clock() + REFUSED_RETRY_S
            self._store.take_refused_again(self.output.name)

    def _deliver(self, waiting: Waiting) -> None:
        """Hand one over.

        Raises:
            UndeliveredError: It was not taken now.
            sqlite3.Error: It was, but the disk does not take that it was.
        """
        self._busy_since = self._clock()
        try:
            self.output.deliver(waiting.parcel)
        except RefusedError as error:
            log.error("%s: %s set aside: %s", self.output.name, waiting.parcel.key, error)  # noqa: TRY400  # no traceback
            self._store.set_aside(waiting.number, str(error))
        else:
            self._store.done(waiting.number)
            self.delivered += 1
        finally:
            self._busy_since = None
        if self.trouble:
            log.warning("%s: taken again", self.output.name)
        self.trouble, self._failures = "", 0

    def _fail(self, why: str) -> None:
        if why != self.trouble:
            log.warning("%s: not taken: %s", self.output.name, why)
        self.trouble = why

    def _pause(self) -> None:
        """Wait longer after each failure; news end it early, but not before `RETRY_S`."""
        longest = min(RETRY_MAX_S, RETRY_S * 2.0 ** min(self._failures, 16))
        self._failures += 1
        if not self._stop.wait(RETRY_S * (0.5 + 0.5 * self._jitter())):
            self._news.wait(longest * self._jitter())
