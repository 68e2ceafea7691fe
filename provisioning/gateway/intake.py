"""What comes from the broker, taken once: into the store, with a parcel for each output."""

import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence

from agent.wallclock import read_wall_clock
from provisioning.gateway.broker import Message, NotKeptError
from provisioning.gateway.home_assistant import HomeAssistantOutput
from provisioning.gateway.notice import ROOT, NotANoticeError, Notice, is_identifier, read_notice
from provisioning.gateway.outlet import Outlet
from provisioning.gateway.store import Store
from provisioning.gateway.told import Place
from provisioning.gateway.view import View, happened, reported

log = logging.getLogger(__name__)

EVENTS, STATES = f"{ROOT}/+/+/event/+", f"{ROOT}/+/+/state"


class Intake:
    """Takes each message of the broker's. `places` is by `site/device`."""

    def __init__(
        self,
        store: Store,
        outlets: Sequence[Outlet],
        places: Mapping[str, Place],
        now: Callable[[], str] = lambda: read_wall_clock().iso,
    ) -> None:
        self._store, self._outlets, self._places, self._now = store, outlets, places, now
        outputs = [each.output for each in outlets]
        self._home = next((each for each in outputs if isinstance(each, HomeAssistantOutput)), None)
        self.taken = self.repeated = self.not_understood = 0
        self.trouble = ""

    @property
    def topics(self) -> list[str]:
        """What has to be subscribed to."""
        return [EVENTS, *([] if self._home is None else [STATES])]

    def refresh(self) -> None:
        """Show every device anew: places may have other words, the broker may have lost them.

        Raises:
            sqlite3.Error: The memory cannot be used.
        """
        if self._home is None:
            return
        with self._store.transaction():
            for view in self._store.views():
                place = self._place(view.site, view.device)
                self._store.spool(self._home.name, self._home.shown(view, place))

    def hear(self, message: Message) -> None:
        """Take one message.

        Raises:
            NotKeptError: The disk does not take it: it must come again.
        """
        if message.must_wait:
            raise NotKeptError(self.trouble)
        try:
            self._store.check_room()
            if message.topic.endswith("/state"):
                self._hear_state(message)
            else:
                self._hear_event(message)
        except (sqlite3.Error, OSError) as error:
            self.trouble = f"the disk fails: {error}"
            raise NotKeptError(self.trouble) from None
        self.trouble = ""

    def _hear_event(self, message: Message) -> None:
        try:
            notice = read_notice(message.topic, message.body, message.attributes)
        except NotANoticeError as error:
            self.not_understood += 1
            log.error("%s: %s", message.topic, error)  # noqa: TRY400  # no traceback
            return
        with self._store.transaction():
            if self._store.was_told(notice):
                self.repeated += 1
                return
            self._tell(notice)
        self.taken += 1
        self._wake()

    def _tell(self, notice: Notice) -> None:
        now, place = self._now(), self._place(notice.site, notice.device)
        at = notice.wall_time if notice.is_dated else now
        told = self._store.tell(notice, place, happened=at, now=now)
        for outlet in self._outlets:
            parcels = outlet.output.parcels(told)
            outlet.give_up(self._store.spool(outlet.output.name, parcels))
        if self._home is not None:
            view = self._store.view(notice.site, notice.device)
            self._show(view, happened(view, notice))

    def _hear_state(self, message: Message) -> None:
        levels = message.topic.split("/")
        if self._home is None or len(levels) != 5:
            return
        _, _, site, device, _ = levels
        if not (is_identifier(site) and is_identifier(device)):
            self.not_understood += 1
            return
        with self._store.transaction():
            view = self._store.view(site, device)
            if not message.body:  # the retained message was deleted
                self._store.spool(self._home.name, self._home.forgotten(view))
                self._store.forget(site, device)
            elif (after := reported(view, message.body)) is not None:
                self._show(view, after)
            else:
                self.not_understood += 1
        self._wake()

    def _show(self, before: View, after: View) -> None:
        if self._home is not None and after != before:
            self._store.keep_view(after)
            place = self._place(after.site, after.device)
            parcels = self._home.shown(after, place)
            if before.hazards:  # it was shown before: only what has changed goes out
                told = {each.key: each.body for each in self._home.shown(before, place)}
                parcels = [each for each in parcels if told.get(each.key) != each.body]
                if before.simulated is not after.simulated:
                    parcels = [*self._home.forgotten(before)[:1], *parcels]
            self._store.spool(self._home.name, parcels)

    def _place(self, site: str, device: str) -> Place:
        name = f"{site}/{device}"
        return self._places.get(name) or Place(name, name)

    def _wake(self) -> None:
        for outlet in self._outlets:
            outlet.wake()
