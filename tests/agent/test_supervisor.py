"""The watchdog is fed by progress, and by nothing else."""

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agent import sdnotify, supervisor
from agent.health import Heartbeats
from agent.supervisor import Respite


class Watch:
    """A supervisor whose every turn moves the clock by `turn_s` and ends after `turns`.

    `sounds` is whether an alarm is to be heard; the annunciator beats unless `is_mute`.
    """

    def __init__(self, turns: int, turn_s: float) -> None:
        self.now, self.said, self.reports = 0.0, list[str](), list[list[str]]()
        self.beats = Heartbeats(lambda: self.now)
        self.stop = threading.Event()
        self.turns, self.turn_s = turns, turn_s
        self.sounds = self.is_mute = False
        on_disk = {"pipeline", "ledger"}
        self.respite = Respite(lambda: self.sounds, on_disk.__contains__, lambda: self.now)

    def report(self, late: list[str]) -> None:
        self.reports.append(late)
        self.now += self.turn_s
        if not self.is_mute:
            self.beats.beat("annunciator")
        if len(self.reports) == self.turns:
            self.stop.set()

    def run(self, report: Callable[[list[str]], None] | None = None) -> None:
        supervisor.watch(
            self.beats,
            self.stop,
            every_s=0.001,
            notify=self.said.append,
            report=report or self.report,
            spares=self.respite.spares,
        )

    @property
    def fed(self) -> int:
        return self.said.count("WATCHDOG=1")


def test_one_hung_worker_silences_the_watchdog() -> None:
    watch = Watch(turns=3, turn_s=25.0)
    watch.beats.expect("i2c-1", within_s=30)
    watch.beats.expect("uplink", within_s=300)
    watch.run()
    assert watch.reports == [[], [], ["i2c-1"]]
    assert watch.said == ["WATCHDOG=1", "WATCHDOG=1", "STOPPING=1"]


def test_progress_feeds_it_again_and_is_said_once_each_way(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watch = Watch(turns=4, turn_s=40.0)
    watch.beats.expect("i2c-1", within_s=30)

    def recover(late: list[str]) -> None:
        watch.report(late)
        if len(watch.reports) == 3:
            watch.beats.beat("i2c-1")

    watch.run(recover)
    assert watch.reports == [[], ["i2c-1"], ["i2c-1"], []]
    assert watch.said == ["WATCHDOG=1", "WATCHDOG=1", "STOPPING=1"]
    assert [r.getMessage() for r in caplog.records] == [
        "watchdog left to expire: no progress from i2c-1",
        "every worker makes progress again",
    ]


def test_while_an_alarm_sounds_who_waits_for_the_disk_is_spared_and_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watch = Watch(turns=10, turn_s=10.0)
    watch.sounds = True
    watch.beats.expect("annunciator", within_s=20)
    watch.beats.expect("pipeline", within_s=20)
    watch.run()
    assert watch.reports[-1] == ["pipeline"]
    assert watch.fed == 10
    assert [r.getMessage() for r in caplog.records] == [
        "watchdog fed though there is no progress from pipeline: an alarm sounds"
    ]


@pytest.mark.parametrize("hung", ["annunciator", "i2c-1"])
def test_an_alarm_spares_nobody_who_waits_for_no_disk(hung: str) -> None:
    watch = Watch(turns=10, turn_s=10.0)
    watch.sounds, watch.is_mute = True, hung == "annunciator"
    watch.beats.expect("pipeline", within_s=20)
    watch.beats.expect(hung, within_s=20)
    watch.run()
    assert watch.reports[-1] == ["pipeline", hung]
    assert watch.fed == 3


def test_the_watchdog_bites_once_the_alarm_is_over() -> None:
    watch = Watch(turns=10, turn_s=10.0)
    watch.sounds = True
    watch.beats.expect("pipeline", within_s=20)

    def end(late: list[str]) -> None:
        watch.report(late)
        watch.sounds = len(watch.reports) < 6

    watch.run(end)
    assert watch.fed == 6


def test_an_alarm_spares_a_hung_worker_for_half_an_hour_at_most() -> None:
    watch = Watch(turns=300, turn_s=10.0)
    watch.sounds = True
    watch.beats.expect("pipeline", within_s=20)
    watch.run()
    assert watch.fed == 3 + 180


def test_a_message_reaches_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        sdnotify.notify("WATCHDOG=1")
        assert systemd.recv(99) == b"WATCHDOG=1"


def test_without_systemd_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    sdnotify.notify("WATCHDOG=1")
