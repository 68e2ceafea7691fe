"""Nothing is begun while somebody may need the agent, or is busy with it."""

import time
from pathlib import Path
from typing import Any

import pytest

from agent.trial import URGENT
from agent.values import Hazard
from provisioning.places import SETUP_USED
from provisioning.update import calm
from provisioning.update.calm import DEAD_AFTER_S, SETUP_LASTS_S, Patience, disturbances, is_alarm
from tests.provisioning.update.devices import saying

QUIET: dict[str, Any] = {
    "active": [],
    "siren": "quiet",
    "tried": [],
    "configuration": {"origin": "installed"},
}


def active(hazard: str, stage: str = "alarm") -> dict[str, Any]:
    return QUIET | {"active": [{"hazard": hazard, "stage": stage}]}


def test_all_quiet_is_calm(tmp_path: Path) -> None:
    assert disturbances(QUIET, tmp_path) == []
    assert not is_alarm(QUIET)


@pytest.mark.parametrize("stage", ["prealarm", "alarm"])
@pytest.mark.parametrize("hazard", sorted(URGENT))
def test_what_is_urgent_is_not_disturbed_from_its_prealarm_on(
    tmp_path: Path, hazard: Hazard, stage: str
) -> None:
    assert disturbances(active(hazard, stage), tmp_path) == [f"{hazard} under way"]
    assert is_alarm(active(hazard, stage))


@pytest.mark.parametrize("hazard", ["fault", "noise", "climate", "air"])
def test_what_may_last_for_weeks_keeps_no_update_away(tmp_path: Path, hazard: str) -> None:
    assert disturbances(active(hazard), tmp_path) == []
    assert disturbances(QUIET | {"siren": "fault"}, tmp_path) == []


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (QUIET | {"siren": "t3"}, "it shows t3"),
        (QUIET | {"siren": "ask"}, "it shows ask"),
        (QUIET | {"siren": "hushed"}, "it shows hushed"),
        (QUIET | {"siren": "inspection"}, "it shows inspection"),
        (QUIET | {"siren": "of a later version"}, "it shows of a later version"),
        (QUIET | {"tried": ["gas", "sos"]}, "somebody tries gas, sos"),
        (QUIET | {"configuration": {"origin": "trial"}}, "a configuration is on trial"),
        (active("power"), "the supply is lost"),
    ],
)
def test_who_is_busy_is_left_alone(tmp_path: Path, found: dict[str, Any], why: str) -> None:
    assert disturbances(found, tmp_path) == [why]


def test_a_session_of_the_setup_page_is_waited_for(tmp_path: Path) -> None:
    used = tmp_path / SETUP_USED
    used.write_text(f"{time.monotonic():.1f}\n")
    assert disturbances(QUIET, tmp_path) == ["somebody sets the device up"]
    used.write_text(f"{time.monotonic() - SETUP_LASTS_S - 1:.1f}\n")
    assert disturbances(QUIET, tmp_path) == []
    for nonsense in ("", "soon", "nan"):
        used.write_text(nonsense)
        assert disturbances(QUIET, tmp_path) == []


def test_nobody_there_is_no_answer(tmp_path: Path) -> None:
    assert calm.ask(tmp_path, {"status": True}, 0.1) is None


@pytest.mark.parametrize(("moves", "waited"), [(True, 40), (False, DEAD_AFTER_S + 1)])
def test_a_way_back_waits_for_the_end_of_an_alarm_and_for_no_dead_agent(
    tmp_path: Path, moves: bool, waited: float
) -> None:
    body, seconds = active("fire") | {"at": 1.0}, [0.0]

    def wait(more: float) -> None:
        seconds[0] += more
        if moves:
            body["at"] = seconds[0]
        if seconds[0] >= 40:
            body.update(QUIET)

    with saying(tmp_path, body):
        calm.await_end_of_alarm(tmp_path, Patience(clock=lambda: seconds[0], wait=wait))
    assert seconds[0] == waited
