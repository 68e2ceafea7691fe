"""A root that can be replaced: what it says of itself, what starts it, and what RAUC is told."""

import configparser
import json
from pathlib import Path

import pytest
from image import release, root
from image.source import Source
from image.suites import FIRST_MODULES, MODULES, ROOT_PACKAGES
from image.tools import BuildError

from provisioning.places import RELEASE_ROOTS, SLOTS, SLOTS_RUN, VERSION_FILE
from provisioning.update.slot_record import running_version
from provisioning.update.slots import KEYRING

HERE = Path(__file__).parents[2]
IMAGE = HERE / "systemd" / "image"


@pytest.fixture
def rauc() -> configparser.ConfigParser:
    """RAUC's configuration on the device."""
    found = configparser.ConfigParser()
    found.read(IMAGE / "rauc.conf", "utf-8")
    return found


def test_rauc_takes_bundles_for_this_board_signed_by_the_release_roots_and_verified_by_block(
    rauc: configparser.ConfigParser,
) -> None:
    assert rauc["system"]["compatible"] == release.COMPATIBLE
    assert rauc["system"]["bundle-formats"] == "verity"
    assert rauc["system"]["activate-installed"] == "false"
    assert rauc["keyring"]["path"] == str(SLOTS_RUN / KEYRING)
    assert rauc["keyring"]["check-purpose"] == "codesign"


def test_rauc_finds_both_roots_its_handlers_and_a_place_to_remember(
    rauc: configparser.ConfigParser,
) -> None:
    start = (HERE / "scripts/image/init.sh").read_text("utf-8")
    for number, name in enumerate("AB"):
        slot = rauc[f"slot.rootfs.{number}"]
        assert slot["bootname"] == name
        assert slot["device"] in start  # the first RAM disk names them
    for handler in rauc["handlers"].values():
        assert (IMAGE / Path(handler).name).is_file()
        assert f"usr/lib/haetae/{Path(handler).name}" in root.PLACES.values()
    assert Path(rauc["system"]["statusfile"]).parent == SLOTS
    assert SLOTS.name in root.DATA_FOLDERS


def test_the_root_brings_what_rauc_needs() -> None:
    assert {"rauc", "rauc-service", "dbus"} <= set(ROOT_PACKAGES)
    assert {"drivers/block/loop", "drivers/md/dm-verity", "fs/squashfs"} <= set(MODULES)
    assert {"vfat", "squashfs"} <= set(FIRST_MODULES)


def test_the_root_says_what_it_is_and_who_may_sign_the_next(tmp_path: Path) -> None:
    roots = tmp_path / "roots.pem"
    roots.write_text("-----BEGIN CERTIFICATE-----\n")
    source = Source(HERE, "0" * 40, 1_800_000_000)
    release.describe(tmp_path, source, "bookworm", roots)
    about = running_version(tmp_path / VERSION_FILE.relative_to("/"))
    config = configparser.ConfigParser()
    config.read(HERE / "setup.cfg", "utf-8")
    assert about.version == config["metadata"]["version"]
    assert (about.compatible, about.commit) == (release.COMPATIBLE, "0" * 40)
    assert len(about.lock) == 64
    assert (tmp_path / RELEASE_ROOTS.relative_to("/")).read_bytes() == roots.read_bytes()
    with pytest.raises(BuildError):
        release.describe(tmp_path, source, "bookworm", tmp_path / "none.pem")


def test_without_release_roots_the_build_says_that_no_update_will_be_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release.describe(tmp_path, Source(HERE, "", 0), "bookworm", None)
    assert "take no updates" in capsys.readouterr().err
    assert json.loads((tmp_path / VERSION_FILE.relative_to("/")).read_text())["commit"] == ""


def test_slot_a_of_a_new_card_is_the_roots_own_boot_files(tmp_path: Path) -> None:
    folder = tmp_path / "usr/lib/haetae/boot"
    folder.mkdir(parents=True)
    (folder / "vmlinuz").write_bytes(b"kernel")
    text = (HERE / "scripts/image/cmdline.txt").read_bytes()
    (folder / "cmdline.txt").write_bytes(text)
    files = release.first_slot(tmp_path, 0x060B36B5)
    assert files["a/vmlinuz"] == b"kernel"
    words = files["a/cmdline.txt"].decode().split()
    assert {"root=PARTUUID=060b36b5-02", "rauc.slot=A", "haetae.trial=0"} <= set(words)
    assert set(text.decode().split()) - set(words) == {"root=PARTUUID="}
