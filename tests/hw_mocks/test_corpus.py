"""The simulated ordinary life is the same each time, and long enough."""

from itertools import islice
from pathlib import Path

from agent import config
from agent.sections import Config
from drivers.sensor import Quantity
from hw_mocks import corpus
from hw_mocks.scenario import SCENARIOS

ROOT = Path(__file__).resolve().parents[2]


def profile(name: str) -> Config:
    return config.load(ROOT / "provisioning" / "profiles" / f"{name}.toml")


def test_it_is_at_least_two_hundred_hours_long() -> None:
    assert sum(scenario.length_s for _, scenario, _ in corpus.days()) >= 200 * 3600


def test_a_day_is_the_same_each_time_it_is_lived() -> None:
    def first_minutes() -> list[object]:
        name, scenario, worn = next(corpus.days())
        return list(islice(corpus.readings(scenario, profile(name), seed=0, worn=worn), 2000))

    assert first_minutes() == first_minutes()


def test_a_day_for_training_is_none_of_those_that_are_evaluated() -> None:
    evaluated = [scenario for _, scenario, _ in corpus.days()]
    assert all(scenario not in evaluated for _, scenario, _ in corpus.days(100))


def test_a_dead_sensor_says_nothing_and_a_live_one_of_every_kind_does() -> None:
    name, scenario, worn = next(corpus.days())
    stream = corpus.readings(
        scenario, profile(name), seed=0, worn=worn, dead=frozenset({"co", corpus.METER})
    )
    seen = {reading.quantity for reading in islice(stream, 3000)}
    assert Quantity.CO_PPM not in seen
    assert Quantity.SMOKE_OBSCURATION_PCT_PER_M not in seen
    assert {Quantity.TEMPERATURE_C, Quantity.PM2_5_UG_M3, Quantity.GAS_RS_R0} <= seen


def test_a_year_ages_the_sensors_little_by_little() -> None:
    wears = [worn for name, _, worn in corpus.days() if name == "single-room"]
    assert wears[0] == corpus.Wear()
    assert abs(wears[-1].co_zero_ppm) + abs(wears[-1].particles_gain - 1) > 0


def test_a_computed_fire_is_lit_after_two_minutes() -> None:
    scenario = corpus.burning(SCENARIOS / "room_bedding.csv")
    device = profile("single-room")
    rows = list(corpus.readings(scenario, device, seed=1, worn=corpus.Wear()))
    heat = [row for row in rows if row.sensor == "ceiling" and row.quantity == "TEMPERATURE_C"]
    assert max(row.value for row in heat if row.at < 120) < 30 < max(row.value for row in heat)
