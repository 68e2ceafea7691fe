"""What root looks at every two minutes: crash loops, the clock, the supply, the disk."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.boot_cause import CALM, UNDER_VOLTAGE, Calm, publish
from agent.wallclock import wall_time
from provisioning.recovery.grant import REBOOT
from provisioning.recovery.reboots import SETTLE_S, Evidence, Reboots
from provisioning.recovery.watch import (
    CLOCKLESS_S,
    FILE,
    FOR_S,
    STARTS,
    TIMESYNC,
    Outer,
    Watch,
)
from tests.disks import read_only, small_disk

EVERY_S = 120.0
DAY_S = 86_400.0


class Machine:
    """A machine whose systemd answers as `systemctl show` does."""

    def __init__(self, folder: Path) -> None:
        self.now, self.restarts, self.source = 0.0, 0, "ntp"
        self.state, self.entered = "active", 0.0
        self.called, self.said = list[Sequence[str]](), list[str]()
        self.folder, self.agent_run = folder, folder / "run"
        self.agent_run.mkdir()
        self.boot = "now"
        self.begin()

    def begin(self) -> None:
        self.reboots = Reboots(
            self.folder / "recovery", boot=lambda: self.boot, clock=lambda: self.now
        )
        self.reboots.begin(Evidence())

    def say(self, **changes: Any) -> None:
        said = Calm(self.boot, self.now, calm=True, hub_s=10.0, has_hub=True)
        publish(self.agent_run / CALM, msgspec.structs.replace(said, **changes))

    def look(self, *, under_voltage: bool = False) -> list[str]:
        outer = Outer(
            self._show, self._call, lambda: self.now, lambda: wall_time(1.8e9, None, self.source),
            self.boot, self.folder / "sys",
        )  # fmt: skip
        watch = Watch(self.reboots, self.agent_run, self.folder / "own", outer)
        return watch.look(under_voltage=under_voltage)

    def live(self, for_s: float, restarts: int = 0) -> None:
        """Look every two minutes; `restarts` failed starts between two looks."""
        end = self.now + for_s
        while self.now < end:
            self.now += EVERY_S
            self.restarts += restarts
            if restarts:
                self.entered = self.now - 1.0  # it has only just come up, or is on its way
            self.said += self.look()
            if REBOOT in self.called:
                return

    def count_errors(self, count: int) -> None:
        """Have ext4 say so of the ledger's disk."""
        number = (self.folder / "recovery").stat().st_dev
        devices, ext4 = self.folder / "sys/dev/block", self.folder / "sys/fs/ext4/mmcblk0p4"
        devices.mkdir(parents=True)
        (devices / f"{os.major(number)}:{os.minor(number)}").symlink_to("../../block/mmcblk0p4")
        ext4.mkdir(parents=True)
        (ext4 / "errors_count").write_text(f"{count}\n")

    def stay(self, for_s: float, **changes: Any) -> None:
        """Live while the agent says this of itself."""
        for _ in range(int(for_s / EVERY_S)):
            self.say(monotonic_s=self.now + EVERY_S, **changes)
            self.live(EVERY_S)

    def _show(self, command: Sequence[str]) -> str:
        assert command[1] == "show"
        return (
            f"ActiveState={self.state}\nActiveEnterTimestampMonotonic={self.entered * 1e6:.0f}\n"
            f"NRestarts={self.restarts}\n"
        )

    def _call(self, command: Sequence[str]) -> int:
        self.called.append(command)
        return 0


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    found = Machine(tmp_path)
    found.live(SETTLE_S)
    return found


@pytest.mark.parametrize("state", ["activating", "active", "deactivating"])
def test_an_agent_that_only_crashes_has_the_device_started_anew(
    machine: Machine, state: str
) -> None:
    machine.state = state
    machine.live(2 * FOR_S, restarts=10)
    assert machine.called == [REBOOT]
    assert "failed starts in" in machine.said[-1]
    ordered = machine.reboots.book().ordered
    assert ordered is not None
    assert ordered.detail.startswith("crash-loop: ")


@pytest.mark.parametrize("life_s", [30.0, 90.0, 120.0, 240.0, 540.0])
def test_an_agent_that_hangs_at_each_start_is_a_crash_loop_whatever_its_watchdogs_time(
    machine: Machine, life_s: float
) -> None:
    began = machine.now
    while REBOOT not in machine.called and machine.now - began < 2 * STARTS * life_s + FOR_S:
        machine.now += EVERY_S
        starts, since_s = divmod(machine.now - began, life_s + 2.0)
        machine.restarts, machine.entered = int(starts), machine.now - since_s
        machine.said += machine.look()
    assert machine.called == [REBOOT]
    assert machine.now - began >= FOR_S


def test_a_crash_now_and_then_is_systemds_alone(machine: Machine) -> None:
    for _ in range(3 * STARTS):
        machine.live(EVERY_S, restarts=1)
        machine.live(5 * EVERY_S)
    assert machine.called == []


def test_some_configurations_tried_out_in_an_hour_are_no_crash_loop(machine: Machine) -> None:
    for _ in range(3):
        for _ in range(STARTS - 1):
            machine.live(EVERY_S, restarts=1)  # exit 75
            machine.live(2 * EVERY_S)
        machine.live(FOR_S)
    assert machine.called == []


def test_a_bad_configuration_after_crashes_is_no_crash_loop(machine: Machine) -> None:
    machine.live(FOR_S - EVERY_S, restarts=10)
    machine.state = "failed"
    machine.live(DAY_S)
    assert machine.called == []


def test_a_bad_configuration_is_no_crash_loop(machine: Machine) -> None:
    machine.state = "failed"  # exit 78: systemd does not start it again
    machine.live(DAY_S)
    assert machine.called == []


def test_a_reboot_that_did_not_help_comes_again_hours_later_and_twice_a_day(
    machine: Machine,
) -> None:
    at = []
    machine.state = "activating"
    for _ in range(40):
        machine.live(3600.0, restarts=10)
        if machine.called:
            at.append(machine.now)
            machine.called.clear()
            machine.boot, machine.restarts = f"boot-{len(at)}", 0  # monotonic time goes on here
            machine.begin()
    assert len(at) >= 3
    assert at[1] - at[0] >= 4 * 3600.0
    assert at[2] - at[0] >= DAY_S - 1


def test_no_reboot_while_the_agent_last_said_that_something_rings(machine: Machine) -> None:
    machine.state = "activating"
    for _ in range(30):
        machine.say(calm=False)
        machine.live(EVERY_S, restarts=10)
    assert machine.called == []
    assert "something rings" in machine.said[-1]


def test_a_clock_that_nobody_sets_though_there_is_a_network_gets_its_daemon_anew(
    machine: Machine,
) -> None:
    machine.source = "unsynchronised"
    for _ in range(int(DAY_S / EVERY_S)):
        machine.say()
        machine.live(EVERY_S)
    assert set(machine.called) == {TIMESYNC}
    assert 2 <= len(machine.called) <= 4  # ever more seldom
    machine.source = "ntp"
    machine.called.clear()
    machine.live(DAY_S)
    assert machine.called == []


@pytest.mark.parametrize("hub_s", [None, 3600.0])
def test_without_a_network_no_daemon_could_set_the_clock(
    machine: Machine, hub_s: float | None
) -> None:
    machine.source = "unset"
    for _ in range(int(2 * CLOCKLESS_S / EVERY_S)):
        machine.say(hub_s=hub_s)
        machine.live(EVERY_S)
    assert machine.called == []


def test_a_low_supply_is_kept_by_whoever_sees_it(machine: Machine) -> None:
    machine.look(under_voltage=False)
    assert not machine.reboots.book().under_voltage
    (machine.agent_run / UNDER_VOLTAGE).touch()
    machine.look(under_voltage=False)
    assert machine.reboots.book().under_voltage


def test_a_quiet_day_writes_nothing_to_flash(machine: Machine) -> None:
    ledger = machine.folder / "recovery" / "reboots.json"
    before = ledger.stat().st_ino, ledger.stat().st_mtime_ns
    machine.live(DAY_S)
    assert (ledger.stat().st_ino, ledger.stat().st_mtime_ns) == before


def test_looks_that_are_damaged_begin_anew(machine: Machine) -> None:
    (machine.folder / "own" / FILE).write_bytes(b"\0")
    machine.live(600.0)
    assert machine.called == []


@pytest.fixture
def worn(tmp_path: Path) -> Iterator[Machine]:
    """A machine whose disk is read-only from now on."""
    with small_disk(tmp_path / "recovery", 256):
        found = Machine(tmp_path)
        with read_only(tmp_path / "recovery"):
            yield found


def test_a_damaged_disk_is_mended_by_a_reboot_once_in_a_days_run(worn: Machine) -> None:
    worn.count_errors(3)
    worn.stay(DAY_S - EVERY_S)
    assert worn.called == []
    assert worn.said[-1].startswith("disk: Read-only file system: no reboot: ")
    worn.stay(EVERY_S)
    assert worn.called == [REBOOT]
    assert worn.said[-1] == "disk: Read-only file system: a reboot was ordered"


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ({"calm": False}, "something rings"),
        ({"boot": "before"}, "has not said"),
        ({"monotonic_s": 0.0}, "is old"),
    ],
)
def test_no_reboot_for_a_damaged_disk_without_the_agents_word_nor_in_the_minute_after(
    worn: Machine, word: dict[str, Any], why: str
) -> None:
    worn.count_errors(1)
    worn.live(DAY_S)
    worn.say(**word)
    worn.said += worn.look()
    assert why in worn.said[-1]
    worn.say()
    worn.said += worn.look()
    assert "only just" in worn.said[-1]
    assert worn.called == []


def test_a_crash_loop_on_a_damaged_disk_has_a_reboot_in_a_days_run_too(worn: Machine) -> None:
    worn.count_errors(1)
    worn.live(DAY_S - EVERY_S, restarts=10)
    assert worn.called == []
    worn.live(EVERY_S, restarts=10)
    assert worn.called == [REBOOT]


def test_a_clock_is_set_on_though_the_disk_is_damaged(worn: Machine) -> None:
    worn.count_errors(1)
    worn.source = "unset"
    worn.stay(2 * CLOCKLESS_S)
    assert worn.called == [TIMESYNC]


def test_a_disk_that_somebody_mounted_read_only_is_no_reason(worn: Machine) -> None:
    worn.count_errors(0)
    worn.now = 2 * DAY_S
    worn.say()
    with pytest.raises(OSError, match="Read-only"):
        worn.look()
    assert worn.called == []


def test_a_disk_with_an_error_that_is_still_written_to_is_no_reason(machine: Machine) -> None:
    machine.count_errors(1)
    machine.stay(DAY_S + SETTLE_S)
    assert machine.called == []
