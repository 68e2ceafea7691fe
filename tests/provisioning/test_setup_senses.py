"""Zones on an outline, the quiet of a room, clean air, and parts that are another profile's."""

import json
import stat
import tomllib
from collections.abc import Iterator

import pytest

from drivers import calibration
from hw_mocks.chips.camera import ROOM
from hw_mocks.setup_rig import SetupRig
from provisioning.setup_page import noise
from tests.provisioning.setting_up import Installer
from tests.running import until

RATE = 10.0
AT_FIRST_DB = 45.0  # of a simulated microphone
BED = {"name": "bed", "points": [[0.5, 0.6], [1.0, 0.6], [1.0, 1.0], [0.5, 1.0]]}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installer]:
    """An elder's home: a camera that can be muted, beside all else."""
    folder = tmp_path_factory.mktemp("h")
    with SetupRig(folder, profile="elder-home", rate=RATE) as rig:
        installer = Installer(rig).open()
        installer.choose("elder-home")
        yield installer


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installer]:
    """A single room: a microphone."""
    folder = tmp_path_factory.mktemp("s")
    with SetupRig(folder, profile="single-room", rate=RATE) as rig:
        installer = Installer(rig).open()
        installer.choose("single-room")
        yield installer


def test_a_camera_asks_for_zones_and_a_microphone_for_quiet(
    home: Installer, room: Installer
) -> None:
    assert ("zones" in home.steps(), "noise" in home.steps()) == (True, False)
    assert ("zones" in room.steps(), "noise" in room.steps()) == (False, True)


def test_the_outline_is_what_the_camera_sees_and_no_picture(home: Installer) -> None:
    until(lambda: home.sensor("camera")["value"] == 0.0, 20, "the camera sees")
    answer = home.get("/api/outline?camera=camera")
    assert answer.status == 200, answer.content
    assert answer.json() == {"camera": "camera", "rows": list(ROOM)}


def test_a_camera_that_somebody_switched_off_is_told_with_how_to_switch_it_on(
    home: Installer,
) -> None:
    until(lambda: home.sensor("camera")["value"] == 0.0, 20, "the camera sees")
    until(lambda: home.sensor("cover")["value"] == 0.0, 20, "the button is heard")
    press(home)
    until(lambda: home.sensor("camera")["state"] == "muted", 20, "it is off")
    shown = home.sensor("camera")
    assert "가림 단추" in shown["why"]["ko"]
    assert "Press the cover button" in shown["remedy"]["en"]
    home.do("/api/try", sensor="camera")
    assert home.judged("camera")["code"] == "muted"
    refused = home.get("/api/outline?camera=camera").json()
    assert (refused["code"], refused["remedy"]) == ("muted", shown["remedy"])
    press(home)
    until(lambda: home.sensor("camera")["state"] == "ok", 30, "it is on again")


def press(home: Installer) -> None:
    """A hand on the button that covers the camera."""
    for value in (1, 0):
        home.rig.set("cover.pressed", value)


@pytest.mark.parametrize("camera", ["", "sos", "nobody", "../x"])
def test_only_cameras_have_an_outline(home: Installer, camera: str) -> None:
    assert home.get(f"/api/outline?camera={camera}").json()["code"] == "not-understood"


def test_zones_that_were_drawn_are_in_force(home: Installer) -> None:
    assert not home.steps()["zones"]
    home.do("/api/zones", zones={"camera": [BED]})
    toml = tomllib.loads((home.rig.configuration / "device.toml").read_text())
    (camera,) = [each for each in toml["sensors"] if each["name"] == "camera"]
    assert camera["zones"] == [BED]
    assert home.state()["zones"] == {"camera": [BED]}
    assert home.steps()["zones"]
    until(lambda: home.state()["device"]["agent"], 30, "the agent is back by it")


@pytest.mark.parametrize(
    "zones",
    [
        {},
        {"other": [BED]},
        {"camera": [BED | {"points": [[0, 0], [1, 1]]}]},
        {"camera": [BED | {"points": [[0, 0], [1, 1], [2, 0]]}]},
        {"camera": [BED | {"name": "침대"}]},
        {"camera": [BED] * 9},
    ],
)
def test_what_is_no_zone_changes_nothing(home: Installer, zones: object) -> None:
    before = (home.rig.configuration / "device.toml").read_bytes()
    assert home.refused("/api/zones", zones=zones)["code"] == "not-understood"
    assert (home.rig.configuration / "device.toml").read_bytes() == before


def test_the_quiet_is_measured_by_the_agents_own_levels(room: Installer) -> None:
    assert room.state()["noise"] is None
    room.rig.set("microphone.level_db", 38.0)
    room.do("/api/noise")
    running = room.state()["noise"]
    assert (running["state"], running["lasts_s"]) == ("running", noise.LASTS_S)
    until(lambda: room.state()["noise"]["state"] != "running", 30, "half a minute is over")
    found = room.state()["noise"]
    assert (found["state"], found["level_dba"]) == ("passed", 38.0)
    assert found["readings"] >= 10
    assert room.steps()["noise"]


def test_whoever_speaks_meanwhile_has_to_do_it_again(room: Installer) -> None:
    room.do("/api/noise")
    until(lambda: room.state()["noise"]["left_s"] < noise.LASTS_S / 2, 20, "half of it is over")
    room.rig.set("microphone.level_db", 70.0)
    until(lambda: room.state()["noise"]["state"] != "running", 30, "half a minute is over")
    found = room.state()["noise"]
    assert (found["state"], found["code"]) == ("failed", "noise-restless")
    assert "조용" in found["why"]["ko"]
    assert not room.steps()["noise"]
    assert room.refused("/api/noise", reference_db=70.0)["code"] == "noise-first"


def test_a_reference_meter_is_believed_and_kept_for_the_driver(room: Installer) -> None:
    room.rig.set("microphone.level_db", 40.0)
    until(lambda: room.sensor("microphone")["value"] == 40.0, 20, "it is quiet")
    room.do("/api/noise")
    until(lambda: room.state()["noise"]["state"] == "passed", 30, "half a minute is over")
    room.rig.set("microphone.level_db", 70.0)
    until(lambda: room.sensor("microphone")["value"] == 70.0, 20, "the sound is on")
    room.do("/api/noise", reference_db=72.5, reference="class 2 meter")
    kept = calibration.load(room.rig.state, "microphone")
    assert kept is not None
    assert kept.offset_db == pytest.approx(2.5)
    assert kept.floor_db == pytest.approx(42.5)
    assert kept.reference == "class 2 meter"
    assert room.state()["noise"]["offset_db"] == 2.5
    until(lambda: room.sensor("microphone")["value"] == AT_FIRST_DB + 2.5, 30, "by a new agent")


def test_a_meter_that_hears_hardly_more_than_the_quiet_is_not_believed(room: Installer) -> None:
    room.rig.set("microphone.level_db", 40.0)
    until(lambda: room.sensor("microphone")["value"] == 42.5, 20, "it is quiet again")
    room.do("/api/noise")
    until(lambda: room.state()["noise"]["state"] == "passed", 30, "half a minute is over")
    assert room.refused("/api/noise", reference_db=50.0)["code"] == "sound-not-steady"


def test_a_clap_is_heard(room: Installer) -> None:
    room.rig.set("microphone.level_db", 40.0)
    room.do("/api/try", sensor="microphone")
    until(lambda: len(room.sensor("microphone")["trial"]["curve"]) >= 3, 20, "it is calm")
    room.rig.set("microphone.level_db", 95.0)
    until(lambda: room.sensor("microphone")["value"] > 90, 20, "the clap is heard")
    room.rig.set("microphone.level_db", 40.0)
    assert room.judged("microphone")["state"] == "passed"


def test_a_cell_is_measured_in_clean_air_while_the_agent_runs(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("m")
    with SetupRig(folder, profile="market-stall", rate=60.0) as rig:
        stall = Installer(rig).open()
        stall.choose("market-stall")
        assert stall.sensor("gas")["baseline"] == {"state": "untried"}
        assert stall.sensor("sos")["baseline"] is None
        file = rig.state / "baselines" / "gas.json"
        before = json.loads(file.read_bytes())
        rig.set("gas.rs_over_r0", 0.9)
        until(lambda: stall.sensor("gas")["value"] < 0.95, 20, "it stands otherwise")
        stall.do("/api/baseline", sensor="gas", heated_h=24)
        until(lambda: stall.sensor("gas")["baseline"]["state"] != "running", 30, "it is measured")
        assert stall.sensor("gas")["baseline"]["state"] == "passed"
        after = json.loads(file.read_bytes())
        assert after["r0_kohm"] == pytest.approx(0.9 * before["r0_kohm"], rel=0.02)
        assert after["burn_in_h"] == 24
        until(lambda: stall.sensor("gas")["value"] > 0.97, 20, "clean air is 1 again")


def test_parts_of_another_profile_are_told_with_the_one_that_fits(room: Installer) -> None:
    for name in ("ceiling", "plug_heat", "co", "particles", "microphone"):
        room.rig.set(f"{name}.fault", "absent")
    until(lambda: room.state()["suggested"], 90, "another profile is proposed")
    found = room.state()["suggested"]
    assert found != "single-room"
    assert found in {each["name"] for each in room.state()["profiles"]}
    room.do("/api/try", sensor="plug_heat")
    assert room.judged("plug_heat")["code"] in {"sensor-missing", "sensor-silent"}


def test_what_the_page_keeps_is_for_its_own_user(home: Installer) -> None:
    for path in (home.rig.configuration / "setup").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
