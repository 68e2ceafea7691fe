"""One trial behind another: what the one provokes is a test, and never in the other's way."""

from collections.abc import Iterator

import pytest

from hw_mocks.setup_rig import SetupRig
from provisioning.places import COMMISSIONED
from tests.provisioning.setting_up import Installer
from tests.provisioning.test_setup_walk import calm, events, turned, warm
from tests.running import until

RATE = 20.0
WITHIN_S = 40


@pytest.fixture(scope="module")
def stall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installer]:
    """At the sensors' step of a market stall, without a hub."""
    with SetupRig(tmp_path_factory.mktemp("t"), rate=RATE) as rig:
        installer = Installer(rig).open()
        installer.choose("market-stall")
        yield installer


def is_called(stall: Installer) -> bool:
    """Whether the agent knows of a real call for help."""
    status = stall.rig.status() or {"active": []}
    return any(e["hazard"] == "sos" and not e.get("inspection") for e in status["active"])


def test_a_trial_begun_while_the_one_before_closes_lets_no_alarm_out_unmarked(
    stall: Installer,
) -> None:
    stall.do("/api/try", sensor="smoke_alarm")
    calm(stall, "smoke_alarm")
    stall.do("/api/try", sensor="sos")  # the other inspection is still open
    for value in (1, 0):
        stall.rig.set("sos.pressed", value)
    until(lambda: events(stall.rig, "sos"), 20, "the call is told")
    assert all(each["inspection"] for each in events(stall.rig, "sos"))
    stall.judged("sos", WITHIN_S)


def test_test_gas_that_looks_like_a_fire_is_a_test_and_is_told_how_long_to_wait_for(
    stall: Installer,
) -> None:
    warm(stall, "co")
    stall.do("/api/try", sensor="co")
    calm(stall, "co")
    stall.rig.set("co.ppm", 39.0)
    until(lambda: events(stall.rig, "fire"), WITHIN_S, "the gas is taken for smouldering")
    stall.rig.set("co.ppm", 0.0)
    assert stall.judged("co", WITHIN_S)["state"] == "passed"
    assert stall.state()["device"]["agent"]
    stall.do("/api/try", sensor="smoke_alarm")
    trial = stall.judged("smoke_alarm")
    assert (trial["state"], trial["code"]) == ("failed", "fading")
    assert "1분" in trial["remedy"]["ko"]
    assert "1 minute" in trial["remedy"]["en"]
    until(
        lambda: any(e["stage"] == "cleared" for e in events(stall.rig, "fire")),
        WITHIN_S,
        "it is over",
    )
    told = events(stall.rig, "fire")
    assert {each["stage"] for each in told} == {"prealarm", "cleared"}
    assert all(each["inspection"] for each in told), told
    assert turned(stall, "smoke_alarm", "smoke_alarm.alarm", 1, 0)["state"] == "passed"
    assert all(each["inspection"] for each in events(stall.rig, "fire"))


def test_a_button_that_was_pressed_by_mistake_is_said_to_be_so_and_never_silently(
    stall: Installer,
) -> None:
    for value in (1, 0):
        stall.rig.set("sos.pressed", value)
    until(lambda: is_called(stall), WITHIN_S, "it calls")
    stall.do("/api/try", sensor="sos")
    assert stall.judged("sos")["code"] == "called"
    stall.do("/api/mistake", sensor="sos")
    assert stall.sensor("sos")["trial"]["state"] == "untried"
    over, call = [each for each in events(stall.rig, "sos") if not each.get("inspection")]
    assert (call["stage"], over["stage"]) == ("alarm", "cleared")
    assert over["rule"] == "cancelled_by_hand"
    assert "by mistake" in over["why"]["en"]
    assert turned(stall, "sos", "sos.pressed", 1, 0)["state"] == "passed"
    assert stall.refused("/api/mistake", sensor="hush")["code"] == "no-call"


def test_on_a_device_in_use_no_page_takes_a_call_back(stall: Installer) -> None:
    record = stall.rig.configuration / COMMISSIONED
    record.write_text("signed", "ascii")
    try:
        refused = stall.refused("/api/mistake", sensor="sos")
    finally:
        record.unlink()
    assert refused["code"] == "already-commissioned"
