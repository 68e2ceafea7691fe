"""The siren needs nobody: no network, no disk, no clock, no hub."""

import socket
import time
from datetime import timedelta
from pathlib import Path

from tests import brokers
from tests.disks import card, fill, hanging, small_disk
from tests.running import STALL, RunningAgent, needs, on_hub, running, until

HUB = """
[device]
id = "alone-1"
site = "test"
[hub]
host = "127.0.0.1"
"""


def sounds(agent: RunningAgent) -> None:
    """Close the smoke alarm's relay and hear two whole groups of T3."""
    until(agent.armed, 60, "the agent is armed")
    pressed = agent.set("smoke_alarm.alarm", 1)
    until(lambda: agent.sounds_t3(2), 30, "two groups of T3")
    first = next(at for at, level in agent.edges("siren") if level)
    assert first >= pressed


def late(agent: RunningAgent) -> list[str]:
    """The workers that make no progress, by its own account."""
    return list((agent.status() or {}).get("late", ()))


def test_the_siren_sounds_with_the_network_namespace_gone(tmp_path: Path) -> None:
    needs("unshare", "--net", "true")
    plain = HUB + "tls = false\nport = 1883\n"
    with running(tmp_path, STALL + plain, around=["unshare", "--net"]) as agent:
        sounds(agent)
        found = until(lambda: (s := agent.status()) and s["outbox"]["pending"] and s, 30, "a row")
        assert found["siren"] == "t3"


def test_the_siren_sounds_with_the_disk_full(tmp_path: Path) -> None:
    with small_disk(tmp_path / "state", 64) as disk:
        fill(disk)
        with running(tmp_path) as agent:
            sounds(agent)
            found = until(lambda: (s := agent.status()) and s["trouble"] and s, 30, "it is said")
            assert "outbox" in found["trouble"]
            assert found["outbox"]["pending"] >= 1  # kept in memory, not lost


def test_the_siren_sounds_on_while_the_card_hangs(tmp_path: Path) -> None:
    heard = tmp_path / "notify"
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd,
        card(tmp_path / "card", tmp_path / "state") as state,
        running(tmp_path, around=["env", f"NOTIFY_SOCKET={heard}"]) as agent,
    ):
        sounds(agent)
        systemd.bind(str(heard))
        systemd.settimeout(10)
        with hanging(state):
            agent.set("sos.pressed", 1)  # the pipeline waits for its fsync
            until(lambda: systemd.recv(99) and "pipeline" in late(agent), 40, "it hangs")
            began = time.monotonic()
            assert {systemd.recv(99) for _ in range(5)} == {b"WATCHDOG=1"}
            assert "pipeline" in late(agent)
            until(lambda: systemd.recv(99) and agent.sounds_t3(2, began), 30, "more of T3")
        until(lambda: systemd.recv(99) and not late(agent), 30, "every worker makes progress")


def test_the_siren_sounds_with_the_clock_at_1970(tmp_path: Path) -> None:
    needs("faketime", "-f", "@1970-01-01 00:01:00", "true")
    around = ["env", "FAKETIME_DONT_FAKE_MONOTONIC=1", "faketime", "-f", "@1970-01-01 00:01:00"]
    with running(tmp_path, around=around) as agent:
        sounds(agent)
        found = until(lambda: (s := agent.status()) and s["active"] and s, 30, "the event")
        (event,) = [each for each in found["active"] if each["hazard"] == "fire"]
        assert event["wall_time"].startswith("1970-")
        assert event["wall_source"] == "unset"
        assert event["wall_uncertainty_s"] is None


def test_the_siren_sounds_with_the_hubs_certificate_expired(tmp_path: Path) -> None:
    needs("mosquitto")
    broker = brokers.Mosquitto(tmp_path / "hub")
    broker.authority.issue("server", lasts=timedelta(days=-1))
    text = on_hub(STALL, brokers.DEVICE, broker.config())
    with broker, running(tmp_path, text) as agent:
        sounds(agent)
        found = until(
            lambda: (s := agent.status()) and "expired" in s["hub"] and s, 60, "why is said"
        )
        assert found["outbox"]["pending"] >= 1
