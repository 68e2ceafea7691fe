"""The wrong card, and a card that takes nothing more, as the person with the phone is told."""

from pathlib import Path

from hw_mocks.setup_rig import SetupRig
from provisioning import first_boot
from provisioning.first_boot import Outcome, tell
from provisioning.first_boot_words import failure
from provisioning.places import FIRST_BOOT
from tests.disks import fill, small_disk
from tests.provisioning.setting_up import Installer, readable


def test_a_label_that_does_not_fit_the_card_is_told_to_be_that(tmp_path: Path) -> None:
    with SetupRig(tmp_path) as rig:
        refused = Installer(rig).refused("/api/session", code="0Z9Y8X7W6V5T")  # the next box's
        assert refused["code"] == "code-wrong"
        assert "다른 기기의 카드" in refused["remedy"]["ko"]
        assert "the card in the device may be another one's" in refused["remedy"]["en"]


def test_what_the_first_boot_found_wrong_with_the_card_is_shown(tmp_path: Path) -> None:
    with SetupRig(tmp_path) as rig:
        installer = Installer(rig).open()
        assert installer.state()["card"] == []
        wrong = Outcome(state="kept", device="stall-07", failures=[failure("card-of-another")])
        tell(wrong, first_boot.Places(boot=tmp_path / "boot", run=rig.run))
        (shown,) = installer.state()["card"]
        assert readable(shown["what"])
        assert readable(shown["remedy"])
        assert "another device's data" in shown["what"]["en"]
        (rig.run / FIRST_BOOT).write_bytes(b"{")
        assert installer.state()["card"] == [], "a damaged file breaks nothing"


def test_a_full_card_is_told_and_what_was_there_stays(tmp_path: Path) -> None:
    with small_disk(tmp_path / "card", 2048) as disk, SetupRig(disk) as rig:
        installer = Installer(rig).open()
        installer.do("/api/profile", name="market-stall")
        before = (rig.configuration / "device.toml").read_bytes()
        ballast = fill(disk)
        for path, body in (
            ("/api/place", {"ko": "부두 2호", "en": "Pier 2"}),
            ("/api/profile", {"name": "elder-home"}),
            ("/api/contacts", {"contacts": []}),
        ):
            refused = installer.refused(path, **body)
            assert (refused["code"], refused["status"]) == ("disk-full", 507), path
        assert (rig.configuration / "device.toml").read_bytes() == before
        assert installer.state()["profile"] == "market-stall", "as the agent has it"
        ballast.unlink()
        installer.do("/api/place", ko="부두 2호", en="Pier 2")
