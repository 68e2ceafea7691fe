"""A button that is held for five seconds asks for the setup page."""

import logging
from pathlib import Path

from agent.values import Reading
from drivers.sensor import Quantity

log = logging.getLogger(__name__)

HELD_S = 5.0


class LongPress:
    """Writes `file` once the button was held for `HELD_S`; what else the press does is not its."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._since: float | None = None  # monotonic seconds; None: not held, or asked already
        self._is_down = False

    def take(self, reading: Reading) -> None:
        """Look at a reading of the button."""
        is_down = reading.quantity is Quantity.BUTTON and bool(reading.value)
        if is_down and not self._is_down:
            self._since = reading.at
        if not is_down:
            self.look(reading.at)
            self._since = None
        self._is_down = is_down

    def look(self, now: float) -> None:
        """Ask, if it has been held for so long at `now` (monotonic seconds)."""
        if self._since is None or now - self._since < HELD_S:
            return
        self._since = None
        try:
            self._file.write_text("the button was held\n", "ascii")
        except OSError as error:
            log.error("setup: not asked for: %s", error)  # noqa: TRY400  # no traceback
        else:
            log.warning("button: held for %g s: the setup page is asked for", HELD_S)
