"""The learned rhythm on disk: once a day and at the end, replaced in one step."""

import logging
from pathlib import Path

import msgspec

from agent.detectors.rhythm import RhythmState
from drivers import kept

log = logging.getLogger(__name__)

EVERY_S = 86_400.0
LONGEST_BYTES = 64 * 1024
NAME = "rhythm.json"


class RhythmStore:
    """Keeps one `RhythmState` in the state directory; a lost or garbled one is a new beginning.

    About 10 KiB a day to flash. What was learned since the last write, at most a day, is lost in a
    power cut; the file is not.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._next: bytes | None = None
        self._due: float | None = None
        self._away_until_s = 0.0

    def load(self) -> RhythmState:
        """Give what was kept, or a new beginning, and say which. Never raises."""
        try:
            with self._path.open("rb") as file:
                text = file.read(LONGEST_BYTES)
            state = msgspec.json.decode(text, type=RhythmState)
        except FileNotFoundError:
            log.warning("rhythm: none kept: it is learned from now on, with fixed limits meanwhile")
        except (OSError, ValueError) as error:  # ValueError: msgspec's own, and what is not UTF-8
            log.error("rhythm: not usable, so it is learned anew: %s", error)  # noqa: TRY400
        else:
            log.info("rhythm: %d days known", state.days)
            self._away_until_s = state.away_until_s
            return state
        return RhythmState()

    def offer(self, state: RhythmState, now: float) -> None:
        """Take a state to be kept if a day has passed, or who is away has changed.

        On the detectors' thread: waits for no disk. `now` in monotonic seconds.
        """
        if self._due is None:
            self._due = now + EVERY_S
        if now >= self._due or state.away_until_s != self._away_until_s:
            self._due, self._away_until_s = now + EVERY_S, state.away_until_s
            self._next = msgspec.json.encode(state)

    def write(self) -> None:
        """Write what waits to be kept, if anything. Never raises: the old file stays."""
        waiting, self._next = self._next, None
        if waiting is None:
            return
        try:
            kept.replace(self._path, waiting)
        except OSError as error:
            log.error("rhythm: not kept: %s", error)  # noqa: TRY400  # no traceback

    def close(self, state: RhythmState) -> None:
        """Keep the last state, at the end."""
        self._next = msgspec.json.encode(state)
        self.write()
