"""Parts that wear out: said ahead, never a fault, and never by a clock that nobody vouches for."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import config as configuration
from agent import life
from agent.cli import PROFILES
from agent.config import ConfigError
from agent.coverage import Proof, coverage
from agent.pipeline import Health, State
from agent.sections import Config
from agent.values import Hazard
from agent.wallclock import WallTime
from drivers import catalog
from drivers.sensor import Quantity

STALL = configuration.load(PROFILES / "market-stall.toml")
INSTALLED = date(2026, 11, 22)
WEARS_OUT = {
    Quantity.CO_PPM,
    Quantity.PM2_5_UG_M3,
    Quantity.SMOKE_OBSCURATION_PCT_PER_M,
    Quantity.SMOKE_ALARM_CONTACT,
}


def device(installed: date | None = INSTALLED) -> Config:
    sensors = [msgspec.structs.replace(each, installed=installed) for each in STALL.sensors]
    return msgspec.structs.replace(STALL, sensors=sensors)


def clock(day: date, source: str = "ntp") -> WallTime:
    return WallTime(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).isoformat(), 0.1, source)


def test_every_part_that_wears_out_says_how_long_it_lasts() -> None:
    for driver, kind in zip(catalog.DRIVERS, catalog.config_types(catalog.DRIVERS), strict=True):
        if WEARS_OUT & kind.spans.keys():
            assert kind.life_years is not None, driver
        if kind.life_years is not None:
            assert 1 <= kind.life_years <= 20, driver


def test_the_end_is_said_a_month_ahead_and_from_then_on() -> None:
    stall = device()
    end = date(2029, 11, 22)  # a particle sensor lasts three years
    assert life.worn(stall, clock(end - timedelta(1))) == {}
    assert "particles" not in life.ending(stall, clock(end - timedelta(31)))
    assert str(end) in life.ending(stall, clock(end - timedelta(30)))["particles"]
    assert life.worn(stall, clock(end)) == {"particles": f"past its life since {end}"}
    assert "particles" not in life.ending(stall, clock(end))


@given(st.dates(), st.sampled_from(["unset", "unsynchronised"]))
def test_a_clock_that_nobody_vouches_for_condemns_no_part(day: date, source: str) -> None:
    assert life.worn(device(), clock(day, source)) == {}


def test_with_an_unset_clock_the_end_is_named_and_left_open() -> None:
    said = life.ending(device(), clock(date(1970, 1, 1), "unset"))
    assert said.keys() == {"particles", "co", "smoke_alarm"}
    assert "the clock is not set" in said["particles"]


def test_a_clock_without_a_network_is_taken_with_a_doubt() -> None:
    said = life.ending(device(), clock(date(2035, 1, 1), "unsynchronised"))
    assert said.keys() == {"particles"}
    assert "if that is right" in said["particles"]


@given(st.dates(), st.dates(), st.sampled_from(["ntp", "unset", "unsynchronised"]))
def test_no_date_and_no_clock_brings_it_down(installed: date, day: date, source: str) -> None:
    wall = replace(clock(day), source=source)
    assert (
        not life.worn(device(installed), wall).keys() & life.ending(device(installed), wall).keys()
    )


def test_who_wrote_no_date_is_asked_for_one() -> None:
    assert [line.split(":")[0] for line in life.undated(device(None))] == [
        "co",
        "particles",
        "smoke_alarm",
    ]
    assert list(life.undated(device())) == []


def test_on_a_worn_part_nothing_is_proven_and_it_is_no_fault() -> None:
    stall, well = device(), Health(State.OK, "", ())
    wall = clock(date(2036, 12, 31))
    claims = coverage(
        stall,
        {each.name: well for each in stall.sensors},
        {hazard: Proof("2036-12-01T00:00:00Z", 0.0) for hazard in Hazard},
        now=0.0,
        simulated=False,
        worn=life.worn(stall, wall),
        ending=life.ending(stall, wall),
    )
    assert (claims["co"].claim, claims["sos"].claim) == ("assumed", "proven")
    assert claims["co"].why == "co: past its life since 2036-11-21"


def test_a_life_that_ends_soon_is_said_beside_the_proof() -> None:
    stall, well = device(), Health(State.OK, "", ())
    claims = coverage(
        stall,
        {each.name: well for each in stall.sensors},
        {Hazard.CO: Proof("2036-11-01T00:00:00Z", 0.0)},
        now=0.0,
        simulated=False,
        ending=life.ending(stall, clock(date(2036, 11, 1))),
    )
    assert claims["co"].claim == "proven"
    assert claims["co"].why.endswith("co: its life ends on 2036-11-21: exchange it by then")


@pytest.mark.parametrize("written", ['"2026-11-22"', "2026-11-22"])
def test_the_date_is_written_as_a_date(written: str, tmp_path: Path) -> None:
    path = tmp_path / "device.toml"
    text = (PROFILES / "market-stall.toml").read_text()
    path.write_text(
        text.replace('driver = "pmsa003i"', f'driver = "pmsa003i"\ninstalled = {written}')
    )
    found = {each.name: each.installed for each in configuration.load(path).sensors}
    assert found["particles"] == INSTALLED


@pytest.mark.parametrize("written", ['"2026-13-22"', '"yesterday"', "5", "2026-11-22T10:00:00"])
def test_what_is_no_date_is_an_error_that_names_the_place(written: str, tmp_path: Path) -> None:
    path = tmp_path / "device.toml"
    text = (PROFILES / "market-stall.toml").read_text()
    path.write_text(
        text.replace('driver = "pmsa003i"', f'driver = "pmsa003i"\ninstalled = {written}')
    )
    with pytest.raises(ConfigError, match="installed"):
        configuration.load(path)
