"""What became of an update, where the agent, the operator and the next start can read it."""

import contextlib
import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from agent.boot_cause import read_told
from provisioning.places import UPDATE_REPORT

log = logging.getLogger(__name__)

State = Literal["waiting", "trying", "good", "rolled-back", "refused"]
LONGEST_WHY = 300
_LARGEST_BYTES = 16_384


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The last thing to tell: `why` is for people, `at` RFC 3339 as the clock showed."""

    kind: str
    version: str
    state: State
    why: str = ""
    at: str = ""

    def is_same(self, other: "Report | None") -> bool:
        """Whether both tell the same, whenever it was."""
        return other is not None and msgspec.structs.replace(other, at=self.at) == self

    def __str__(self) -> str:
        """As one line."""
        why = f": {self.why}" if self.why else ""
        return f"{self.kind} {self.version} {self.state}{why}"


def report(kind: str, version: str, state: State, why: str = "") -> Report:
    """What there is to tell now."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return Report(kind=kind, version=version, state=state, why=why[:LONGEST_WHY], at=at)


def tell(what: Report, run: Path, kept: Path) -> None:
    """Leave it in `run` for the agent, and in `kept` for the time after a power cut.

    That a disk takes nothing keeps no update from being finished, or taken back.
    """
    log.warning("%s", what)
    content = msgspec.json.encode(what) + b"\n"
    for folder in (kept, run):
        try:
            _put(folder / UPDATE_REPORT, content, on_flash=folder == kept)
        except OSError as error:
            log.error("%s: not written: %s", folder / UPDATE_REPORT, error)  # noqa: TRY400  # no traceback


def read(folder: Path) -> Report | None:
    """The last report in a folder, which is another user's."""
    return read_told(folder / UPDATE_REPORT, Report, _LARGEST_BYTES)


def recall(run: Path, kept: Path) -> None:
    """After a start: tell again what was told last."""
    if (last := read(kept)) is not None and read(run) != last:
        with contextlib.suppress(OSError):
            _put(run / UPDATE_REPORT, msgspec.json.encode(last) + b"\n", on_flash=False)


def _put(path: Path, content: bytes, *, on_flash: bool) -> None:
    """Replace a file in a folder that is another user's, without following what lies there."""
    fresh = path.with_name(f".{path.name}.root")
    fresh.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(fresh, flags, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o644)
        file.write(content)
        if on_flash:
            file.flush()
            os.fsync(descriptor)
    fresh.replace(path)
