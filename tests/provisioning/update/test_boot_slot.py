"""Which slot starts: by the letter in config.txt, wherever between two writes the power is cut."""

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw_mocks.pi_firmware import read_config
from provisioning.remedy import ProvisioningError
from provisioning.update.boot_slot import BootPlaces, BootSlots, Slot, command_line
from provisioning.update.rauc_backend import answer
from provisioning.update.slot_record import SlotRecord
from tests.provisioning.power import Supply

IMAGE = Path(__file__).parents[3] / "scripts" / "image"
SIGNATURE = 0x060B36B5
ALL = 1 << 30


@pytest.fixture(scope="module")
def supply() -> Supply:
    return Supply()


@dataclass
class Card:
    """A card as the image is written, in a board whose firmware and first RAM disk are the real
    texts: config.txt as `pi_firmware` reads it, and the shell function of init.sh.

    The kernel's FAT is a folder here: writes come in whole steps, in their order.
    """

    folder: Path
    by_firmware: bool = False
    once: bool = False  # the firmware was asked for tryboot.txt

    def write(self) -> None:
        boot = self.folder / "boot"
        for slot in Slot:
            (boot / slot.folder).mkdir(parents=True)
            template = (IMAGE / "cmdline.txt").read_text("ascii")
            line = command_line(template, SIGNATURE, slot, on_trial=False)
            (boot / slot.folder / "cmdline.txt").write_text(line)
        (boot / "config.txt").write_bytes((IMAGE / "config.txt").read_bytes())
        if self.by_firmware:
            (self.folder / "vcio").touch()

    @property
    def slots(self) -> BootSlots:
        places = BootPlaces(self.folder / "boot", self.folder / "started-as", self.folder / "vcio")
        return BootSlots(places)

    def start(self) -> Slot:
        """Switch it on: firmware, and what the first RAM disk does before anything else."""
        boot = self.folder / "boot"
        name = "tryboot.txt" if self.once and (boot / "tryboot.txt").exists() else "config.txt"
        self.once = False
        prefix = read_config((boot / name).read_text("ascii"))["os_prefix"]
        line = (boot / prefix / "cmdline.txt").read_text("ascii")
        (self.folder / "started-as").write_text(line)
        slot = self.slots.booted
        if "haetae.trial=1" in line.split():
            self._give_back(slot)
        return slot

    def restart(self) -> Slot:
        """As `reboot`, with the argument for the firmware where tryboot.txt asks for it."""
        self.once = self.by_firmware and (self.folder / "boot" / "tryboot.txt").exists()
        return self.start()

    def _give_back(self, slot: Slot) -> None:
        text = (IMAGE / "init.sh").read_text("utf-8")
        found = re.search(r"^give_back\(\) \{\n.*?^\}\n", text, re.MULTILINE | re.DOTALL)
        assert found is not None
        own = (
            found[0]
            .replace("/boot", f"{self.folder}/boot")
            .replace("/run/haetae-trial", f"{self.folder}/on-trial")
        )
        own = own.replace("/config.new", f"{self.folder}/config.new")
        names = f"slot={slot.folder} other={slot.other.folder} b="
        quiet = "".join(f"{name}() {{ :; }}\n" for name in ("mount", "umount", "find_part"))
        script = f"{names}\n{quiet}{own}give_back vda"
        subprocess.run(("sh", "-eu", "-c", script), check=True, capture_output=True)


def a_card(folder: Path, *, by_firmware: bool = False) -> Card:
    card = Card(folder, by_firmware)
    card.write()
    return card


ways = pytest.mark.parametrize("by_firmware", [False, True], ids=["first RAM disk", "tryboot"])


@ways
def test_a_slot_on_trial_gets_one_start_and_no_more(tmp_path: Path, by_firmware: bool) -> None:
    card = a_card(tmp_path, by_firmware=by_firmware)
    assert card.start() is Slot.A
    assert not card.slots.on_trial
    assert card.slots.begin_trial() is by_firmware
    assert card.restart() is Slot.B
    assert card.slots.on_trial
    assert (tmp_path / "on-trial").exists()
    assert card.start() is Slot.A
    assert card.start() is Slot.A


@ways
def test_a_slot_that_is_kept_is_started_from_then_on(tmp_path: Path, by_firmware: bool) -> None:
    card = a_card(tmp_path, by_firmware=by_firmware)
    for wanted in (Slot.B, Slot.A, Slot.B):
        card.start()
        card.slots.begin_trial()
        assert card.restart() is wanted
        card.slots.keep()
        assert card.start() is wanted
        assert not card.slots.on_trial
        assert card.start() is wanted


def after_cuts(
    folder: Path, supply: Supply, by_firmware: bool, act: Callable[[BootSlots], object],
    before: Callable[[Card], object],
) -> list[list[Slot]]:  # fmt: skip
    """The next three starts after a power cut before each step of an action."""
    whole = a_card(folder / "whole", by_firmware=by_firmware)
    before(whole)
    with supply.cut_before(ALL, folder):
        act(whole.slots)
    found = []
    for step in range(supply.steps):
        card = a_card(folder / f"{step}", by_firmware=by_firmware)
        before(card)
        with supply.cut_before(step, folder):
            act(card.slots)
        found.append([card.start(), card.start(), card.start()])
    return found


@ways
def test_a_power_cut_at_any_step_of_beginning_a_trial_leaves_a_card_that_starts(
    tmp_path: Path, by_firmware: bool, supply: Supply
) -> None:
    starts = after_cuts(
        tmp_path, supply, by_firmware, BootSlots.begin_trial, lambda card: card.start()
    )
    assert starts
    for first, *later in starts:
        assert first in {Slot.A, Slot.B}
        assert later == [Slot.A, Slot.A]  # what was not confirmed is not started twice


@ways
def test_a_power_cut_at_any_step_of_keeping_a_slot_leaves_one_of_the_two_for_good(
    tmp_path: Path, by_firmware: bool, supply: Supply
) -> None:
    def on_trial(card: Card) -> None:
        card.start()
        card.slots.begin_trial()
        assert card.restart() is Slot.B

    starts = after_cuts(tmp_path, supply, by_firmware, BootSlots.keep, on_trial)
    assert starts
    for each in starts:
        assert len(set(each)) == 1


def test_the_letter_is_overwritten_in_its_sector_and_nothing_else_of_the_file(
    tmp_path: Path,
) -> None:
    card = a_card(tmp_path)
    card.start()
    config = tmp_path / "boot" / "config.txt"
    before, node = config.read_bytes(), config.stat().st_ino
    card.slots.begin_trial()
    after = config.read_bytes()
    assert config.stat().st_ino == node
    changed = [at for at, (one, two) in enumerate(zip(before, after, strict=True)) if one != two]
    assert len(changed) == 1
    assert (before[changed[0] :][:1], after[changed[0] :][:1]) == (b"a", b"b")
    for name in ("config.txt", "cmdline.txt"):
        assert len((IMAGE / name).read_bytes()) <= 480  # the command line grows by the signature


def test_a_trial_can_be_called_off(tmp_path: Path) -> None:
    card = a_card(tmp_path)
    card.start()
    card.slots.begin_trial()
    card.slots.call_off()
    assert card.start() is Slot.A


@pytest.mark.parametrize("text", ["", "[all]\nos_prefix=c/\n", "#os_prefix=a/\n"])
def test_a_card_without_slots_is_told_and_nothing_is_written(tmp_path: Path, text: str) -> None:
    card = a_card(tmp_path)
    card.start()
    (tmp_path / "boot" / "config.txt").write_text(text)
    with pytest.raises(ProvisioningError) as caught:
        card.slots.begin_trial()
    assert caught.value.failure.code == "slots-unreadable"
    assert (tmp_path / "boot" / "config.txt").read_text() == text


def test_a_system_that_has_no_slots_says_so(tmp_path: Path) -> None:
    (tmp_path / "started-as").write_text("root=/dev/sda1 quiet\n")
    with pytest.raises(ProvisioningError) as caught:
        _ = BootSlots(BootPlaces(tmp_path, tmp_path / "started-as")).booted
    assert caught.value.failure.code == "no-slots"


def test_rauc_is_answered_and_obeyed(tmp_path: Path) -> None:
    card, record = a_card(tmp_path), SlotRecord(tmp_path / "slots")
    card.start()

    def ask(words: str) -> str | None:
        return answer(words.split(), card.slots, record)

    assert ask("get-primary") == "A"
    assert (ask("get-state A"), ask("get-state B")) == ("good", "bad")
    assert ask("set-state B bad") == ""
    assert ask("set-primary B") == ""
    assert card.restart() is Slot.B
    assert ask("get-primary") == "A"
    assert ask("set-state B good") == ""
    assert (ask("get-primary"), ask("get-state B")) == ("B", "good")
    assert card.start() is Slot.B
    assert ask("set-primary C") is None
    assert ask("get-current") is None


STEPS = st.lists(st.sampled_from(["try", "keep", "bad", "off", "cut", "restart"]), max_size=12)


@settings(deadline=None, max_examples=40)
@given(steps=STEPS, by_firmware=st.booleans())
def test_whatever_happens_a_slot_that_was_not_confirmed_is_never_started_twice(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str], by_firmware: bool
) -> None:
    folder = tmp_path_factory.mktemp("card")
    card = a_card(folder, by_firmware=by_firmware)
    record = SlotRecord(folder / "slots")
    confirmed = running = card.start()
    for step in steps:
        if step in {"cut", "restart"}:
            asked = card.slots.primary is not confirmed or (folder / "boot/tryboot.txt").exists()
            running = card.start() if step == "cut" else card.restart()
            assert running is confirmed or asked
        elif step == "try" and running is confirmed:
            answer(["set-primary", running.other], card.slots, record)
        elif step == "keep":
            answer(["set-state", running, "good"], card.slots, record)
            confirmed = running
        elif step == "bad" and running is not confirmed:
            answer(["set-state", running, "bad"], card.slots, record)
        elif step == "off" and running is confirmed:
            answer(["set-state", running.other, "bad"], card.slots, record)
            assert not card.slots.is_begun
    card.start()
    assert card.start() is confirmed
