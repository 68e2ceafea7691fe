"""The device of the bad month: the real agent on simulated wires, its clock faster than life.

Its disk is ext4 on a card whose power can be cut. Simulated time stands still while it is down but
for the real seconds that the start takes, since starting is not compressed.
"""

import contextlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent.recovering import ANEW
from agent.sections import HubConfig
from hw_mocks.control import ControlClient
from tests.torture.disk import CardDisk, Outage
from tests.torture.life import ROOT, eventually

ENDS_S = 20.0  # real time
SYSTEMD_WAITS_S = 2.0  # RestartSec= of the agent's unit
SITE, DEVICE = "bench", "month-1"
SENSORS = ("ceiling", "room", "co", "motion")  # those that may die; the others are witnesses
_TOML = """
profile = "bad-month"
title = {{ ko = "시험", en = "A bad month" }}
device = {{ id = "{device}", site = "{site}" }}
sos = {{ buttons = ["sos"] }}

[hub]
host = "{hub.host}"
port = {hub.port}
ca = "{hub.ca}"
certificate = "{hub.certificate}"
key = "{hub.key}"
puback_timeout_s = 120.0
budget_kb_per_day = 1e9

[annunciator]
siren = {{ gpio = 18 }}

[[sensors]]
name = "ceiling"
driver = "dht22"
gpio = 5
every_s = 30.0

[[sensors]]
name = "room"
driver = "sht4x"
every_s = 30.0

[[sensors]]
name = "co"
driver = "co_cell"
adc = {{ chip = "mcp3008", channel = 1 }}
na_per_ppm = 1.8
every_s = 30.0

[[sensors]]
name = "smoke_alarm"
driver = "smoke_relay"
gpio = 17
every_s = 10.0

[[sensors]]
name = "camera"
driver = "camera"

[[sensors]]
name = "motion"
driver = "pir"
gpio = 27
every_s = 10.0

[[sensors]]
name = "sos"
driver = "button"
gpio = 23
every_s = 10.0
"""


class Down(Exception):  # noqa: N818  # no error: the power went
    """The device is not running."""


class Device:
    """One device over many lives. `elapsed_s` is its own age: simulated seconds since the month."""

    def __init__(self, folder: Path, disk: CardDisk, hub: HubConfig, rate: float) -> None:
        self._folder, self.disk, self.rate = folder, disk, rate
        self.log, self.database = folder / "agent.log", disk.state / "outbox.db"
        self._config, self._socket = folder / "device.toml", folder / "control"
        self._run = Path(
            tempfile.mkdtemp(prefix="haetae-run-", dir="/dev/shm")
        )  # as /run: no flash
        text = _TOML.format(device=DEVICE, site=SITE, hub=hub)
        self._config.write_text(text, "utf-8")
        self._begins = datetime.now(UTC)
        self._before_s = 0.0  # of lives that have ended, and of starts
        self.unarmed_s = 0.0  # real seconds from each start's beginning until it was armed
        self.began_anew = self.start  # when the agent has ended to begin anew
        self._last_s = 0.0
        self.process: subprocess.Popen[bytes] | None = None
        self._control: ControlClient | None = None

    def start(self) -> None:
        """Begin a life; return once it is armed."""
        began = time.monotonic()
        now = self._begins + timedelta(seconds=self._before_s)
        places = ("--state", self.disk.state, "--run-dir", self._run)
        times = ("--rate", self.rate, "--patient", "--once", "--starts", now.isoformat())
        given = ("--config", self._config, "--control", self._socket, *places, *times)
        command = ("setpriv", "--pdeathsig", "KILL", "--", sys.executable, "-m", "hw_mocks", *given)
        (self._run / "status.json").unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(each) for each in command], cwd=ROOT, stdout=log, stderr=log
            )
        self._control = eventually(self._connect, "the control socket")
        eventually(lambda: (self.status() or {}).get("armed"), "armed")
        down_s = time.monotonic() - began
        self._before_s += down_s
        self.unarmed_s += down_s

    def elapsed_s(self) -> float:
        """Simulated seconds since the month began."""
        facts = self._ask({"get": "scenario"})["scenario"]
        self._last_s = self._before_s + float(facts["t_s"])
        return self._last_s

    def turn(self, **knobs: object) -> None:
        """Turn knobs; a `__` in a name stands for the dot.

        Raises:
            Down: It has no power.
        """
        self._ask(_turned(knobs))

    def turn_as_it_ends(self, **knobs: object) -> None:
        """Turn knobs in a life whose cut is ordered: it may be over before it has answered.

        Raises:
            Down: It has no power.
        """
        if self._control is None:
            raise Down
        with contextlib.suppress(OSError):
            self._control.ask(_turned(knobs))

    def cut_power(self, choose: random.Random) -> int:
        """End the life in the middle of a write, if one comes; the sectors that were lost."""
        if self.process is None:
            raise Down
        self._before_s = self.elapsed_s()
        self._hang_up()
        keep = choose.choice(("all", "some", "flushed"))
        self.disk.cut(
            self.process, after=choose.randint(1, 4), keep=keep, seed=choose.getrandbits(30)
        )
        return self.cut_short().sectors

    def cut_short(self) -> Outage:
        """Wait for the end of a life whose cut is ordered already (`disk.cut`)."""
        if self.process is None:
            raise Down
        self._hang_up()
        outage = self.disk.after_cut(self.process)
        self.process = None
        return outage

    def stop(self) -> None:
        """End the last life in order."""
        self._hang_up()
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def remove(self) -> None:
        """Take away what was in memory."""
        shutil.rmtree(self._run, ignore_errors=True)

    def status(self) -> dict[str, Any] | None:
        """What it says of itself, if it has said anything."""
        with contextlib.suppress(OSError, ValueError):
            found: dict[str, Any] = json.loads((self._run / "status.json").read_bytes())
            return found
        return None

    def holds_together(self) -> None:
        """Hold it to be running.

        Raises:
            ConnectionResetError: It ended to begin anew.
            SystemExit: It ended by itself; its last words are the message.
        """
        if self.process is None or self.process.poll() is None:
            return
        if self.process.returncode == ANEW:
            raise ConnectionResetError("it begins anew")
        tail = self.log.read_text("utf-8", "replace")[-2000:]
        raise SystemExit(f"month: the agent ended by itself: {self.process.returncode}\n{tail}")

    def _connect(self) -> ControlClient | None:
        self.holds_together()
        with contextlib.suppress(OSError):
            return ControlClient(self._socket)
        return None

    def _ask(self, request: object) -> dict[str, Any]:
        if self._control is None:
            raise Down
        try:
            self.holds_together()
            return self._control.ask(request)
        except OSError:  # it is ending
            if self.process is not None and self.process.wait(ENDS_S) != ANEW:
                self.holds_together()
        self._hang_up()
        self._before_s = self._last_s + SYSTEMD_WAITS_S
        self.unarmed_s += SYSTEMD_WAITS_S
        self.process = None
        self.began_anew()
        return self._ask(request)

    def _hang_up(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None


def _turned(knobs: dict[str, object]) -> dict[str, dict[str, object]]:
    return {"set": {name.replace("__", "."): value for name, value in knobs.items()}}
