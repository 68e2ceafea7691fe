"""People switch a camera or microphone off and on by hand, with a button or a contact."""

import logging
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agent.values import Reading
from drivers import kept
from drivers.board import Board
from drivers.sensor import NotReadyError, Quantity

if TYPE_CHECKING:
    from drivers.board import SensorConfig
    from drivers.perception_link import PerceptionLink

log = logging.getLogger(__name__)

FILE = "muted.json"


class Muted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file: the sensors that a button has switched off, by name."""

    sensors: list[str]


class Mutes:
    """What people want of each sensor that can be switched off; for the pipeline's thread.

    Each press of a button switches off or on again, which outlives a restart; what cannot be read
    back counts as off. A contact switches off while closed; until it is heard, nobody says a word.
    """

    def __init__(self, sensors: Iterable["SensorConfig"], board: Board, state: Path) -> None:
        self._kept = state / FILE
        self._by: defaultdict[str, list[str]] = defaultdict(list)
        buttons = set()
        sensors = list(sensors)
        for each in sensors:
            if (switch := each.muted_by()) is not None:
                self._by[switch].append(each.name)
        for each in sensors:
            if each.name in self._by and Quantity.BUTTON in each.spans:
                buttons.add(each.name)
        self._pressed: dict[str, bool] = {}
        self._link: PerceptionLink | None = board.perception() if self._by else None
        self._toggled = [name for switch in sorted(buttons) for name in self._by[switch]]
        self._restore()

    def take(self, reading: Reading) -> None:
        """Take a reading in; a switch's may change what is wanted."""
        if reading.sensor not in self._by:
            return
        if reading.quantity is Quantity.BUTTON:
            is_pressed = bool(reading.value)
            if is_pressed and self._pressed.get(reading.sensor) is False:
                for name in self._by[reading.sensor]:
                    self._want(name, is_muted=name not in self.names())
                self._keep()
            self._pressed[reading.sensor] = is_pressed
        elif reading.quantity is Quantity.CONTACT_OPEN:
            for name in self._by[reading.sensor]:
                self._want(name, is_muted=not reading.value)

    def names(self) -> list[str]:
        """The sensors that people want off now."""
        if self._link is None:
            return []
        return sorted(n for names in self._by.values() for n in names if self._link.muted(n))

    def _want(self, name: str, *, is_muted: bool) -> None:
        if self._link is None or self._link.muted(name) is is_muted:
            return
        self._link.mute(name, is_muted=is_muted)
        log.warning("%s: switched %s by hand", name, "off" if is_muted else "on")

    def _restore(self) -> None:
        """Take up what the last agent kept."""
        if not self._toggled or self._link is None:
            return
        muted: Iterable[str] = ()
        try:
            if self._kept.exists():
                found = kept.load(self._kept, Muted, what="mute state", remedy="press the button")
                muted = found.sensors
        except (OSError, NotReadyError) as error:
            log.error("mute: all are off: %s", error)  # noqa: TRY400  # no traceback
            muted = self._toggled
        for name in self._toggled:
            self._link.mute(name, is_muted=name in muted)

    def _keep(self) -> None:
        muted = [name for name in self.names() if name in self._toggled]
        try:
            kept.store(self._kept, Muted(muted))
        except OSError as error:
            log.error("mute: not kept over a restart: %s", error)  # noqa: TRY400  # no traceback
