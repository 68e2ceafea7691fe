"""The whole agent as a process, with a section of care: what it keeps, and that it starts anew."""

from pathlib import Path

from agent.cli import PROFILES
from agent.rhythm_store import NAME, RhythmStore
from tests.running import running, until

ROOM = (PROFILES / "single-room.toml").read_text("utf-8")
CARED_FOR = ROOM if "\n[inactivity]" in ROOM else ROOM.replace("[sos]", "[inactivity]\n[sos]", 1)


def test_the_rhythm_is_kept_at_a_polite_end_and_a_garbled_one_stops_nobody(tmp_path: Path) -> None:
    with running(tmp_path, CARED_FOR) as agent:
        until(agent.armed, 20, "the agent is armed")
        assert "learned from now on" in agent.said()
        assert agent.stop() == 0
    kept = tmp_path / "state" / NAME
    assert RhythmStore(tmp_path / "state").load().days == 0
    kept.write_bytes(kept.read_bytes()[:100])
    with running(tmp_path, CARED_FOR) as agent:
        until(agent.armed, 20, "the agent is armed")
        assert "not usable, so it is learned anew" in agent.said()
        pressed = agent.set("sos.pressed", 1)
        until(lambda: "sos alarm" in agent.said(), 10, "a call is told")
        assert pressed > 0
        assert agent.stop() == 0


def test_a_profile_without_care_keeps_no_rhythm(tmp_path: Path) -> None:
    with running(tmp_path) as agent:  # the stall
        until(agent.armed, 20, "the agent is armed")
        assert agent.stop() == 0
    assert not (tmp_path / "state" / NAME).exists()
