"""The wireless link's ladder: what is tried when the router is mute, and what never is."""

import json
import os
import stat
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from agent.boot_cause import CALM, REQUEST, Calm, Request, publish
from agent.wallclock import wall_time
from provisioning.recovery.network import (
    ASKED_S,
    FILE,
    HARD,
    LONG_S,
    RELOAD_REQUEST,
    NetworkWatch,
    Radio,
)

EVERY_S = 120.0
HOUR_S, DAY_S = 3600.0, 86_400.0


class Link:
    """A radio in virtual time: whether the router answers, and what was done to the radio."""

    def __init__(self, folder: Path) -> None:
        self.now, self.calm, self.source = 1000.0, True, "ntp"
        self.hub_s: float | None = None
        self.router, self.gateway = True, "192.0.2.1"
        self.ran, self.said = list[tuple[str, ...]](), list[str]()
        self.agent_run, self.own = folder / "run", folder / "network"
        self.agent_run.mkdir()
        self.own.mkdir()
        self.boot, self.asked = "now", list[tuple[float, str]]()
        self.reloads: list[float] = []

    def live(self, for_s: float) -> None:
        end = self.now + for_s
        while self.now < end:
            self.now += EVERY_S
            said = Calm(self.boot, self.now - 2.0, self.calm, self.hub_s, has_hub=True)
            publish(self.agent_run / CALM, said)
            self.look()

    def look(self) -> None:
        radio = Radio(
            run=self._run,
            answers=self._answers,
            gateway=lambda _: self.gateway or None,
            clock=lambda: self.now,
            wall=lambda: wall_time(1.8e9 + self.now, None, self.source),
            hour=lambda unix_s: int((unix_s - 1.8e9) / HOUR_S) % 24,
            boot=self.boot,
        )
        before = self.request()
        self.said += NetworkWatch(self.own, self.agent_run, radio).look()
        if (now := self.request()) is not None and now != before:
            assert now.boot == self.boot  # else nobody grants it
            self.asked.append((self.now, now.reason))
        if (self.own / RELOAD_REQUEST).exists():
            self.reloads.append(self.now)
            (self.own / RELOAD_REQUEST).unlink()

    def request(self) -> Request | None:
        path = self.own / REQUEST
        return msgspec.json.decode(path.read_bytes(), type=Request) if path.exists() else None

    def reassociated(self) -> int:
        return sum(command[-1] == "reassociate" for command in self.ran)

    def _run(self, command: Sequence[str]) -> str:
        self.ran.append(tuple(command))
        return "OK\n" if "reassociate" in command else "Power save: off\n"

    def _answers(self, interface: str, address: str) -> bool:
        assert (interface, address) == ("wlan0", "192.0.2.1")
        return self.router


@pytest.fixture
def link(tmp_path: Path) -> Link:
    found = Link(tmp_path)
    found.live(HOUR_S)
    return found


def test_a_mute_router_is_climbed_for_rung_by_rung_and_a_reboot_comes_last(link: Link) -> None:
    link.router = False
    link.live(600)
    assert (link.reassociated(), link.reloads) == (1, [])
    link.live(HOUR_S)
    assert (link.reassociated(), len(link.reloads), link.asked) == (1, 1, [])
    link.live(DAY_S)
    ((at, reason),) = link.asked
    assert at - 1000.0 >= HARD[0].after_s
    assert 10 <= int(at / HOUR_S) % 24 < 17
    assert "192.0.2.1 is mute" in reason


def test_a_dead_hub_or_a_dead_line_behind_a_router_that_answers_is_no_reason(link: Link) -> None:
    link.hub_s = None
    link.live(5 * DAY_S)
    assert (link.reassociated(), link.reloads, link.asked) == (0, [], [])


def test_a_hub_that_answers_shows_that_the_link_works_whatever_the_router_does(link: Link) -> None:
    link.router, link.hub_s = False, 20.0
    link.live(DAY_S)
    assert link.reassociated() == 0


def test_a_link_that_has_not_worked_in_this_boot_is_no_reason_for_a_reboot(tmp_path: Path) -> None:
    link = Link(tmp_path)
    link.router = False
    link.live(3 * DAY_S)
    assert link.reassociated() == 1
    assert len(link.reloads) == 1
    assert link.asked == []
    link.router = True
    link.live(HOUR_S)
    link.boot = "next"  # what helped or did not before the boot is forgotten with it
    link.router = False
    link.live(2 * DAY_S)
    assert link.asked == []


@pytest.mark.parametrize("calm", [False])
def test_no_reboot_is_asked_for_while_something_rings(link: Link, calm: bool) -> None:
    link.calm, link.router = calm, False
    link.live(2 * DAY_S)
    assert link.asked == []
    assert link.reassociated() == 1  # which disturbs no watch


def test_a_reboot_that_was_asked_for_is_withdrawn_at_once_when_something_rings(link: Link) -> None:
    link.router = False
    while not link.asked:
        link.live(EVERY_S)
    link.calm = False
    link.live(EVERY_S)
    assert link.request() is None


def test_a_reboot_that_does_not_come_is_not_wanted_for_ever(link: Link) -> None:
    link.router = False
    while not link.asked:
        link.live(EVERY_S)
    assert link.request() is not None
    link.live(ASKED_S + EVERY_S)
    assert link.request() is None


def test_a_reboot_that_was_refused_is_asked_for_again_once_a_day(link: Link) -> None:
    link.router = False
    link.live(3 * DAY_S)
    at = [each for each, _ in link.asked]
    assert len(at) == 3
    assert all(later - earlier >= DAY_S for earlier, later in pairwise(at))
    assert all(10 <= int(each / HOUR_S) % 24 < 17 for each in at)


def test_a_device_that_does_not_know_the_hour_waits_for_a_day(link: Link) -> None:
    link.source, link.router = "unset", False
    link.live(LONG_S - HOUR_S)
    assert link.asked == []
    link.live(2 * HOUR_S)
    assert len(link.asked) == 1


def test_without_the_agents_word_there_is_no_reboot(link: Link) -> None:
    link.router = False
    (link.agent_run / CALM).unlink()
    for _ in range(int(2 * DAY_S / EVERY_S)):
        link.now += EVERY_S
        link.look()
    assert link.asked == []


def test_the_last_router_that_was_known_is_asked_when_the_address_is_gone(link: Link) -> None:
    link.gateway = ""
    link.live(DAY_S)
    assert link.reassociated() == 0  # it answers: the radio works
    link.router = False
    link.live(600)
    assert link.reassociated() == 1


def test_each_change_is_said_once(link: Link) -> None:
    link.router = False
    link.live(230)
    assert link.said == ["wlan0: 192.0.2.1 is mute"]
    link.router = True
    link.live(HOUR_S)
    assert link.said[-1] == "wlan0: all is well"
    assert len(link.said) == 2


IW = """#!/bin/sh
echo "iw $*" >> "$LOG"
case "$*" in
  "dev wlan0 get power_save") echo "Power save: $(cat "$STATE")" ;;
  "dev wlan0 set power_save off") [ -e "$STATE.stuck" ] || echo off > "$STATE" ;;
  *) echo "Usage: iw" >&2; exit 1 ;;
esac
"""
WPA_CLI = """#!/bin/sh
echo "wpa_cli $*" >> "$LOG"
for word; do last=$word; done
if [ -e "$STATE.dead" ]; then
  echo "Failed to connect to non-global ctrl_ifname: wlan0  error: No such file or directory"
  exit 255
fi
[ "$last" = reassociate ] && echo OK || { echo "UNKNOWN COMMAND"; exit 1; }
"""


class Programs:
    """`iw` and `wpa_cli` on PATH that write down how they were called, and answer as those do."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.log, self.state = folder / "log", folder / "state"
        for name, text in (("iw", IW), ("wpa_cli", WPA_CLI)):
            (folder / name).write_text(text)
            (folder / name).chmod(stat.S_IRWXU)
        self.state.write_text("on\n")
        for name, value in (("LOG", self.log), ("STATE", self.state)):
            patch.setenv(name, str(value))
        patch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def calls(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    folder = tmp_path / "bin"
    folder.mkdir()
    return Programs(folder, monkeypatch)


def look(link: Link) -> list[str]:
    radio = Radio(
        answers=lambda *_: link.router, gateway=lambda _: "192.0.2.1", clock=lambda: link.now,
        boot="now",
    )  # fmt: skip
    link.now += EVERY_S
    return NetworkWatch(link.own, link.agent_run, radio).look()


def test_power_saving_is_switched_off_and_looked_at_again(
    tmp_path: Path, programs: Programs
) -> None:
    link = Link(tmp_path)
    assert look(link) == ["wlan0: power saving was on, and is off"]
    assert programs.state.read_text() == "off\n"
    assert look(link) == []
    programs.state.write_text("on\n")
    programs.state.with_suffix(".stuck").touch()
    assert look(link) == ["wlan0: power saving cannot be switched off"]


def test_wpa_supplicant_is_asked_over_the_sockets_that_it_can_answer(
    tmp_path: Path, programs: Programs
) -> None:
    link = Link(tmp_path)
    link.router = False
    said = [line for _ in range(4) for line in look(link)]
    assert said[-1] == "wlan0: 192.0.2.1 is mute for 4 min: reassociate"
    asked = [each for each in programs.calls() if each.startswith("wpa_cli")]
    assert asked == ["wpa_cli -p /run/wpa_supplicant -s /run/wpa_supplicant -i wlan0 reassociate"]


def test_a_supplicant_that_is_gone_is_told(tmp_path: Path, programs: Programs) -> None:
    programs.state.with_suffix(".dead").touch()
    link = Link(tmp_path)
    link.router = False
    said = [line for _ in range(4) for line in look(link)]
    assert said[-1].endswith("reassociate: not taken")


def test_looks_of_another_boot_are_forgotten_and_damaged_ones_begin_anew(link: Link) -> None:
    assert json.loads((link.own / FILE).read_bytes())["boot"] == "now"
    (link.own / FILE).write_bytes(b"{")
    link.live(HOUR_S)
    assert link.said == []
