"""The ledger as the agent keeps it: through starts, power cuts, full disks and years."""

import os
import threading
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent import cli
from agent.ledger import MOST_WAITING
from agent.ledger_check import verify
from agent.ledger_file import Head, digest
from agent.outbox import Outbox
from agent.signing import Signer, SigningError
from agent.state_lock import hold
from agent.values import Stage
from tests.agent.ledgers import BOOT, START, key, kinds, ledger, lines, put, records

LATER = "0badcafe-00000002"


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return key(tmp_path / "device.key")


def test_what_is_noted_is_signed_and_chained_and_its_head_known(
    tmp_path: Path, signer: Signer
) -> None:
    kept = ledger(tmp_path / "ledger", signer=lambda: signer)
    assert kept.head is None
    kept.note("selftest", {"by": "button"})
    assert kept.write()
    assert kinds(tmp_path / "ledger") == ["key", "start", "selftest"]
    last = lines(tmp_path / "ledger")[-1][:-1]
    assert kept.head is not None
    assert kept.head == Head.of(3, digest(last)) == Head.parse(str(kept.head))
    assert kept.trouble == ""
    report = verify(tmp_path / "ledger", keys=[signer.verifier], heads=[kept.head])
    assert (report.fault, report.signed) == (None, 3)


def test_an_event_is_told_by_the_hash_of_the_record_that_the_hub_has(
    tmp_path: Path, signer: Signer
) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    kept = ledger(tmp_path / "ledger", signer=lambda: signer, recent=outbox.recent)
    event = put(outbox)
    kept.wake()
    assert kept.write()
    found = records(tmp_path / "ledger")[-1]
    assert found.body["id"] == event.id
    assert found.body["digest"] == outbox.recent(1)[0].digest()
    assert (found.wall_time, found.monotonic_s) == (event.wall_time, event.monotonic_s)
    outbox.close()


def test_a_restart_goes_on_where_the_last_one_ended(tmp_path: Path, signer: Signer) -> None:
    for boot_id in (BOOT, LATER):
        kept = ledger(tmp_path / "ledger", signer=lambda: signer, boot_id=boot_id)
        kept.stop()
        kept.run(lambda: None)
    assert kinds(tmp_path / "ledger") == ["key", "start", "stop", "start", "stop"]
    assert verify(tmp_path / "ledger", keys=[signer.verifier]).fault is None


def test_another_configuration_and_other_software_are_told_at_the_start(tmp_path: Path) -> None:
    folder = tmp_path / "ledger"
    assert ledger(folder).write()
    assert ledger(folder).write()
    assert kinds(folder) == ["start", "start"]
    changed = msgspec.structs.replace(START, configuration="d" * 64, models={"fall": "2"})
    assert ledger(folder, start=changed).write()
    assert kinds(folder)[2:] == ["start", "configuration", "firmware"]
    told = records(folder)[-2].body
    assert (told["from"]["configuration"], told["to"]["configuration"]) == ("c" * 64, "d" * 64)


def test_events_that_a_power_cut_kept_out_come_from_the_outbox(
    tmp_path: Path, signer: Signer
) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    kept = ledger(tmp_path / "ledger", signer=lambda: signer, recent=outbox.recent)
    put(outbox)
    assert kept.write()
    lost = [put(outbox).id for _ in range(20)]  # in the outbox, and the power goes
    after = ledger(tmp_path / "ledger", signer=lambda: signer, recent=outbox.recent, boot_id=LATER)
    new = put(outbox, boot_id=LATER)
    assert after.write()
    told = [each.body["id"] for each in records(tmp_path / "ledger") if each.kind == "event"]
    assert told[1:] == [*lost, new.id]
    assert verify(tmp_path / "ledger", keys=[signer.verifier]).fault is None
    outbox.close()


def test_each_start_without_events_in_between_tells_none_again(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    for _ in range(3):
        put(outbox)
    for n in range(4):
        kept = ledger(tmp_path / "ledger", recent=outbox.recent, boot_id=f"0badcafe-0000000{n + 3}")
        assert kept.write()
    assert kinds(tmp_path / "ledger") == ["event"] * 3 + ["start"] * 4
    outbox.close()


@given(share=st.floats(0, 1), behind=st.sampled_from([b"", b"\0" * 100, b"\n{\n"]))
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_wherever_the_power_goes_the_ledger_stays_good_and_has_every_event(
    tmp_path_factory: pytest.TempPathFactory, signer: Signer, share: float, behind: bytes
) -> None:
    """The file is cut at any byte behind what was synced, or ends in bytes that nobody wrote."""
    folder = tmp_path_factory.mktemp("cut")
    outbox = Outbox(folder / "outbox.db", reserve_bytes=0)
    kept = ledger(folder / "ledger", signer=lambda: signer, recent=outbox.recent)
    assert kept.write()
    synced = b"".join(lines(folder / "ledger"))
    head = kept.head
    ids = [put(outbox).id for _ in range(3)]
    other = ledger(folder / "ledger", signer=lambda: signer, recent=outbox.recent)
    assert other.write()
    path = folder / "ledger" / "000001.jsonl"
    whole = path.read_bytes()
    end = len(synced) + round(share * (len(whole) - len(synced)))
    path.write_bytes(whole[:end] + behind)
    after = ledger(folder / "ledger", signer=lambda: signer, recent=outbox.recent, boot_id=LATER)
    assert after.write()
    assert head is not None
    report = verify(folder / "ledger", keys=[signer.verifier], heads=[head])
    assert (report.fault, report.torn) == (None, None)
    found = records(folder / "ledger")
    assert [each.body["id"] for each in found if each.kind == "event"] == ids
    torn = [each.body for each in found if each.kind == "torn"]
    for each in torn:
        assert (folder / "ledger" / each["kept"]).stat().st_size == each["bytes"]
    outbox.close()


def test_a_disk_that_takes_nothing_is_said_and_made_up_for(tmp_path: Path, signer: Signer) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    folder = tmp_path / "ledger"
    folder.write_bytes(b"in the way")  # as good as a disk that refuses, and no root is too strong
    kept = ledger(folder, signer=lambda: signer, recent=outbox.recent)
    events = [put(outbox) for _ in range(2)]
    assert not kept.write()
    assert "not written, records wait in RAM" in kept.trouble
    assert kept.head is None
    for n in range(MOST_WAITING):
        kept.note("command", {"n": n})
    events += [put(outbox) for _ in range(200)]
    folder.unlink()
    assert kept.write()
    assert kept.trouble == ""
    found = records(folder)
    assert [e.body["id"] for e in found if e.kind == "event"] == [e.id for e in events]
    assert found[-1].kind == "gap"
    assert found[-1].body["dropped"] == 1
    assert verify(folder, keys=[signer.verifier]).fault is None
    outbox.close()


def test_a_full_disk_leaves_no_half_record(
    tmp_path: Path, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "ledger"
    kept = ledger(folder, signer=lambda: signer)
    assert kept.write()
    before = (folder / "000001.jsonl").read_bytes()
    real = os.write

    def full(file: int, data: memoryview) -> int:  # the kernel takes a piece, and then no more
        if len(data) > 100:
            return real(file, data[:100])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as at_the_wire:
        at_the_wire.setattr(os, "write", full)
        kept.note("command", {"why": "x" * 50})
        assert not kept.write()
    assert (folder / "000001.jsonl").read_bytes() == before
    assert kept.write()
    assert kinds(folder) == ["key", "start", "command"]
    assert verify(folder, keys=[signer.verifier]).fault is None


def test_a_key_that_is_missing_is_said_and_signs_once_it_is_there(
    tmp_path: Path, signer: Signer
) -> None:
    has_key = False

    def load() -> Signer:
        if not has_key:
            raise SigningError("device.key: No such file")
        return signer

    kept = ledger(tmp_path / "ledger", signer=load)
    assert kept.write()
    assert "not signed: device.key" in kept.trouble
    has_key = True
    kept.note("selftest", {})
    assert kept.write()
    assert kept.trouble == ""
    report = verify(tmp_path / "ledger", keys=[signer.verifier])
    assert (report.fault, report.unsigned, report.signed) == (None, 1, 2)


def test_an_outbox_that_begins_anew_is_told_from_its_beginning(tmp_path: Path) -> None:
    for n, name in enumerate(("one", "two")):
        outbox = Outbox(tmp_path / f"{name}.db", reserve_bytes=0)
        kept = ledger(tmp_path / "ledger", recent=outbox.recent, boot_id=f"0badcafe-{n:08}")
        put(outbox, boot_id=f"0badcafe-{n:08}")
        if not n:
            put(outbox, Stage.CLEARED, boot_id=f"0badcafe-{n:08}")
        assert kept.write()
        outbox.close()
    told = [each.body["seq"] for each in records(tmp_path / "ledger") if each.kind == "event"]
    assert told == [1, 2, 1]


def test_a_number_that_is_given_again_hides_no_event(tmp_path: Path) -> None:
    """Two events were in RAM only when the power went, and their numbers go to two others."""
    first, lost = (Outbox(tmp_path / name, reserve_bytes=0) for name in ("one.db", "two.db"))
    put(first)  # the same in both
    before = [put(lost), put(lost, Stage.CLEARED)]
    folder = tmp_path / "ledger"
    assert ledger(folder, recent=lost.recent).write()
    lost.close()
    again = [put(first, boot_id=LATER), put(first, Stage.CLEARED, boot_id=LATER)]
    for n in range(3):
        kept = ledger(folder, recent=first.recent, boot_id=LATER)
        assert kept.write()
        if n == 1:
            again.append(put(first, boot_id=LATER))
            assert kept.write()
    ids = [each.body["id"] for each in records(folder) if each.kind == "event"]
    assert ids == [each.id for each in [*before, *again]]
    first.close()


def test_an_event_that_is_told_again_is_recorded_as_a_revision(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    kept = ledger(tmp_path / "ledger", recent=outbox.recent)
    event = put(outbox)
    outbox.put(
        lambda seq, previous: msgspec.structs.replace(
            event, seq=seq, previous=previous, revision=1, wall_source="corrected"
        )
    )
    for _ in range(2):  # the second finds nothing new
        assert kept.write()
    assert kept.write()
    bodies = [each.body for each in records(tmp_path / "ledger") if each.kind == "event"]
    assert [each["id"] for each in bodies] == [event.id] * 2
    assert [each.get("revision") for each in bodies] == [None, 1]
    outbox.close()


def test_an_event_of_an_earlier_start_that_is_told_again_hides_none_of_this_start(
    tmp_path: Path,
) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    earlier = put(outbox)
    new = put(outbox, boot_id=LATER)
    outbox.put(
        lambda seq, previous: msgspec.structs.replace(
            earlier, seq=seq, previous=previous, revision=1
        )
    )
    kept = ledger(tmp_path / "ledger", recent=outbox.recent, boot_id=LATER)
    assert kept.write()
    told = [each.body["id"] for each in records(tmp_path / "ledger") if each.kind == "event"]
    assert told == [earlier.id, new.id, earlier.id]
    outbox.close()


def test_its_thread_writes_without_being_waited_for(tmp_path: Path, signer: Signer) -> None:
    kept = ledger(tmp_path / "ledger", signer=lambda: signer)
    beaten = threading.Event()
    thread = threading.Thread(target=kept.run, args=(beaten.set,))
    thread.start()
    kept.note("selftest", {})
    assert beaten.wait(30)
    kept.stop()
    thread.join(30)
    assert not thread.is_alive()
    assert kinds(tmp_path / "ledger") == ["key", "start", "selftest", "stop"]
    assert verify(tmp_path / "ledger", keys=[signer.verifier]).fault is None


def test_a_self_test_by_hand_is_recorded_where_no_agent_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = Path(__file__).parents[2] / "provisioning" / "profiles" / "market-stall.toml"
    words = ["selftest", "--config", str(profile), "--state", str(tmp_path), "--json"]
    assert cli.main([*words, "--run-dir", str(tmp_path)]) == 0
    (told,) = records(tmp_path / "ledger")
    assert (told.kind, told.body["by"]) == ("selftest", "hand")
    assert len(told.body["results"]) == len(capsys.readouterr().out.splitlines())
    with hold(tmp_path):
        assert cli.main([*words, "--run-dir", str(tmp_path)]) == 0
    assert "not in the ledger: the running agent holds" in capsys.readouterr().err
    assert len(records(tmp_path / "ledger")) == 1
