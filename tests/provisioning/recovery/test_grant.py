"""A reboot is granted once, for a fresh request, while the agent says that nothing rings."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.boot_cause import CALM, REQUEST, Calm, Request, publish
from provisioning.recovery.__main__ import main
from provisioning.recovery.grant import CALM_FRESH_S, FRESH_S, REBOOT, Granting
from provisioning.recovery.reboots import SETTLE_S, Evidence, Reboots


class Root:
    """Root's side with files of its own, in virtual time; what it would have called is kept."""

    def __init__(self, folder: Path) -> None:
        self.now, self.called = 0.0, list[Sequence[str]]()
        self.agent, self.network = folder / "run", folder / "network"
        self.agent.mkdir()
        self.network.mkdir()
        self.reboots = Reboots(folder / "recovery", boot=lambda: "now", clock=lambda: self.now)
        self.reboots.begin(Evidence())
        self.now = SETTLE_S + 1

    def ask(self, folder: Path, **changes: Any) -> None:
        asked = Request("agent", "i2c-1: no answer for 45 min", "now", self.now)
        publish(folder / REQUEST, msgspec.structs.replace(asked, **changes))

    def say(self, **changes: Any) -> None:
        said = Calm("now", self.now, calm=True, hub_s=None, has_hub=False)
        publish(self.agent / CALM, msgspec.structs.replace(said, **changes))

    def look(self) -> str:
        folders = {"agent": self.agent, "network": self.network}
        return Granting(self.reboots, folders, self._call, "now", lambda: self.now).look()

    def _call(self, command: Sequence[str]) -> int:
        assert self.reboots.book().ordered is not None  # written down before it is done
        self.called.append(command)
        return 0


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


def test_what_is_asked_for_while_nothing_rings_is_ordered_once(root: Root) -> None:
    root.say()
    root.ask(root.agent)
    assert root.look() == "agent: ordered"
    assert root.called == [REBOOT]
    assert "budget of agent is spent" in root.look()
    assert root.called == [REBOOT]


def test_the_networks_watch_has_a_budget_of_its_own(root: Root) -> None:
    root.say()
    root.ask(root.network, by="agent")  # whatever it calls itself
    assert root.look() == "network: ordered"
    root.now += 3600
    root.say()
    root.ask(root.network)
    assert "budget of network is spent" in root.look()
    root.ask(root.agent)
    root.look()
    assert len(root.called) == 2


@pytest.mark.parametrize(
    ("calm", "why"),
    [
        (None, "has not said"),
        ({"calm": False}, "something rings"),
        ({"boot": "before"}, "has not said"),
        ({"monotonic_s": 0.0}, "is old"),
        ({"monotonic_s": 1e9}, "is old"),
    ],
)
def test_nothing_is_ordered_without_the_agents_word(
    root: Root, calm: dict[str, Any] | None, why: str
) -> None:
    root.ask(root.agent)
    if calm is not None:
        root.say(**calm)
    assert why in root.look()
    assert root.called == []
    assert not root.reboots.book().spent


@pytest.mark.parametrize("changes", [{"boot": "before"}, {"monotonic_s": 1e9}])
def test_a_request_of_another_boot_or_from_the_future_is_none(
    root: Root, changes: dict[str, Any]
) -> None:
    root.say()
    root.ask(root.agent, **changes)
    assert root.look() == "nothing is asked for"


def test_an_old_request_is_none(root: Root) -> None:
    root.ask(root.agent)
    root.now += FRESH_S + 1
    root.say()
    assert root.look() == "nothing is asked for"
    assert CALM_FRESH_S < FRESH_S


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"\0" * 99, b'{"by": "x", "reason": ""}', b"[" * 9999]
)
def test_a_request_that_is_none_orders_nothing(root: Root, text: bytes) -> None:
    root.say()
    (root.agent / REQUEST).write_bytes(text)
    assert root.look() == "nothing is asked for"


@pytest.mark.parametrize("file", [REQUEST, CALM])
def test_a_link_a_pipe_and_a_flood_in_the_place_of_a_file_hold_nobody_up(
    root: Root, file: str
) -> None:
    root.say()
    root.ask(root.agent)
    path = root.agent / file
    path.unlink()
    path.symlink_to("/dev/zero")
    root.look()
    path.unlink()
    os.mkfifo(path)
    root.look()
    path.unlink()
    path.write_bytes(b"[" * 1_000_000)
    root.look()
    assert root.called == []


def test_a_boot_is_opened_told_and_closed_by_the_units_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = ["--folder", str(tmp_path / "recovery"), "--run-dir", str(tmp_path / "run")]
    assert main(["boot", *folders]) == 0
    assert capsys.readouterr().out.startswith("boot 1: first start")
    told = tmp_path / "run" / "boot-cause.json"
    assert told.stat().st_mode & 0o777 == 0o644  # the agent reads it
    assert main(["shutdown", *folders]) == 0
    assert main(["show", *folders]) == 0
    assert '"ended": true' in capsys.readouterr().out
    assert main(["boot", *folders]) == 0  # the unit alone was started anew
    assert main(["show", *folders]) == 0
    assert '"ended": false' in capsys.readouterr().out
    (tmp_path / "recovery" / "reboots.new").mkdir()
    told.unlink()
    assert main(["boot", *folders]) == 1
    assert "directory" in capsys.readouterr().err
