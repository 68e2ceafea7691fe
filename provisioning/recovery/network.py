"""The wireless link's ladder: power saving off, reassociate, the driver anew, a reboot last.

The radio is shaken only when nobody on the stall's own network answers: a router that does shows
that the radio works, whatever has become of the hub or of the line behind it. The watch of the
hazards goes on meanwhile; what ends it, a reboot, comes after hours, by day, once a day at most,
and never while something rings (docs/adr/0024-ladders.md).
"""

import logging
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from agent.boot_cause import Calm, ask_for_reboot, publish, read_calm, withdraw_request
from agent.envelope import kernel_boot
from agent.ladder import Budget, Ladder, Lived, Memory, Rung, Standing, Step
from agent.wallclock import WallTime, read_wall_clock
from drivers import kept
from drivers.sensor import NotReadyError
from provisioning.places import RUN
from provisioning.recovery import arp
from provisioning.recovery.grant import NETWORK_RUN

log = logging.getLogger(__name__)

FILE, RELOAD_REQUEST = "watch.json", "reload-wanted"
INTERFACE = "wlan0"
SOCKETS = Path("/run/wpa_supplicant")  # /tmp is private: the client's own socket lies here, too
HEARD_S = 300.0  # the hub has answered so lately: nothing is asked
CALM_FRESH_S = 20.0
REASSOCIATE, RELOAD, REBOOT = "reassociate", "reload", "reboot"
SOFT = (
    Rung(REASSOCIATE, 240.0, Budget(12, pause_s=60.0)),
    Rung(RELOAD, 900.0, Budget(4, pause_s=1800.0)),
)
HARD = (Rung(REBOOT, 6 * 3600.0, Budget(1)),)
ASKED_S = 300.0  # a reboot that has not come by then was not granted
LONG_S = 86_400.0  # a device that does not know the hour waits for so long instead
DAYTIME = range(10, 17)  # hours at which people are about, and awake to hear of a fire


class Climb(msgspec.Struct, frozen=True):
    """One ladder as the last look left it."""

    memory: Memory = Memory()
    standing: Standing = Standing()


class Looks(msgspec.Struct, frozen=True):
    """What was seen in this boot; `gateway` is the last that was known, `asked_s` the reboot."""

    boot: str = ""
    gateway: str = ""
    told: str = ""
    asked_s: float | None = None
    soft: Climb = Climb(Memory(worked=[INTERFACE]))  # these may come before it ever worked
    hard: Climb = Climb()


def _run(command: Sequence[str]) -> str:
    """What a program says; empty where there is none, or it fails."""
    if shutil.which(command[0]) is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603  # fixed words
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            timeout=20,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout if done.returncode == 0 else ""


@dataclass(frozen=True, slots=True)
class Radio:
    """The machine's side: programs, the link itself, and clocks."""

    interface: str = INTERFACE
    run: Callable[[Sequence[str]], str] = _run
    answers: Callable[[str, str], bool] = arp.answers
    gateway: Callable[[str], str | None] = arp.gateway
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], WallTime] = read_wall_clock
    hour: Callable[[float], int] = lambda unix_s: time.localtime(unix_s).tm_hour
    boot: str = field(default_factory=kernel_boot)


@dataclass(frozen=True, slots=True)
class NetworkWatch:
    """One look; `own` is its run directory, `agent_run` the agent's."""

    own: Path = NETWORK_RUN
    agent_run: Path = RUN
    radio: Radio = field(default_factory=Radio)

    def look(self) -> list[str]:
        """Look once, do what is due, and say what changed, a line each.

        Raises:
            OSError: What was seen cannot be kept: then nothing is done.
        """
        before, said = self._looks(), self._keep_awake()
        now, calm = self.radio.clock(), self._calm()
        gateway = self.radio.gateway(self.radio.interface) or before.gateway
        fault = self._fault(gateway, calm)
        soft = Ladder(SOFT, before.soft.memory, before.soft.standing)
        hard = Ladder(HARD, before.hard.memory, before.hard.standing)
        broken, sound = ((INTERFACE,), ()) if fault else ((), (INTERFACE,))
        may = calm is not None and calm.calm and self._is_time(before, now)
        asked_s = before.asked_s
        is_refused = asked_s is not None and now - asked_s > ASKED_S
        if is_refused:
            hard.take_back(Step(REBOOT, INTERFACE, 0.0))
            asked_s = None
        if is_refused or not (fault and may):
            withdraw_request(self.own)
        low = soft.look(now, broken, sound, is_calm=True)
        last = hard.look(now, broken, sound, is_calm=may)
        steps = [each for each in (low, last) if each is not None]
        asked_s = asked_s if last is None else now
        lived = Lived(self.radio.boot, now, now)
        climbs = [Climb(each.memory(lived), each.standing()) for each in (soft, hard)]
        self._store(Looks(self.radio.boot, gateway, fault, asked_s, *climbs))
        if fault != before.told:
            said.append(f"{self.radio.interface}: {fault or 'all is well'}")
        return said + [self._take(each, fault) for each in steps]

    def _fault(self, gateway: str, calm: Calm | None) -> str:
        """Why the link is broken; empty where it works, whatever has become of the hub."""
        if calm is not None and calm.hub_s is not None and calm.hub_s < HEARD_S:
            return ""
        if not gateway:
            return "no router is known: no address"
        try:
            return "" if self.radio.answers(self.radio.interface, gateway) else f"{gateway} is mute"
        except OSError as error:
            return f"{error.strerror or error}"

    def _calm(self) -> Calm | None:
        found = read_calm(self.agent_run)
        if found is None or found.boot != self.radio.boot:
            return None
        return found if 0 <= self.radio.clock() - found.monotonic_s <= CALM_FRESH_S else None

    def _is_time(self, before: Looks, now: float) -> bool:
        """Whether it is day, or has been broken for a day where nobody knows the hour."""
        wall = self.radio.wall()
        if wall.source != "unset":
            return self.radio.hour(wall.unix_s) in DAYTIME
        return now - before.hard.standing.broken.get(INTERFACE, now) >= LONG_S

    def _keep_awake(self) -> list[str]:
        """Switch the radio's power saving off where it is on, and look whether it is."""
        device = ("iw", "dev", self.radio.interface)
        if "Power save: on" not in self.radio.run((*device, "get", "power_save")):
            return []
        self.radio.run((*device, "set", "power_save", "off"))
        if "Power save: on" in self.radio.run((*device, "get", "power_save")):
            return [f"{self.radio.interface}: power saving cannot be switched off"]
        return [f"{self.radio.interface}: power saving was on, and is off"]

    def _take(self, step: Step, fault: str) -> str:
        minutes = step.broken_s / 60
        told = f"{self.radio.interface}: {fault} for {minutes:.0f} min: {step.rung}"
        if step.rung == REASSOCIATE:
            done = self.radio.run(
                (
                    "wpa_cli",
                    "-p",
                    str(SOCKETS),
                    "-s",
                    str(SOCKETS),
                    "-i",
                    self.radio.interface,
                    "reassociate",
                )
            )
            return told if done.strip().endswith("OK") else f"{told}: not taken"
        if step.rung == RELOAD:
            (self.own / RELOAD_REQUEST).write_text(f"{told}\n", "utf-8")  # a path unit looks at it
            return told
        ask_for_reboot(self.own, told, by="network", boot=self.radio.boot)
        return told

    def _looks(self) -> Looks:
        try:
            found = kept.load(self.own / FILE, Looks, what="looks", remedy="they begin anew")
        except NotReadyError:
            return Looks()
        return found if found.boot == self.radio.boot else Looks()

    def _store(self, looks: Looks) -> None:
        self.own.mkdir(parents=True, exist_ok=True)
        publish(self.own / FILE, looks)
