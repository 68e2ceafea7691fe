"""The edge of a field, through the wires: the deterrent's pin moves, in bounds and never first."""

from pathlib import Path

from drivers.pir import PirConfig
from hw_mocks.child import PROFILES, Agent, until

WARM_UP_S = PirConfig.warm_up_s
NIGHT = ["--starts", "2026-10-15T23:10:00+09:00", "--rate", "30"]


def test_what_two_sensors_tell_is_driven_off_and_a_call_for_help_silences_it(
    tmp_path: Path,
) -> None:
    text = (PROFILES / "farm-perimeter.toml").read_text("utf-8")
    with Agent(tmp_path / "a", text, NIGHT) as agent:
        until(lambda: is_warm(agent), 20.0, "the motion sensors warm")
        assert not any(level for _, level in agent.control.edges("deterrent"))
        agent.control.set("east.motion", 1)
        agent.control.set("radar.present", 1)
        until(lambda: is_on(agent), 20.0, "the deterrent on")
        agent.control.set("sos.pressed", 1)
        until(lambda: not is_on(agent), 5.0, "the deterrent silent while help is called")
        status = agent.status()
    assert status is not None
    assert "deterrent" not in status["trouble"]


def test_one_that_nobody_armed_never_moves_and_says_why(tmp_path: Path) -> None:
    text = (PROFILES / "farm-perimeter.toml").read_text("utf-8").replace("armed = true", "")
    with Agent(tmp_path / "a", text, NIGHT) as agent:
        until(lambda: is_warm(agent), 20.0, "the motion sensors warm")
        agent.control.set("east.motion", 1)
        agent.control.set("radar.present", 1)
        told = until(lambda: trouble(agent), 20.0, "the reason in its status")
        assert "armed = true" in told
        assert not is_on(agent)


def is_warm(agent: Agent) -> bool:
    scenario = agent.control.ask({"get": "scenario"})["scenario"]
    return agent.armed() is not None and float(scenario["t_s"]) > 2 * WARM_UP_S


def is_on(agent: Agent) -> bool:
    edges = agent.control.edges("deterrent")
    return bool(edges) and bool(edges[-1][1])


def trouble(agent: Agent) -> str | None:
    status = agent.status()
    found = None if status is None else status["trouble"].get("deterrent")
    return None if found is None else str(found)
