"""Which rig proved what: the last runs of all rigs in one table."""

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.hil.results import Run, read_all
from tests.hil.rigs import RIGS
from tests.test_safety import HEADING, NODE, sections

PREFIX = "tests/hil/"
SIMULATED, REHEARSED = "simulated wires", "rehearsed"  # SSH was real, the board's wires were not
NOT, NEVER = "-", "never run here"


@dataclass(frozen=True, slots=True)
class Cell:
    """One answer: a word, and what stands behind it (when and of which commit, or why not)."""

    word: str
    behind: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A requirement or a test, and its answer on each rig in the order of `RIGS`."""

    name: str
    title: str
    cells: tuple[Cell, ...]


class Table:
    """Made of the runs, and of docs/safety.md, which says which test holds which requirement."""

    def __init__(self, runs: Sequence[Run], safety: str) -> None:
        self.runs = {run.rig: run for run in runs}
        self._shown = {
            rig: {each.test: each for each in run.shown} for rig, run in self.runs.items()
        }
        self._requirements = list(_requirements(safety))

    def requirements(self) -> list[Row]:
        """A row for each requirement that a test of this suite holds."""
        return [
            Row(number, title, tuple(self._together(rig, self._rows_of(tests)) for rig in RIGS))
            for number, title, tests in self._requirements
        ]

    def tests(self) -> list[Row]:
        """A row for each test that any rig has met, and for each of a test's own rows."""
        held = {test: number for number, _, tests in self._requirements for test in tests}
        return [
            Row(name, held.get(_function(name), ""), tuple(self._alone(rig, name) for rig in RIGS))
            for name in self._names()
        ]

    def _names(self) -> list[str]:
        return sorted({test for shown in self._shown.values() for test in shown})

    def _rows_of(self, tests: Sequence[str]) -> list[str]:
        known = self._names()
        return [
            name
            for test in tests
            for name in [each for each in known if _function(each) == test] or [test]
        ]

    def about(self) -> list[tuple[str, str]]:
        """Each rig and its last run, in words."""
        return [(rig, self._about(rig)) for rig in RIGS]

    def _about(self, rig: str) -> str:
        run = self.runs.get(rig)
        if run is None:
            return f"{NEVER}: make hil RIG={rig}"
        good = REHEARSED if _is_rehearsal(run) else "proven"
        counts = [
            f"{sum(each.outcome == outcome for each in run.shown)} {word}"
            for outcome, word in (
                ("proven", good),
                ("failed", "failed"),
                ("not proven", "not proven"),
            )
        ]
        return f"{run.at}, commit {run.commit}: {', '.join(counts)}; {run.device or 'no device'}"

    def _alone(self, rig: str, test: str) -> Cell:
        run = self.runs.get(rig)
        if run is None:
            return Cell(NOT, NEVER)
        found = self._shown[rig].get(test)
        if found is None:
            return Cell(NOT, "newer than the last run here")
        word = _WORDS[found.outcome]
        if word == "proven" and _is_rehearsal(run):
            word = REHEARSED
        return Cell(word, found.why or f"{run.at[:10]}, {run.commit}")

    def _together(self, rig: str, tests: Sequence[str]) -> Cell:
        cells = [self._alone(rig, test) for test in tests]
        words = [cell.word for cell in cells]
        reasons = "; ".join(dict.fromkeys(c.behind for c in cells if c.word in {NOT, "failed"}))
        if "failed" in words:
            return Cell("failed", reasons)
        if not (good := len(words) - words.count(NOT)):
            return Cell(NOT, reasons)
        if good == len(words):
            return Cell(words[0], cells[0].behind)
        return Cell(f"{good} of {len(words)}", reasons)


_WORDS: Mapping[str, str] = {"proven": "proven", "failed": "failed", "not proven": NOT}


def of(folder: Path, safety: Path) -> Table:
    """The table of the runs below a folder."""
    return Table(list(read_all(folder)), safety.read_text("utf-8"))


def as_text(rows: Sequence[Row]) -> Iterator[str]:
    """For a terminal: a line a row, and what is not proven says why in the files."""
    width = max((len(_short(row)) for row in rows), default=0)
    yield " " * width + "".join(f"  {rig:<8}" for rig in RIGS)
    for row in rows:
        yield f"{_short(row):<{width}}" + "".join(f"  {cell.word:<8}" for cell in row.cells)


def as_markdown(table: Table) -> str:
    """The whole of it, as a page."""
    lines = ["# Which rig proved what", ""]
    lines += [f"- **{rig}**: {about}" for rig, about in table.about()]
    for title, rows in (("Requirements", table.requirements()), ("Tests", table.tests())):
        lines += [
            "",
            f"## {title}",
            "",
            f"| | | {' | '.join(RIGS)} |",
            "|---" * (len(RIGS) + 2) + "|",
        ]
        for row in rows:
            cells = " | ".join(_cell_text(cell) for cell in row.cells)
            lines.append(f"| {row.name} | {row.title} | {cells} |")
    return "\n".join([*lines, ""])


def as_html(table: Table) -> str:
    """The same as a page that needs nothing else."""
    parts = [_HEAD, "<h1>Which rig proved what</h1><ul>"]
    parts += [f"<li><b>{rig}</b>: {html.escape(about)}</li>" for rig, about in table.about()]
    parts.append("</ul>")
    head = "".join(f"<th scope=col>{rig}</th>" for rig in RIGS)
    for title, rows in (("Requirements", table.requirements()), ("Tests", table.tests())):
        parts.append(f"<h2>{title}</h2><table><tr><th></th><th></th>{head}</tr>")
        for row in rows:
            cells = "".join(_cell_html(cell) for cell in row.cells)
            name, about = html.escape(row.name), html.escape(row.title)
            parts.append(f"<tr><th scope=row>{name}</th><td>{about}</td>{cells}</tr>")
        parts.append("</table>")
    return "\n".join([*parts, ""])


def _is_rehearsal(run: Run) -> bool:
    return run.rig == "board" and SIMULATED in run.device


def _function(name: str) -> str:
    return name.partition("[")[0]


def _short(row: Row) -> str:
    return f"{row.name} {row.title}"[:72] if row.name.startswith("REQ") else row.name[len(PREFIX) :]


def _cell_text(cell: Cell) -> str:
    return f"{cell.word} ({cell.behind})".replace("|", "/") if cell.behind else cell.word


def _cell_html(cell: Cell) -> str:
    kind = cell.word if cell.word in {"proven", "failed"} else "not" if cell.word == NOT else "part"
    behind = f"<small>{html.escape(cell.behind)}</small>" if cell.behind else ""
    return f"<td class={kind}>{html.escape(cell.word)}<br>{behind}</td>"


def _requirements(safety: str) -> Iterator[tuple[str, str, list[str]]]:
    for match, below in sections(safety, HEADING):
        named = [f"{file}::{name}" for file, name in NODE.findall(below)]
        if ours := [each for each in named if each.startswith(PREFIX)]:
            yield match[1], match[2], ours


_HEAD = """<!doctype html><html lang=en><meta charset=utf-8><title>Which rig proved what</title>
<style>
body { font: 15px/1.4 sans-serif; margin: 2em } table { border-collapse: collapse }
th, td { border: 1px solid #bbb; padding: .3em .6em; vertical-align: top; text-align: left }
small { color: #333 } .proven { background: #d7f0d7 } .failed { background: #f6c9c9 }
.part { background: #fdf0c4 } .not { background: #eee }
</style>"""
