"""A device's clocks against the truth: a quartz that drifts, a wall clock that somebody sets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from agent.envelope import Identity, stamp
from agent.outbox import Outbox
from agent.timekeeping import Timekeeping
from agent.values import Event
from agent.wallclock import DRIFT, WallTime, wall_time
from tests.agent.events import detection
from tests.brokers import DEVICE, SITE

SPRING = 1_770_000_000.0  # 2026-02-02


@dataclass
class Clocks:
    """`true_s` is what a perfect clock shows (Unix seconds); everything else may be wrong.

    `ppm` is how much too fast the quartz runs. While `error_s` is a number the wall clock is
    synchronised, and that was its largest error when it was.
    """

    true_s: float = SPRING
    ppm: float = 0.0
    monotonic_s: float = 20.0
    offset_s: float = 0.0  # wall clock less monotonic: 1970
    error_s: float | None = None
    synced_at: float = 0.0
    battery: bool = False

    def clock(self) -> float:
        """The monotonic clock."""
        return self.monotonic_s

    def wall(self) -> WallTime:
        """The wall clock, as the kernel tells of it."""
        shown = self.monotonic_s + self.offset_s
        if self.error_s is not None:
            grown_s = DRIFT * (self.monotonic_s - self.synced_at)
            return wall_time(shown, round(self.error_s + grown_s, 6), "ntp")
        return wall_time(shown, None, "rtc" if self.battery else "unsynchronised")

    def go(self, seconds: float) -> None:
        """Let that much of the quartz's time pass."""
        self.monotonic_s += seconds
        self.true_s += seconds / (1 + self.ppm * 1e-6)

    def synchronise(self, error_s: float = 0.02, wrong_by_s: float = 0.0) -> None:
        """Have the network set the clock; it is `wrong_by_s` and says `error_s` at most."""
        self.offset_s = self.true_s + wrong_by_s - self.monotonic_s
        self.error_s, self.synced_at = error_s, self.monotonic_s

    def set(self, unix_s: float) -> None:
        """Have somebody set the clock by hand."""
        self.offset_s, self.error_s = unix_s - self.monotonic_s, None

    def lose(self) -> None:
        """Let nobody vouch for the clock any more."""
        self.error_s = None

    def reboot(self, after_s: float, shows: float = 0.0) -> None:
        """Cut the power for so long; the wall clock then begins at `shows`."""
        self.true_s += after_s
        self.monotonic_s, self.offset_s, self.error_s = 0.0, shows, None
        self.go(5.0)  # until the agent starts


@dataclass
class Device:
    """Timekeeping and outbox of one start of the agent after the other, on one disk."""

    folder: Path
    clocks: Clocks
    doubted_s: float = 600.0
    boots: int = 1
    starts: int = 0
    notes: list[Mapping[str, Any]] = field(default_factory=list)
    truth: dict[str, float] = field(default_factory=dict)  # by event id

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start the agent."""
        self.starts += 1
        self.boot = f"{self.boots:08x}"
        boot_id = f"{self.boot}-{self.starts:08x}"
        self.identity = Identity(SITE, DEVICE, boot_id, "haetae 0.1.0", {}, simulated=True)
        self.outbox = Outbox(self.folder / "outbox.db", reserve_bytes=0)
        self.time = Timekeeping(
            self.folder,
            self.outbox,
            wall=self.clocks.wall,
            clock=self.clocks.clock,
            boot=self.boot,
            note=lambda kind, body: self.notes.append({"kind": kind, **body}),
            doubted_s=self.doubted_s,
        )

    def end(self) -> None:
        """End the agent; what it has not written is lost."""
        self.outbox.close()

    def restart(self) -> None:
        """End it and start it again, the kernel running on."""
        self.end()
        self.start()

    def reboot(self, after_s: float, shows: float = 0.0) -> None:
        """Cut the power."""
        self.end()
        self.clocks.reboot(after_s, shows)
        self.boots += 1
        self.start()

    def event(self, decided_s: float = 0.0) -> Event:
        """Let something happen, which takes so long to be decided."""
        at, true_s = self.clocks.monotonic_s, self.clocks.true_s
        self.clocks.go(decided_s)
        made = self.outbox.put(
            lambda seq, previous: stamp(
                detection(at=at),
                seq=seq,
                previous=previous,
                identity=self.identity,
                wall=self.time.at(at),
            )
        )
        self.truth[made.id] = true_s
        return made

    def steps(self, count: int = 40) -> None:
        """Give the time thread so many turns, one a second."""
        for _ in range(count):
            self.time.step()
            self.clocks.go(1.0)

    def events(self) -> list[Event]:
        """Every record kept, in order."""
        rows = self.outbox.recent(10_000)[::-1]
        return [msgspec.json.decode(row.body, type=Event) for row in rows]

    def last(self) -> dict[str, Event]:
        """The last word on each event, by id."""
        return {each.id: each for each in sorted(self.events(), key=lambda each: each.revision)}

    def wrong_by_s(self, event: Event) -> float:
        """How far the time that an event tells is from when it happened."""
        told = WallTime(event.wall_time, event.wall_uncertainty_s, event.wall_source)
        return abs(told.unix_s - self.truth[event.id])
