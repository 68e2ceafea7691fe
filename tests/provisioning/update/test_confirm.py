"""What follows a start on trial: kept, or gone back from with the reason told."""

import configparser
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisioning.remedy import ProvisioningError
from provisioning.update import confirm, facts
from provisioning.update.boot_slot import Slot
from provisioning.update.catalogue import Catalogue, Release
from provisioning.update.facts import Places
from provisioning.update.outcome import Report
from provisioning.update.rollout import choose
from provisioning.update.signing import Moment
from provisioning.update.slot_record import SlotRecord, SlotTrial
from provisioning.update.trial import Standing
from provisioning.update.words import error

UNIT = Path(__file__).parents[3] / "systemd" / "image" / "haetae-confirm.service"
CLAIMS = {"fire": "proven", "sos": "assumed"}
SHA256 = "5a" * 32
MADE = datetime(2026, 11, 1, tzinfo=UTC)
TRIAL = SlotTrial(slot=Slot.B, version="0.3.0", from_version="0.2.0", sha256=SHA256, claims=CLAIMS)


@dataclass
class Device:
    """One start of a device: the slot that runs, what its agent is worth, and what is done."""

    record: SlotRecord
    booted: Slot
    why: str = ""
    breaks: bool = False  # RAUC cannot write the card
    marked: list[tuple[Slot, bool]] = field(default_factory=list)
    told: list[Report] = field(default_factory=list)
    judged: list[Mapping[str, str]] = field(default_factory=list)
    remembered: dict[str, str] = field(default_factory=dict)

    def settle(self) -> bool:
        hands = confirm.Hands(self._judge, self._mark, self.told.append, self._remember)
        return confirm.settle(self.booted, self.record, hands)

    @property
    def states(self) -> list[tuple[str, str, str]]:
        return [(each.version, each.state, each.why) for each in self.told]

    def _judge(self, before: Mapping[str, str]) -> str:
        self.judged.append(before)
        return self.why

    def _remember(self, sha256: str, why: str) -> None:
        self.remembered[sha256] = why

    def _mark(self, slot: Slot, good: bool) -> None:  # as confirm calls it
        if self.breaks:
            raise error("release-damaged", "the card takes nothing")
        self.marked.append((slot, good))


@pytest.fixture
def record(tmp_path: Path) -> SlotRecord:
    return SlotRecord(tmp_path / "slots")


def test_a_start_without_a_trial_is_no_business_of_anybody(record: SlotRecord) -> None:
    device = Device(record, Slot.A)
    assert device.settle()
    assert (device.told, device.marked, device.judged) == ([], [], [])


def test_a_system_that_detects_is_kept_and_told(record: SlotRecord) -> None:
    record.begin(TRIAL)
    device = Device(record, Slot.B)
    assert device.settle()
    assert device.judged == [CLAIMS]  # held to what the system before it claimed
    assert device.marked == [(Slot.B, True)]
    assert device.states == [("0.3.0", "trying", ""), ("0.3.0", "good", "")]
    assert record.trial is None
    assert record.failed == ()


def test_one_that_does_not_goes_back_and_the_other_slot_tells_why(record: SlotRecord) -> None:
    record.begin(TRIAL)
    why = "fire by smoke_alarm: no alarm within 30 s"
    assert not Device(record, Slot.B, why).settle()  # it is to be restarted
    before = Device(record, Slot.A)
    assert before.settle()
    assert before.judged == []
    assert before.marked == [(Slot.B, False)]
    assert before.states == [("0.3.0", "rolled-back", why)]
    assert record.failed == ("0.3.0",)
    assert before.remembered == {SHA256: why}
    again = Device(record, Slot.A)
    assert again.settle()
    assert again.told == []  # told once


def test_what_was_gone_back_from_is_not_fetched_again(tmp_path: Path) -> None:
    places = replace(Places(), installed=tmp_path / "installed", version_file=tmp_path / "none")
    release = Release(
        kind="system", version="0.3.0", url="x.raucb", bytes=1, sha256=SHA256, boards=("pi",)
    )
    listed = Catalogue(serial=1, made=MADE, expires=MADE, releases=(release,))

    def wanted() -> Release | None:
        known = replace(facts.facts(places), board="pi", lock=release.lock)
        return choose(listed, known, Moment(MADE, is_known=True))

    assert wanted() == release
    confirm.remember(SHA256, "it did not come up", places)
    assert wanted() is None


def test_one_that_never_came_up_is_told_as_that(record: SlotRecord) -> None:
    record.begin(TRIAL)
    device = Device(record, Slot.A)
    assert device.settle()
    assert device.states == [("0.3.0", "rolled-back", confirm.CAME_NOT_UP)]


def test_the_way_back_needs_nothing_of_the_card(record: SlotRecord) -> None:
    record.begin(TRIAL)
    assert not Device(record, Slot.B, "no agent", breaks=True).settle()
    assert record.trial is not None
    assert record.trial.why == "no agent"


def test_what_cannot_be_kept_is_not_called_good(record: SlotRecord) -> None:
    record.begin(TRIAL)
    device = Device(record, Slot.B, breaks=True)
    with pytest.raises(ProvisioningError):
        device.settle()
    assert "good" not in [each.state for each in device.told]
    assert record.trial == TRIAL  # the next start finds out


def test_a_record_that_is_damaged_is_none(record: SlotRecord, tmp_path: Path) -> None:
    record.begin(TRIAL)
    (tmp_path / "slots" / "trial.json").write_bytes(b"\0" * 40)
    assert record.trial is None
    assert Device(record, Slot.A).settle()


def test_as_many_failed_versions_are_remembered_as_fit(record: SlotRecord) -> None:
    for number in range(20):
        record.note_failed(f"1.0.{number}")
    record.note_failed("1.0.10")
    assert len(record.failed) == 16
    assert record.failed[-1] == "1.0.10"


def test_an_alarm_takes_nothing_of_the_time_to_judge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter([None, Standing(7, 1.0), Standing(7, 2.0, alarm=True), Standing(7, 3.0)])
    look = confirm.alarms_take_no_time(lambda: next(looks))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        assert [found and found.at for found in (look(), look(), look(), look())] == [
            None, 1.0, 2.0, 3.0,
        ]  # fmt: skip
        assert systemd.recv(100) == b"EXTEND_TIMEOUT_USEC=5400000000"
        with pytest.raises(BlockingIOError):
            systemd.recv(100)


def test_its_unit_lets_it_ask_for_as_long_as_it_has() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNIT)
    assert unit["Service"]["NotifyAccess"] == "main"
    assert unit["Service"]["TimeoutStartSec"] == f"{confirm.LONGER_S // 60}min"
