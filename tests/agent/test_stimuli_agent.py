"""A whole agent whose smoke alarm's loop is opened by its own pin, as who updates it asks for."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from agent import state_lock
from agent.eventfile import history
from agent.ledger_file import backwards
from tests.agent.links import Asker, Device
from tests.running import until

TOML = """
profile = "test"
title = { ko = "시험", en = "test" }
[annunciator]
siren = { gpio = 18 }
[[sensors]]
driver = "smoke_relay"
name = "smoke_alarm"
gpio = 17
every_s = 0.5
stimulus = { by = "line", gpio = 13, rise = 1.0, most = 1.5, on_s = 5.0, back_s = 5.0 }
[[sensors]]
driver = "ds18b20"
name = "ceiling"
id = "28-00000a1b2c3d"
"""


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    with Device(tmp_path_factory.mktemp("d"), TOML) as made:
        yield made


@pytest.fixture
def asker(device: Device) -> Iterator[Asker]:
    with Asker(device.run_dir) as made:
        yield made


def events(device: Device) -> list[dict[str, Any]]:
    return [json.loads(row.body) for row in history(device.state / "outbox.db", 50)]


def records(device: Device) -> list[dict[str, Any]]:
    bodies = [each.record.body for each in backwards(device.state / "ledger")]
    return [each for each in bodies if each.get("by") == "stimulus"]


def provoked(asker: Asker, device: Device) -> dict[str, Any]:
    with state_lock.hold(device.state):
        told = asker.ask(selftest=True)
    found: list[dict[str, Any]] = [each for each in told["parts"] if each["by"] == "stimulus"]
    return found[0] | {"all": told["passed"]}


def test_a_part_by_stimulus_is_told_and_nobody_is_alarmed(device: Device, asker: Asker) -> None:
    found = provoked(asker, device)
    assert (found["part"], found["passed"], found["all"]) == ("smoke_alarm by stimulus", True, True)
    assert "alarm by" in found["detail"]
    assert events(device) == []
    assert device.bench.edges("siren") == []
    kept = until(lambda: records(device), 10, "the ledger to have it")
    assert (kept[0]["sensor"], kept[0]["result"]) == ("smoke_alarm", "passed")


def test_a_welded_contact_fails_it_and_is_an_event_until_it_passes(
    device: Device, asker: Asker
) -> None:
    device.bench.set("smoke_alarm.fault", "stuck")
    found = provoked(asker, device)
    assert (found["passed"], found["all"]) == (False, False)
    until(lambda: events(device), 10, "an event")
    assert [(e["hazard"], e["stage"], e["rule"]) for e in events(device)] == [
        ("fault", "alarm", "selftest")
    ]
    until(lambda: "self-test" in claims(device), 10, "the claim to say so")
    device.bench.set("smoke_alarm.fault", "none")
    assert provoked(asker, device)["passed"]
    until(lambda: len(events(device)) == 2, 10, "the end of it")
    assert "failed" not in claims(device)


def claims(device: Device) -> str:
    return str((device.status() or {})["coverage"]["fire"]["why"])
