"""What one run of the suite has shown on one rig, as a file that outlives it."""

import platform
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

ROOT = Path(__file__).parents[2]
FILE = "results.json"
Outcome = Literal["proven", "failed", "not proven"]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """How one test ended; `why` is the reason where it is not proven, or how it failed."""

    test: str  # as docs/safety.md names it, file::function, and its row in brackets if it has rows
    outcome: Outcome
    why: str = ""
    seconds: float = 0.0


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run: where, of which commit, when (RFC 3339), and what each test showed.

    `device` is what the device said of itself; empty if it never came up.
    """

    rig: str
    commit: str
    at: str
    device: str
    shown: list[Shown]


class Results:
    """A pytest plugin that collects them on one rig."""

    def __init__(self, rig: str) -> None:
        self._rig = rig
        self._parts: dict[str, list[Shown]] = {}
        self._device = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        said = dict(report.user_properties)
        self._device = str(said.get("device", self._device))
        test = name_of(report.nodeid, self._rig)
        if report.when == "call" or report.outcome != "passed":
            self._parts.setdefault(test, []).append(_shown(test, report))

    def run(self) -> Run:
        """All of it; a test that failed in any of its phases has failed."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        shown = [_together(parts) for parts in self._parts.values()]
        return Run(
            rig=self._rig,
            commit=commit(),
            at=at,
            device=self._device,
            shown=shown,
        )


def name_of(node: str, rig: str) -> str:
    """A test's name without the rig: `file::function`, or `file::function[row]`."""
    function, _, row = node.removesuffix("]").partition("[")
    row = "" if row == rig else row.removeprefix(f"{rig}-").removesuffix(f"-{rig}")
    return f"{function}[{row}]" if row else function


def write(run: Run, folder: Path) -> None:
    """Leave a run in the folder of its rig."""
    folder.mkdir(parents=True, exist_ok=True)
    data = msgspec.json.format(msgspec.json.encode(run), indent=1)
    (folder / FILE).write_bytes(data)


def read_all(folder: Path) -> Iterator[Run]:
    """The last run of every rig that has one below `folder`."""
    for path in sorted(folder.glob(f"*/{FILE}")):
        yield msgspec.json.decode(path.read_bytes(), type=Run)


def commit(root: Path = ROOT) -> str:
    """The commit that is checked out; a "+" follows where files differ from it."""

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=root, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no")
    return (git("rev-parse", "--short", "HEAD") or "no git") + ("+" if changed else "")


def host() -> str:
    """The machine that ran the suite, without its name."""
    return f"{platform.machine()}, {platform.system()} {platform.release()}"


def _shown(test: str, report: pytest.TestReport) -> Shown:
    outcomes: dict[str, Outcome] = {"passed": "proven", "skipped": "not proven", "failed": "failed"}
    why = ""
    if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
        why = report.longrepr[2].removeprefix("Skipped: ")
    elif report.outcome == "failed":
        why = _last_line(report.longrepr)
    seconds = round(report.duration, 3)
    return Shown(test=test, outcome=outcomes[report.outcome], why=why, seconds=seconds)


def _last_line(longrepr: Any) -> str:
    crash = getattr(longrepr, "reprcrash", None)
    text = str(longrepr) if crash is None else str(crash.message)
    return next((line for line in text.splitlines() if line.strip()), "")[:300]


def _together(parts: list[Shown]) -> Shown:
    order = ("failed", "proven", "not proven")
    worst = min(parts, key=lambda each: order.index(each.outcome))
    seconds = round(sum(each.seconds for each in parts), 3)
    return msgspec.structs.replace(worst, seconds=seconds)
