"""The whole agent and a clock that somebody sets: what the hub is told of the time, and when."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agent.wallclock import WallTime, read_wall_clock
from tests import brokers
from tests.running import STALL, RunningAgent, needs, on_hub, running, until

YEAR_S = 365 * 86_400.0
DECIDED_S = 0.5  # from the wire to the decision: a loaded machine may take so long


@contextmanager
def hub(folder: Path) -> Iterator[tuple[brokers.Listener, str]]:
    """A hub that listens, and the configuration of a device on it."""
    needs("mosquitto")
    with brokers.Mosquitto(folder / "hub") as broker, brokers.Listener(broker) as listener:
        yield listener, on_hub(STALL, brokers.DEVICE, broker.config())


def pressed(agent: RunningAgent, listener: brokers.Listener) -> tuple[dict[str, Any], float]:
    """Press the button once; the event as it came first, and when it really was (Unix s)."""
    before = len(calls(listener, 0))
    agent.set("sos.pressed", 1)
    true_s = read_wall_clock().unix_s
    assert listener.until(lambda: len(calls(listener, 0)) > before)
    agent.set("sos.pressed", 0)
    return calls(listener, 0)[-1], true_s


def calls(listener: brokers.Listener, revision: int) -> list[dict[str, Any]]:
    """The button's events as they came, of one revision."""
    bodies = [json.loads(each.body) for each in listener.events()]
    found = [each for each in bodies if each["hazard"] == "sos"]
    return [each for each in found if each.get("revision", 0) == revision]


def revised(listener: brokers.Listener, first: dict[str, Any]) -> dict[str, Any]:
    """The revision of an event, once it has come."""
    assert listener.until(lambda: any(e["id"] == first["id"] for e in calls(listener, 1)))
    (again,) = [each for each in calls(listener, 1) if each["id"] == first["id"]]
    return again


def wrong_by_s(event: dict[str, Any], true_s: float) -> float:
    return abs(WallTime(event["wall_time"], None, "").unix_s - true_s)


def to_1970(agent: RunningAgent) -> None:
    turns = {"clock.step_s": 60.0 - read_wall_clock().unix_s, "clock.kept_by": "nobody"}
    agent.ask(set=turns)


def synchronise(agent: RunningAgent) -> None:
    agent.ask(set={"clock.step_s": 0.0, "clock.kept_by": "ntp"})


def test_an_alarm_before_the_first_sync_goes_out_at_once_and_again_with_its_time(
    tmp_path: Path,
) -> None:
    with hub(tmp_path) as (listener, text), running(tmp_path, text) as agent:
        to_1970(agent)
        until(agent.armed, 30, "the agent is armed")
        first, true_s = pressed(agent, listener)
        assert first["wall_time"].startswith("1970-")
        assert (first["wall_source"], first["wall_uncertainty_s"]) == ("unset", None)
        synchronise(agent)
        again = revised(listener, first)
        assert again["wall_source"] == "corrected"
        assert wrong_by_s(again, true_s) <= again["wall_uncertainty_s"] + DECIDED_S
        assert again["wall_uncertainty_s"] < 0.1
        (message,) = [each for each in listener.events() if "revision" in each.attributes]
        assert message.attributes["revision"] == "1"
        assert message.attributes["historical"] == "true"
        assert message.attributes["id"] == first["id"]
        assert message.attributes["time"] == again["wall_time"]
        # and nothing happens again on site
        assert [level for _, level in agent.edges("siren")] == [True, False]
        found = until(lambda: (s := agent.status()) and s["active"], 10, "what is active is said")
        assert [each["id"] for each in found] == [first["id"]]
        until((agent.state / "recordings").exists, 10, "the recording")
        assert len(list((agent.state / "recordings").iterdir())) == 1


def test_a_kill_before_the_first_sync_costs_no_event_its_time(tmp_path: Path) -> None:
    with hub(tmp_path) as (listener, text):
        with running(tmp_path, text) as agent:
            to_1970(agent)
            until(agent.armed, 30, "the agent is armed")
            first, true_s = pressed(agent, listener)
        with running(tmp_path, text) as agent:
            synchronise(agent)
            again = revised(listener, first)
            assert wrong_by_s(again, true_s) <= again["wall_uncertainty_s"] + DECIDED_S
            second, _ = pressed(agent, listener)
            assert second["wall_source"] == "ntp"
        with running(tmp_path, text) as agent:
            synchronise(agent)
            third, _ = pressed(agent, listener)
            # the third is behind whatever a third life could have told again
            assert listener.until(lambda: third in calls(listener, 0))
            assert [each["id"] for each in calls(listener, 1)] == [first["id"]]


def test_a_clock_that_jumps_never_says_less_than_it_does_not_know(tmp_path: Path) -> None:
    with hub(tmp_path) as (listener, text), running(tmp_path, text) as agent:
        synchronise(agent)
        until(agent.armed, 30, "the agent is armed")
        agent.set("clock.step_s", 20.0)
        wrong, _ = pressed(agent, listener)
        agent.set("clock.step_s", 0.0)
        back, true_s = pressed(agent, listener)
        assert back["wall_time"] < wrong["wall_time"]
        assert 15.0 < back["wall_uncertainty_s"] < 25.0  # it may have been before the other
        agent.ask(set={"clock.step_s": YEAR_S, "clock.kept_by": "nobody"})
        ahead, true_s = pressed(agent, listener)
        assert ahead["wall_source"] == "unsynchronised"
        assert wrong_by_s(ahead, true_s) <= ahead["wall_uncertainty_s"] + DECIDED_S
        synchronise(agent)
        again = revised(listener, ahead)
        assert wrong_by_s(again, true_s) <= again["wall_uncertainty_s"] + DECIDED_S
        assert [each["id"] for each in calls(listener, 1)] == [ahead["id"]]
