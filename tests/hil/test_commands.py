"""What somebody with a terminal on the device is told."""

import pytest

from tests.hil.device import haetae, status, wait
from tests.hil.rigs.rig import Capability, Rig, needs

SOUND = {"ok", "warming"}


def test_check_names_the_configuration_that_is_in_force(rig: Rig) -> None:
    code, (found,) = haetae(rig, "check")
    about_the_disk = all("power cut" in each or "memory" in each for each in found["wrong"])
    assert code == 0 or about_the_disk, found
    assert found["config"] == rig.at.config
    assert found["hub"] == f"hub {rig.hub.seen_as}:{rig.hub.broker.port}"


def test_probe_tells_of_every_sensor_of_the_configuration(rig: Rig) -> None:
    known = status(rig)["sensors"]
    _, rows = haetae(rig, "probe")
    assert {row["sensor"] for row in rows} == known.keys()
    assert {row["sensor"]: row["state"] for row in rows if row["state"] not in SOUND} == {}
    assert all(row["readings"] for row in rows)


def test_the_selftest_passes_part_by_part(rig: Rig) -> None:
    code, rows = haetae(rig, "selftest", within_s=300)
    assert rows
    assert [row for row in rows if not row["passed"]] == []
    assert code == 0


@pytest.mark.thorough
def test_the_ledger_holds_what_was_done(rig: Rig) -> None:
    haetae(rig, "selftest", within_s=300)
    code, rows = haetae(rig, "ledger verify")
    assert code == 0, rows


@pytest.mark.thorough
@needs(Capability.HUB)
def test_a_self_test_is_no_event(rig: Rig) -> None:
    known = len(rig.hub.events())
    haetae(rig, "selftest", within_s=300)
    beats = len(rig.hub.states())
    wait(lambda: len(rig.hub.states()) > beats, 30, "the hub hears of the device again")
    assert rig.hub.events()[known:] == []
