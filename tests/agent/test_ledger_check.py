"""Whatever is done to a ledger behind the device's back, its first wrong record is named."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from agent.ledger_check import Report, verify
from agent.ledger_file import Head, digest, seal, unseal
from agent.ledger_note import introduction
from agent.signing import Signer
from tests.agent.ledgers import key, ledger, lines

COUNT = 12
slow = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
AT = st.integers(0, COUNT - 1)


@dataclass
class Kept:
    """A good ledger's lines and keys."""

    lines: list[bytes]
    signer: Signer
    other: Signer
    folder: Path

    @property
    def heads(self) -> list[Head]:
        return [Head.of(n, digest(line[:-1])) for n, line in enumerate(self.lines, 1)]

    def check(self, content: list[bytes] | bytes, **known: object) -> Report:
        """Verify the same ledger with other lines."""
        raw = content if isinstance(content, bytes) else b"".join(content)
        half = raw.find(b"\n", len(raw) // 2) + 1 or len(raw)  # in two segments
        (self.folder / "000001.jsonl").write_bytes(raw[:half])
        (self.folder / "000002.jsonl").write_bytes(raw[half:])
        return verify(self.folder, keys=[self.signer.verifier], **known)  # type: ignore[arg-type]


@pytest.fixture(scope="module", params=["EC", "Ed25519"])
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A device without a key at first: records 1 to 4 are not signed, 5 introduces the key."""
    folder = tmp_path_factory.mktemp("ledger")
    signer, other = key(folder / "device.key", request.param), key(folder / "other.key")
    written = ledger(folder / "written", signer=lambda: signer if len(has) else None)
    has: list[bool] = []
    for n in range(3):
        written.note("selftest", {"n": n, "why": "자체 점검"})
    assert written.write()
    has.append(True)
    for n in range(COUNT - 5):
        written.note("command", {"n": n, "signature": "of a nested kind"})
    assert written.write()
    found = lines(folder / "written")
    assert len(found) == COUNT
    (folder / "copy").mkdir()
    return Kept(found, signer, other, folder / "copy")


def named(report: Report) -> int | None:
    fault = report.fault or report.torn
    return None if fault is None else fault.seq


def test_a_good_ledger_is_good(kept: Kept) -> None:
    report = kept.check(kept.lines, heads=kept.heads)
    assert (report.fault, report.torn, report.notes) == (None, None, [])
    assert (report.first, report.last, report.unsigned, report.signed) == (1, COUNT, 4, COUNT - 4)


@given(data=st.data(), at=AT)
@slow
def test_any_flipped_bit_is_named_at_its_record(kept: Kept, data: st.DataObject, at: int) -> None:
    changed = bytearray(kept.lines[at])
    bit = data.draw(st.integers(0, len(changed) * 8 - 1))
    changed[bit // 8] ^= 1 << bit % 8
    report = kept.check([*kept.lines[:at], bytes(changed), *kept.lines[at + 1 :]])
    assert named(report) == at + 1


@given(at=AT)
@slow
def test_a_dropped_record_is_named(kept: Kept, at: int) -> None:
    found = kept.lines[:at] + kept.lines[at + 1 :]
    report = kept.check(found, heads=kept.heads[-1:])
    assert named(report) == at + 1
    assert report.fault is not None
    assert "missing" in report.fault.what


@given(at=AT, behind=AT)
@slow
def test_a_record_that_comes_again_is_named_where_it_does(kept: Kept, at: int, behind: int) -> None:
    assume(behind >= at)
    found = [*kept.lines[: behind + 1], kept.lines[at], *kept.lines[behind + 1 :]]
    assert named(kept.check(found)) == behind + 2


@given(one=AT, other=AT)
@slow
def test_two_that_changed_places_are_named_at_the_first(kept: Kept, one: int, other: int) -> None:
    assume(one < other)
    found = list(kept.lines)
    found[one], found[other] = found[other], found[one]
    assert named(kept.check(found)) == one + 1


@given(order=st.permutations(range(COUNT)))
@slow
def test_any_other_order_is_named_where_it_departs(kept: Kept, order: list[int]) -> None:
    departs = next((n for n in range(COUNT) if order[n] != n), None)
    assume(departs is not None and departs < COUNT)
    report = kept.check([kept.lines[n] for n in order])
    assert named(report) == (departs or 0) + 1


@pytest.mark.parametrize("is_signed", [True, False])
@pytest.mark.parametrize("replaces", [True, False])
@pytest.mark.parametrize("at", range(5, COUNT + 1))
def test_a_forged_record_is_named(kept: Kept, at: int, is_signed: bool, replaces: bool) -> None:
    """It follows on, and another key signed it, or none."""
    before = unseal(kept.lines[at - 1][:-1]).record
    bare = msgspec.structs.replace(
        before, seq=at + 1, kind="event", previous=digest(kept.lines[at - 1][:-1])
    )
    forged = seal(bare, kept.other if is_signed else None) + b"\n"
    report = kept.check([*kept.lines[:at], forged, *kept.lines[at + replaces :]])
    assert report.fault is not None
    assert report.fault.seq == at + 1


@pytest.mark.parametrize("replaced", [0, 1, 2])
def test_several_that_nobody_signed_are_named_at_their_first(kept: Kept, replaced: int) -> None:
    at, found = 6, list(kept.lines[:6])
    for n in range(2):
        found.append(follow(kept, found, {"forged": n}, kind="event", by=None))
    report = kept.check([*found, *kept.lines[at + replaced :]])
    assert report.fault is not None
    assert report.fault.seq == at + 1
    assert report.fault.where == "000001.jsonl:7" or report.fault.where.startswith("000002")


def test_of_two_heads_of_one_number_one_is_a_lie(kept: Kept) -> None:
    for heads in ([Head(5, "A" * 16), kept.heads[4]], [kept.heads[4], Head(5, "A" * 16)]):
        assert named(kept.check(kept.lines, heads=heads)) == 5


@pytest.mark.parametrize("last_seq", ["x", None, [], 1.5, {}])
def test_nonsense_that_nobody_signed_is_named_and_nothing_is_raised(
    kept: Kept, last_seq: object
) -> None:
    found = list(kept.lines[3:6])
    found.append(follow(kept, kept.lines[:6], {"last_seq": last_seq}, kind="trim", by=None))
    assert named(kept.check([*found, *kept.lines[6:]])) == 1  # 1 to 3 are missing
    deep = kept.lines[6].replace(b'"n":', b'"n":' + b"[" * 100_000)
    assert named(kept.check([*kept.lines[:6], deep, *kept.lines[7:]])) == 7


@pytest.mark.parametrize("at", [0, 1, 2])
def test_an_unsigned_record_that_was_written_anew_is_named(kept: Kept, at: int) -> None:
    found = list(kept.lines)
    record = unseal(found[at][:-1]).record
    forged = msgspec.structs.replace(record, body={"n": "another"})
    found[at] = seal(forged, None) + b"\n"
    report = kept.check(found)
    assert named(report) in (at + 1, at + 2)  # either of two that nobody signed may be the forged
    for n in range(at + 1, COUNT):  # and rewriting all that follow ends where the key signed
        again = unseal(found[n][:-1]).record
        again = msgspec.structs.replace(again, previous=digest(found[n - 1][:-1]))
        found[n] = seal(again, None) + b"\n"
    report = kept.check(found, heads=kept.heads[-1:])
    assert report.fault is not None


@given(data=st.data())
@slow
def test_wherever_it_is_cut_off_a_known_head_tells(kept: Kept, data: st.DataObject) -> None:
    whole = b"".join(kept.lines)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    ends = cut.count(b"\n")
    report = kept.check(cut, heads=kept.heads[-1:])
    assert report.fault is not None
    assert report.fault.seq == ends + 1
    alone = kept.check(cut)
    if cut.endswith(b"\n") or not cut:
        assert alone.torn is None
    else:
        assert alone.torn is not None
        assert alone.torn.seq == ends + 1


def test_a_cut_off_line_alone_is_told_apart_from_tampering(kept: Kept) -> None:
    whole = b"".join(kept.lines)
    report = kept.check(whole[:-40], heads=kept.heads[-2:-1])
    assert report.fault is None
    assert report.torn is not None
    assert "power cut" in report.torn.what
    inside = [*kept.lines[:6], kept.lines[6][:-40] + b"\n", *kept.lines[7:]]
    assert kept.check(inside).torn is None
    assert named(kept.check(inside)) == 7


def test_a_ledger_written_anew_by_another_key_is_named(kept: Kept, tmp_path: Path) -> None:
    theirs = ledger(tmp_path / "theirs", signer=lambda: kept.other)
    theirs.note("selftest", {})
    assert theirs.write()
    report = kept.check(lines(tmp_path / "theirs"))
    assert report.fault is not None
    assert report.fault.seq == 1
    assert "another key" in report.fault.what


def test_a_ledger_written_anew_by_the_same_key_is_told_by_the_hub(
    kept: Kept, tmp_path: Path
) -> None:
    again = ledger(tmp_path / "again", signer=lambda: kept.signer)
    for _ in range(COUNT):
        again.note("selftest", {"n": "as it suits"})
    assert again.write()
    assert kept.check(lines(tmp_path / "again")).fault is None
    report = kept.check(lines(tmp_path / "again"), heads=kept.heads[6:7])
    assert report.fault is not None
    assert report.fault.seq == 7
    assert "rewritten" in report.fault.what


def test_a_missing_segment_is_named(kept: Kept) -> None:
    kept.check(kept.lines)
    first = unseal((kept.folder / "000002.jsonl").read_bytes().splitlines()[0]).record.seq
    (kept.folder / "000001.jsonl").unlink()
    report = verify(kept.folder, keys=[kept.signer.verifier])
    assert report.fault is not None
    assert report.fault.seq == 1
    assert report.fault.what == f"records 1 to {first - 1} are missing"


def test_without_a_known_key_the_ledgers_own_is_taken_and_said(kept: Kept) -> None:
    kept.check(kept.lines)
    report = verify(kept.folder)
    assert report.fault is None
    assert kept.signer.key_id in report.notes[0]


def follow(kept: Kept, content: list[bytes], body: dict[str, object], **kw: object) -> bytes:
    """One more record behind `content`, by any key."""
    last = unseal(content[-1][:-1]).record
    record = msgspec.structs.replace(
        last, seq=last.seq + 1, previous=digest(content[-1][:-1]), body=body, kind=str(kw["kind"])
    )
    by = kw["by"]
    return seal(record, by if isinstance(by, Signer) else None) + b"\n"


def test_a_key_is_renewed_by_the_word_of_the_old_one(kept: Kept) -> None:
    found = list(kept.lines)
    found.append(follow(kept, found, dict(introduction(kept.other)), kind="key", by=kept.signer))
    found.append(follow(kept, found, {"n": 1}, kind="command", by=kept.other))
    assert kept.check(found).fault is None
    late = [*found, follow(kept, found, {"n": 2}, kind="command", by=kept.signer)]
    assert named(kept.check(late)) == COUNT + 3  # the old key vouches for nothing any more


def test_a_key_that_introduces_itself_is_not_believed(kept: Kept) -> None:
    found = list(kept.lines)
    found.append(follow(kept, found, dict(introduction(kept.other)), kind="key", by=kept.other))
    assert named(kept.check(found)) == COUNT + 1
    found_by_both = verify(kept.folder, keys=[kept.signer.verifier, kept.other.verifier])
    assert found_by_both.fault is None  # but both were told to be the device's


@given(content=st.binary(max_size=300))
@slow
def test_any_bytes_are_judged_and_nothing_is_raised(kept: Kept, content: bytes) -> None:
    report = kept.check(content)
    if content.strip(b"\n"):
        assert report.fault is not None or report.torn is not None


def test_an_empty_folder_lacks_what_the_hub_knows(kept: Kept, tmp_path: Path) -> None:
    assert verify(tmp_path).fault is None
    fault = verify(tmp_path, heads=kept.heads[-1:]).fault
    assert fault is not None
    assert fault.seq == 1


def test_progress_reaches_the_end(kept: Kept) -> None:
    kept.check(kept.lines)
    seen: list[tuple[int, int]] = []
    verify(kept.folder, progress=lambda done, of: seen.append((done, of)))
    assert seen[-1] == (len(b"".join(kept.lines)),) * 2
