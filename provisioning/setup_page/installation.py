"""One device being set up: what has been done, what the agent says, and what may be done next."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent import config as configuration_file
from agent.sections import Config
from agent.tomlfile import ConfigError
from agent.values import Why
from agent.wallclock import WallTime, read_wall_clock
from provisioning.places import DEVICE_TOML, SETUP_REQUEST
from provisioning.seed import Seed
from provisioning.setup_page import apply, contacts, draft, identity, network, reset, steps
from provisioning.setup_page.agent_link import AgentLink
from provisioning.setup_page.baselines import Baselines
from provisioning.setup_page.draft import Draft, Noise, Trial
from provisioning.setup_page.live import Live
from provisioning.setup_page.noise import Listening
from provisioning.setup_page.profiles import Profile, fitting, profiles
from provisioning.setup_page.refusals import (
    AGENT_AWAY,
    DISK,
    NO_PROFILE,
    NOT_UNDERSTOOD,
    RefusedError,
)
from provisioning.setup_page.trials import Trials
from provisioning.setup_page.wiring import place_of
from provisioning.setup_page.words import driver_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lie on this device; see `provisioning.places`."""

    configuration: Path
    run: Path
    state: Path

    @property
    def identity(self) -> Path:
        """The folder of key, certificate and anchors."""
        return self.configuration / "identity"


@dataclass(slots=True)
class Record:
    """The commissioning of this run: its signed text, the text's SHA-256 (hex), and its time."""

    text: str
    sha256: str
    at: str


@dataclass(slots=True)
class Installation:
    """What the requests work on. `clock` is monotonic seconds."""

    seed: Seed
    places: Places
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], WallTime] = read_wall_clock
    record: Record | None = None
    finished: threading.Event = field(default_factory=threading.Event)
    lock: threading.RLock = field(default_factory=threading.RLock)
    live: Live = field(default_factory=Live)
    config: Config | None = field(init=False, default=None)
    draft: Draft = field(init=False)
    profiles: Mapping[str, Profile] = field(init=False)
    link: AgentLink = field(init=False)
    trials: Trials = field(init=False)
    noise: Listening = field(init=False)
    baselines: Baselines = field(init=False)
    is_closed: bool = field(init=False, default=False)
    held_ns: int = field(init=False, default=0)  # when the button was held before the end

    def __post_init__(self) -> None:
        """Take up what was kept."""
        self.draft = draft.load(self.places.configuration)
        self.profiles = profiles()
        self.config = self._in_force()
        self.link = AgentLink(self.places.run, heard=self.live.hear, came=self.live.forget)
        self.trials = Trials(
            self.link, self.live, self.keep_trial, clock=self.clock, stamp=self.stamp
        )
        self.noise = Listening(self.live, self.keep_noise, stamp=self.stamp)
        self.baselines = Baselines(self.link, stamp=self.stamp)

    def stamp(self) -> str:
        """What the device's clock shows, RFC 3339."""
        return self.wall().iso

    def begin(self) -> None:
        """Dial the agent."""
        self.link.start()

    def close(self) -> None:
        """Hang up, and let go of whoever follows the readings."""
        self.is_closed = True
        self.link.stop()

    def status(self) -> Mapping[str, Any]:
        """What the agent says of itself; empty while none answers."""
        try:
            found = self.link.ask(status=True).get("status")
        except RefusedError:
            return {}
        return found if isinstance(found, dict) else {}

    def status_or_refuse(self) -> Mapping[str, Any]:
        """The same.

        Raises:
            RefusedError: No agent answers.
        """
        if not (found := self.status()):
            raise RefusedError(AGENT_AWAY, 503)
        return found

    def keep(self) -> None:
        """Have the draft outlive a power cut.

        Raises:
            RefusedError: The disk takes nothing.
        """
        try:
            draft.keep(self.places.configuration, self.draft)
        except OSError as error:
            log.error("setup: not kept: %s", error)  # noqa: TRY400  # no traceback
            raise RefusedError(DISK, 507) from None

    def keep_trial(self, name: str, trial: Trial) -> None:
        """Note how a trial went; a full disk shows with the next step."""
        with self.lock:
            self.draft.trials[name] = trial
            self._try_to_keep()

    def keep_noise(self, found: Noise) -> None:
        """Note what was measured."""
        with self.lock:
            self.draft.noise = found
            self._try_to_keep()

    def choose(self, name: str) -> None:
        """Take a profile: the agent begins anew by it, and all trials with it."""
        if name not in self.profiles:
            raise RefusedError(NOT_UNDERSTOOD, 400)
        self.trials.cancel()
        with self.lock:
            before, self.draft = self.draft, Draft(place=self.draft.place, profile=name)
            try:
                self.write()
            except RefusedError:
                self.draft = before  # which is still in force
                raise
            self.keep()

    def write(self) -> None:
        """Put the configuration in force as it now stands.

        Raises:
            RefusedError: No profile is chosen, it is unusable, or the disk takes nothing.
        """
        if self.draft.profile not in self.profiles:
            raise RefusedError(NO_PROFILE)
        text = apply.device_toml(
            self.profiles[self.draft.profile].text,
            self.seed,
            self.draft.zones or {},
            self.places.identity,
        )
        try:
            self.config = apply.put_in_force(self.places.configuration, text)
        except OSError as error:
            log.error("setup: not written: %s", error)  # noqa: TRY400  # no traceback
            raise RefusedError(DISK, 507) from None

    def gone(self, status: Mapping[str, Any]) -> set[str]:
        """The sensors that do not answer, or as another part."""
        if self.config is None:
            return set()
        kinds = {"no_answer", "wrong_device", "disconnected"}
        found = {each.name: self.live.failure(each.name) for each in self.config.sensors}
        states = {n: e.get("state") for n, e in status.get("sensors", {}).items()}
        failing = {n for n, e in found.items() if e is not None and e["failure"] in kinds}
        return {n for n in failing if states.get(n) in {"failing", "silent", "warming"}}

    def suggested(self, status: Mapping[str, Any]) -> str:
        """The profile that is proposed: the seed's, or later the one that fits what answers."""
        if not self.draft.profile:
            return self.seed.profile if self.seed.profile in self.profiles else ""
        gone = self.gone(status)
        return fitting(self.profiles, self.draft.profile, gone) if gone else ""

    def finish(self, text: str, sha256: str, at: str) -> None:
        """Take note that the device is commissioned: the page closes by itself."""
        self.record, self.held_ns = Record(text, sha256, at), self._held_ns()
        self.finished.set()

    def is_held_again(self) -> bool:
        """Whether somebody has held the button since the device was commissioned."""
        return self._held_ns() not in {0, self.held_ns}

    def reopen(self) -> None:
        """Take changes again, until it is commissioned anew."""
        self.record = None
        self.finished.clear()

    def _held_ns(self) -> int:
        """When the button was held last; 0: it was not."""
        try:
            return (self.places.run / SETUP_REQUEST).stat().st_mtime_ns
        except OSError:
            return 0

    def state(self) -> dict[str, Any]:
        """Everything that the page shows."""
        # a trial that ends asks for this lock: never ask for the trials' while we hold it
        status, running = self.status(), self.trials.running()
        with self.lock:
            now = self.draft
            found: dict[str, Any] = {
                "device": {
                    "id": self.seed.device,
                    "site": self.seed.site,
                    "simulated": bool(status.get("simulated")),
                    "agent": bool(status),
                },
                "help": {"phone": self.seed.phone},
                "identity": identity.read(self.places),
                "card": identity.card(self.places),
                "place": now.place or self.seed.place,
                "profile": now.profile or None,
                "suggested": self.suggested(status) or None,
                "profiles": [_shown(each) for each in self.profiles.values()],
                "sensors": steps.sensors(self, status, running),
                "zones": now.zones,
                "noise": self.noise.shown() or now.noise,
                "network": network.shown(now.network),
                "contacts": contacts.load(self.places.configuration),
                "record": None
                if self.record is None
                else {"sha256": self.record.sha256, "at": self.record.at},
                "reset": reset.shown(self),
            }
            found["steps"] = steps.steps(self, found)
        return found

    def has(self, driver: str) -> list[str]:
        """The sensors of a driver, by name."""
        if self.config is None:
            return []
        return [each.name for each in self.config.sensors if driver_of(each) == driver]

    def _in_force(self) -> Config | None:
        path = self.places.configuration / DEVICE_TOML
        if not path.exists() or not self.draft.profile:
            return None
        try:
            return configuration_file.load(path)
        except ConfigError as error:
            log.warning("setup: %s", error)
            return None

    def _try_to_keep(self) -> None:
        try:
            self.keep()
        except RefusedError:
            log.error("setup: a result is in RAM only")  # noqa: TRY400  # no traceback


def _shown(profile: Profile) -> dict[str, Why | str]:
    return {
        "name": profile.name,
        "title": profile.title,
        "about": profile.about,
        "wiring": place_of(profile.name),
    }
