"""The ledger of reboots tells why each came, keeps its budget, and survives a cut at any step."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.boot_cause import BootCause
from agent.ladder import DAY_S
from provisioning.recovery.evidence import evidence, is_under_voltage
from provisioning.recovery.reboots import (
    EACH,
    FILE,
    KEPT_S,
    MOST,
    MOST_KEPT,
    SETTLE_S,
    STALE_S,
    Evidence,
    Reboots,
)
from tests.provisioning.power import Supply

SUPPLY = Supply()
HOUR_S = 3600.0
NOTHING = Evidence()


class Device:
    """A device over many boots; its folder is all that stays."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.boots, self.now = folder, 0, 0.0
        self.real_s = 0.0

    @property
    def reboots(self) -> Reboots:
        return Reboots(self.folder, boot=lambda: f"boot-{self.boots}", clock=lambda: self.now)

    def start(self, after: Evidence = NOTHING, off_s: float = 0.0) -> BootCause:
        self.boots, self.now = self.boots + 1, 8.0
        self.real_s += off_s
        return self.reboots.begin(after)

    def run(self, for_s: float) -> None:
        self.now, self.real_s = self.now + for_s, self.real_s + for_s


@pytest.fixture
def device(tmp_path: Path) -> Device:
    found = Device(tmp_path / "recovery")
    assert found.start().cause == "first"
    found.run(HOUR_S)
    return found


def shut_down(device: Device) -> None:
    device.reboots.end()


def asked(device: Device) -> None:
    assert device.reboots.order("agent", "i2c-1: no answer for 45 min") == ""
    device.reboots.end()


def updated(device: Device) -> None:
    device.reboots.note("update", "system 0.4.0 on trial")
    device.reboots.end()


def hung_in_reboot(device: Device) -> None:
    device.reboots.note("update", "system 0.4.0 on trial")


def nothing(_device: Device) -> None:
    """The power goes, or the system hangs."""


def forgotten(device: Device) -> None:
    """It was ordered, and has never come; much later the power goes."""
    device.reboots.note("update", "system 0.4.0 on trial")
    device.run(STALE_S + 60)
    device.reboots.look(under_voltage=False)
    device.run(HOUR_S)


@pytest.mark.parametrize(
    ("end", "after", "cause", "detail"),
    [
        (shut_down, Evidence(), "orderly", ""),
        (asked, Evidence(), "requested", "agent: i2c-1: no answer for 45 min"),
        (updated, Evidence(), "update", "system 0.4.0 on trial"),
        (hung_in_reboot, Evidence(), "update", "did not end in order"),
        (nothing, Evidence(), "power_loss", "no mark of an orderly end"),
        (nothing, Evidence(power=True, watchdog="watchdog0"), "power_loss", "the board says so"),
        (nothing, Evidence(watchdog="watchdog0 says that it fired"), "watchdog", "watchdog0"),
        (nothing, Evidence(power=False), "unknown", "reset"),
        (nothing, Evidence(panics=["dmesg-ramoops-0 1"]), "panic", "dmesg-ramoops-0"),
        (shut_down, Evidence(watchdog="watchdog0"), "orderly", ""),
        (forgotten, Evidence(), "power_loss", ""),
    ],
)
def test_a_boot_is_told_with_its_cause(
    device: Device, end: Callable[[Device], None], after: Evidence, cause: str, detail: str
) -> None:
    end(device)
    found = device.start(after)
    assert (found.cause, found.boots) == (cause, 2)
    assert detail in found.detail
    assert device.reboots.book().past[-1].cause == cause
    device.run(60)
    assert device.start().cause == "power_loss"  # nothing of it is left for the next


def test_the_same_panic_is_told_once_and_the_next_again(device: Device) -> None:
    first = Evidence(panics=["dmesg-ramoops-0 1"])
    assert device.start(first).cause == "panic"
    assert device.start(first).cause == "power_loss"
    assert device.start(Evidence(panics=["dmesg-ramoops-0 2"])).cause == "panic"


def test_a_low_supply_is_told_of_the_boot_in_which_it_was_seen(device: Device) -> None:
    device.reboots.look(under_voltage=True)
    found = device.start()
    assert (found.under_voltage, found.is_ordinary) == (True, False)
    assert "too low" in str(found)
    device.reboots.end()
    again = device.start()
    assert (again.under_voltage, again.is_ordinary) == (False, True)


def test_a_unit_that_was_stopped_by_hand_is_no_end(device: Device) -> None:
    device.reboots.end()
    device.reboots.go_on()
    assert device.start().cause == "power_loss"


def test_nothing_is_ordered_in_a_young_boot_nor_by_somebody_unknown(device: Device) -> None:
    device.start()
    assert "younger" in device.reboots.order("agent", "why")
    device.run(SETTLE_S)
    assert "budget" in device.reboots.order("somebody", "why")
    assert device.reboots.order("agent", "why") == ""
    assert "budget" in device.reboots.order("agent", "why")


WHO = st.sampled_from([*EACH, "somebody"])
DOINGS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), WHO, st.just(0.0)),
        st.tuples(st.just("run"), st.just(""), st.floats(1.0, 30 * HOUR_S)),
        st.tuples(st.just("cut"), st.just(""), st.floats(0.0, 30 * HOUR_S)),
        st.tuples(st.just("look"), st.just(""), st.just(0.0)),
    ),
    max_size=60,
)


@given(DOINGS)
@settings(deadline=None, max_examples=60)
def test_no_order_of_events_gets_more_reboots_than_the_budget_in_any_real_day(
    tmp_path_factory: pytest.TempPathFactory, doings: list[tuple[str, str, float]]
) -> None:
    device = Device(tmp_path_factory.mktemp("recovery"))
    device.start()
    granted: list[tuple[float, str]] = []
    for what, who, for_s in doings:
        if what == "run":
            device.run(for_s)
        elif what == "cut":
            device.start(off_s=for_s)
        elif what == "look":
            device.reboots.look(under_voltage=False)
        elif device.reboots.order(who, "why") == "":
            granted.append((device.real_s, who))
            device.start(off_s=30.0)
    for within, most in [(granted, MOST.most)] + [
        ([each for each in granted if each[1] == who], budget.most) for who, budget in EACH.items()
    ]:
        for (first, _), (last, _) in zip(within, within[most:], strict=False):
            assert last - first >= DAY_S - 1e-3
    assert all(who != "somebody" for _, who in granted)


def test_a_device_that_is_on_gets_its_budget_back(device: Device) -> None:
    for _ in range(5):
        assert device.reboots.order("agent", "why") == ""
        device.start()
        for _ in range(5):  # the power is cut every few hours; what was looked at has been kept
            device.run(KEPT_S + 60)
            device.reboots.look(under_voltage=False)
            device.start(off_s=HOUR_S)
        device.run(SETTLE_S)


@pytest.mark.parametrize("damage", [b"", b"\0" * 300, b'{"boots": 3', b'{"boots": "many"}'])
def test_a_damaged_ledger_begins_anew_with_its_budget_spent(device: Device, damage: bytes) -> None:
    (device.folder / FILE).write_bytes(damage)
    found = device.start()
    assert (found.cause, found.detail) == ("unknown", "the ledger was damaged")
    device.run(HOUR_S)
    assert "budget" in device.reboots.order("agent", "why")
    device.run(DAY_S)
    assert device.reboots.order("agent", "why") == ""


DOES: list[Callable[[Device], object]] = [
    lambda device: device.reboots.order("agent", "why"),
    lambda device: device.reboots.note("update", "why"),
    lambda device: device.reboots.end(),
    lambda device: device.reboots.look(under_voltage=True),
    lambda device: Reboots(device.folder, boot=lambda: "next", clock=lambda: 1.0).begin(Evidence()),
]


@pytest.mark.parametrize("number", range(len(DOES)))
def test_a_cut_at_any_step_leaves_the_old_or_the_new(tmp_path: Path, number: int) -> None:
    steps = 0
    while True:
        device = Device(tmp_path / f"cut-{steps}")
        device.start()
        device.run(HOUR_S)
        old = device.reboots.book()
        with SUPPLY.cut_before(steps, device.folder):
            DOES[number](device)
        left, taken = device.reboots.book(), SUPPLY.steps
        if taken <= steps:
            assert left != old
            break
        assert left == old  # the rename is the last step that is one
        assert device.start().cause == "power_loss"
        steps += 1
    assert steps >= 2


def test_a_disk_that_takes_nothing_grants_nothing(device: Device) -> None:
    (device.folder / "reboots.new").mkdir()
    with pytest.raises(OSError, match="directory"):
        device.reboots.order("agent", "why")
    assert not device.reboots.book().spent


def test_the_ledger_is_bounded(device: Device) -> None:
    for _ in range(MOST_KEPT + 10):
        device.start()
    assert len(device.reboots.book().past) == MOST_KEPT
    assert (device.folder / FILE).stat().st_size < 16_384


def test_what_the_board_says_is_read_from_its_files(tmp_path: Path) -> None:
    sysfs, pstore, rsts = tmp_path / "sys", tmp_path / "pstore", tmp_path / "rsts"
    assert evidence(sysfs, [pstore], rsts) == Evidence()
    dog = sysfs / "class" / "watchdog" / "watchdog0"
    dog.mkdir(parents=True)
    (dog / "bootstatus").write_text("0\n")
    (pstore / "170").mkdir(parents=True)
    rsts.write_bytes((0x1020).to_bytes(4))
    assert evidence(sysfs, [pstore], rsts) == Evidence(power=True)
    (dog / "bootstatus").write_text("32\n")
    (pstore / "170" / "dmesg.txt").write_text("Kernel panic - not syncing")
    rsts.write_bytes((0x0020).to_bytes(4))
    found = evidence(sysfs, [pstore], rsts)
    assert (found.watchdog, found.power) == ("watchdog0 says that it fired", False)
    assert [each.split()[0] for each in found.panics] == ["dmesg.txt"]


@pytest.mark.parametrize(
    ("file", "text", "is_low"),
    [
        ("bus/platform/drivers/raspberrypi-firmware/soc:firmware/get_throttled", "0\n", False),
        ("bus/platform/drivers/raspberrypi-firmware/soc:firmware/get_throttled", "50005\n", True),
        ("bus/platform/drivers/raspberrypi-firmware/soc:firmware/get_throttled", "80008\n", False),
        ("class/hwmon/hwmon1/in0_lcrit_alarm", "1\n", True),
        ("class/hwmon/hwmon1/in0_lcrit_alarm", "0\n", False),
        ("class/hwmon/hwmon1/in0_lcrit_alarm", "", False),
    ],
)
def test_a_low_supply_is_read_from_the_kernel(
    tmp_path: Path, file: str, text: str, is_low: bool
) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(text)
    assert is_under_voltage(tmp_path) is is_low
