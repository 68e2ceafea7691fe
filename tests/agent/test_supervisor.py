"""The watchdog is fed by progress, and by nothing else."""

import socket
import threading
from pathlib import Path

import pytest

from agent import sdnotify, supervisor
from agent.health import Heartbeats


class Watch:
    """A supervisor whose every turn moves the clock by `turn_s` and ends after `turns`."""

    def __init__(self, turns: int, turn_s: float) -> None:
        self.now, self.said, self.reports = 0.0, list[str](), list[list[str]]()
        self.beats = Heartbeats(lambda: self.now)
        self.stop = threading.Event()
        self.turns, self.turn_s = turns, turn_s

    def report(self, late: list[str]) -> None:
        self.reports.append(late)
        self.now += self.turn_s
        if len(self.reports) == self.turns:
            self.stop.set()

    def run(self) -> None:
        supervisor.watch(
            self.beats, self.stop, every_s=0.001, notify=self.said.append, report=self.report
        )


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
    report = watch.report

    def recover(late: list[str]) -> None:
        report(late)
        if len(watch.reports) == 3:
            watch.beats.beat("i2c-1")

    supervisor.watch(
        watch.beats, watch.stop, every_s=0.001, notify=watch.said.append, report=recover
    )
    assert watch.reports == [[], ["i2c-1"], ["i2c-1"], []]
    assert watch.said == ["WATCHDOG=1", "WATCHDOG=1", "STOPPING=1"]
    assert [r.getMessage() for r in caplog.records] == [
        "watchdog left to expire: no progress from i2c-1",
        "watchdog fed again: every worker makes progress",
    ]


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
