"""A real fire while a fire sensor is inspected: by the real detector, however it hides."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent import config
from agent.commands import Inspect, Order
from agent.detectors.fire import FireConfig, FireDetector
from agent.inspector import LINGERS_S, Inspector
from agent.pipeline import Pipeline
from agent.values import Detection, Hazard, Reading, Stage
from agent.wallclock import WallTime
from drivers.sensor import Quantity
from tests.agent.test_inspection import puff

SMOKE = Quantity.SMOKE_OBSCURATION_PCT_PER_M
NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
CALM, NONCE = 0.1, "n0nce-123"
TOML = """
profile = "test"
title = { ko = "시험", en = "test" }
[annunciator]
siren = { gpio = 17 }
[[sensors]]
driver = "adpd188bi"
name = "kitchen"
[[sensors]]
driver = "ds18b20"
name = "hall"
id = "28-0000000000aa"
"""


@dataclass
class House:
    """Two smoke sensors, the detector of both, and an inspection of the one in the kitchen."""

    folder: Path
    now: float = 1000.0
    told: list[tuple[Stage, str, set[str]]] = field(default_factory=list)
    results: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        path = self.folder / "device.toml"
        path.write_text(TOML, "utf-8")
        self.pipeline = Pipeline({}, [FireDetector(FireConfig())])
        self.inspector = Inspector(
            config.load(path),
            note=lambda _kind, body: self.results.append(body["result"]),
            done=lambda *_: None,
            lamp=self,
            status=self,
            health=self.pipeline.health,
            standing=self.pipeline.standing,
            wall=lambda: WallTime("2026-11-22T05:00:00.000Z", 0.01, "ntp"),
        )

    def inspect(self, for_s: float) -> None: ...

    def is_active(self, _hazard: Hazard, _besides: Collection[str] = ()) -> bool:
        return False

    def prove(self, *_: object) -> None: ...

    def begin(self) -> None:
        command = Inspect(
            id=NONCE,
            issued=NOW,
            expires=NOW + timedelta(minutes=2),
            by="fire office",
            sensor="kitchen",
            minutes=5.0,
        )
        assert self.inspector.begin(Order("inspect", command, "office"), command, self.now) is None

    def feel(self, kitchen: Iterable[float], hall: float = CALM) -> None:
        for value in kitchen:
            self.now += 1.0
            for sensor, felt in (("kitchen", value), ("hall", hall)):
                reading = Reading(sensor, SMOKE, felt, self.now)
                self.inspector.take(reading)
                self._tell(self.pipeline.handle(reading))
            self._tell(self.inspector.step(self.now))

    def _tell(self, found: list[Detection]) -> None:
        for each in found:
            if each.stage is not Stage.PREALARM:
                sensors = {evidence.sensor for evidence in each.evidence}
                self.told.append((each.stage, self.inspector.mark(each), sensors))

    @property
    def real(self) -> list[tuple[Stage, set[str]]]:
        return [(stage, sensors) for stage, nonce, sensors in self.told if not nonce]


@pytest.fixture
def house(tmp_path: Path) -> House:
    found = House(tmp_path)
    found.feel([CALM] * 30)
    found.begin()
    return found


def test_an_inspection_alone_is_a_test_from_its_alarm_to_its_end(house: House) -> None:
    house.feel([*puff(30.0), *[CALM] * 400])
    assert house.real == []
    assert [stage for stage, _, _ in house.told][-1] is Stage.CLEARED
    assert house.results == ["proven"]


@pytest.mark.parametrize("smells_at", [14, 25, 40])
def test_smoke_at_another_sensor_is_real_at_once_however_little_it_adds(
    house: House, smells_at: int
) -> None:
    values = [*puff(30.0), *[CALM] * 200]
    house.feel(values[:smells_at])
    house.feel(values[smells_at:], hall=12.0)
    assert house.real[0] == (Stage.ALARM, {"kitchen", "hall"})
    assert [stage for stage, _ in house.real] == [Stage.ALARM]


def test_smoke_that_comes_to_the_other_behind_the_inspection_is_real(house: House) -> None:
    house.feel(puff(30.0))
    assert house.results == ["proven"]
    house.feel([CALM] * 60, hall=12.0)
    assert (Stage.ALARM, {"kitchen", "hall"}) in house.real or (
        (Stage.ALARM, {"hall"}) in house.real
    )


def test_smoke_that_follows_at_the_same_sensor_is_no_test_for_long(house: House) -> None:
    house.feel(puff(30.0))
    assert house.results == ["proven"]
    house.feel([12.0] * (int(LINGERS_S) + 10))
    assert house.real == [(Stage.ALARM, {"kitchen"})]
    house.feel([CALM] * 100)
    assert house.real[-1] == (Stage.CLEARED, {"kitchen"})
