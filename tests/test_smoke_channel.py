"""A channel that fails is told in time, through the real drivers: it never stays a green claim.

Each part of the smoke path is led through random histories of faults, drift and saturation on its
simulated wire, in virtual time, up to the claim. The times are those that docs/sensors.md promises.
"""

import math
import random
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.coverage import PROOF_LASTS_S, Proof, coverage
from agent.pipeline import Pipeline
from agent.sampler import Channel, Sampler
from agent.sections import AnnunciatorConfig, Config, SirenConfig
from agent.values import Detection, Failure, Hazard, Reading, Stage, Why
from agent.watch import detectors, watched
from drivers import catalog
from drivers.i2c_recovery import recovery
from drivers.sensor import ChecksumError, DisconnectedError, WrongDeviceError
from hw_mocks.bench import Bench
from hw_mocks.faults import Fault
from hw_mocks.life import write_baselines
from tests.drivers.parts import collect

SUMMER = "2026-06-01T00:00:00Z"
# reads in a row, and seconds, after which an error is told at the latest
IN_TIME: Mapping[type[Exception], tuple[int, float]] = {
    OSError: (3, 10.0),
    WrongDeviceError: (2, 0.0),
    DisconnectedError: (2, 0.0),
    ChecksumError: (15, 20.0),
}
SATURATED_S = 600.0  # the end of the range is the hazard: seconds of heat, minutes of CO's dose
FAULTS = {part.driver: part.faults for part in reversed([*collect()])}  # as it comes by default
ADC = {"chip": "mcp3008", "channel": 0}


@dataclass(frozen=True)
class Kind:
    """A channel of the smoke path: what is in its table, and its knob's rest and ends."""

    table: dict[str, Any]
    knob: str
    rest: tuple[float, float]
    ends: tuple[float, float] = (0.0, 0.0)


KINDS = {
    "smoke_relay": Kind({"gpio": 17}, "alarm", (0.0, 0.0)),
    "pmsa003i": Kind({}, "pm2_5_ug_m3", (5.0, 60.0), (0.0, 1000.0)),
    "mq2": Kind({"adc": ADC}, "rs_over_r0", (0.8, 1.4), (0.05, 6.0)),
    "co_cell": Kind({"adc": ADC, "na_per_ppm": 2.0}, "ppm", (-3.0, 8.0), (-60.0, 400.0)),
    "dht22": Kind({"gpio": 4}, "celsius", (5.0, 35.0), (-40.0, 80.0)),
}


class Device:
    """An agent with one channel, from the simulated part to the claim, turned by hand."""

    def __init__(self, driver: str, every_s: float, *, proven: bool) -> None:
        self.kind, self.every_s, self.now = KINDS[driver], every_s, 0.0
        table = {"driver": driver, "name": "channel", "every_s": every_s} | self.kind.table
        self.sensor = catalog.decode(table)
        self.config = Config(
            profile="channel",
            title=Why(ko="시험", en="Test"),
            annunciator=AnnunciatorConfig(siren=SirenConfig(gpio=18)),
            sensors=[self.sensor],
        )
        proof = Proof(SUMMER, self.now)
        self._proven = dict.fromkeys((Hazard.FIRE, Hazard.CO), proof) if proven else {}
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        self.bench = Bench(self.config, w1_root=folder / "w1", state=folder)
        write_baselines(self.config, self.bench, folder, SUMMER, lambda _: None)
        self.pipeline = Pipeline(watched(self.config), detectors(self.config))
        self.active: dict[tuple[Hazard, str], Stage] = {}
        self._sampler = Sampler(
            self.sensor.wire(),
            [Channel("channel", self.sensor.build(self.bench.board), every_s)],
            put=self._take,
            clock=lambda: self.now,
            polled=recovery(self.bench.board, self.sensor.wire()),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.bench.close()
        self._folder.cleanup()

    def turn(self, fault: Fault, value: float) -> None:
        """Give the part a fault, and let it feel this."""
        self.bench.set(f"channel.{self.kind.knob}", value)
        if self.bench.parts["channel"].fault is not fault:
            self.bench.set("channel.fault", str(fault))

    def poll(self) -> None:
        """Poll once, and let the time to the next poll pass."""
        self._sampler.step(lambda: None)
        self.now += self.every_s
        self._tell(self.pipeline.tick(self.now))

    def claims_protection(self) -> bool:
        """Whether a hazard is green: proven, or assumed without a word of doubt."""
        claims = coverage(
            self.config,
            {"channel": self.pipeline.health("channel")},
            self._proven,
            now=self.now,
            simulated=False,
        ).values()
        return any(each.claim == "proven" or not each.why for each in claims)

    def is_told(self) -> bool:
        """Whether people are told that something is wrong: an alarm, a fault, or the claim."""
        is_quiet = self.claims_protection() or self.pipeline.health("channel").is_sound
        return bool(self.active) or not is_quiet

    def _take(self, item: Reading | Failure) -> None:
        if isinstance(item, Failure):
            self._tell(self.pipeline.failed(item))
        else:
            self._tell(self.pipeline.handle(item))

    def _tell(self, detections: list[Detection]) -> None:
        for each in detections:
            if each.stage is Stage.CLEARED:
                self.active.pop((each.hazard, each.subject), None)
            else:
                self.active[each.hazard, each.subject] = each.stage


def in_time_s(device: Device, fault: Fault) -> float:
    """How long a fault may go on untold, in seconds; a poll may be missed at its beginning."""
    expected = FAULTS[device.bench.drivers["channel"]].get(fault)
    if fault is Fault.STUCK:
        return frozen_s(device) + device.every_s
    if not isinstance(expected, type):
        return max(SATURATED_S, device.sensor.warm_up_s + 60.0) + 3 * device.every_s
    reads, seconds = IN_TIME[expected]
    return max(reads * device.every_s, seconds) + device.every_s


def frozen_s(device: Device) -> float:
    """After how long the first quantity that may not stand still is frozen."""
    return min(span.frozen_after_s or math.inf for span in device.sensor.spans.values())


def can_be_told(driver: str) -> list[Fault]:
    """The faults that readings can show: a contact or a zero may rightly stand for ever."""
    (sensor,) = catalog.config_types([driver])
    moves = any(span.frozen_after_s for span in sensor.spans.values())
    return [*FAULTS[driver], *([Fault.STUCK] if moves else [])]


def at_rest(device: Device, seed: int) -> Callable[[], float]:
    """What a living part feels when nothing happens: never quite the same twice."""
    source, (low, high) = random.Random(seed), device.kind.rest
    middle = source.uniform(low, high)
    return lambda: min(high, max(low, middle + (high - low) * source.uniform(-0.02, 0.02)))


def every_s(driver: str, fault: Fault) -> st.SearchStrategy[float]:
    """Polls that keep hours short enough, and leave a DHT its two seconds."""
    if fault is Fault.STUCK:
        return st.sampled_from([60.0, 300.0])
    return st.sampled_from([2.0, 5.0, 30.0] if driver == "dht22" else [0.5, 2.0, 10.0, 60.0])


SEEDS = st.integers(0, 10_000)
ROWS = [(driver, fault) for driver in KINDS for fault in can_be_told(driver)]


@pytest.mark.parametrize(("driver", "fault"), ROWS, ids=str)
@given(data=st.data())
@settings(deadline=None, max_examples=12)
def test_a_fault_is_told_in_time_whatever_came_before(
    driver: str, fault: Fault, data: st.DataObject
) -> None:
    every = data.draw(every_s(driver, fault), "every_s")
    earlier = st.tuples(st.sampled_from([Fault.NONE, *FAULTS[driver]]), st.integers(1, 20))
    with Device(driver, every, proven=data.draw(st.booleans(), "proven")) as device:
        feels = at_rest(device, data.draw(SEEDS, "seed"))
        for before, polls in data.draw(st.lists(earlier, max_size=4), "history"):
            for _ in range(polls):
                device.turn(before, feels())
                device.poll()
        began, limit_s = device.now, in_time_s(device, fault)
        while device.now - began <= limit_s:
            device.turn(fault, feels())
            device.poll()
        for _ in range(5):
            assert device.is_told(), f"{fault} for {device.now - began:.0f} s"
            device.poll()


@pytest.mark.parametrize("driver", [name for name in KINDS if KINDS[name].ends != (0.0, 0.0)])
@given(data=st.data())
@settings(deadline=None, max_examples=12)
def test_a_drift_to_either_end_is_told_before_the_channel_is_blind(
    driver: str, data: st.DataObject
) -> None:
    polls = data.draw(st.integers(20, 150), "polls")
    every = data.draw(st.sampled_from([10.0, 60.0, 300.0]), "every_s")
    with Device(driver, every, proven=data.draw(st.booleans(), "proven")) as device:
        feels = at_rest(device, data.draw(SEEDS, "seed"))
        end = data.draw(st.sampled_from(device.kind.ends), "end")
        begin = feels()
        for n in range(polls):
            device.turn(Fault.NONE, begin + (end - begin) * n / polls + feels() - begin)
            device.poll()
        reached = device.now
        stands_s = (SATURATED_S if math.isinf(frozen_s(device)) else frozen_s(device)) + 3 * every
        while device.now - reached <= stands_s and not device.is_told():
            device.turn(Fault.NONE, end)
            device.poll()
        assert device.is_told(), f"at {end:g} for {device.now - reached:.0f} s"


@pytest.mark.parametrize("driver", KINDS)
@given(data=st.data())
@settings(deadline=None, max_examples=12)
def test_a_channel_at_rest_is_no_alarm_and_a_green_claim(driver: str, data: st.DataObject) -> None:
    every = data.draw(every_s(driver, Fault.ABSENT), "every_s")
    with Device(driver, every, proven=data.draw(st.booleans(), "proven")) as device:
        feels = at_rest(device, data.draw(SEEDS, "seed"))
        while device.now <= device.sensor.warm_up_s + 20 * every:
            device.turn(Fault.NONE, feels())
            device.poll()
        assert not device.is_told()


@pytest.mark.parametrize("driver", ["smoke_relay", "co_cell"])
def test_what_no_reading_can_accuse_is_not_claimed_beyond_a_year(driver: str) -> None:
    with Device(driver, 30.0, proven=True) as device:
        device.poll()
        device.poll()
        device.turn(Fault.STUCK, device.kind.rest[0])
        device.now += PROOF_LASTS_S
        for _ in range(10):
            device.poll()
        assert not device.claims_protection()


@pytest.mark.parametrize("driver", sorted(KINDS))
def test_a_channel_that_nobody_tried_is_never_claimed_without_saying_so(driver: str) -> None:
    with Device(driver, 30.0, proven=False) as device:
        for _ in range(10):
            device.poll()
        assert not device.claims_protection()
