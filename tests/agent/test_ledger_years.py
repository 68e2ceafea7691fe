"""The ledger over years: what is let go, what is damaged, another key."""

from pathlib import Path

import msgspec
import pytest

from agent.ledger_check import verify
from agent.ledger_file import digest, seal
from agent.signing import Signer
from tests.agent.ledgers import key, kinds, ledger, lines, records


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return key(tmp_path / "device.key")


def test_the_oldest_go_when_the_whole_is_too_large_and_a_record_says_so(
    tmp_path: Path, signer: Signer
) -> None:
    folder = tmp_path / "ledger"
    kept = ledger(folder, signer=lambda: signer, bound_bytes=3 << 20)
    heads = []
    for _ in range(10):
        for n in range(40):
            kept.note("command", {"n": n, "filler": "x" * 10_000})
        assert kept.write()
        heads.append(kept.head)
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 4 << 20
    assert "000001.jsonl" not in {path.name for path in folder.iterdir()}
    report = verify(folder, keys=[signer.verifier], heads=[each for each in heads if each])
    assert report.fault is None
    assert report.first > 1
    again = ledger(folder, signer=lambda: signer, bound_bytes=3 << 20)
    assert again.write()
    assert verify(folder, keys=[signer.verifier]).fault is None
    min(folder.glob("*.jsonl")).unlink()  # one more than the device let go
    gone = verify(folder, keys=[signer.verifier]).fault
    assert gone is not None
    assert gone.seq == report.first


def test_a_power_cut_between_two_that_go_is_no_tampering(tmp_path: Path, signer: Signer) -> None:
    folder = tmp_path / "ledger"
    kept = ledger(folder, signer=lambda: signer)
    for n in range(4 * 100):
        kept.note("command", {"n": n, "filler": "x" * 10_000})
        if n % 100 == 99:
            assert kept.write()
    kept.close()
    before = {path.name: path.read_bytes() for path in folder.glob("*.jsonl")}
    assert ledger(folder, signer=lambda: signer, bound_bytes=2 << 20).write()
    gone = sorted(set(before) - {path.name for path in folder.glob("*.jsonl")})
    assert len(gone) > 1
    (folder / gone[-1]).write_bytes(before[gone[-1]])
    assert verify(folder, keys=[signer.verifier]).fault is None


def test_a_damaged_ledger_keeps_nobody_from_starting(tmp_path: Path, signer: Signer) -> None:
    """Whatever stands in it: the siren's process ends with a thread that a record ends."""
    folder = tmp_path / "ledger"
    kept = ledger(folder, signer=lambda: signer, bound_bytes=2 << 20)
    for n in range(150):
        kept.note("command", {"n": n, "filler": "x" * 10_000})
    assert kept.write()
    kept.close()
    bodies: dict[str, dict[str, object]] = {
        "event": {"seq": "x"},
        "inspection": {"result": "proven", "hazards": 1},
        "command": {"n": 1},
    }
    for kind, body in bodies.items():
        last = records(folder)[-1]
        record = msgspec.structs.replace(
            last, seq=last.seq + 1, kind=kind, body=body, previous=digest(lines(folder)[-1][:-1])
        )
        deep = b"[" * 100_000 if kind == "command" else b""
        with max(folder.glob("*.jsonl")).open("ab") as file:
            file.write(seal(record, None).replace(b'"n":', b'"n":' + deep) + b"\n")
    oldest = min(folder.glob("*.jsonl"))
    oldest.write_bytes(oldest.read_bytes()[:-20] + b"!" * 19 + b"\n")
    after = ledger(folder, signer=lambda: signer, bound_bytes=2 << 20)
    for n in range(150):
        after.note("command", {"n": n, "filler": "x" * 10_000})
    assert after.write()
    assert not oldest.exists()


def test_a_key_that_was_renewed_while_it_ran_is_vouched_for_by_the_old_one(
    tmp_path: Path, signer: Signer
) -> None:
    folder, new = tmp_path / "ledger", key(tmp_path / "new.key")
    in_place = [signer]
    kept = ledger(folder, signer=lambda: in_place[0])
    assert kept.write()
    in_place[0] = new
    kept.stop()
    kept.run(lambda: None)
    after = ledger(folder, signer=lambda: in_place[0])
    assert after.write()
    assert kinds(folder) == ["key", "start", "stop", "key", "start"]
    assert verify(folder, keys=[signer.verifier]).fault is None
