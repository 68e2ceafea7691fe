"""The whole agent: what the hub commands through a real broker, and what it can not do."""

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from agent import cli
from agent.gate import PER_MINUTE
from agent.wallclock import read_wall_clock
from tests import brokers
from tests.agent.orders import body
from tests.running import (
    STALL,
    RunningAgent,
    needs,
    on_hub,
    running,
    until,
)

ROOT = f"haetae/v1/test/{brokers.DEVICE}"


@contextmanager
def stall(folder: Path) -> Iterator[tuple[RunningAgent, brokers.Listener]]:
    """An armed agent and its hub."""
    needs("mosquitto")
    with (
        brokers.Mosquitto(folder / "hub") as broker,
        brokers.Listener(broker) as hub,
        running(folder, on_hub(STALL, brokers.DEVICE, broker.config())) as agent,
    ):
        until(agent.armed, 30, "the agent is armed")
        assert hub.until(hub.states)
        yield agent, hub


def command(hub: brokers.Listener, verb: str, number: int, **own: Any) -> dict[str, Any]:
    """Give a command and wait for its answer."""
    content = body(number, now=_now(), **own)
    hub.publish(f"{ROOT}/cmd/{verb}", content)
    assert hub.until(lambda: answers(hub, number))
    return answers(hub, number)[-1]


def _now() -> datetime:
    return datetime.fromisoformat(read_wall_clock().iso)


def answers(hub: brokers.Listener, number: int) -> list[dict[str, Any]]:
    found = [json.loads(each.body) for each in hub.messages if "/ack/" in each.topic]
    return [each for each in found if each["id"] == f"nonce-{number:04d}"]


def playing(agent: RunningAgent) -> str:
    found = agent.status()
    return str(found["siren"]) if found else ""


def calls(hub: brokers.Listener, hazard: str) -> list[str]:
    """The ids of a hazard's events, in their order."""
    events = [json.loads(each.body) for each in hub.events()]
    return [each["id"] for each in events if each["hazard"] == hazard]


def test_a_call_is_answered_and_the_lamp_says_so_until_it_calls_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with stall(tmp_path) as (agent, hub):
        agent.set("sos.pressed", 1)
        assert hub.until(lambda: calls(hub, "sos"))
        (first,) = calls(hub, "sos")
        until(lambda: agent.edges("lamp")[-1:] and agent.edges("lamp")[-1][1], 5, "the lamp is on")
        steady = len(agent.edges("lamp"))
        answer = command(hub, "answered", 1, event=first)
        assert answer["result"] == "accepted", answer
        assert answer["simulated"] is True
        assert answer["state"]["answered"] == {first: "night desk"}
        assert answer["state"]["active"][first] == "sos alarm"
        until(lambda: len(agent.edges("lamp")) >= steady + 4, 15, "the lamp dips and is on again")
        dark = [at for at, level in agent.edges("lamp")[steady:] if not level]
        light = [at for at, level in agent.edges("lamp")[steady:] if level]
        assert 0.3 < light[0] - dark[0] < 1.5
        cli.main(["status", "--run-dir", str(agent.run_dir)])
        assert f"{first}: help is coming: night desk" in capsys.readouterr().out
        assert command(hub, "answered", 2, event="boot-0")["code"] == "not_active"

        agent.set("sos.pressed", 0)
        until(lambda: agent.set("sos.pressed", 1) and len(calls(hub, "sos")) > 1, 20, "a new call")
        until(lambda: playing(agent) == "sos", 10, "the lamp calls again")
        assert command(hub, "answered", 3, event=first)["code"] == "not_active"
        last = calls(hub, "sos")[-1]
        assert command(hub, "answered", 4, event=last)["state"]["siren"] == "help_coming"


def test_no_command_stops_the_siren_and_no_flood_delays_a_fire(tmp_path: Path) -> None:
    with stall(tmp_path) as (agent, hub):
        for n in range(1000):
            hub.publish(f"{ROOT}/cmd/identify", body(n, now=_now()))
        burns = agent.set("smoke_alarm.alarm", 1)
        assert hub.until(lambda: calls(hub, "fire"))
        begins = next(at for at, level in agent.edges("siren") if level)
        assert 0 <= begins - burns < 5  # as without a flood: the poll of the contact
        (fire,) = calls(hub, "fire")
        hub.publish(f"{ROOT}/cmd/answered", body(5001, now=_now(), event=fire))
        hub.publish(f"{ROOT}/cmd/silence", body(5002, now=_now()))
        hub.publish(f"{ROOT}/cmd/answered", b"garbage")
        more = len(agent.edges("siren")) + 24
        until(lambda: len(agent.edges("siren")) >= more, 60, "four groups more")
        pulses = agent.edges("siren")
        lengths = [(level, end - at) for (at, level), (end, _) in itertools.pairwise(pulses)]
        assert max(length for _, length in lengths) < 2.5, "it has never paused"
        assert playing(agent) == "t3"
        found = agent.status()
        assert found is not None
        assert "dropped" in found["trouble"]["commands"]
        acks = [each for each in hub.messages if "/ack/" in each.topic]
        assert len(acks) <= 4 * PER_MINUTE  # a minute's, and the next one's on a slow machine


def test_a_profile_that_misses_nobody_says_so_of_away(tmp_path: Path) -> None:
    with stall(tmp_path) as (agent, hub):
        answer = command(hub, "away", 1, hours=24)
        assert answer["code"] in {"not_here", "no_clock"}  # by this machine's clock
        assert command(hub, "identify", 2)["result"] == "accepted"
        until(lambda: len(agent.edges("lamp")) >= 8, 15, "it blinks")
        assert playing(agent) in {"find_me", "quiet"}
