"""What an update came to: told to the hub while there is something to tell, recorded once."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from agent import ledger_past, updates
from agent.updates import GOOD_IS_TOLD_S, LONGEST, Updates, report_path
from tests.running import running, until

KEPT: dict[str, Any] = {
    "kind": "application", "version": "0.3.0", "state": "good", "why": "",
    "at": "2026-11-22T03:00:00+00:00",
}  # fmt: skip
LOST: dict[str, Any] = KEPT | {"state": "rolled-back", "why": "fire by heat: no alarm within 30 s"}


class Ledger:
    """Keeps what is noted."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, dict[str, Any]]] = []

    def note(self, kind: str, body: Any) -> None:
        self.noted.append((kind, dict(body)))


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


def looking(folder: Path, ledger: Ledger) -> Updates:
    (folder / "state").mkdir(exist_ok=True)
    return Updates(folder / "state", folder / "haetae", ledger.note)


def leave(folder: Path, told: dict[str, Any] | bytes) -> None:
    path = report_path(folder / "haetae")
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(told if isinstance(told, bytes) else json.dumps(told).encode())
    fresh.replace(path)


def test_without_a_report_there_is_nothing_to_tell(tmp_path: Path, ledger: Ledger) -> None:
    found = looking(tmp_path, ledger)
    found.look(1.0)
    assert (found.text, ledger.noted) == ("", [])


def test_what_was_taken_back_is_told_with_its_reason_until_there_is_something_else(
    tmp_path: Path, ledger: Ledger
) -> None:
    found = looking(tmp_path, ledger)
    leave(tmp_path, LOST)
    for now in (1.0, 2.0, 1e7):
        found.look(now)
        assert found.text == "application 0.3.0 rolled back: fire by heat: no alarm within 30 s"
    assert ledger.noted == [(ledger_past.UPDATE, LOST)]


def test_a_good_one_is_told_for_an_hour(tmp_path: Path, ledger: Ledger) -> None:
    found = looking(tmp_path, ledger)
    leave(tmp_path, KEPT)
    found.look(10.0)
    assert found.text == "application 0.3.0 good"
    found.look(10.0 + GOOD_IS_TOLD_S)
    assert found.text == ""


def test_an_outcome_is_recorded_once_though_the_agent_starts_again(
    tmp_path: Path, ledger: Ledger
) -> None:
    leave(tmp_path, KEPT)
    again = looking(tmp_path, ledger)
    again.look(0.0)
    for _start in range(2):
        again = looking(tmp_path, ledger)
        again.look(0.0)
    assert [kind for kind, _ in ledger.noted] == [ledger_past.UPDATE]
    assert again.text == "", "an old one is no news"
    leave(tmp_path, KEPT | {"at": "2026-12-22T03:00:00+00:00"})
    again.look(1.0)
    assert len(ledger.noted) == 2


@pytest.mark.parametrize("state", ["waiting", "trying"])
def test_what_is_under_way_is_told_and_not_recorded(
    tmp_path: Path, ledger: Ledger, state: str
) -> None:
    found = looking(tmp_path, ledger)
    leave(tmp_path, KEPT | {"state": state, "why": "fire under way"})
    found.look(1.0)
    assert found.text == f"application 0.3.0 {state}: fire under way"
    assert ledger.noted == []


@pytest.mark.parametrize(
    "nonsense", [b"", b"{", b"[]", b'{"kind": 1}', b"\xff" * 70_000, b"[" * 10_000]
)
def test_nonsense_is_nobodys_report(tmp_path: Path, ledger: Ledger, nonsense: bytes) -> None:
    found = looking(tmp_path, ledger)
    leave(tmp_path, nonsense)
    found.look(1.0)
    assert (found.text, ledger.noted) == ("", [])


def test_a_pipe_in_the_place_of_a_report_does_not_hold_the_agent(
    tmp_path: Path, ledger: Ledger
) -> None:
    path = report_path(tmp_path / "haetae")
    path.parent.mkdir()
    os.mkfifo(path)
    found = looking(tmp_path, ledger)
    found.look(1.0)
    assert found.text == ""


def test_the_hub_is_told_no_more_than_a_line(tmp_path: Path, ledger: Ledger) -> None:
    found = looking(tmp_path, ledger)
    leave(tmp_path, LOST | {"why": "x" * 4000})
    found.look(1.0)
    assert len(found.text) == LONGEST


def test_a_disk_that_takes_nothing_keeps_nobody_from_telling(
    tmp_path: Path, ledger: Ledger
) -> None:
    found = looking(tmp_path, ledger)
    (tmp_path / "state").rmdir()
    (tmp_path / "state").write_text("a file where the folder was")
    leave(tmp_path, LOST)
    found.look(1.0)
    assert found.text.startswith("application 0.3.0 rolled back")


def test_a_process_says_from_which_updates_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "agent").mkdir()
    monkeypatch.setattr(sys.modules["agent"], "__file__", str(tmp_path / "agent" / "__init__.py"))
    assert updates.installed() == {}, "as shipped"
    (tmp_path / "installed.json").write_text('{"models": {"sha256": "ab", "version": "5"}}')
    assert updates.installed() == {"models": "5"}


def test_the_agent_tells_what_became_of_an_update(tmp_path: Path) -> None:
    with running(tmp_path) as agent:
        until(agent.armed, 20, "armed")
        path = report_path(agent.run_dir)
        path.parent.mkdir()
        path.write_text(json.dumps(LOST))
        until(lambda: (agent.status() or {}).get("update"), 10, "the update is told")
        assert (agent.status() or {})[
            "update"
        ] == "application 0.3.0 rolled back: fire by heat: no alarm within 30 s"
        records = agent.state / "ledger"

        def recorded() -> bool:
            lines = b"".join(each.read_bytes() for each in records.glob("*"))
            return b'"kind":"update"' in lines

        until(recorded, 10, "the update is in the ledger")
