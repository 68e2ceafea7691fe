"""One life of the agent: its process, the hand on its buttons, and what was claimed in it."""

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from agent.sections import HubConfig
from hw_mocks.control import ControlClient

ROOT = Path(__file__).parents[2]
DEADLINE_S = 300.0  # on a machine that something else keeps busy
ARRIVE_S = 100.0  # for what is under way, in fair weather
SETTLE_S = 30.0  # from pin to flash takes 10 ms; such a machine may take much longer
SITE, DEVICE = "bench", "torture-1"
_TOML = """
profile = "torture"
title = {{ ko = "시험", en = "Torture" }}
device = {{ id = "{device}", site = "{site}" }}
sos = {{ buttons = ["sos"] }}

[hub]
host = "{hub.host}"
port = {hub.port}
ca = "{hub.ca}"
certificate = "{hub.certificate}"
key = "{hub.key}"
puback_timeout_s = 1.0

[[neighbours]]
name = "city"
hazards = ["sos"]
host = "{neighbour.host}"
port = {neighbour.port}
ca = "{neighbour.ca}"
certificate = "{neighbour.certificate}"
key = "{neighbour.key}"
puback_timeout_s = 1.0

[annunciator]
siren = {{ gpio = 18 }}

[[sensors]]
name = "sos"
driver = "button"
gpio = 23

[[sensors]]
name = "co"
driver = "co_cell"
adc = {{ chip = "mcp3008", channel = 1 }}
na_per_ppm = 1.8
every_s = 0.1
"""
Sight = TypeVar("Sight")


class Happened(msgspec.Struct, frozen=True):
    """What the witnesses need of an event's body; `monotonic_s` is when it was decided."""

    id: str
    seq: int
    boot_id: str
    hazard: str
    stage: str
    monotonic_s: float
    previous: str
    revision: int = 0


def decode(body: bytes) -> Happened:
    """Read an event's body, less than the agent does."""
    return msgspec.json.decode(body, type=Happened)


def rows(database: Path, limit: int) -> list[tuple[str, bytes, bool, bool]]:
    """A file's last rows as another process reads them: id, body, is alarm, is confirmed."""
    with contextlib.suppress(sqlite3.Error):
        where = f"{database.absolute().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(where, uri=True)) as db:
            return [
                (id_, body, bool(alarm), at is not None)
                for id_, body, alarm, at in db.execute(
                    "SELECT id, body, alarm, confirmed_at FROM event ORDER BY seq DESC LIMIT ?",
                    (limit,),
                )
            ]
    return []


@dataclass(frozen=True, slots=True)
class Seen:
    """A row that another process read in the file; `at` is monotonic s."""

    id: str
    revision: int
    alarm: bool
    at: float


@dataclass
class Life:
    """When the wire moved in it, what the file showed before its end, and how it ended.

    Times in monotonic seconds. `ending` is just before the end, `ended` just after it; `torn` are
    presses that the end may have come before.
    """

    number: int
    end: str = "kill"
    presses: list[float] = field(default_factory=list)
    sure: int = 0  # so many of them were in the file, as another process read it
    torn: int = 0
    seen: list[Seen] = field(default_factory=list)  # in the file, and waiting for the hub
    ending: float = 0.0
    ended: float = 0.0
    was_full: bool = False


class Agent:
    """The agent on simulated wires, as its own process; `around` and `environment` are its world.

    `module` is what is run: the agent, or a sabotaged one.
    """

    def __init__(
        self,
        folder: Path,
        state: Path,
        *,
        around: Sequence[str] = (),
        environment: Mapping[str, str],
        module: Sequence[str] = ("hw_mocks",),
    ) -> None:
        self.database, self.log = state / "outbox.db", folder / "agent.log"
        self._config, self._socket = folder / "device.toml", folder / "control"
        self._environment = os.environ | environment
        ours = ("setpriv", "--pdeathsig", "KILL", "--")  # it does not outlive the harness
        command = (*ours, *around, sys.executable, "-m", *module, "--config", self._config)
        places = ("--control", self._socket, "--state", state, "--run-dir", folder / "run")
        self._command = [str(part) for part in (*command, *places)]

    def configure(self, hub: HubConfig, neighbour: HubConfig) -> None:
        """Write its configuration: the neighbour is sent alarms alone."""
        text = _TOML.format(device=DEVICE, site=SITE, hub=hub, neighbour=neighbour)
        self._config.write_text(text, "utf-8")

    def start(self) -> subprocess.Popen[bytes]:
        """Start it; it is not ready yet."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self._command, cwd=ROOT, stdout=log, stderr=log, env=self._environment
            )

    def control(self, process: subprocess.Popen[bytes]) -> ControlClient:
        """Its control socket, once it answers."""

        def connect() -> ControlClient | None:
            self.lives(process)
            with contextlib.suppress(OSError):
                return ControlClient(self._socket)
            return None

        return eventually(connect, "the agent's control socket")

    def lives(self, process: subprocess.Popen[bytes]) -> None:
        """Hold it to be running.

        Raises:
            SystemExit: It ended by itself; its last words are the message.
        """
        if process.poll() is not None:
            tail = self.log.read_text("utf-8", "replace")[-2000:]
            raise SystemExit(f"torture: the agent ended by itself: {process.poll()}\n{tail}")

    def rows(self, limit: int = 1_000_000) -> list[tuple[str, bytes, bool, bool]]:
        """The file's last rows, as `rows` has them."""
        return rows(self.database, limit)

    def alarms(self) -> set[str]:
        """The ids of all alarms in the file."""
        return {id_ for id_, _, alarm, _ in self.rows() if alarm}

    def newest(self) -> int:
        """The number of the newest row, 0 if there is none."""
        return next((decode(body).seq for _, body, *_ in self.rows(1)), 0)

    def has_alarm_since(self, at: float) -> bool:
        """Whether the file holds an alarm of `at` (monotonic s) or later."""
        found = (decode(body) for _, body, alarm, _ in self.rows(8) if alarm)
        return any(each.monotonic_s >= at for each in found)


class Hand:
    """Presses the button and cuts the gas sensor's wire, of one life."""

    def __init__(self, agent: Agent, life: Life, choose: random.Random) -> None:
        self._agent, self._life, self._choose = agent, life, choose
        self._cut = False

    def press_until_heard(self, control: ControlClient) -> None:
        """Press until one is in the file: from then on the agent is there to hear."""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            at = self._turn(control)
            with contextlib.suppress(TimeoutError):
                eventually(lambda at=at: self._agent.has_alarm_since(at), "", within_s=5.0)  # type: ignore[misc]
                self._life.presses.append(at)
                self._life.sure = 1
                return
        raise SystemExit(f"torture: the agent does not hear the button: {self._agent.log}")

    def press(self, control: ControlClient) -> bool:
        """Press once; False if the agent ended meanwhile."""
        try:
            self._life.presses.append(self._turn(control))
        except OSError:
            self._life.torn += 1
            return False
        return True

    def settle(self) -> None:
        """Wait until the last press is in the file.

        Raises:
            TimeoutError: It does not come.
        """
        at = self._life.presses[-1]
        eventually(lambda: self._agent.has_alarm_since(at), "the last press in the file", SETTLE_S)
        self._life.sure = len(self._life.presses)

    def trouble(self, control: ControlClient) -> None:
        """Cut the gas sensor's wire, or mend it."""
        self._cut = not self._cut
        with contextlib.suppress(OSError):
            control.ask({"set": {"co.fault": "absent" if self._cut else "none"}})

    def look(self) -> None:
        """Note which waiting rows another process sees in the file: alarms are on flash by then."""
        if not self._life.was_full:  # then what is no alarm may be given up at any moment
            self._life.seen = [
                Seen(id_, (event := decode(body)).revision, alarm, event.monotonic_s)
                for id_, body, alarm, confirmed in self._agent.rows(400)
                if not confirmed
            ]

    def _turn(self, control: ControlClient) -> float:
        at = control.set("sos.pressed", 1)
        time.sleep(self._choose.uniform(0.015, 0.04))
        with contextlib.suppress(OSError):  # it was pressed all the same
            control.set("sos.pressed", 0)
        time.sleep(self._choose.uniform(0.015, 0.04))
        return at


def bytes_written(process: subprocess.Popen[bytes]) -> int:
    """What the process has had written to a disk, without the file system's journal, in bytes."""
    with contextlib.suppress(OSError, ValueError):
        text = Path(f"/proc/{process.pid}/io").read_text("ascii")
        return int(text.partition("\nwrite_bytes:")[2].split()[0])
    return 0


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill it, whatever it does, and wait for its end."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGKILL)
    process.wait()


def eventually(look: Callable[[], Sight | None], what: str, within_s: float = DEADLINE_S) -> Sight:
    """Look until there is something to see.

    Raises:
        TimeoutError: There was nothing for `within_s` seconds.
    """
    deadline = time.monotonic() + within_s
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"torture: not within {within_s:g} s: {what}")
        time.sleep(0.005)
    return seen
