"""The whole agent: a camera sees a fall, people are asked, and the event goes out or not."""

from pathlib import Path
from typing import Any

from agent.eventfile import history
from tests.running import STALL, RunningAgent, running, until

CAMERA = """
[fall]
ask_s = 15.0

[[sensors]]
name = "eyes"
driver = "camera"
"""
DOWN = {"fall_score": 0.95, "lying_score": 0.9, "body_motion": 0.0, "person_count": 1}


def playing(agent: RunningAgent) -> str:
    found = agent.status()
    return str(found["siren"]) if found else ""


def falls(agent: RunningAgent) -> list[dict[str, Any]]:
    """The falls that are under way as events."""
    found = agent.status()
    return [each for each in found["active"] if each["hazard"] == "fall"] if found else []


def fall(agent: RunningAgent) -> None:
    until(agent.armed, 20, "the agent is armed")
    for knob, value in DOWN.items():
        agent.set(f"eyes.{knob}", value)
    until(lambda: playing(agent) == "ask", 10, "the question is asked")


def test_the_button_answers_and_no_event_leaves(tmp_path: Path) -> None:
    with running(tmp_path, STALL + CAMERA) as agent:
        fall(agent)
        until(lambda: len(agent.edges("siren")) >= 2, 5, "the tone before the question")
        agent.set("hush.pressed", 1)
        until(lambda: playing(agent) in {"answered", "quiet"}, 5, "the answer is understood")
        until(lambda: playing(agent) == "quiet", 10, "all is quiet")
        assert "button: answered" in agent.said()
        assert len(agent.edges("siren")) == 2, "nor was the siren tested"
        assert falls(agent) == []
        assert agent.stop() == 0
    rows = history(agent.state / "outbox.db", 100)
    assert not [row for row in rows if b'"fall"' in row.body]


def test_nobody_answers_the_camera_dies_a_fire_breaks_out_and_still_the_alarm_goes_out(
    tmp_path: Path,
) -> None:
    with running(tmp_path, STALL + CAMERA) as agent:
        fall(agent)
        agent.set("eyes.fault", "absent")
        burns = agent.set("smoke_alarm.alarm", 1)
        until(lambda: playing(agent) == "t3", 5, "the siren sounds over the question")
        until(lambda: agent.sounds_t3(1, burns), 10, "T3")
        (event,) = until(lambda: falls(agent), 20, "the fall goes out")
        assert (event["stage"], event["rule"]) == ("alarm", "no_answer")
        assert "FALL_SCORE" in {each["quantity"] for each in event["evidence"]}
        assert playing(agent) == "t3"
        found = agent.status()
        assert found is not None
        assert found["outbox"]["pending"] >= 2
        kept = agent.state / "recordings"
        until(
            lambda: [p for p in kept.glob("*/recording.toml") if "fall_alarm_t_s" in p.read_text()],
            10,
            "what was read is kept with the alarm",
        )
