"""An installation by the page's own requests: a real agent on simulated wires, a real broker."""

import hashlib
import json
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.eventfile import history
from agent.ledger_file import backwards
from hw_mocks.setup_rig import DEVICE, SITE, SetupRig
from hw_mocks.tls_broker import TlsBroker, tls_broker
from provisioning.commission import verify_record
from provisioning.model import MODEL
from provisioning.places import COMMISSIONED
from provisioning.setup_page import server
from tests.provisioning.setting_up import Installer
from tests.running import needs, until

RATE = 10.0
PROFILE = "market-stall"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsBroker]:
    needs("mosquitto")
    with tls_broker(tmp_path_factory.mktemp("hub")) as made:
        yield made


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, broker: TlsBroker) -> Iterator[SetupRig]:
    folder = tmp_path_factory.mktemp("r")
    with SetupRig(folder, broker=broker, rate=RATE, phone="053-000-0000") as made:
        yield made


@pytest.fixture(scope="module")
def stall(rig: SetupRig) -> Installer:
    """At the sensors' step of a market stall."""
    installer = Installer(rig).open()
    installer.do("/api/place", ko="서문시장 2지구", en="Seomun market, block 2")
    installer.choose(PROFILE)
    return installer


def notes(rig: SetupRig, kind: str) -> list[dict[str, Any]]:
    sealed = backwards(rig.state / "ledger")
    return [each.record.body for each in sealed if each.record.kind == kind]


def events(rig: SetupRig, hazard: str) -> list[dict[str, Any]]:
    found = [json.loads(row.body) for row in history(rig.state / "outbox.db", 100)]
    return [each for each in found if each["hazard"] == hazard]


def calm(installer: Installer, name: str) -> None:
    """Wait until its trial has heard it lie still, as somebody who reads the prompt first."""
    until(lambda: len(installer.sensor(name)["trial"]["curve"]) >= 3, 20, f"{name} is calm")


def warm(installer: Installer, name: str) -> None:
    until(lambda: installer.sensor(name)["state"] == "ok", 60, f"{name} is warm")


def turned(installer: Installer, name: str, knob: str, *values: float) -> Any:
    """Try a sensor, doing so to it; how that went."""
    installer.do("/api/try", sensor=name)
    calm(installer, name)
    for value in values:
        installer.rig.set(knob, value)
    return installer.judged(name)


def test_the_steps_are_those_of_the_profile(stall: Installer) -> None:
    assert list(stall.steps()) == [
        "identity", "place", "profile", "sensors", "network", "contacts", "commission",
    ]  # fmt: skip
    assert stall.steps()["profile"]
    assert not stall.steps()["sensors"]


def test_everything_says_that_it_is_simulated(stall: Installer) -> None:
    assert (
        stall.state()["device"] | {"id": DEVICE, "site": SITE, "simulated": True}
        == (stall.state()["device"])
    )


def test_a_door_that_is_opened_and_closed_has_passed(stall: Installer) -> None:
    trial = turned(stall, "shutter", "shutter.open", 1, 0)
    assert (trial["state"], trial["proof"]) == ("passed", "response")
    assert [value for _, value in trial["curve"]][-2:] == [1.0, 0.0]


def test_a_hazards_sensor_passes_by_the_agents_own_inspection(stall: Installer) -> None:
    trial = turned(stall, "smoke_alarm", "smoke_alarm.alarm", 1, 0)
    assert (trial["state"], trial["proof"]) == ("passed", "alarm")
    until(lambda: notes(stall.rig, "inspection"), 20, "it is in the ledger")
    (found,) = [e for e in notes(stall.rig, "inspection") if e["sensor"] == "smoke_alarm"]
    assert (found["result"], found["by"]) == ("proven", "setup page")
    assert {each["inspection"] for each in events(stall.rig, "fire")} == {found["nonce"]}


def test_a_call_for_help_is_told_as_a_test(stall: Installer) -> None:
    trial = turned(stall, "sos", "sos.pressed", 1, 0)
    assert (trial["state"], trial["proof"]) == ("passed", "alarm")
    assert all(each["inspection"] for each in events(stall.rig, "sos"))


def test_swapped_wires_are_named_with_both_sensors(stall: Installer) -> None:
    stall.do("/api/try", sensor="hush")
    calm(stall, "hush")
    stall.rig.set("shutter.open", 1)
    stall.rig.set("shutter.open", 0)
    trial = stall.judged("hush")
    assert (trial["state"], trial["code"]) == ("failed", "wires-swapped")
    for words in (trial["why"], trial["remedy"]):  # as the wiring picture calls them
        assert "소리 멈춤 단추" in words["ko"]
        assert "셔터" in words["ko"]
        assert "Button that hushes" in words["en"]
        assert "Shutter" in words["en"]


def test_somebody_who_walks_by_is_no_swapped_wire(stall: Installer) -> None:
    stall.do("/api/try", sensor="hush")
    calm(stall, "hush")
    stall.rig.set("motion.motion", 1)
    stall.rig.set("motion.motion", 0)
    stall.rig.set("hush.pressed", 1)
    stall.rig.set("hush.pressed", 0)
    assert stall.judged("hush")["state"] == "passed"


def test_swapped_channels_of_a_converter_are_named(stall: Installer) -> None:
    warm(stall, "co")
    stall.do("/api/try", sensor="co")
    calm(stall, "co")
    stall.rig.set("gas.rs_over_r0", 0.4)  # the test gas went to the other channel
    trial = stall.judged("co", 60)
    stall.rig.set("gas.rs_over_r0", 1.0)
    assert (trial["state"], trial["code"]) == ("failed", "wires-swapped")
    assert "Gas and smoke sensor" in trial["why"]["en"]


def test_whoever_does_nothing_has_not_passed(stall: Installer) -> None:
    stall.do("/api/try", sensor="shutter")
    trial = stall.judged("shutter", 40)
    assert (trial["state"], trial["code"]) == ("failed", "no-change")
    assert turned(stall, "shutter", "shutter.open", 1, 0)["state"] == "passed"


def test_a_sensor_that_is_not_there_is_told_before_anybody_tries(stall: Installer) -> None:
    warm(stall, "particles")
    stall.rig.set("particles.fault", "absent")
    until(lambda: stall.sensor("particles")["state"] == "failed", 60, "it is missed")
    assert "답하지 않" in stall.sensor("particles")["why"]["ko"]
    stall.do("/api/try", sensor="particles")
    trial = stall.judged("particles")
    assert (trial["state"], trial["code"]) == ("failed", "sensor-missing")
    assert trial["remedy"]["en"]
    stall.rig.set("particles.fault", "none")


def test_a_new_trial_leaves_the_one_before(stall: Installer) -> None:
    stall.do("/api/try", sensor="box_heat")
    assert stall.sensor("box_heat")["trial"]["state"] == "running"
    stall.do("/api/try", sensor="ceiling")
    assert stall.sensor("box_heat")["trial"]["state"] == "untried"


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/api/try", {"sensor": "nobody"}, "not-understood"),
        ("/api/skip", {"sensor": "nobody", "reason": "x"}, "not-understood"),
        ("/api/skip", {"sensor": "co", "reason": "  "}, "nothing-written"),
        ("/api/profile", {"name": "../../etc"}, "not-understood"),
        ("/api/zones", {"zones": {}}, "no-profile"),
        ("/api/noise", {}, "no-microphone"),
        ("/api/contacts", {"contacts": [{"name": "a"}]}, "not-understood"),
    ],
)
def test_what_this_device_has_not_is_refused(
    stall: Installer, path: str, body: dict[str, Any], code: str
) -> None:
    assert stall.refused(path, **body)["code"] == code


def test_the_hub_has_to_answer(stall: Installer) -> None:
    stall.do("/api/network")
    found = stall.state()["network"]
    assert found["state"] == "passed", found
    assert stall.steps()["network"]


def test_what_is_missing_is_named(stall: Installer) -> None:
    refused = stall.refused("/api/commission", installer="이기사", consents=[])
    assert (refused["code"], refused["status"]) == ("not-finished", 409)
    assert set(refused["missing"]) >= {"sensors", "contacts"}
    assert "센서 시험" in refused["what"]["ko"]
    assert not (stall.rig.configuration / COMMISSIONED).exists()


def finished(stall: Installer) -> None:
    """All that is left to do, as an installer in a hurry would."""
    for each in stall.state()["sensors"]:
        if each["trial"]["state"] != "passed":
            stall.do("/api/skip", sensor=each["name"], reason="시험 가스 없음")
    person = {"name": "김영희", "phone": "010-1234-5678", "last_confirmed": "2026-11-20"}
    stall.do("/api/contacts", contacts=[person])


def test_at_the_end_the_device_signs_what_was_done(stall: Installer, broker: TlsBroker) -> None:
    finished(stall)
    said = stall.do("/api/commission", installer="이기사", consents=["contacts"])
    text = stall.get("/record").content.decode()
    record = verify_record(text, broker.authority.ca)
    assert said["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    toml = (stall.rig.configuration / "device.toml").read_bytes()
    assert record.configuration_sha256 == hashlib.sha256(toml).hexdigest()
    assert (record.device, record.profile, record.simulated) == (DEVICE, PROFILE, True)
    assert (record.sensors["sos"].outcome, record.sensors["sos"].proof) == ("passed", "alarm")
    assert (record.sensors["co"].outcome, record.sensors["co"].reason) == (
        "skipped", "시험 가스 없음",
    )  # fmt: skip
    assert record.untried == ["co"], "what nobody tried is said to be so"
    assert [each.name for each in record.contacts] == ["김영희"]
    assert (record.installer, record.consents) == ("이기사", ["contacts"])
    until(lambda: notes(stall.rig, "commissioning"), 20, "the ledger has it")
    assert notes(stall.rig, "commissioning")[0]["sha256"] == said["sha256"]
    assert stall.state()["record"]["sha256"] == said["sha256"]
    assert all(stall.steps().values())
    file = stall.rig.configuration / COMMISSIONED
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == (text, 0o600)


def test_the_certificate_needs_nothing_else_and_shows_what_was_not_tried(
    stall: Installer,
) -> None:
    answer = stall.get("/certificate")
    page = answer.content.decode()
    assert "script" not in page
    assert "모의 배선" in page
    assert MODEL in page
    assert "시험 가스 없음" in page
    assert "<td>053-000-0000</td>" in page
    assert "Not tried, so not known to be guarded: carbon monoxide" in page
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert stall.state()["record"]["sha256"] in page


def test_the_offices_number_is_there_for_who_needs_help(stall: Installer) -> None:
    assert stall.state()["help"] == {"phone": "053-000-0000"}


def test_nobody_is_asked_for_a_consent_that_changes_nothing(stall: Installer) -> None:
    """The device sends its record nowhere: whoever has the label's code fetches it."""
    refused = stall.refused("/api/commission", installer="이기사", consents=["record"])
    assert refused["code"] == "not-understood"


def test_without_consent_nobodys_number_is_in_the_record(
    stall: Installer, broker: TlsBroker
) -> None:
    stall.do("/api/commission", installer="이기사", consents=[])
    text = stall.get("/record").content.decode()
    record = verify_record(text, broker.authority.ca)
    assert (record.contacts, record.contact_count) == ([], 1)


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[SetupRig]:
    """Without a hub."""
    with SetupRig(tmp_path, profile="elder-home", is_enrolled=False, lingers_s=0.5) as made:
        yield made


def test_an_installer_goes_on_after_a_power_cut(alone: SetupRig) -> None:
    installer = Installer(alone).open()
    installer.do("/api/profile", name="market-stall")
    installer.do("/api/skip", sensor="shutter", reason="later")
    alone.restart_page()
    again = Installer(alone).open()
    assert again.state()["profile"] == "market-stall"
    assert again.sensor("shutter")["trial"]["reason"] == "later"


def test_another_profile_begins_all_trials_anew(alone: SetupRig) -> None:
    installer = Installer(alone).open()
    assert installer.state()["suggested"] == "elder-home", "what was ordered"
    installer.do("/api/profile", name="market-stall")
    installer.do("/api/skip", sensor="co", reason="later")
    installer.do("/api/profile", name="wander-door")
    assert {each["trial"]["state"] for each in installer.state()["sensors"]} == {"untried"}


def test_without_an_identity_nothing_is_commissioned(alone: SetupRig) -> None:
    installer = Installer(alone).open()
    assert installer.state()["identity"]["state"] == "waiting"
    installer.do("/api/profile", name="market-stall")
    refused = installer.refused("/api/commission", installer="x", consents=[])
    assert "identity" in refused["missing"]
    (alone.run / "enrolment.json").write_text(json.dumps({
        "state": "failed",
        "what": {"ko": "코드가 지났어요.", "en": "The code has expired."},
        "remedy": {"ko": "사무실에 전화하세요.", "en": "Call the office."},
    }))  # fmt: skip
    assert installer.state()["identity"]["what"]["en"] == "The code has expired."
    (alone.run / "enrolment.json").write_text("{")
    assert installer.state()["identity"]["state"] == "waiting"


def test_a_hub_that_is_not_there_is_told_by_the_agents_own_words(
    alone: SetupRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioning.setup_page.network.WITHIN_S", 1.0)
    alone.enrol()
    installer = Installer(alone).open()
    installer.choose("market-stall")
    installer.do("/api/network")
    found = installer.state()["network"]
    assert found["state"] == "failed"
    assert found["why"]["ko"]
    assert found["remedy"]["en"]
    assert not installer.steps()["network"]


def test_while_no_agent_answers_the_page_says_so(alone: SetupRig) -> None:
    installer = Installer(alone).open()
    assert installer.refused("/api/identify")["code"] == "agent-away"
    assert installer.refused("/api/try", sensor="co")["code"] == "no-profile"
    assert installer.state()["device"]["agent"] is False


def test_a_page_of_its_own_context_is_verified_by_nobody_but_the_label(alone: SetupRig) -> None:
    line = Installer(alone).line()
    context = ssl.create_default_context()
    line._context = context  # type: ignore[attr-defined]  # a browser before the click
    with pytest.raises(ssl.SSLCertVerificationError):
        line.connect()


def test_it_ends_by_itself_behind_the_commissioning(alone: SetupRig) -> None:
    assert alone.installation is not None
    alone.installation.finish("a record", "ab" * 32, "2026-11-22T09:00:00Z")
    until(lambda: alone.exit_code == server.OK, 10, "it has ended")
