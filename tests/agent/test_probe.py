"""`haetae probe` on simulated wires: what is wrong shows as what it is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import config, probe
from agent.cli import PROFILES
from agent.values import FailureKind
from drivers import baseline
from drivers.baseline import Baseline
from hw_mocks.bench import Bench

STALL = config.load(PROFILES / "market-stall.toml")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    clean = Baseline(r0_kohm=20.0, taken_at="2026-11-21T12:00:00Z", burn_in_h=48)
    baseline.store(tmp_path, "gas", clean)
    with Bench(STALL, w1_root=tmp_path / "w1", state=tmp_path) as made:
        yield made


def probed(bench: Bench) -> dict[str, probe.Finding]:
    return {each.sensor: each for each in probe.probe(STALL, bench.board)}


def test_every_reading_comes_through_the_parts_own_library(bench: Bench) -> None:
    bench.set("ceiling.celsius", 23.4)
    bench.set("particles.pm2_5_ug_m3", 87)
    found = probed(bench)
    assert all(each.failure == "" for each in found.values())
    assert found["ceiling"].readings["TEMPERATURE_C"] == 23.4
    assert found["particles"].readings["PM2_5_UG_M3"] == 87.0
    assert found["ceiling"].library == "adafruit_dht"
    assert found["particles"].library == "adafruit_pm25"
    assert {found[name].library for name in ("gas", "co", "sos", "motion")} == {"gpiozero"}


@pytest.mark.parametrize(
    ("knob", "kind"),
    [
        ("particles.fault=wrong_chip", FailureKind.WRONG_DEVICE),
        ("box_heat.fault=wrong_chip", FailureKind.WRONG_DEVICE),
        ("ceiling.fault=corrupted", FailureKind.CORRUPTED),
        ("particles.fault=corrupted", FailureKind.CORRUPTED),
        ("box_heat.fault=corrupted", FailureKind.CORRUPTED),
        ("ceiling.fault=absent", FailureKind.NO_ANSWER),
        ("box_heat.fault=absent", FailureKind.NO_ANSWER),
        ("particles.fault=absent", FailureKind.NO_ANSWER),
        ("gas.fault=absent", FailureKind.DISCONNECTED),
        ("co.fault=absent", FailureKind.DISCONNECTED),
    ],
)
def test_what_is_wrong_shows_as_what_it_is(bench: Bench, knob: str, kind: FailureKind) -> None:
    name, _, fault = knob.partition("=")
    bench.set(name, fault)
    found = probed(bench)
    broken = found.pop(name.split(".")[0])
    assert broken.failure == kind
    assert broken.readings == {}
    assert broken.remedy == probe.REMEDIES[kind]
    assert probe.as_text(broken).count("\n") == 0
    shared = {"gas", "co"}  # one converter: its own fault shows on both
    assert not {each.sensor for each in found.values() if each.failure} - shared


def test_a_clean_air_baseline_is_measured_and_stored(bench: Bench, tmp_path: Path) -> None:
    said: list[str] = []
    waits: list[float] = []
    stored = probe.baseline(
        STALL, bench.board, "gas", heated_h=48, wait=waits.append, say=said.append
    )
    assert stored == baseline.load(tmp_path, "gas")
    assert len(waits) == len(said) == probe.BASELINE_READINGS


@pytest.mark.parametrize("name", ["nobody", "ceiling"])
def test_only_a_gas_cell_has_a_baseline(bench: Bench, name: str) -> None:
    with pytest.raises(probe.BaselineError, match="no gas cell"):
        probe.baseline(STALL, bench.board, name, heated_h=0, wait=print, say=print)


def test_a_cut_cell_gives_no_baseline(bench: Bench, tmp_path: Path) -> None:
    before = baseline.load(tmp_path, "gas")
    bench.set("gas.fault", "absent")
    with pytest.raises(probe.BaselineError, match="gas"):
        probe.baseline(STALL, bench.board, "gas", heated_h=48, wait=print, say=print)
    assert baseline.load(tmp_path, "gas") == before
