#!/usr/bin/env python3
"""Kill the agent at random while a button is pressed and the broker comes and goes.

Then compare what the outbox accepted with what the hub received. Three witnesses that know
nothing of each other keep this honest:

- the control socket says when each wire moved: a press that the agent was there to hear, and
  outlived by `SETTLE_S`, must be in the outbox, once;
- the database file, copied after each kill and read without the agent: whatever was ever in it,
  confirmed or not, must reach the hub;
- the hub's listener, whose session the broker keeps: it may hear nothing that was not in the file.
"""

import argparse
import contextlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import msgspec

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # run as a script: the packages lie beside its folder

from agent.eventstore import EventStore  # noqa: E402  # after the path
from agent.outbox import history  # noqa: E402
from agent.values import Event, Stage  # noqa: E402
from hw_mocks.control import ControlClient  # noqa: E402
from tests.brokers import Listener, Mosquitto  # noqa: E402

SETTLE_S = 0.5  # from pin to flash takes 10 ms; a loaded machine may take this long
DEADLINE_S = 60.0
DEVICE = "torture-1"
Seen = TypeVar("Seen")
_DEVICE_TOML = """
profile = "torture"
title = {{ ko = "시험", en = "Torture" }}
device = {{ id = "{device}", site = "bench" }}
sos = {{ buttons = ["sos"] }}

[hub]
host = "localhost"
port = {hub.port}
ca = "{hub.ca}"
certificate = "{hub.certificate}"
key = "{hub.key}"
puback_timeout_s = 1.0

[annunciator]
siren = {{ gpio = 18 }}

[[sensors]]
name = "sos"
driver = "button"
gpio = 23
"""


@dataclass
class Run:
    """One life of the agent: when the wire moved in it, and when it ended (monotonic s)."""

    presses: list[float] = field(default_factory=list)
    ended: float = 0.0


@dataclass
class Ledger:
    """What the witnesses said."""

    runs: list[Run] = field(default_factory=list)
    accepted: dict[str, bytes] = field(default_factory=dict)  # body by id, ever seen in the file
    problems: list[str] = field(default_factory=list)
    outages: Counter[str] = field(default_factory=Counter)

    def examine(self, database: Path) -> None:
        """Read the file as the last kill left it, from a copy, without the agent."""
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch) / database.name
            for suffix in ("", "-wal"):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copy(f"{database}{suffix}", f"{copy}{suffix}")
            if not copy.exists():
                return  # killed before it was made
            store = EventStore(copy)
            if len(list(copy.parent.glob("*.damaged-*"))) > 0:
                self.problems.append("the file is damaged")
            if (seq := store.broken_at()) is not None:
                self.problems.append(f"the chain breaks at {seq}")
            for row in store.recent(1_000_000):
                if self.accepted.setdefault(row.id, row.body) != row.body:
                    self.problems.append(f"{row.id} has two contents")
            store.close()

    def judge(self, heard: list[tuple[str, int, bytes]]) -> str:
        """Compare all; `heard` is each message's id, sequence and body in order of arrival."""
        events = [msgspec.json.decode(body, type=Event) for body in self.accepted.values()]
        first = {each[0]: each for each in reversed(heard)}
        order = [each[1] for each in heard if first[each[0]] is each]
        lost = self.accepted.keys() - first.keys()
        unknown = first.keys() - self.accepted.keys()
        changed = [id_ for id_, _, body in heard if self.accepted.get(id_, body) != body]
        disorder = sum(b <= a for a, b in pairwise(order))
        for what, ids in (("lost", lost), ("never accepted", unknown), ("changed", changed)):
            self.problems += [f"{what}: {id_}" for id_ in ids]
        if disorder:
            self.problems.append(f"{disorder} out of order")
        answered = sum(self._presses_answered(run, events) for run in self.runs)
        return (
            f"torture: {len(self.runs) - 1} kills, broker {_counted(self.outages)}: "
            f"{answered} presses, {len(self.accepted)} events accepted, {len(first)} at the hub; "
            f"{len(lost)} lost, {len(unknown) + len(changed)} repeated in effect, "
            f"{disorder} out of order, {len(heard) - len(first)} sent again under their id"
        )

    def _presses_answered(self, run: Run, events: list[Event]) -> int:
        """The i-th press of a life must be its i-th alarm; only the very last may be missing."""
        alarms = sorted(
            event.monotonic_s
            for event in events
            if event.stage is Stage.ALARM
            and run.presses
            and run.presses[0] <= event.monotonic_s <= run.ended
        )
        settled = [at for at in run.presses if at + SETTLE_S <= run.ended]
        if len(alarms) < len(settled):
            self.problems.append(f"{len(settled) - len(alarms)} presses are not in the outbox")
        if len(alarms) > len(run.presses):
            self.problems.append(f"{len(alarms) - len(run.presses)} presses are there twice")
        if any(alarm < press for press, alarm in zip(run.presses, alarms, strict=False)):
            self.problems.append("an alarm came before its press")
        return len(alarms)


class Agent:
    """The agent on simulated wires, as its own process."""

    def __init__(self, folder: Path, config: Path) -> None:
        self.database = folder / "state" / "outbox.db"
        self._socket, self._log = folder / "control", folder / "agent.log"
        command = (sys.executable, "-m", "hw_mocks", "--config", config, "--control", self._socket)
        places = ("--state", folder / "state", "--run-dir", folder / "run")
        self._command = [str(part) for part in (*command, *places)]

    def start(self) -> subprocess.Popen[bytes]:
        """Start it; it is not ready yet."""
        with self._log.open("ab") as log:
            return subprocess.Popen(self._command, cwd=ROOT, stdout=log, stderr=log)

    def control(self, process: subprocess.Popen[bytes]) -> ControlClient:
        """Its control socket, once it answers."""

        def connect() -> ControlClient | None:
            if process.poll() is not None:
                tail = self._log.read_text("utf-8", "replace")[-2000:]
                raise SystemExit(
                    f"torture: the agent ended by itself: {process.returncode}\n{tail}"
                )
            with contextlib.suppress(OSError):
                return ControlClient(self._socket)
            return None

        return eventually(connect, "the agent's control socket")

    def has_event_since(self, at: float) -> bool:
        """Whether the file holds something that happened at or after `at` (monotonic s)."""
        rows = history(self.database, 1) if self.database.exists() else []
        return any(msgspec.json.decode(row.body, type=Event).monotonic_s >= at for row in rows)


class Torture:
    """The rounds. Everything random comes from one seed; the machine's own timing does not."""

    def __init__(self, folder: Path, broker: Mosquitto, listener: Listener, seed: int) -> None:
        self.ledger = Ledger()
        self._broker, self._listener = broker, listener
        self._random, self._weather_random = random.Random(seed), random.Random(seed + 1)
        self._stop = threading.Event()
        config = folder / "device.toml"
        hub = broker.config(DEVICE)
        config.write_text(_DEVICE_TOML.format(device=DEVICE, hub=hub), "utf-8")
        self._agent = Agent(folder, config)

    def run(self, rounds: int) -> None:
        """All rounds, then a last life in fair weather, in which everything must arrive."""
        weather = threading.Thread(target=self._weather)
        weather.start()
        try:
            for number in range(1, rounds + 1):
                self._round()
                if number % 10 == 0:
                    print(f"round {number}: {len(self.ledger.accepted)} events", flush=True)
        finally:
            self._stop.set()
            weather.join()
        self._last_life()

    def _round(self) -> None:
        run, process = Run(), self._agent.start()
        self.ledger.runs.append(run)
        try:
            if self._random.random() < 0.15:  # in the middle of starting
                time.sleep(self._random.uniform(0.0, 1.0))
            else:
                with contextlib.closing(self._agent.control(process)) as control:
                    self._press_at_random(control, run)
        finally:
            process.kill()
            process.wait()
        run.ended = time.monotonic()
        self.ledger.examine(self._agent.database)

    def _press_at_random(self, control: ControlClient, run: Run) -> None:
        run.presses.append(self._press_until_heard(control))
        for _ in range(self._random.choice((0, 3, 10, 40))):
            run.presses.append(self._press(control))
        time.sleep(self._random.choice((0.0, self._random.uniform(0.0, 0.05), 0.7)))

    def _press_until_heard(self, control: ControlClient) -> float:
        """Press until one is in the file: from then on the agent is there to hear."""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            at = self._press(control)
            with contextlib.suppress(TimeoutError):
                eventually(lambda at=at: self._agent.has_event_since(at), "", within_s=2.0)  # type: ignore[misc]
                return at
        raise SystemExit("torture: the agent does not hear the button")

    def _press(self, control: ControlClient) -> float:
        at = control.set("sos.pressed", 1)
        time.sleep(self._random.uniform(0.02, 0.06))
        control.set("sos.pressed", 0)
        time.sleep(self._random.uniform(0.02, 0.06))
        return at

    def _weather(self) -> None:
        """Take the broker down now and then, and bring it back."""
        choose = self._weather_random
        while not self._stop.wait(choose.uniform(0.05, 0.8)):
            # what it has confirmed it must have passed on or saved: the hub's duty, not ours
            self._listener.until(lambda: self._listener.subscribed)
            how = choose.choice(("killed", "stopped", "frozen", "frozen and killed"))
            if how.startswith("frozen"):
                with self._broker.frozen():  # it takes messages and answers none
                    self._stop.wait(choose.uniform(0.1, 1.2))
                    if how != "frozen":
                        self._broker.kill()  # and what it took is lost
            elif how == "killed":
                self._broker.kill()
            else:
                self._broker.stop()
            if how != "frozen":
                self._stop.wait(choose.uniform(0.0, 0.8))
                self._broker.start()
            self.ledger.outages[how] += 1

    def _last_life(self) -> None:
        process = self._agent.start()
        run = Run()
        self.ledger.runs.append(run)
        try:
            with contextlib.closing(self._agent.control(process)) as control:
                run.presses.append(self._press_until_heard(control))
            eventually(self._all_confirmed, "the hub's confirmation of every row")
            process.send_signal(signal.SIGTERM)
            process.wait(DEADLINE_S)
        finally:
            process.kill()
            process.wait()
        run.ended = time.monotonic()
        self.ledger.examine(self._agent.database)
        wanted = self.ledger.accepted.keys()
        self._listener.until(lambda: wanted <= {id_ for id_, _, _ in self.heard()})

    def _all_confirmed(self) -> bool:
        rows = history(self._agent.database, 1_000_000)
        return all(row.confirmed_at is not None for row in rows)

    def heard(self) -> list[tuple[str, int, bytes]]:
        """Each event message that came to the hub: id, sequence and body."""
        return [
            (each.attributes["id"], int(each.attributes["sequence"]), each.body)
            for each in self._listener.events()
        ]


def eventually(look: Callable[[], Seen | None], what: str, within_s: float = DEADLINE_S) -> Seen:
    """Look until there is something to see.

    Raises:
        TimeoutError: There was nothing for `within_s` seconds.
    """
    deadline = time.monotonic() + within_s
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"torture: not within {within_s:g} s: {what}")
        time.sleep(0.01)
    return seen


def _counted(outages: Counter[str]) -> str:
    return (
        ", ".join(f"{how} {count} times" for how, count in sorted(outages.items())) or "never down"
    )


def main() -> int:
    """Run the rounds and print the verdict; 1 if anything was lost, repeated or disordered."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200, help="kills (200)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    args = parser.parse_args()
    print(f"torture: {args.rounds} rounds, seed {args.seed}", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="haetae-") as folder,
        Mosquitto(Path(folder) / "hub") as broker,
        Listener(broker, f"haetae/v1/+/{DEVICE}/event/+") as listener,
    ):
        torture = Torture(Path(folder), broker, listener, args.seed)
        torture.run(args.rounds)
        verdict = torture.ledger.judge(torture.heard())
    for problem in torture.ledger.problems[:20]:
        print(f"torture: {problem}")
    print(verdict)
    return 1 if torture.ledger.problems else 0


if __name__ == "__main__":
    sys.exit(main())
