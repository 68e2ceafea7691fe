"""What became of the last update, as root's installer tells it: for the hub, and for the ledger.

The installer leaves `report.json` beside the run directory (`/run/haetae-update`); it is looked at
once a second, and read when it has changed. The agent has no part in an update but this, and that
it is asked whether it may be disturbed.
"""

import contextlib
import hashlib
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

import agent
from agent.boot_cause import read_told
from agent.ledger_past import UPDATE
from drivers.kept import replace

log = logging.getLogger(__name__)

NOTED = "update-noted"  # in the state directory: the last outcome that the ledger has
GOOD_IS_TOLD_S = 3600.0  # of the agent's clock, from when this was new
LONGEST = 200  # characters of what the hub is told
_LARGEST_BYTES = 16_384  # of a report, which lies in a folder of another user
_ENDED = frozenset({"good", "rolled-back", "refused"})

Note = Callable[[str, Mapping[str, Any]], None]


class Report(msgspec.Struct, frozen=True):
    """What the installer tells; a field that is not known is passed by. `at` is RFC 3339."""

    kind: str
    version: str
    state: Literal["waiting", "trying", "good", "rolled-back", "refused"]
    why: str = ""
    at: str = ""

    def __str__(self) -> str:
        """As the hub has it."""
        why = f": {self.why}" if self.why else ""
        return f"{self.kind} {self.version} {self.state.replace('-', ' ')}{why}"[:LONGEST]


class Updates:
    """Looks at the report; `note` writes into the ledger, `state` keeps that it was written.

    `text` is what there is to tell the hub. A good one is told for an hour, what was not kept until
    there is something else to tell.
    """

    def __init__(self, state: Path, run_dir: Path, note: Note) -> None:
        self._path = report_path(run_dir)
        self._noted, self._note = state / NOTED, note
        self._seen: tuple[int, ...] = ()
        self._good_until = float("-inf")
        self._report: Report | None = None
        self.text = ""

    def look(self, now: float) -> None:
        """Look at it at `now` (the agent's clock); may wait for a disk."""
        seen = self._stamp()
        if seen != self._seen:
            self._seen = seen
            self._report = read_told(self._path, Report, _LARGEST_BYTES)
            if self._report is not None:
                self._take(self._report, now)
        found = self._report
        is_told = found is not None and (found.state != "good" or now < self._good_until)
        self.text = str(found) if is_told else ""

    def _take(self, found: Report, now: float) -> None:
        if found.state not in _ENDED:
            return
        digest = hashlib.sha256(msgspec.json.encode(found)).hexdigest()
        try:
            if self._noted.read_text("ascii") == digest:
                return
        except (OSError, ValueError):  # nothing was noted yet
            pass
        self._good_until = now + GOOD_IS_TOLD_S
        self._note(UPDATE, msgspec.to_builtins(found))
        try:
            replace(self._noted, digest.encode())
        except OSError as error:  # then the next start notes it again
            log.warning("update: %s: %s", self._noted, error)

    def _stamp(self) -> tuple[int, ...]:
        with contextlib.suppress(OSError):
            found = self._path.stat()
            return found.st_ino, found.st_mtime_ns, found.st_size
        return ()


def report_path(run_dir: Path) -> Path:
    """Where the installer leaves its report: in `haetae-update` beside the run directory."""
    return run_dir.with_name(f"{run_dir.name}-update") / "report.json"


def installed() -> dict[str, str]:
    """The versions, by kind, of the updates that this process runs from; nothing: as shipped."""
    path = Path(agent.__file__).parents[1] / "installed.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        found: dict[str, dict[str, str]] = msgspec.json.decode(path.read_bytes())
        return {kind: layer["version"] for kind, layer in found.items()}
    return {}
