"""The whole agent as a process: real libraries, simulated wires, a real broker."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests import brokers
from tests.running import (
    REPOSITORY,
    STALL,
    RunningAgent,
    needs,
    on_hub,
    running,
    until,
)


def playing(agent: RunningAgent) -> str:
    found = agent.status()
    return str(found["siren"]) if found else ""


def test_a_call_for_help_reaches_the_hub_as_a_cloud_event(tmp_path: Path) -> None:
    needs("mosquitto")
    with (
        brokers.Mosquitto(tmp_path / "hub") as broker,
        brokers.Listener(broker) as hub,
        running(tmp_path, on_hub(STALL, brokers.DEVICE, broker.config())) as agent,
    ):
        until(agent.armed, 20, "the agent is armed")
        pressed = agent.set("sos.pressed", 1)
        assert hub.until(hub.events)
        (found,) = hub.events()
        assert found.topic == f"haetae/v1/test/{brokers.DEVICE}/event/sos"
        assert not found.retained
        assert found.content_type == "application/json"
        event = json.loads(found.body)
        assert found.attributes["specversion"] == "1.0"
        assert found.attributes["id"] == event["id"]
        assert found.attributes["simulated"] == "true"
        assert (event["hazard"], event["stage"], event["subject"]) == ("sos", "alarm", "sos")
        assert event["monotonic_s"] >= pressed
        assert event["simulated"] is True
        assert event["why"]["ko"]
        assert event["why"]["en"]
        assert hub.until(lambda: any(b'"sos"' in state for state in hub.states()))
        state = json.loads(hub.states()[-1])
        assert state["simulated"] is True
        assert state["coverage"]["sos"] == "simulated"  # it never claims protection
        assert agent.stop() == 0
        assert hub.until(lambda: b"offline" in hub.states()[-1])


def test_the_button_hushes_smoke_and_not_heat(tmp_path: Path) -> None:
    with running(tmp_path) as agent:
        until(agent.armed, 20, "the agent is armed")
        agent.set("smoke_alarm.alarm", 1)
        until(lambda: agent.sounds_t3(1), 10, "a group of T3")
        agent.set("hush.pressed", 1)
        until(lambda: playing(agent) == "hushed", 10, "the siren is hushed")
        silent = len(agent.edges("siren"))
        agent.set("hush.pressed", 0)
        agent.set("box_heat.celsius", 95.0)  # the fire grows: heat joins smoke
        until(lambda: playing(agent) == "t3", 30, "the siren sounds again")
        until(lambda: len(agent.edges("siren")) > silent, 5, "the pin moves again")
        agent.set("hush.pressed", 1)
        until(lambda: "button: refused" in agent.said(), 5, "the hush is refused")
        assert playing(agent) == "t3"


def test_the_button_tests_the_siren_when_all_is_quiet(tmp_path: Path) -> None:
    with running(tmp_path) as agent:
        until(agent.armed, 20, "the agent is armed")
        agent.set("hush.pressed", 1)
        until(lambda: len(agent.edges("siren")) == 6, 10, "one group of three")


def test_systemd_hears_ready_and_then_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        with running(tmp_path) as agent:
            heard = [systemd.recv(99)]
            while heard[-1] != b"READY=1":
                heard.append(systemd.recv(99))
            while heard[-1] != b"WATCHDOG=1":
                heard.append(systemd.recv(99))
            assert agent.stop() == 0
            while heard[-1] != b"STOPPING=1":
                heard.append(systemd.recv(99))


def test_a_polite_end_leaves_the_siren_silent(tmp_path: Path) -> None:
    with running(tmp_path) as agent:
        until(agent.armed, 20, "the agent is armed")
        agent.set("smoke_alarm.alarm", 1)
        until(lambda: agent.edges("siren"), 5, "the siren sounds")
        assert agent.stop() == 0
        assert "ended by a bug" not in agent.said()


def test_two_agents_never_share_one_state(tmp_path: Path) -> None:
    with running(tmp_path) as agent:
        until(agent.armed, 20, "the agent is armed")
        second = subprocess.run(
            [
                sys.executable, "-m", "hw_mocks", "--config", str(tmp_path / "device.toml"),
                "--control", str(tmp_path / "other"), "--state", str(agent.state),
                "--run-dir", str(tmp_path / "other-run"),
            ],
            capture_output=True, text=True, timeout=30, cwd=REPOSITORY, check=False,
        )  # fmt: skip
        assert second.returncode == 1
        assert "another agent is running" in second.stderr


def test_a_kill_in_the_middle_of_an_alarm_leaves_it_in_the_outbox(tmp_path: Path) -> None:
    with running(tmp_path) as agent:
        until(agent.armed, 20, "the agent is armed")
        agent.set("sos.pressed", 1)
        until(lambda: (s := agent.status()) and s["outbox"]["pending"], 10, "the row is there")
        agent.kill()
    with running(tmp_path) as agent:
        found = until(lambda: (s := agent.status()) and s["armed"] and s, 20, "armed again")
        assert found["outbox"]["pending"] >= 1


@pytest.mark.parametrize("armed", [True, False])
def test_a_relay_moves_with_the_alarm_only_where_it_was_armed(armed: bool, tmp_path: Path) -> None:
    wiring = f'button = "hush"\nrelay = {{ gpio = 26, armed = {str(armed).lower()} }}'
    with running(tmp_path, STALL.replace('button = "hush"', wiring)) as agent:
        until(agent.armed, 20, "the agent is armed")
        agent.set("smoke_alarm.alarm", 1)
        until(lambda: agent.sounds_t3(1), 10, "a group of T3")
        agent.set("hush.pressed", 1)
        until(lambda: playing(agent) == "hushed", 10, "the siren is hushed")
        moved = [level for _, level in agent.edges("relay")]
        assert moved[-1:] == ([True] if armed else [])  # a hush opens no gas valve
        found = agent.status()
        assert found is not None
        assert ("relay" in found["trouble"]) is not armed
