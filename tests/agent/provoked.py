"""Real drivers and samplers on simulated wires, a real pipeline, and what provokes the sensors.

One thread and a clock turned by hand: hours pass in a second.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.config import load
from agent.detectors.calendar import Calendar
from agent.errands import Part
from agent.pipeline import Pipeline
from agent.provocation import longest_s
from agent.stimuli import AFTER_START_S, RULE, Around, Stimuli
from agent.stimulus_rules import every_s, owed
from agent.values import Detection, Failure, Hazard, Reading, Stage
from agent.wallclock import WallTime, wall_time
from agent.watch import detectors, watched
from agent.wires import samplers
from hw_mocks.bench import Bench
from hw_mocks.life import write_baselines

if TYPE_CHECKING:
    from agent.coverage import Proof

DAY_S = 86_400.0
NOON = 1_795_305_600.0 + 3 * 3600  # 2026-11-22T03:00Z: noon in Korea
WARM_S = 200.0  # until then every part is warm, and the rest after a start is over
TAKEN_AT = "2026-01-02T03:04:05Z"

HEAD = """
profile = "test"
title = { ko = "시험", en = "test" }
[annunciator]
siren = { gpio = 12 }
"""
GAS = """
[gas]
[[sensors]]
name = "gas"
driver = "mq5"
adc = { chip = "mcp3008", channel = 0 }
stimulus = { by = "line", gpio = 5, rise = 8.0, most = 900.0, on_s = 10.0, back_s = 10.0 }
"""
CO = """
[[sensors]]
name = "co"
driver = "co_cell"
na_per_ppm = 1.8
adc = { chip = "mcp3008", channel = 1 }
[sensors.stimulus]
by = "line"
gpio = 6
rise = 400.0
most = 900.0
on_s = 10.0
back_s = 30.0
lingers_s = 2.0
reaches = "element"
"""
SMOKE = """
[[sensors]]
name = "smoke_alarm"
driver = "smoke_relay"
gpio = 17
stimulus = { by = "line", gpio = 13, rise = 1.0, most = 1.5, on_s = 10.0, back_s = 10.0 }
"""
ROOM = """
[[sensors]]
name = "room"
driver = "sht4x"
stimulus = { by = "itself" }
"""
CHAMBER = """
[[sensors]]
name = "chamber"
driver = "adpd188bi"
stimulus = { by = "itself" }
"""
CEILING = """
[[sensors]]
name = "ceiling"
driver = "ds18b20"
id = "28-00000a1b2c3d"
"""


class House:
    """`told` is what the detectors that guard decided, `faults` what the stimuli did."""

    def __init__(self, folder: Path, text: str) -> None:
        (folder / "device.toml").write_text(text, "utf-8")
        self.config = load(folder / "device.toml")
        self.state = folder / "state"
        self.now = 1000.0
        self.bench = Bench(
            self.config, w1_root=folder / "w1", state=self.state, clock=lambda: self.now
        )
        write_baselines(self.config, self.bench, self.state, TAKEN_AT, lambda _: None)
        self.pipeline = Pipeline(watched(self.config), detectors(self.config))
        self.came: list[Reading | Failure] = []
        self.wires = samplers(
            self.config.sensors, self.bench.board, put=self.came.append, clock=self.clock, pace=1.0
        )
        self.calendar, self.announced = Calendar(), 0
        self.busy = False
        self.told: list[Detection] = []
        self.faults: list[Detection] = []
        self.seen: list[Reading] = []  # by the detectors that guard
        self.notes: list[dict[str, Any]] = []
        self.proofs: dict[Hazard, Proof] = {}
        self.stimuli = self.begun()

    def begun(self) -> Stimuli:
        """As a start of the agent makes it."""
        around = Around(
            wires=self.wires,
            feed=self._believe,
            busy=lambda _now: self.busy,
            health=self.pipeline.health,
            note=lambda _kind, body: self.notes.append(body),
            prove=self.proofs.__setitem__,
            siren=self,
            wall=self.wall,
        )
        began = self.now - AFTER_START_S + WARM_S
        return Stimuli(self.config, self.state, around, self.calendar, began=began)

    def announce_test(self) -> None:
        """What sounds is elsewhere: here it is only asked for, and stays silent."""
        self.announced += 1

    def sounded(self) -> list[tuple[float, bool]]:
        return []

    def clock(self) -> float:
        return self.now

    def wall(self) -> WallTime:
        return wall_time(NOON + self.now - 1000.0, 0.1, "ntp")

    def know_the_time(self, unix_s: float = NOON) -> None:
        """Somebody vouches for the clock: it is so late now."""
        self.calendar.set(self.now, unix_s, 0.1)

    def live(self, for_s: float, each: Callable[[], None] = lambda: None) -> None:
        """Let time pass, half a second at a time."""
        until = self.now + for_s
        while self.now < until:
            self.now += 0.5
            for wire in self.wires:
                wire.step(lambda: None)
            came, self.came[:] = list(self.came), []
            for item in came:
                if isinstance(item, Failure):
                    self.told += self.pipeline.failed(item)
                elif not self.stimuli.holds(item):
                    self._believe(item)
            self.told += self.pipeline.tick(self.now)
            self.faults += self.stimuli.step(self.now)
            self.pipeline.withhold(self.stimuli.withheld())
            each()

    def until_over(self, sensor: str) -> dict[str, Any]:
        """Live until this sensor's test is over; what the ledger says of it."""
        had = len(self.notes)
        for _ in range(4000):
            self.live(0.5)
            if len(self.notes) > had and self.notes[-1]["sensor"] == sensor:
                return self.notes[-1]
        raise AssertionError(f"{sensor} was not tried: {self.notes}")

    def until_provoked(self, sensor: str) -> None:
        for _ in range(4000):
            self.live(0.5)
            if sensor in self.stimuli.withheld():
                return
        raise AssertionError(f"{sensor} is not provoked")

    def longest_s(self, sensor: str) -> float:
        found = next(each for each in self.config.sensors if each.name == sensor)
        return longest_s(owed(found), every_s(found))

    def alarms(self) -> list[Detection]:
        return [each for each in self.told if each.stage is not Stage.CLEARED]

    def _believe(self, reading: Reading) -> None:
        self.seen.append(reading)
        self.told += self.pipeline.handle(reading)

    def close(self) -> None:
        for wire in self.wires:
            for channel in wire.channels:
                channel.close()
        self.bench.close()


@contextmanager
def house(folder: Path, *tables: str) -> Iterator[House]:
    (folder / "state").mkdir()
    made = House(folder, "".join(tables) if "title" in tables[0] else HEAD + "".join(tables))
    try:
        yield made
    finally:
        made.close()


def ordered(found: House) -> list[Part]:
    """What comes of all that can be tried now."""
    parts: list[Part] = []
    asked = threading.Thread(
        target=lambda: parts.extend(found.stimuli.try_all(lambda: None, lambda: False))
    )
    asked.start()
    while asked.is_alive():
        found.live(0.5)
    asked.join()
    return parts


def warmed(found: House) -> None:
    """It has been on for long, and somebody tells it the time: noon."""
    found.live(WARM_S + 10.0)
    found.know_the_time()


def faults(found: House, name: str) -> list[Stage]:
    """What was told of a sensor's self-test."""
    mine = [each for each in found.faults if each.subject == f"{name} self-test"]
    assert all((each.hazard, each.rule) == (Hazard.FAULT, RULE) for each in mine)
    return [each.stage for each in mine]
