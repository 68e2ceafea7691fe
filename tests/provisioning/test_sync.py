"""A revocation reaches the card that it is for, and none that is made after it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.values import Why
from provisioning.journal import Journal, Made
from provisioning.office import claim_digest
from provisioning.seed import CLAIM_CODE_LENGTH, new_code
from tests.provisioning.cities import DAY
from tests.provisioning.desks import HEADER, Desk, Said
from tests.provisioning.test_provision_cli_office import ROWS, Bureau, free_port, opened

LOST = ("revoke", "stall-1", "--reason", "lost")


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    with opened(tmp_path) as found:
        yield found


def remake(bureau: Bureau, device: str) -> Said:
    table = bureau.desk.table(ROWS[0], header=HEADER + ",device")
    return bureau.desk.batch(table, "--remake", device)


def assert_good_for_ever(bureau: Bureau, folder: Path) -> None:
    """The device stays awaited, then enrolled, however often the office is told."""
    for _ in range(2):
        assert bureau.desk.ask("sync").records[-1] == {"done": 0, "refused": 0}
        assert bureau.states() == {"stall-1": "awaited"}
    assert bureau.enrol(bureau.device("stall-1", folder)).records[-1]["state"] == "enrolled"
    assert bureau.desk.ask("sync").code == 0
    assert bureau.states() == {"stall-1": "enrolled"}


@pytest.mark.parametrize("heard", ["nothing", "the claim", "the claim, its answer lost"])
def test_a_device_made_again_outlives_the_revocation_of_its_old_card(
    bureau: Bureau, tmp_path: Path, heard: str
) -> None:
    bureau.make(ROWS[0])
    old = bureau.device("stall-1", tmp_path / "old")
    before = bureau.desk.journal.read_bytes()
    if heard != "nothing":
        assert bureau.desk.ask("sync").code == 0
    if heard.endswith("lost"):
        bureau.desk.journal.write_bytes(before)
    bureau.write_file(free_port())
    assert bureau.desk.ask(*LOST).failure == "authority-unreachable"
    assert remake(bureau, "stall-1").code == 0
    bureau.write_file()
    said = bureau.desk.ask("sync")
    assert ("device-unknown" in said.err) == (heard == "nothing")
    assert_good_for_ever(bureau, tmp_path / "new")
    refused = "claim-unknown" if heard == "nothing" else "device-revoked"
    assert bureau.enrol(old).records[-1]["code"] == refused


@pytest.mark.parametrize("is_online", [True, False])
@pytest.mark.parametrize("is_synced", [True, False])
def test_the_devices_of_a_lost_laptop_are_revoked_and_made_on_another(
    bureau: Bureau, tmp_path: Path, *, is_synced: bool, is_online: bool
) -> None:
    bureau.make(ROWS[0])
    old = bureau.device("stall-1", tmp_path / "old")
    if is_synced:
        assert bureau.desk.ask("sync").code == 0
    (tmp_path / "other").mkdir()
    other = Bureau(bureau.city, Desk(tmp_path / "other"))
    other.write_file(None if is_online else free_port())
    said = other.desk.ask(*LOST, "--city", other.desk.city)
    assert (said.code == 0) == (is_synced and is_online)
    other.make(ROWS[0])
    other.write_file()
    assert other.desk.ask("sync").code == (0 if is_synced or is_online else 1)
    assert_good_for_ever(other, tmp_path / "new")
    refused = "device-revoked" if is_synced else "claim-unknown"
    assert bureau.enrol(old).records[-1]["code"] == refused


def test_a_name_that_was_mistyped_is_told_once(bureau: Bureau) -> None:
    bureau.make(ROWS[0])
    typo = ("revoke", "stall-l", "--reason", "lost")
    for _ in range(2):
        said = bureau.desk.ask(*typo)
        assert said.code == 1
        assert said.err.count("device-unknown") == 1
    for words in (("sync",), LOST, ("sync",)):
        assert bureau.desk.ask(*words).code == 0


def test_whoever_revokes_again_what_the_office_did_not_know_is_not_told_that_it_is_withdrawn(
    bureau: Bureau,
) -> None:
    bureau.make(ROWS[0])
    assert bureau.desk.ask("sync").code == 0
    with closing(sqlite3.connect(bureau.city.folder / "registry.sqlite")) as registry, registry:
        registry.execute("DELETE FROM claims")  # an older backup
    for _ in range(2):
        assert "device-unknown" in bureau.desk.ask(*LOST).err
    assert bureau.desk.ask("sync").code == 0


@pytest.mark.parametrize(
    ("device", "reason"), [("Stall 1", "lost"), ("stall-1", ""), ("stall-1", "x" * 201)]
)
def test_what_the_office_never_takes_is_not_owed_to_it(
    bureau: Bureau, device: str, reason: str
) -> None:
    bureau.make(ROWS[0])
    assert bureau.desk.ask("revoke", device, "--reason", reason).code == 64
    assert bureau.desk.ask("sync").records[-1] == {"done": 1, "refused": 0}


def test_a_claim_that_the_office_refuses_goes_with_its_revocation(bureau: Bureau) -> None:
    """An office that is newer than the laptop may refuse a name that the laptop has let pass."""
    bureau.make(ROWS[0])
    made = Made(
        device="stall-9",
        site="Alley 3",
        place=Why("골목 9호", "Alley 9"),
        profile="market-stall",
        folder=bureau.desk.out,
        request="0" * 64,
        claim_sha256=claim_digest(new_code(CLAIM_CODE_LENGTH)),
        claim_expires=bureau.city.now() + DAY,
    )
    Journal(bureau.desk.journal, "kim").add(made)
    for _ in range(2):
        assert bureau.desk.ask("sync").records[-1] == {"done": 0, "refused": 1}
    assert bureau.desk.ask("revoke", "stall-9", "--reason", "refused").code == 1
    assert bureau.desk.ask("sync").records[-1] == {"done": 1, "refused": 0}
    assert bureau.states() == {"stall-1": "awaited"}
