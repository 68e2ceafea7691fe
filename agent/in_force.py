"""The configuration in force: the installed file, or one from afar that has stood its trial.

An installed file that somebody has edited wins over any from afar. What is kept is one small file,
replaced in one step, and beside it the texts by their digests.
"""

import contextlib
import hashlib
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec

from agent import config
from agent.afar import NotFromAfarError, given_up, merged
from agent.commands import Code, Configuration
from agent.config import ConfigError
from agent.envelope import kernel_boot
from agent.sections import Config
from agent.trial import (
    CHANGED,
    SOAK_S,
    WITHIN_S,
    Record,
    Remote,
    Signs,
    Trial,
    Verdict,
    ended,
    settled,
    shortcomings,
)
from drivers import kept
from drivers.sensor import NotReadyError

log = logging.getLogger(__name__)

FOLDER, FILE = "configuration", "in_force.json"
LONGEST_WARM_UP_S = 900.0
_UNUSABLE = (OSError, ConfigError, NotFromAfarError)

Note = Callable[[str, dict[str, Any]], None]


class InForce:
    """The configuration that the agent runs by, and what becomes of one from afar.

    Used from any thread. Whoever only looks sees the last good one, and writes nothing; the agent
    itself, once it holds the state directory, calls `decide`.
    """

    def __init__(
        self,
        installed: Path,
        state: Path,
        *,
        boot: Callable[[], str] = kernel_boot,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Look which it is.

        Raises:
            ConfigError: The installed file cannot be used.
        """
        self.path, self._folder, self._decides = installed, state / FOLDER, False
        self._boot, self._clock = boot, clock
        self._installed = config.load(installed)
        self._installed_sha256 = hashlib.sha256(installed.read_bytes()).hexdigest()
        self._notes: list[dict[str, Any]] = []
        self._note: Note | None = None
        self._since: float | None = None  # seconds of the agent's clock
        self._unsaved = ""
        self._lock = threading.RLock()
        self._record = Record(self._installed_sha256)
        self._look()

    @property
    def trouble(self) -> str:
        """Why what is known of it would not outlive a restart; empty while all is well."""
        return self._unsaved

    @property
    def verdict(self) -> Verdict | None:
        """How the last trial ended, while the hub does not know."""
        with self._lock:
            return self._record.verdict

    def decide(self) -> None:
        """Settle which it is: a trial begins with this, or is over."""
        with self._lock:
            self._decides = True
            self._look()
            if self.origin != "installed":
                log.warning("configuration: %s in force: %s", self.sha256[:16], self.origin)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is on trial, owed or unwritten."""
        with self._lock:
            return not (self._record.trial or self._record.verdict or self._unsaved)

    def note_by(self, note: Note) -> None:
        """Have what happens written down, and what has happened before this was called."""
        with self._lock:
            self._note = note
            for body in self._notes:
                note("configuration", body)
            self._notes.clear()

    def propose(self, command: Configuration, signer: str, signs: Signs) -> tuple[Code, str] | None:
        """Check one from afar and write it down; None: the process must now end, to try it."""
        with self._lock:
            if self._record.trial is not None or self._record.verdict is not None:
                return Code.BUSY, "another one is on trial, or its answer is on its way"
            if signs.alarm:
                return Code.BUSY, "an alarm is under way: a restart would interrupt it"
            raw = command.toml.encode()
            remote = Remote(hashlib.sha256(raw).hexdigest(), command.id, command.by, signer)
            if remote.sha256 != command.sha256:
                return Code.NOT_UNDERSTOOD, f"the SHA-256 of `toml` is {remote.sha256}"
            if self.origin == "remote" and remote.sha256 == self.sha256:
                return Code.NOT_ACTIVE, "it is in force already"
            try:
                kept.replace(self._path(remote), raw)
                refused = self._refused(remote, accept_less=command.accept_less_coverage)
                if refused is None:
                    self._begin(remote, signs)
            except OSError as error:
                refused = Code.NOT_KEPT, f"the disk takes nothing: {error}"
            self._tidy()
            return refused

    def tend(self, signs: Signs, now: float) -> bool:
        """Judge the trial at `now` (the agent's clock); True: the process must end, to go back."""
        with self._lock:
            if self._unsaved:
                self._save()
            trial = self._record.trial
            if trial is None or self.origin != "trial":
                return False
            self._since = now if self._since is None else self._since
            why, age_s = shortcomings(trial, signs), now - self._since
            if not why:
                return age_s >= SOAK_S and not self._find_good(trial)
            if age_s < self._patience_s() or signs.alarm:
                return False
            self._give_up(trial, "; ".join(why))
            return True

    def told(self, command: str) -> None:
        """Note that the hub has the answer to this command."""
        verdict = self._record.verdict  # no lock for what is no verdict: it may wait for a disk
        if verdict is None or verdict.id != command:
            return
        with self._lock:
            if self._record.verdict == verdict:
                self._record = msgspec.structs.replace(self._record, verdict=None)
                self._save()

    def _look(self) -> None:
        self.config, self.sha256 = self._installed, self._installed_sha256
        self.origin: Literal["installed", "remote", "trial"] = "installed"
        self._record = self._read()
        self._settle()
        self._take_up()

    def _settle(self) -> None:
        before = self._record
        self._record = settled(before, self._installed_sha256, self._boot(), self._clock())
        if before.trial is not None and self._record.trial is None:
            verdict = self._record.verdict
            self._say("rolled_back", before.trial.remote, verdict.reason if verdict else "")
        if before.good is not None and self._record.good is None:
            self._say("discarded", before.good, CHANGED)
        is_saved = self._record == before or self._save()
        if not is_saved and self._record.trial is not None:  # it might begin a second time
            self._give_up(self._record.trial, f"it could not be tried: {self._unsaved}")

    def _take_up(self) -> None:
        """Load what is in force; what cannot be used any more gives way to what it replaced."""
        trial = self._record.trial if self._decides else None
        if trial is not None:
            try:
                self.config = self._load(trial.remote)
            except _UNUSABLE as error:
                self._give_up(trial, str(error))
            else:
                self.origin, self.sha256 = "trial", trial.remote.sha256
                self._say("on_trial", trial.remote)
                return
        if (good := self._record.good) is None:
            return
        try:
            self.config = self._load(good)
        except _UNUSABLE as error:
            self._record = msgspec.structs.replace(self._record, good=None)
            self._save()
            self._say("discarded", good, str(error))
        else:
            self.origin, self.sha256 = "remote", good.sha256

    def _refused(self, remote: Remote, *, accept_less: bool) -> tuple[Code, str] | None:
        """Why it is not even tried."""
        try:
            found = self._load(remote)
        except ConfigError as error:
            return Code.BAD_CONFIGURATION, str(error).removeprefix(f"{self._path(remote)}: ")
        except NotFromAfarError as error:
            return Code.NOT_FROM_AFAR, str(error)
        lost = given_up(self.config, found)
        if lost and not accept_less:
            return Code.LESS_COVERAGE, f"without `accept_less_coverage` it gives up {lost[0]}"
        return None

    def _begin(self, remote: Remote, signs: Signs) -> None:
        trial = Trial(remote, self._boot(), self._clock(), sorted(signs.lost))
        before = self._record
        self._record = msgspec.structs.replace(
            before, installed=self._installed_sha256, trial=trial
        )
        if not self._save():
            self._record = before
            raise OSError(self._unsaved)
        self._say("proposed", remote)

    def _find_good(self, trial: Trial) -> bool:
        """Keep it for good; False where the disk does not: the next start would take it back."""
        before = self._record
        self._record = ended(before, trial, "")
        if not self._save():
            self._record = before
            self._say("rolled_back", trial.remote, self._unsaved)
            return False
        self.origin = "remote"
        self._say("good", trial.remote)
        self._tidy()
        return True

    def _give_up(self, trial: Trial, reason: str) -> None:
        self._record = ended(self._record, trial, reason)
        self._save()
        self._say("rolled_back", trial.remote, reason)
        self._tidy()

    def _patience_s(self) -> float:
        warm_up_s = max(each.warm_up_s for each in self.config.sensors)
        return WITHIN_S + min(LONGEST_WARM_UP_S, warm_up_s)

    def _load(self, remote: Remote) -> Config:
        """The whole configuration, checked; what is fixed is as the installed file has it.

        Raises:
            OSError: The text is not there, or not what it was.
            ConfigError: It cannot be used.
            NotFromAfarError: It changes what it must not.
        """
        path = self._path(remote)
        if hashlib.sha256(path.read_bytes()).hexdigest() != remote.sha256:
            raise OSError(f"{path}: not what was written")
        return config.checked(merged(self._installed, config.load(path)), path)

    def _path(self, remote: Remote) -> Path:
        return self._folder / f"{remote.sha256}.toml"

    def _read(self) -> Record:
        try:
            if (self._folder / FILE).exists():
                return kept.load(self._folder / FILE, Record, what="record", remedy="send it again")
        except (OSError, NotReadyError) as error:
            log.error("configuration: from afar: %s", error)  # noqa: TRY400  # no traceback
            if self._decides:
                self._notes.append({"what": "forgotten", "reason": str(error)})
        return Record(self._installed_sha256)

    def _save(self) -> bool:
        if not self._decides:
            return True
        try:
            kept.store(self._folder / FILE, self._record)
        except OSError as error:
            self._unsaved = f"the disk takes nothing: {error}"
            return False
        self._unsaved = ""
        return True

    def _tidy(self) -> None:
        """Remove the texts that nothing refers to any more."""
        if not self._decides or self._unsaved:
            return
        trial = self._record.trial
        remotes = (self._record.good, None if trial is None else trial.remote)
        in_use = {each.sha256 for each in remotes if each is not None}
        for path in self._folder.glob("*.toml"):
            if path.stem not in in_use:
                with contextlib.suppress(OSError):
                    path.unlink()

    def _say(self, what: str, remote: Remote, reason: str = "") -> None:
        if not self._decides:
            return
        log.warning("configuration: %s: %s by %s: %s", remote.sha256[:16], what, remote.by, reason)
        body = {"what": what, "sha256": remote.sha256, "command": remote.id, "by": remote.by}
        body |= {"signer": remote.signer} if remote.signer else {}
        body |= {"reason": reason} if reason else {}
        if self._note is None:
            self._notes.append(body)
        else:
            self._note("configuration", body)
