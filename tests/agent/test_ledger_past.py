"""What a start takes from the ledger of the last: proofs, events, and what was cut off."""

from pathlib import Path

import msgspec
import pytest

from agent.ledger_past import Proven
from agent.outbox import Outbox
from agent.signing import Signer
from agent.values import Hazard
from tests.agent.ledgers import START, key, kinds, ledger, put, records

PROVEN = {"result": "proven", "hazards": ["fire"], "sensor": "smoke", "nonce": "n0nce-123"}


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return key(tmp_path / "device.key")


def test_what_was_proven_is_known_at_the_next_start_and_the_one_after(tmp_path: Path) -> None:
    folder = tmp_path / "ledger"
    kept = ledger(folder)
    assert kept.proven is None
    kept.note(
        "inspection",
        PROVEN,
    )
    kept.note("inspection", {"result": "failed", "hazards": ["co"], "sensor": "co", "nonce": "n"})
    assert kept.write()
    assert kept.proven == {}
    for _ in range(2):
        after = ledger(folder)
        assert after.write()
        assert after.proven is not None
        assert set(after.proven) == {"fire"}
        fire = after.proven["fire"]
        assert (fire.sensor, fire.nonce) == ("smoke", "n0nce-123")
        assert fire.wall_time == records(folder)[1].wall_time


def test_an_inspection_that_was_cut_off_has_a_result_at_the_next_start_and_only_one(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "ledger"
    kept = ledger(folder)
    ordered = {"result": "taken", "verb": "inspect", "by": "office", "sensor": "smoke"}
    kept.note("command", ordered | {"id": "n0nce-cut"})
    for nonce in ("n0nce-done", "n0nce-busy"):
        kept.note("command", ordered | {"id": nonce})
    kept.note("command", {"result": "taken", "verb": "silence", "id": "n0nce-other"})
    kept.note("command", {"result": "refused", "verb": "inspect", "id": "n0nce-busy"})
    kept.note("inspection", {"result": "failed", "sensor": "smoke", "nonce": "n0nce-done"})
    assert kept.write()
    assert not kept.interrupted
    after = ledger(folder)
    assert after.write()
    assert [each["nonce"] for each in after.interrupted] == ["n0nce-cut"]
    body = records(folder)[-2].body
    assert [each.kind for each in records(folder)][-2:] == ["inspection", "start"]
    assert (body["nonce"], body["sensor"], body["by"]) == ("n0nce-cut", "smoke", "office")
    assert (body["result"], body["outcome"]) == ("failed", "interrupted")
    assert set(body["why"]) == {"ko", "en"}
    for _ in range(2):
        later = ledger(folder)
        assert later.write()
        assert not later.interrupted
    assert [each.kind for each in records(folder)][-2:] == ["start", "start"]


def test_an_alarm_proves_its_hazard_and_one_in_an_inspection_does_not(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    kept = ledger(tmp_path / "ledger", recent=outbox.recent)
    event = put(outbox)
    outbox.put(
        lambda seq, previous: msgspec.structs.replace(
            event, seq=seq, previous=previous, hazard=Hazard.CO, inspection="n0nce-123"
        )
    )
    assert kept.write()
    after = ledger(tmp_path / "ledger", recent=outbox.recent)
    assert after.write()
    assert after.proven == {"fire": Proven(event.wall_time, unverified=True)}
    outbox.close()


def test_a_start_of_another_version_ends_the_reading_back(tmp_path: Path) -> None:
    folder = tmp_path / "ledger"
    strange = msgspec.structs.replace(START, profile="daycare-air")
    kept = ledger(folder, start=strange)
    kept.note("start", {"something": "else"})
    assert kept.write()
    assert ledger(folder).write()
    assert kinds(folder) == ["start", "start", "start"]


def test_what_is_proven_by_a_record_whose_signature_is_broken_is_not_restored(
    tmp_path: Path, signer: Signer
) -> None:
    folder = tmp_path / "ledger"
    kept = ledger(folder, signer=lambda: signer)
    for nonce in ("n0nce-true", "n0nce-liar"):
        kept.note("inspection", PROVEN | {"nonce": nonce})
    assert kept.write()
    (segment,) = folder.glob("*.jsonl")
    segment.write_bytes(segment.read_bytes().replace(b"n0nce-liar", b"n0nce-lyre"))
    after = ledger(folder, signer=lambda: signer)
    assert after.write()
    assert after.proven is not None
    assert after.proven["fire"].nonce == "n0nce-true"
    assert not after.proven["fire"].unverified


def test_what_no_known_key_signed_is_restored_as_unverified_and_stays_so(
    tmp_path: Path, signer: Signer
) -> None:
    folder = tmp_path / "ledger"
    kept = ledger(folder, signer=lambda: key(tmp_path / "forger.key"))
    kept.note("inspection", PROVEN)
    assert kept.write()
    for _ in range(3):  # the second stands on what the first has signed
        after = ledger(folder, signer=lambda: signer)
        assert after.write()
        assert after.proven is not None
        assert after.proven["fire"].unverified
    again = ledger(folder, signer=lambda: signer)
    again.note("inspection", PROVEN)
    assert again.write()
    later = ledger(folder, signer=lambda: signer)
    assert later.write()
    assert later.proven is not None
    assert not later.proven["fire"].unverified


def test_a_start_of_another_version_forgets_neither_proofs_nor_events(
    tmp_path: Path,
) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    kept = ledger(tmp_path / "ledger", recent=outbox.recent)
    event = put(outbox)
    assert kept.write()
    other = msgspec.structs.replace(START, models=["a list"])
    for start in (other, other, START):
        after = ledger(tmp_path / "ledger", recent=outbox.recent, start=start)
        assert after.write()
        assert set(after.proven or {}) == {"fire"}
    told = [each.body["id"] for each in records(tmp_path / "ledger") if each.kind == "event"]
    assert told == [event.id]
    outbox.close()


def test_a_proof_by_self_test_is_kept_and_never_takes_the_place_of_an_inspections(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "ledger"
    kept = ledger(folder)
    own = {"by": "stimulus", "result": "proven", "sensor": "room"}
    kept.note("inspection", PROVEN)
    kept.note("selftest", own | {"hazards": ["fire", "co"]})
    kept.note("selftest", own | {"hazards": ["gas"], "result": "passed"})
    assert kept.write()
    for _ in range(2):
        after = ledger(folder)
        assert after.write()
        assert after.proven is not None
        assert set(after.proven) == {"fire", "co"}
        assert (after.proven["fire"].sensor, after.proven["fire"].own) == ("smoke", False)
        assert (after.proven["co"].sensor, after.proven["co"].own) == ("room", True)


def test_an_inspection_takes_the_place_of_a_self_test(tmp_path: Path) -> None:
    folder = tmp_path / "ledger"
    kept = ledger(folder)
    own = {"by": "stimulus", "result": "proven", "sensor": "room", "hazards": ["fire"]}
    kept.note("selftest", own)
    kept.note("inspection", PROVEN)
    assert kept.write()
    after = ledger(folder)
    assert after.write()
    assert after.proven is not None
    assert not after.proven["fire"].own
