"""The measurements behind `make bench`, one method each, on an agent in a process of its own."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from agent.eventfile import Row, history
from agent.sections import HubConfig
from hw_mocks import procfs
from hw_mocks.child import DEVICE, PROFILES, Agent, TooLateError, device_toml, until, with_hub
from hw_mocks.figure import Figure, spread_ms
from hw_mocks.flash_bench import grouped
from hw_mocks.footprint import TEN_PARTS, footprint
from hw_mocks.listener import Listener
from hw_mocks.network import Forwarder
from hw_mocks.perception_bench import perception
from hw_mocks.ready import Ready
from hw_mocks.tls_broker import TlsBroker
from models import runtime

DAY_S = 86_400
PROFILE = "market-stall"  # ten sensors
QUICK_CLEAR = "[fire]\nclear_s = 10\n"  # its least, so that one fire after the other can be had


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured; seconds are real ones but for `day_s`.

    `day_rate` cannot be much higher: silence of 10 s is a fault, which at 100 times life's pace is
    a thread that the machine lets wait for 0.1 s.
    """

    presses: int = 200
    fires: int = 100
    starts: int = 7
    load_s: float = 60.0
    heartbeats_s: float = 45.0
    day_s: float = DAY_S / 3
    day_rate: float = 100.0
    fire_rate: float = 20.0
    eyes_s: float = 20.0
    calm_s: float = 5.0  # what has just begun is left alone for so long


class Measurements:
    """Where the measurements are made: `disk` on a block device, `ram` on tmpfs if there is one."""

    def __init__(self, disk: Path, ram: Path, broker: TlsBroker, sizes: Sizes) -> None:
        self._disk, self._ram, self._broker, self._sizes = disk, ram, broker, sizes
        self._count = 0

    @contextlib.contextmanager
    def agent(self, config: str, *arguments: str, **environment: str) -> Iterator[Agent]:
        """An armed agent with a folder of its own."""
        self._count += 1
        name = f"a{self._count}"
        with Agent(
            self._disk / name,
            config,
            arguments,
            run_dir=self._ram / name,
            environment=environment,
        ) as agent:
            until(agent.armed, 60.0, "the agent armed")
            yield agent

    def config(self, *hub: str, port: int | None = None) -> str:
        """The profile with the TLS broker as its hub."""
        lines = [*self._broker.hub_lines(DEVICE), *hub]
        return device_toml(PROFILE, port=port or self._broker.port, hub=lines)

    def puback_and_flash(self) -> list[Figure]:
        """Press SOS again and again; when did the hub confirm, and what was written?"""
        presses = self._sizes.presses
        with self.agent(self.config()) as agent:
            self._connected(agent)
            pid, outbox = agent.process.pid, agent.state / "outbox.db"
            _press(agent)  # the first one of an incident has a recording written, too
            until(lambda: _all_confirmed(outbox, 1), 10.0, "the first press confirmed")
            time.sleep(min(self._sizes.calm_s, 1.0))
            before = procfs.written_bytes(pid)
            pressed_at = [_press(agent) for _ in range(presses)]
            until(lambda: _all_confirmed(outbox, presses + 1), 30.0, "every press confirmed")
            per_event = (procfs.written_bytes(pid) - before) / presses
            rows = history(outbox, presses + 10)[::-1]
        confirmed_at = [_confirmed_at(row) for row in rows if _is(row, "sos", "alarm")][1:]
        late = [end - start for start, end in zip(pressed_at, confirmed_at, strict=True)]
        return [
            Figure(
                "edge to PUBACK, local TLS broker, fsync",
                "p99 <= 25 ms",
                spread_ms(late),
                "SOS pressed through the control socket (its `at`) until the outbox has the hub's "
                "PUBACK (`confirmed_at`); mosquitto, TLS 1.3, client certificate, outbox on "
                f"{procfs.filesystem(self._disk)}; without the 5 ms for which a board's kernel "
                "lets contacts settle",
            ),
            Figure(
                "flash, one event: an alarm",
                "<= 16 KiB",
                f"{per_event / 1024:.1f} KiB",
                "write_bytes of /proc/PID/io over the same presses: put, confirmation, pruning; "
                "whole pages of 4 KiB; without the file system's journal, and without the "
                "recording, of which there is one an incident",
            ),
            grouped(self._disk),
        ]

    def siren(self) -> list[Figure]:
        """Close the smoke alarm's contact again and again; when did the siren's pin rise?"""
        config = (PROFILES / f"{PROFILE}.toml").read_text("utf-8") + QUICK_CLEAR
        late = []
        with self.agent(config, "--rate", f"{self._sizes.fire_rate:g}") as agent:
            outbox = agent.state / "outbox.db"
            for n in range(self._sizes.fires):
                at = agent.control.set("smoke_alarm.alarm", 1)
                late.append(until(lambda at=at: _rise(agent, at), 5.0, "the siren") - at)  # type: ignore[misc]  # bound now
                agent.control.set("smoke_alarm.alarm", 0)
                until(
                    lambda n=n: _count(outbox, "fire", "cleared") > n,  # type: ignore[misc]  # bound now
                    30.0,
                    "the fire over",
                )
        rate = self._sizes.fire_rate
        return [
            Figure(
                "edge to siren pin",
                "p99 <= 10 ms",
                spread_ms(late),
                "smoke alarm's contact moved through the control socket until the first rising "
                f"edge of the siren's pin; agent at {rate:g} times life's pace, so that each fire "
                "is over soon: its sensors are polled that much more often",
            )
        ]

    def load(self) -> list[Figure]:
        """Let ten parts of the catalogue run quietly; what does it take?"""
        hub = self._broker.hub_lines(DEVICE)
        config = with_hub(TEN_PARTS.read_text("utf-8"), port=self._broker.port, hub=hub)
        with self.agent(config) as agent:
            self._connected(agent)
            time.sleep(self._sizes.calm_s)
            return footprint(agent, config, self._sizes.load_s)

    def start(self) -> list[Figure]:
        """Start it again and again; when was it armed?"""
        took = []
        for n in range(self._sizes.starts):
            path = self._disk / f"notify{n}"
            with Ready(path) as ready, self.agent(self.config(), NOTIFY_SOCKET=str(path)) as agent:
                took.append(ready.at(10.0) - agent.started_at)
        return [
            Figure(
                "start to armed",
                "<= 1.5 s",
                f"median {median(took):.2f} s, worst {max(took):.2f} s (n = {len(took)})",
                "exec to READY=1, which it says once every sensor was heard; a new state directory "
                "each time; Python's caches warm",
            )
        ]

    def idle_day(self) -> list[Figure]:
        """Let a quiet day pass quickly; what was written?"""
        rate = self._sizes.day_rate
        with self.agent(self.config(), "--rate", f"{rate:g}") as agent:
            self._connected(agent)
            began = _scenario_s(agent)
            before = procfs.written_bytes(agent.process.pid)
            until(
                lambda: _scenario_s(agent) - began >= self._sizes.day_s,
                3 * self._sizes.day_s / rate + 10,
                "the day over",
            )
            written = procfs.written_bytes(agent.process.pid) - before
            events = (agent.status() or {})["outbox"]["last_seq"]
        share = DAY_S / self._sizes.day_s
        return [
            Figure(
                "flash, idle day",
                "<= 5 MiB",
                f"{written * share / 2**20:.2f} MiB ({events} events)",
                f"write_bytes over {self._sizes.day_s / 3600:g} h of the scenario quiet_day at "
                f"{rate:g} times life's pace, taken for 24 h; run directory on "
                f"{procfs.filesystem(self._ram)}, as /run is",
            )
        ]

    def uplink(self) -> list[Figure]:
        """Count what heartbeats cost on the wire, once every sensor is warm and well."""
        rate = 20
        with (
            Listener(self._broker.port, tls=self._broker.context()) as hub,
            Forwarder(self._broker.port) as network,
            self.agent(
                self.config(f"heartbeat_s = {rate}", port=network.port), "--rate", str(rate)
            ) as agent,
        ):
            self._connected(agent)
            until(lambda: _all_sound(agent), 60.0, "every sensor is warm and well")
            time.sleep(self._sizes.calm_s)
            up, down, heard = network.up, network.down, len(hub.messages)
            time.sleep(self._sizes.heartbeats_s)
            beats = len(hub.messages) - heard
            up_each, down_each = (network.up - up) / beats, (network.down - down) / beats
        a_day = DAY_S / HubConfig(host="localhost").heartbeat_s
        return [
            Figure(
                "uplink, idle day",
                "<= 200 kB",
                f"{a_day * up_each / 1000:.0f} kB",
                f"TCP payload from the device at a counting forwarder: {up_each:.0f} B a heartbeat "
                f"(n = {beats}) x {a_day:.0f} a day; {down_each:.0f} B come "
                "back for each; without TCP/IP headers, some 52 B a packet",
            )
        ]

    def perception(self) -> list[Figure]:
        """Let the perception process watch an empty room, on each runtime; what does it take?"""
        found: list[Figure] = []
        for name in runtime.installed():
            try:
                found += perception(
                    self._disk / f"p-{name}", self._sizes.calm_s, self._sizes.eyes_s, name
                )
            except TooLateError as error:
                found.append(
                    Figure(f"perception, {name}", "<= 150 MiB", "not measured", str(error))
                )
        return found

    def _connected(self, agent: Agent) -> None:
        until(
            lambda: str((agent.status() or {"hub": ""})["hub"]).startswith("connected"),
            20.0,
            "the hub connected",
        )


def _all_sound(agent: Agent) -> bool:
    sensors = (agent.status() or {"sensors": {"none": {"why": "no status yet"}}})["sensors"]
    return not any(each["why"] for each in sensors.values())


def _press(agent: Agent) -> float:
    at = agent.control.set("sos.pressed", 1)
    time.sleep(0.1)
    agent.control.set("sos.pressed", 0)
    time.sleep(0.15)
    return at


def _rise(agent: Agent, after: float) -> float | None:
    return next((at for at, level in agent.control.edges("siren") if level and at >= after), None)


def _all_confirmed(outbox: Path, count: int) -> bool:
    rows = history(outbox, count + 10)
    return len(rows) >= count and all(row.confirmed_at is not None for row in rows)


def _count(outbox: Path, hazard: str, stage: str) -> int:
    return sum(_is(row, hazard, stage) for row in history(outbox, 10_000))


def _is(row: Row, hazard: str, stage: str) -> bool:
    found: dict[str, Any] = msgspec.json.decode(row.body)
    return (found["hazard"], found["stage"]) == (hazard, stage)


def _confirmed_at(row: Row) -> float:
    if row.confirmed_at is None:
        raise RuntimeError(f"event {row.id} is not confirmed")
    return row.confirmed_at


def _scenario_s(agent: Agent) -> float:
    return float(agent.control.ask({"get": "scenario"})["scenario"]["t_s"])
