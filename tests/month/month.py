"""The month itself: troubles come and go, alarms are raised in among them, and all is counted."""

import contextlib
import heapq
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.brokers import Listener, Mosquitto
from tests.month.device import SENSORS, Device
from tests.month.plan import DEATHS, JUMPS_S, Kind, Trouble
from tests.month.samples import Sample
from tests.torture.life import bytes_written, decode, eventually, rows

LOOK_S = 0.1  # real time between two looks
PRESSED_S = 0.02  # real time
ARRIVE_S = 120.0  # for what is under way at the end, in fair weather
DETECTED = ("fire", "sos")  # hazards whose coverage makes it armed
NEWEST = 400  # rows of the file that are looked at
ALARMS = frozenset({"sos", "fire"})


@dataclass
class Month:
    """Lives one device through a plan; `say` tells how far it is."""

    device: Device
    broker: Mosquitto
    listener: Listener
    choose: random.Random
    say: Callable[[str], None]
    samples: list[Sample] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    accepted: dict[str, str] = field(default_factory=dict)  # id of each alarm in the file: hazard
    problems: list[str] = field(default_factory=list)
    _life: int = 0
    _ends: list[tuple[float, int, Trouble]] = field(default_factory=list)
    _under_way: list[Trouble] = field(default_factory=list)

    def live(self, plan: list[Trouble]) -> None:
        """Go through the plan, mend everything, and wait until the hub has heard of all."""
        self.device.began_anew = self._begin_anew
        self._begin_life()
        day = 0
        for number, trouble in enumerate(plan):
            self._until(trouble.at_s)
            if trouble.at_s // 86_400 > day:
                day = int(trouble.at_s // 86_400)
                self.say(f"day {day}: {len(self.accepted)} alarms, {dict(self.counts)}")
            self.counts[trouble.kind] += 1
            self._strike(trouble)
            if trouble.lasts_s and trouble.kind is not Kind.POWER:
                self._under_way.append(trouble)
                heapq.heappush(self._ends, (trouble.at_s + trouble.lasts_s, number, trouble))
        while self._ends:
            self._until(self._ends[0][0])
        self._look()
        wanted = set(self.accepted)
        self.listener.until(lambda: wanted <= self.heard(), ARRIVE_S)
        self.device.stop()

    def heard(self) -> set[str]:
        """The ids of the events that came to the hub."""
        return {each.attributes["id"] for each in self.listener.events()}

    def lost(self) -> list[str]:
        """The alarms that were in the file and never came."""
        heard = self.heard()
        return sorted(f"{id_} ({what})" for id_, what in self.accepted.items() if id_ not in heard)

    def repeated(self) -> int:
        """Events that came with two contents under one id and revision."""
        bodies: dict[tuple[str, str], bytes] = {}
        keys = [
            ((each.attributes["id"], each.attributes.get("revision", "0")), each.body)
            for each in self.listener.events()
        ]
        return sum(bodies.setdefault(key, body) != body for key, body in keys)

    def _until(self, at_s: float) -> None:
        """Let time pass, ending the troubles that end meanwhile."""
        while True:
            due_s = min([at_s, *(end for end, *_ in self._ends[:1])])
            now_s = self._look()
            if now_s < due_s:
                time.sleep(min(LOOK_S, (due_s - now_s) / self.device.rate))
                continue
            if self._ends and self._ends[0][0] <= now_s and self._ends[0][0] <= at_s:
                self._mend(heapq.heappop(self._ends)[2])
            elif now_s >= at_s:
                return

    def _look(self) -> float:
        """Take a sample; simulated seconds now."""
        device = self.device
        now_s, status = device.elapsed_s(), device.status() or {}
        claims = {hazard: claim["claim"] for hazard, claim in status.get("coverage", {}).items()}
        armed = bool(status.get("armed")) and all(claims.get(h, "lost") != "lost" for h in DETECTED)
        if device.process is not None:
            rss_kib, threads = _size(device.process.pid)
            pending = status.get("outbox", {}).get("pending", 0)
            troubles = " ".join(sorted(each.kind.name.lower() for each in self._under_way))
            written = bytes_written(device.process)
            self.samples.append(
                Sample(now_s, self._life, armed, rss_kib, threads, written, pending, troubles)
            )
        return now_s

    def _strike(self, trouble: Trouble) -> None:
        """Have it begin."""
        match trouble.kind:
            case Kind.PRESS:
                self._raise("sos", "sos.pressed", 1)
                self.device.turn(sos__pressed=0)
            case Kind.SMOKE:
                self._raise("fire", "smoke_alarm.alarm", value=True)
            case Kind.LINK:
                self.broker.kill() if trouble.choice < 0.5 else self.broker.stop()
            case Kind.POWER:
                self._cut_power()
            case Kind.DISK:
                self.device.disk.fill()
            case _:
                self._set(trouble, on=True)

    def _mend(self, trouble: Trouble) -> None:
        """Have it end."""
        self._under_way.remove(trouble)
        match trouble.kind:
            case Kind.SMOKE:
                self.device.turn(smoke_alarm__alarm=False)
            case Kind.LINK:
                self.broker.start()
            case Kind.DISK:
                self.device.disk.free()
            case _:
                self._set(trouble, on=False)

    def _set(self, trouble: Trouble, *, on: bool) -> None:
        """Turn the knobs of a trouble that lies in a part or in the clock."""
        pick = random.Random(trouble.choice)
        if trouble.kind is Kind.SENSOR:
            name, fault = pick.choice(SENSORS), pick.choice(DEATHS)
            others = [t for t in self._under_way if t.kind is Kind.SENSOR and t is not trouble]
            if on or not others:
                self.device.turn(**{f"{name}__fault": fault if on else "none"})
        elif trouble.kind is Kind.CAMERA:
            self.device.turn(camera__fault="absent" if on else "none")
        elif trouble.kind is Kind.CLOCK:
            step_s, kept_by = (pick.choice(JUMPS_S), "nobody") if on else (0.0, "")
            self.device.turn(clock__step_s=step_s, clock__kept_by=kept_by)

    def _raise(self, hazard: str, knob: str, value: object) -> None:
        """Give a cause for an alarm, and wait until it is in the file."""
        before = set(self._read())
        self.device.turn(**{knob.replace(".", "__"): value})
        time.sleep(PRESSED_S)
        if hazard == "fire" and self._is_active("fire"):
            return
        try:
            eventually(lambda: set(self._read()) - before, f"an alarm of {hazard}", 30.0)
        except TimeoutError:
            self.problems.append(f"no alarm of {hazard} at {self.device.elapsed_s():.0f} s")

    def _is_active(self, hazard: str) -> bool:
        active = (self.device.status() or {}).get("active", [])
        return any(each["hazard"] == hazard for each in active)

    def _read(self) -> dict[str, str]:
        """Take in the alarms that are in the file now."""
        found = {
            each.id: each.hazard
            for _, body, is_alarm, _ in rows(self.device.database, NEWEST)
            if is_alarm and (each := decode(body)).hazard in ALARMS
        }
        self.accepted |= found
        return found

    def _cut_power(self) -> None:
        before = self._read()
        self.counts["sectors lost"] += self.device.cut_power(self.choose)
        if self.device.disk.full and not any(t.kind is Kind.DISK for t in self._under_way):
            self.device.disk.free()
        self._begin_life()
        missing = set(before) - set(self._read()) - self.heard()
        self.problems += [f"gone in a power cut: {each}" for each in sorted(missing)]

    def _begin_anew(self) -> None:
        self.counts["begun anew by itself"] += 1
        self._begin_life()

    def _begin_life(self) -> None:
        self._life += 1
        self.device.start()
        for trouble in self._under_way:
            if trouble.kind is Kind.SMOKE:
                self.device.turn(smoke_alarm__alarm=True)
            elif trouble.kind in {Kind.SENSOR, Kind.CAMERA, Kind.CLOCK}:
                self._set(trouble, on=True)


def _size(pid: int) -> tuple[int, int]:
    """Resident memory in KiB, and threads; 0 of a process that has just ended."""
    facts: dict[str, str] = {}
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text("utf-8", "replace").splitlines()
        facts = dict(line.split(":", 1) for line in lines if ":" in line)
    return int(facts.get("VmRSS", "0 kB").split()[0]), int(facts.get("Threads", "0"))
