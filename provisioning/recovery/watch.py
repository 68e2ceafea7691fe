"""What root looks at every two minutes: an agent that only crashes, a clock that nobody sets.

systemd starts a crashed agent for ever; that is right for a moment's fault and useless for one
that only a reboot can mend. A disk that an error has made read-only is such a one, too, and takes
no note of a reboot: there the budget is the time that this boot has run, a day.

What was seen lies in memory, since a boot begins with a clean slate.
"""

import logging
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from agent.boot_cause import UNDER_VOLTAGE, read_calm
from agent.envelope import kernel_boot
from agent.ladder import CALM_S, DAY_S, Budget
from agent.wallclock import WallTime, read_wall_clock
from drivers import kept
from drivers.sensor import NotReadyError
from provisioning.places import RUN
from provisioning.recovery.disk import damage
from provisioning.recovery.evidence import SYSFS
from provisioning.recovery.grant import REBOOT, disturbed
from provisioning.recovery.reboots import Reboots

log = logging.getLogger(__name__)

FILE = "watch.json"
RECOVERY_RUN = Path("/run/haetae-recovery")
UNIT = "haetae-agent.service"
STARTS, FOR_S = 10, 900.0  # so many starts, over so long at least, and none that lasted
LASTS_S = 600.0  # past the warm-up of gas and CO: an agent that lives for so long guards
CLOCKLESS_S = 1800.0  # with a network that works, before the clock's daemon is started anew
CLOCK = Budget(4, pause_s=3600.0)
HEARD_S = 300.0  # the hub has answered so lately: there is a network
TIMESYNC = ("/usr/bin/systemctl", "--no-block", "try-restart", "systemd-timesyncd.service")
_SHOW = ("NRestarts", "ActiveState", "ActiveEnterTimestampMonotonic")


class Seen(msgspec.Struct, frozen=True):
    """The looks so far: the first and last at failed starts, by (seconds, count); the clock's.

    Since `calm_since` each has found that nothing rings.
    """

    boot: str = ""
    starts: list[tuple[float, int]] = []
    clockless_since: float | None = None
    restarted_clock: list[float] = []
    calm_since: float | None = None


def _ask(command: Sequence[str]) -> str:
    done = subprocess.run(  # noqa: S603  # fixed words
        command, stdout=subprocess.PIPE, text=True, check=False, timeout=30
    )
    return done.stdout


def _call(command: Sequence[str]) -> int:
    return subprocess.run(command, check=False, timeout=30).returncode  # noqa: S603  # fixed words


@dataclass(frozen=True, slots=True)
class Outer:
    """The machine: what is asked of it, and what is done to it."""

    ask: Callable[[Sequence[str]], str] = _ask
    call: Callable[[Sequence[str]], int] = _call
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], WallTime] = read_wall_clock
    boot: str = field(default_factory=kernel_boot)
    sysfs: Path = SYSFS


@dataclass(frozen=True, slots=True)
class Watch:
    """One look; `run` is where it and the agent keep what lies in memory."""

    reboots: Reboots
    agent_run: Path = RUN
    run: Path = RECOVERY_RUN
    outer: Outer = field(default_factory=Outer)

    def look(self, *, under_voltage: bool) -> list[str]:
        """Look once, and do what is due; what was done, a line each.

        Raises:
            OSError: The ledger cannot be written, though its disk has no error: nothing is done.
        """
        seen, now = self._seen(), self.outer.clock()
        damaged = damage(self.reboots.folder, self.outer.sysfs)
        if not damaged:
            is_low = under_voltage or (self.agent_run / UNDER_VOLTAGE).exists()
            self.reboots.look(under_voltage=is_low)
        seen, done = self._look_at_clock(seen, now)
        seen, crashing = self._look_at_agent(seen, now)
        seen, rings = self._look_at_calm(seen, now)
        self.run.mkdir(parents=True, exist_ok=True)
        (self.run / FILE).write_bytes(msgspec.json.encode(seen))  # in memory: no flash
        if crashing:
            done.append(self._end_loop(crashing, damaged))
        elif damaged:
            refused = _refusal(now) or rings
            done.append(f"disk: {damaged}: {self._reboot(refused)}")
        return done

    def _look_at_agent(self, seen: Seen, now: float) -> tuple[Seen, str]:
        """Count failed starts; why it is a crash loop, empty where it is none."""
        shown = properties(
            self.outer.ask(("/usr/bin/systemctl", "show", "-p", ",".join(_SHOW), UNIT))
        )
        count = int(shown.get("NRestarts", "0") or 0)
        entered_s = int(shown.get("ActiveEnterTimestampMonotonic", "0") or 0) / 1e6
        state = shown.get("ActiveState", "")
        lasts = state == "active" and now - entered_s >= LASTS_S
        is_ended = state in {"inactive", "failed"}  # systemd will not start it again
        if lasts or is_ended or not seen.starts or count < seen.starts[-1][1]:  # or begun by hand
            return msgspec.structs.replace(seen, starts=[(now, count)]), ""
        starts = [seen.starts[0], (now, count)]
        first_s, first = starts[0]
        why = ""
        if count - first >= STARTS and now - first_s >= FOR_S:
            why = f"{count - first} failed starts in {(now - first_s) / 60:.0f} min"
        return msgspec.structs.replace(seen, starts=starts), why

    def _look_at_calm(self, seen: Seen, now: float) -> tuple[Seen, str]:
        """Whether it has been calm for a while; why it was not, empty where it was."""
        if rings := disturbed(self.agent_run, self.outer.boot, now):
            return msgspec.structs.replace(seen, calm_since=None), rings
        since = now if seen.calm_since is None else seen.calm_since
        rings = "" if now - since >= CALM_S else "it has only just become calm"
        return msgspec.structs.replace(seen, calm_since=since), rings

    def _end_loop(self, why: str, damaged: str) -> str:
        calm, now = read_calm(self.agent_run), self.outer.clock()
        is_said = calm is not None and calm.boot == self.outer.boot and not calm.calm
        if calm is not None and is_said and now - calm.monotonic_s < FOR_S:
            refused = "the agent last said that something rings"
        else:
            refused = _refusal(now) if damaged else self.reboots.order("crash-loop", why)
        return f"crash loop: {why}: {self._reboot(refused)}"

    def _reboot(self, refused: str) -> str:
        if refused:
            return f"no reboot: {refused}"
        self.outer.call(REBOOT)
        return "a reboot was ordered"

    def _look_at_clock(self, seen: Seen, now: float) -> tuple[Seen, list[str]]:
        """Start the clock's daemon anew where there is a network and it has long set nothing."""
        calm = read_calm(self.agent_run)
        heard = calm is not None and calm.hub_s is not None and calm.hub_s < HEARD_S
        if self.outer.wall().source == "ntp" or not heard:
            return msgspec.structs.replace(seen, clockless_since=None), []
        since = now if seen.clockless_since is None else seen.clockless_since
        spent = CLOCK.recent(seen.restarted_clock, now)
        kept_since = msgspec.structs.replace(seen, clockless_since=since, restarted_clock=spent)
        if now - since < CLOCKLESS_S or not CLOCK.allows(spent, now):
            return kept_since, []
        self.outer.call(TIMESYNC)
        fresh = msgspec.structs.replace(
            kept_since, clockless_since=now, restarted_clock=[*spent, now]
        )
        return fresh, [f"clock: nobody set it for {(now - since) / 60:.0f} min: timesyncd anew"]

    def _seen(self) -> Seen:
        try:
            found = kept.load(self.run / FILE, Seen, what="looks", remedy="they begin anew")
        except NotReadyError:
            return Seen(self.outer.boot)
        return found if found.boot == self.outer.boot else Seen(self.outer.boot)


def _refusal(now: float) -> str:
    """The budget where the ledger cannot be written: one a day, by the time this boot has run."""
    return "" if now >= DAY_S else "the disk takes no note of it in this boot's first day"


def properties(shown: str) -> Mapping[str, str]:
    """What `systemctl show` says, by name."""
    return dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
