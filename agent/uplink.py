"""Forward a reader's rows to its hub, lane by lane, each until the hub has confirmed it."""

import random
import threading
import time
from collections.abc import Callable
from typing import Protocol

from agent.eventfile import Row
from agent.reader import Reader

RETRY_S, RETRY_MAX_S = 1.0, 60.0
RETRY_ALARM_S = 10.0  # the longest pause while an alarm waits
DENIED_S = 60.0  # before a hazard is tried again that the hub denies
SLICE_S = 1.0  # the longest sleep: between two, progress is shown and `stop` seen


class Destination(Protocol):
    """Where rows go."""

    def takes(self, row: Row) -> bool:
        """Say whether one row may go out now; asked again each turn."""

    def send(self, row: Row) -> bool:
        """Deliver one row; True only once it is confirmed."""

    def denies(self, row: Row) -> bool:
        """Say whether the row that was just sent was answered, and with a refusal."""

    def heartbeat_if_due(self) -> bool:
        """Keep the connection alive; False if there is none."""

    def close(self) -> None:
        """Say goodbye."""


def forward(  # noqa: PLR0913  # what the loop waits for and reports to, each injected
    reader: Reader,
    hub: Destination,
    *,
    stop: threading.Event,
    beat: Callable[[], None],
    clock: Callable[[], float] = time.monotonic,
    jitter: Callable[[], float] = random.random,
    wait: Callable[[float], bool] | None = None,
) -> None:
    """Run until `stop`, then say goodbye. A put wakes it at once, even out of a pause.

    A hub that is away is no fault of ours: `beat` (progress) is called all the same, and stays
    away only while a call to the hub hangs. Pauses double up to `RETRY_MAX_S`, or `RETRY_ALARM_S`
    while an alarm waits, and are drawn evenly from nothing to that (`jitter`, 0 to 1), so that a
    street of devices does not come back at one instant. A hazard that the hub denies waits for
    `DENIED_S`, and holds up no other. `wait` sleeps until a put, the reader's own if not given.
    """
    sleep = reader.wait if wait is None else wait
    failures, denied_until = 0, 0.0
    while not stop.is_set():
        beat()
        if clock() >= denied_until:
            reader.pass_none_over()
        row = reader.oldest()
        if row is not None and not hub.takes(row):
            row = None
        is_there = hub.heartbeat_if_due()
        if is_there and row is None:
            failures = 0
            sleep(SLICE_S)
        elif is_there and row is not None and hub.send(row):
            failures = 0
            reader.confirm(row.seq, clock())
        elif is_there and row is not None and hub.denies(row):
            reader.pass_over(row)
            denied_until = clock() + DENIED_S
        else:
            longest_s = RETRY_ALARM_S if reader.is_urgent() else RETRY_MAX_S
            pause_s = jitter() * min(longest_s, RETRY_S * 2.0 ** min(failures, 16))
            failures += 1
            _pause(clock() + pause_s, stop=stop, beat=beat, clock=clock, sleep=sleep)
    hub.close()


def _pause(
    until: float,
    *,
    stop: threading.Event,
    beat: Callable[[], None],
    clock: Callable[[], float],
    sleep: Callable[[float], bool],
) -> None:
    """Sleep to `until` (seconds of `clock`), or to the next put or `stop`."""
    while not stop.is_set() and (left := until - clock()) > 0:
        beat()
        if sleep(min(left, SLICE_S)):
            return
