"""A system that this device cannot install is not fetched and written anew for ever."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from provisioning.remedy import ProvisioningError
from provisioning.update import facts, selection
from provisioning.update.catalogue import Catalogue
from provisioning.update.device import Hands
from provisioning.update.facts import Places
from provisioning.update.rollout import choose
from provisioning.update.system import not_for_ever
from provisioning.update.words import error
from tests.hil.rigs.qemu_image import release_keys
from tests.provisioning.test_first_boot import needs_mounts
from tests.provisioning.update.devices import places_in
from tests.provisioning.update.releases import MADE, known, offer
from tests.provisioning.update.test_slots import CONFIGURATION, a_bundle, needs_rauc
from tests.running import REPOSITORY

SHA256, OTHER = "5a" * 32, "5b" * 32
INSTALL = """
import sys
from dataclasses import replace
from pathlib import Path
from provisioning.remedy import ProvisioningError
from provisioning.update import system
from provisioning.update.calm import Patience
from provisioning.update.device import Hands
from tests.provisioning.update.devices import places_in
root = Path(sys.argv[1])
hands = Hands(places=places_in(root / "device", root / "roots.pem"), patience=Patience(0.0, 0.0))
try:
    system.install(root / "x.raucb", hands)
except ProvisioningError as error:
    print(error.failure.code)
"""
TRY = f'"{sys.executable}" -c "$INSTALL" "$1"; '


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "roots.pem").write_text("")
    return places_in(tmp_path / "device", tmp_path / "roots.pem")


def refuse(places: Places, sha256: str = SHA256, *, by_hand: bool = False) -> str:
    """What is told once RAUC has refused it."""
    with (
        pytest.raises(ProvisioningError) as caught,
        not_for_ever(sha256, Hands(places=places, by_hand=by_hand)),
    ):
        raise error("release-damaged", "a block of it")
    failure = caught.value.failure
    return f"{failure.code}: {failure.detail}"


def wanted(places: Places, *digests: str) -> str | None:
    """The digest of the system that is fetched next, of these; each is newer than the one before.

    Asked as the fetcher does, who may read what root has written.
    """
    offered = [
        offer(kind="system", version=f"1.{n + 1}", url="x.raucb", sha256=each, lock="")
        for n, each in enumerate(digests)
    ]
    listed = Catalogue(serial=1, made=MADE, expires=MADE, releases=tuple(offered))
    found = choose(listed, facts.facts(places), known())
    return None if found is None else found.sha256


def test_after_three_refusals_it_is_not_fetched_again_and_a_newer_one_is(places: Places) -> None:
    assert [refuse(places), refuse(places)] == ["release-damaged: a block of it"] * 2
    assert wanted(places, SHA256) == SHA256
    assert refuse(places) == "update-given-up: release-damaged: a block of it"
    assert wanted(places, SHA256) is None
    assert wanted(places, SHA256, OTHER) == OTHER
    assert selection.read(places.installed).failed == {SHA256: "release-damaged: a block of it"}
    for name in (selection.FILE, selection.REFUSED_FILE):
        assert (places.installed / name).stat().st_mode & 0o777 == 0o644


def test_each_file_has_a_count_of_its_own_and_a_person_has_none(places: Places) -> None:
    for _ in range(5):
        assert "given-up" not in refuse(places, by_hand=True)
    for each in (SHA256, OTHER, SHA256, OTHER):
        assert "given-up" not in refuse(places, each)
    assert wanted(places, SHA256) == SHA256


def test_what_is_counted_is_bounded_and_a_damaged_count_begins_anew(places: Places) -> None:
    for n in range(2 * selection.MOST_FAILED):
        refuse(places, f"{n:064x}")
    path = places.installed / selection.REFUSED_FILE
    assert path.read_text().count(": 1") == selection.MOST_FAILED
    path.write_bytes(b"\0" * 40)
    assert selection.count_refusal(places.installed, SHA256) == 1


def test_a_disk_that_takes_nothing_hides_no_refusal(places: Places) -> None:
    shutil.rmtree(places.installed)
    places.installed.write_text("no folder")
    for _ in range(4):
        assert refuse(places) == "release-damaged: a block of it"


@needs_rauc
@needs_mounts
def test_a_system_that_is_refused_as_it_is_installed_is_given_up(
    places: Places, tmp_path: Path
) -> None:
    keys = release_keys(tmp_path / "keys")
    shutil.copyfile(keys.roots, tmp_path / "roots.pem")
    bundle = a_bundle(tmp_path / "made", keys, "1.1").rename(tmp_path / "x.raucb")
    sha256 = hashlib.sha256(bundle.read_bytes()).hexdigest()
    rauc = tmp_path / "bin" / "rauc"
    rauc.parent.mkdir()
    rauc.write_text(f'#!/bin/sh\nexec {shutil.which("rauc")} --conf={CONFIGURATION} "$@"\n')
    rauc.chmod(0o755)
    words = ("sh", "-ec", f"mount -t tmpfs none /run; {TRY * 3}", "sh", tmp_path)
    done = subprocess.run(
        ("unshare", "-rm", *words),
        env={
            **os.environ,
            "INSTALL": INSTALL,
            "PYTHONPATH": str(REPOSITORY),
            "PATH": f"{rauc.parent}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["no-slots", "no-slots", "update-given-up"], done.stderr
    assert wanted(places, sha256, OTHER) == OTHER
    assert wanted(places, sha256) is None
