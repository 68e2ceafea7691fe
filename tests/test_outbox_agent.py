"""The whole agent says what became of its file of events, and groups what is no alarm."""

from pathlib import Path

import msgspec

from agent.eventfile import history
from agent.values import Event
from tests.running import RunningAgent, running, until


def events(agent: RunningAgent) -> list[Event]:
    """What lies in the agent's file, oldest first."""
    rows = history(agent.state / "outbox.db", 100)
    return [msgspec.json.decode(row.body, type=Event) for row in rows[::-1]]


def test_a_damaged_file_is_told_to_the_hub_and_stays_in_trouble(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "outbox.db").write_bytes(b"no database " * 500)
    with running(tmp_path) as agent:
        until(agent.armed, 20, "the agent is armed")
        found = until(lambda: (s := agent.status()) and s["trouble"] and s, 10, "it is said")
        assert "set aside as outbox.db.damaged-1" in found["trouble"]["outbox"]
        told = next(each for each in events(agent) if each.subject == "outbox")
        assert (told.hazard, told.stage, told.rule) == ("fault", "alarm", "damaged")
        assert told.id in {each["id"] for each in found["active"]}
        assert "저장 카드" in told.why.ko
    assert (tmp_path / "state" / "outbox.db.damaged-1").exists()


def test_a_file_that_was_taken_away_between_two_starts_is_told(tmp_path: Path) -> None:
    with running(tmp_path) as agent:
        until(agent.armed, 20, "the agent is armed")
        assert agent.stop() == 0
    (tmp_path / "state" / "outbox.db").unlink()
    with running(tmp_path) as agent:
        until(agent.armed, 20, "the agent is armed")
        told = next(each for each in events(agent) if each.subject == "outbox")
        assert (told.rule, told.seq) == ("missing", 1)
