"""A real Home Assistant makes of the gateway's topics what is meant; `HASS` names its program.

python3.13 -m venv ha; ha/bin/pip install homeassistant paho-mqtt home-assistant-frontend
HASS=ha/bin/hass pytest tests/provisioning/test_home_assistant.py
"""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from agent.status import State
from agent.values import Hazard
from hw_mocks.broker import free_port
from provisioning.gateway.home_assistant import HomeAssistantOutput
from provisioning.gateway.told import UndeliveredError
from provisioning.gateway.view import View, happened, reported
from tests.brokers import DEADLINE_S, MOSQUITTO
from tests.provisioning.telling import STALL, event, remembered
from tests.running import until

HASS = os.environ.get("HASS") or shutil.which("hass")
STATUS = "haetae/gateway/v1/status"
pytestmark = pytest.mark.skipif(HASS is None, reason="no Home Assistant here: HASS names none")


class Plain:
    """A client of the broker, as the gateway's."""

    def __init__(self, port: int) -> None:
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def publish(self, topic: str, body: bytes, *, retain: bool) -> None:
        self._client.publish(topic, body, qos=1, retain=retain).wait_for_publish(DEADLINE_S)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def process(*command: str | Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program for as long as a `with` block lasts."""
    with log.open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said) as found:
        try:
            yield found
        finally:
            found.kill()


def prepare(folder: Path, port: int) -> None:
    """A Home Assistant that has MQTT set up already."""
    entry: dict[str, Any] = {
        "created_at": "2026-01-01T00:00:00+00:00", "modified_at": "2026-01-01T00:00:00+00:00",
        "data": {"broker": "127.0.0.1", "port": port, "discovery": True, "protocol": "5"},
        "disabled_by": None, "discovery_keys": {}, "domain": "mqtt", "entry_id": "0" * 32,
        "minor_version": 2, "options": {}, "pref_disable_new_entities": False, "version": 1,
        "pref_disable_polling": False, "source": "user", "title": "mqtt", "unique_id": None,
        "subentries": [],
    }  # fmt: skip
    whole = {"version": 1, "minor_version": 5, "key": "core.config_entries"}
    (folder / ".storage").mkdir(parents=True)
    (folder / ".storage" / "core.config_entries").write_text(
        json.dumps(whole | {"data": {"entries": [entry]}})
    )
    (folder / "configuration.yaml").write_text(
        f"http:\n  server_host: 127.0.0.1\n  server_port: {free_port()}\n"
    )


def stored(folder: Path, name: str) -> Any:
    path = folder / ".storage" / name
    return json.loads(path.read_text())["data"] if path.exists() else None


def test_a_real_home_assistant_shows_a_fire_and_keeps_a_simulated_device_apart(
    tmp_path: Path,
) -> None:
    port, home = free_port(), tmp_path / "home"
    prepare(home, port)
    (tmp_path / "plain.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    with process(MOSQUITTO, "-c", tmp_path / "plain.conf", log=tmp_path / "mosquitto.log"):
        client = until(lambda: _connected(port), DEADLINE_S, "the broker")
        output = HomeAssistantOutput("homeassistant", "haetae/gateway/v1/ha", STATUS, client)
        client.publish(STATUS, b'{"status":"online"}', retain=True)
        (told,) = remembered(tmp_path, event())
        real = View(site="alley-3", device="stall-17")
        claims = {str(hazard): "proven" for hazard in Hazard}
        shown = reported(real, msgspec.json.encode(State(coverage=claims)))
        trial = State(coverage={"fire": "simulated"}, simulated=True)
        simulated = reported(View(site="alley-3", device="s"), msgspec.json.encode(trial))
        assert shown is not None
        assert simulated is not None
        for view in (happened(shown, told.notice), simulated):
            for parcel in output.shown(view, STALL):
                output.deliver(parcel)
        with process(str(HASS), "-c", home, "--skip-pip", log=tmp_path / "hass.log") as running:
            until(lambda: _entities(home) >= 40, 120, "40 entities")
            for parcel in output.parcels(told):
                output.deliver(parcel)
            running.send_signal(signal.SIGTERM)
            running.wait(60)
        client.close()
    states = {
        each["state"]["entity_id"]: each["state"]["state"]
        for each in stored(home, "core.restore_state")
    }
    fires = {name: state for name, state in states.items() if name.endswith("_fire")}
    assert sorted(fires.values()) == ["off", "on"]
    assert all(("exercise" in name) is (state == "off") for name, state in fires.items())
    assert "homeassistant.components.mqtt" not in (tmp_path / "hass.log").read_text()


def _connected(port: int) -> Plain | None:
    try:
        return Plain(port)
    except (ConnectionError, UndeliveredError):
        return None


def _entities(home: Path) -> int:
    found = stored(home, "core.entity_registry") or {"entities": []}
    return sum(each["platform"] == "mqtt" for each in found["entities"])
