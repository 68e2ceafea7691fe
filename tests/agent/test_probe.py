"""`haetae probe` on simulated wires: what is wrong shows as what it is."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from agent import config, probe
from agent.cli import PROFILES
from agent.detectors.sos import SosConfig
from agent.sections import Config
from agent.values import FailureKind
from drivers import baseline, catalog
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
    assert broken.message in probe.as_text(broken).replace("\n", "")
    for hazard in broken.covers:
        assert broken.covers[hazard].startswith("lost" if hazard != "fire" else "assumed: ")
    shared = {"gas", "co"}  # one converter: its own fault shows on both
    assert not {each.sensor for each in found.values() if each.failure} - shared


def test_a_clean_air_baseline_is_measured_and_stored(bench: Bench, tmp_path: Path) -> None:
    said: list[str] = []
    waits: list[float] = []
    stored = probe.baseline(
        STALL, bench.board, "gas", heated_h=48, wait=waits.append, say=said.append
    )
    assert stored == f"{baseline.load(tmp_path, 'gas').r0_kohm:.1f} kΩ in clean air"
    assert len(waits) == len(said) == probe.BASELINE_READINGS


@pytest.mark.parametrize("name", ["nobody", "ceiling"])
def test_not_every_part_has_a_baseline(bench: Bench, name: str) -> None:
    with pytest.raises(probe.BaselineError, match="no part of this name has a baseline"):
        probe.baseline(STALL, bench.board, name, heated_h=0, wait=print, say=print)


def test_a_cut_cell_gives_no_baseline(bench: Bench, tmp_path: Path) -> None:
    before = baseline.load(tmp_path, "gas")
    bench.set("gas.fault", "absent")
    with pytest.raises(probe.BaselineError, match="gas"):
        probe.baseline(STALL, bench.board, "gas", heated_h=48, wait=print, say=print)
    assert baseline.load(tmp_path, "gas") == before


def test_each_sensor_shows_its_wire_its_age_and_what_stands_on_it(bench: Bench) -> None:
    bench.set("ceiling.celsius", 35.1)
    bench.set("ceiling.humidity_pct", 65.2)
    found = probed(bench)
    assert found["ceiling"].raw == "gpio16: 81 pulses < 02 8c 01 5f ee"
    assert found["smoke_alarm"].raw == "gpio17: low"
    assert found["particles"].raw.startswith("i2c-1:0x12: < 42 4d 00 1c")
    assert found["co"].raw.startswith("spi0.0:ch1: code ")
    assert "t=" in found["box_heat"].raw
    assert all(0 <= each.age_s < 60 for each in found.values())
    assert {name: list(each.covers) for name, each in found.items() if each.covers} == {
        "ceiling": ["fire"],
        "box_heat": ["fire"],
        "smoke_alarm": ["fire"],
        "co": ["co"],
        "sos": ["sos"],
    }
    assert found["co"].covers == {"co": "assumed: untried since start"}


def test_on_simulated_wires_nothing_is_claimed(bench: Bench) -> None:
    claims = {
        claim
        for each in probe.probe(STALL, bench.board, simulated=True)
        for claim in each.covers.values()
    }
    assert claims == {"simulated"}


def test_a_value_that_cannot_be_is_doubted(bench: Bench, tmp_path: Path) -> None:
    garbled = Baseline(r0_kohm=1e-6, taken_at="2026-11-21T12:00:00Z", burn_in_h=48)
    baseline.store(tmp_path, "gas", garbled)
    found = probed(bench)["gas"]
    assert (found.state, found.failure) == ("doubted", "")
    assert "GAS_RS_R0" in found.message
    assert found.message in probe.as_text(found)


def test_what_opening_showed_stays_where_reading_was_not_reached(bench: Bench) -> None:
    bench.set("particles.fault", "wrong_chip")
    broken = probed(bench)["particles"]
    assert broken.raw.startswith("i2c-1:0x12: < ")
    assert not broken.raw.startswith("i2c-1:0x12: < 42 4d")


@pytest.mark.parametrize("fault", ["none", "absent"])
def test_a_sensor_is_a_few_lines_that_say_all(bench: Bench, fault: str) -> None:
    bench.set("co.fault", fault)
    lines = probe.as_text(probed(bench)["co"]).splitlines()
    assert [line.split()[0] for line in lines] == ["co:", "part", "wire", "says", "covers"]
    assert "spi0.0:ch1: code" in lines[2]
    assert ("V, far below" if fault == "absent" else "CO_PPM") in lines[3]
    assert ("co: lost" if fault == "absent" else "co: assumed") in lines[4]


def test_what_was_measured_at_the_start_is_shown_with_its_date(
    bench: Bench, tmp_path: Path
) -> None:
    found = probed(bench)
    assert found["gas"].note.endswith("baseline of 2026-11-21T12:00:00Z")
    assert found["ceiling"].note == ""
    record = '{"taken_at": "2026-11-20T09:00:00Z", "reference": "a calibrator", "floor_db": 31.5}'
    (tmp_path / "calibrations").mkdir()
    (tmp_path / "calibrations" / "ceiling.json").write_text(record)
    told = "calibration of 2026-11-20T09:00:00Z against a calibrator, floor 31.5 dB"
    assert probed(bench)["ceiling"].note == told


def device(driver: str) -> Config:
    """A device with this one part."""
    only = [catalog.decode({"driver": driver, "name": "under_test"})]
    return msgspec.structs.replace(STALL, sensors=only, sos=SosConfig())


def test_a_wire_that_shows_people_is_withheld(tmp_path: Path) -> None:
    array = device("amg8833")
    with Bench(array, w1_root=tmp_path / "w1", state=tmp_path) as made:
        (found,) = probe.probe(array, made.board, simulated=True)
    assert found.readings["SURFACE_TEMPERATURE_C"] > 0
    assert found.raw == "(withheld: it shows people)"


@pytest.mark.parametrize(
    ("driver", "said"), [("adpd188bi", "clean chamber: blue"), ("adxl345", "pose: x ")]
)
def test_a_part_keeps_how_it_was_put_in_and_measures_from_there(
    driver: str, said: str, tmp_path: Path
) -> None:
    only = device(driver)
    with Bench(only, w1_root=tmp_path / "w1", state=tmp_path) as made:
        (before,) = probe.probe(only, made.board)
        assert before.failure == FailureKind.NOT_READY
        assert "haetae probe --baseline under_test" in before.message
        stored = probe.baseline(
            only, made.board, "under_test", heated_h=0, wait=lambda _: None, say=lambda _: None
        )
        assert stored.startswith(said)
        (after,) = probe.probe(only, made.board)
    assert after.failure == ""
    assert min(after.readings.values()) == pytest.approx(0.0, abs=0.3)


def test_a_microphone_is_held_to_a_known_sound_and_to_silence(tmp_path: Path) -> None:
    adc = {"chip": "mcp3008", "channel": 0}
    table = {"driver": "analog_noise", "name": "noise", "adc": adc, "gain": 50.0}
    only = [catalog.decode(table)]
    ear = msgspec.structs.replace(STALL, sensors=only, sos=SosConfig())
    with Bench(ear, w1_root=tmp_path / "w1", state=tmp_path) as made:
        levels = iter([90.0, 50.0])  # it says 4 dB too little
        stored = probe.calibrate(
            ear, made.board, "noise", reference_db=94.0, reference="a calibrator of class 2",
            ready=lambda _: made.set("noise.level_db", next(levels)),
        )  # fmt: skip
        assert stored.startswith("offset +4")
        made.set("noise.level_db", 70.0)
        (found,) = probe.probe(ear, made.board)
    assert found.readings["SOUND_LEQ_DB"] == pytest.approx(74.0, abs=1.0)
    assert "class 2" in found.note


def test_only_a_microphone_is_calibrated(bench: Bench) -> None:
    with pytest.raises(probe.BaselineError, match="no microphone"):
        probe.calibrate(
            STALL, bench.board, "gas", reference_db=94.0, reference="a calibrator", ready=print
        )
