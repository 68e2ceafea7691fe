"""Is a ledger what the device wrote? Names the first record that is not. Works on any copy of it.

A record is good if its number and its `previous` follow on, and a key that is vouched for signed
it: one that is given, or that such a key has introduced. What is not signed holds as long as a
signed record follows, whose chain covers it.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.ledger_file import GENESIS, Head, Record, Sealed, digest, segments, unseal
from agent.ledger_past import KEY, TRIM
from agent.signing import SigningError, Verifier, load_verifier


@dataclass(frozen=True, slots=True)
class Fault:
    """The first record that is wrong: its number in an unbroken ledger, its place, the reason."""

    seq: int
    where: str
    what: str


@dataclass(slots=True)
class Report:
    """What was found. `torn` is no fault: a power cut leaves a piece of a record behind."""

    first: int = 0
    last: int = 0
    digest: str = GENESIS
    signed: int = 0
    unsigned: int = 0
    fault: Fault | None = None
    torn: Fault | None = None
    notes: list[str] = field(default_factory=list)


class WrongError(Exception):
    """A record is not what must stand in its place; the message says why."""


def verify(
    folder: Path,
    *,
    keys: Sequence[Verifier] = (),
    heads: Sequence[Head] = (),
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Report:
    """Read the whole ledger and say what is wrong with it first.

    `keys` are known to be the device's; `heads` were said by the device before, as to a hub.
    `progress` is called with bytes read and bytes in all.

    Raises:
        OSError: It is not there, or cannot be read.
    """
    paths = [path for path in segments(folder) if path.stat().st_size]
    check = _Check(keys, heads)
    total, done = sum(path.stat().st_size for path in paths), 0
    for path in paths:
        for number, line in enumerate(_lines(path), 1):
            done += len(line)
            where = f"{path.name}:{number}"
            try:
                if not check.take(line, where, is_last=path is paths[-1]):
                    check.report.torn = Fault(check.expected, where, _TORN)
            except WrongError as error:
                check.report.fault = check.blamed(where, str(error), paths)
                return check.report
        progress(done, total)
    check.end(f"{paths[-1].name}, at its end" if paths else str(folder))
    return check.report


_TORN = "the line is cut off, as a power cut leaves it: the agent puts it aside at its next start"


def _lines(path: Path) -> Iterator[bytes]:
    """Each line with its end, where it has one."""
    with path.open("rb") as file:
        yield from file


class _Check:
    """Takes one line after the other."""

    def __init__(self, keys: Sequence[Verifier], heads: Sequence[Head]) -> None:
        self.report = Report()
        self._trusted = {key.key_id: key for key in keys}
        self._is_given = bool(keys)
        self._heads: dict[int, set[Head]] = {}
        for head in heads:
            self._heads.setdefault(head.seq, set()).add(head)
        self._before: Sealed | None = None
        self._doubted: dict[int, tuple[str, str]] = {}  # digest and place since the last signed one
        self._unsigned_from = 0  # since which record nothing is signed
        self._blame: int | None = None
        self._let_go: tuple[int, str] | None = None  # the last record that a TRIM names
        self._begins_after: tuple[int, str] = (0, GENESIS)

    @property
    def expected(self) -> int:
        """The number of the next record."""
        return self.report.last + 1

    def blamed(self, where: str, what: str, paths: list[Path]) -> Fault:
        """The fault that was just raised, unless the beginning is missing, which comes first."""
        for line in (line for path in paths for line in _lines(path)):
            with contextlib.suppress(ValueError):
                self._note_trim(unseal(line[:-1]).record)
        if self._before is None:
            return Fault(self._let_go[0] + 1 if self._let_go else 1, where, what)
        if (missing := self._beginning(paths[0].name)) is not None:
            return missing
        seq = self._blame or self.expected
        if 0 < self._unsigned_from < seq and self._trusted:
            self.report.notes.append(
                f"from record {self._unsigned_from} on none of those before it is signed: they,"
                " too, may be forged"
            )
        _, place = self._doubted.get(seq, ("", where))
        return Fault(seq, place, what)

    def take(self, line: bytes, where: str, *, is_last: bool) -> bool:
        """Go on by one line; False: it is torn.

        Raises:
            WrongError: It is not what must stand here.
        """
        if not line.endswith(b"\n"):
            if is_last and not _reads(line[:-1]):
                return False
            raise WrongError("the line's end is not as it was written")
        try:
            sealed = unseal(line[:-1])
        except ValueError as error:
            raise WrongError(f"it cannot be read: {error}") from None
        self._follows(sealed)
        self._is_signed(sealed)
        self._is_known(sealed)
        self._before = sealed
        report, record = self.report, sealed.record
        if record.kind == KEY and record.key in self._trusted:
            self._trust(record.body.get("public", ""))
            if record.body.get("key_id") != record.key:  # an old key vouches for no more
                del self._trusted[record.key]
        self._note_trim(record)
        report.last, report.digest = record.seq, digest(sealed.line)
        if record.key:
            self._doubted.clear()
        self._doubted[record.seq] = report.digest, where
        return True

    def end(self, where: str) -> None:
        """Judge what only the whole can show."""
        report = self.report
        report.fault = self._beginning(where)
        if report.fault is not None:
            return
        late = [seq for seq in self._heads if seq > report.last]
        if late:
            what = _missing(report.last + 1, max(late))
            report.fault = Fault(report.last + 1, where, f"{what}: the device had told of it")
        elif self._unsigned_from and self._trusted:
            what = "it and all behind it are not signed: anybody could have written them"
            report.fault = Fault(self._unsigned_from, where, what)
        elif not self._trusted and report.last:
            report.notes.append("nothing is signed: the device had no key")
        elif not self._is_given and report.last:
            names = ", ".join(self._trusted)
            report.notes.append(f"the key is the ledger's own word: compare {names} with the hub")

    def _note_trim(self, record: Record) -> None:
        seq = record.body.get("last_seq")
        if record.kind == TRIM and isinstance(seq, int):
            self._let_go = seq, str(record.body.get("last_digest"))

    def _beginning(self, where: str) -> Fault | None:
        """What is missing before the first record, unless a record says that it was let go."""
        begins, previous = self._begins_after
        known, _ = self._let_go or (0, "")
        if begins < known or not begins or self._let_go == (begins, previous):
            return None  # a power cut may have left some of what was let go
        known = known if known < begins else 0
        return Fault(known + 1, where, _missing(known + 1, begins))

    def _follows(self, sealed: Sealed) -> None:
        record = sealed.record
        if self._before is None:
            self.report.first = record.seq
            if record.seq == 1 and record.previous != GENESIS:
                raise WrongError("the first record names one before it")
            self._begins_after = record.seq - 1, record.previous
            self.report.last = record.seq - 1
            return
        if record.seq > self.expected:
            raise WrongError(_missing(self.expected, record.seq - 1))
        if record.seq < self.expected:
            if 0 < self._unsigned_from <= record.seq and self._is_genuine(sealed):
                before, _ = self._doubted.get(record.seq - 1, (GENESIS, ""))
                is_next = before == record.previous
                self._blame = record.seq if is_next else self._unsigned_from
                raise WrongError(f"nobody signed it, and the true record {record.seq} follows")
            raise WrongError(f"record {record.seq} stands here: again, or out of its order")
        if record.previous != self.report.digest:
            if self._is_genuine(sealed):
                self._blame = self._unsigned_from or self._before.record.seq
                raise WrongError(f"it is not the one that record {record.seq} was written after")
            raise WrongError(f"it was not written after this record {self.report.last}")

    def _is_signed(self, sealed: Sealed) -> None:
        record = sealed.record
        if not record.key:
            if not sealed.is_whole:
                raise WrongError("its content is not what it was (no key signed it)")
            self.report.unsigned += 1
            self._unsigned_from = self._unsigned_from or record.seq
            return
        if record.kind == KEY and not self._trusted and record.body.get("key_id") == record.key:
            self._trust(record.body.get("public", ""))
        if record.key not in self._trusted:
            raise WrongError(f"another key signed it: {record.key} (if it is the device's: --key)")
        if not self._proves(sealed):
            raise WrongError("its signature is not of this content")
        self.report.signed += 1
        self._unsigned_from = 0

    def _is_known(self, sealed: Sealed) -> None:
        seq = sealed.record.seq
        known = self._heads.get(seq)
        if known is not None and {Head.of(seq, digest(sealed.line))} != known:
            raise WrongError("it is not the one of which the device had told: it was rewritten")

    def _is_genuine(self, sealed: Sealed) -> bool:
        return sealed.record.key in self._trusted and self._proves(sealed)

    def _proves(self, sealed: Sealed) -> bool:
        return self._trusted[sealed.record.key].verify(sealed.covered, sealed.signature)

    def _trust(self, public: object) -> None:
        try:
            key = load_verifier(str(public).encode())
        except SigningError as error:
            raise WrongError(f"the key that it introduces cannot be used: {error}") from None
        self._trusted[key.key_id] = key


def _missing(first: int, last: int) -> str:
    return (
        f"record {first} is missing" if first == last else f"records {first} to {last} are missing"
    )


def _reads(line: bytes) -> bool:
    try:
        unseal(line)
    except ValueError:
        return False
    return True
