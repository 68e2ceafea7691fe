"""Which rig proved what: the table never says more than the runs have shown."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hil import results, table
from tests.hil.results import Run, Shown, name_of
from tests.hil.rigs import RIGS
from tests.hil.rigs.board_config import NAMED_BY
from tests.hil.rigs.rig import Capability, missing
from tests.hil.rigs.sim import SimRig
from tests.running import REPOSITORY

SAFETY = """\
### REQ-001 The device is armed
- `tests/hil/test_a.py::test_armed`
### REQ-002 Nothing is lost
- `tests/hil/test_a.py::test_lost`
- `tests/test_elsewhere.py::test_other`
### REQ-003 Not of this suite
- `tests/test_elsewhere.py::test_other`
"""
A = "tests/hil/test_a.py::"


def run(rig: str, *shown: Shown, device: str = "haetae 0.1.0, real wires") -> Run:
    return Run(rig=rig, commit="abc1234", at="2026-11-22T12:00:00+00:00", device=device,
               shown=list(shown))  # fmt: skip


def words(rows: list[table.Row]) -> dict[str, list[str]]:
    return {row.name: [cell.word for cell in row.cells] for row in rows}


def test_a_requirement_is_proven_where_every_row_of_its_tests_is() -> None:
    made = table.Table(
        [
            run("sim", Shown(test=f"{A}test_armed", outcome="proven"),
                Shown(test=f"{A}test_lost[kill]", outcome="proven"),
                Shown(test=f"{A}test_lost[power]", outcome="not proven", why="no power")),
            run("nspawn", Shown(test=f"{A}test_armed", outcome="failed", why="silent"),
                Shown(test=f"{A}test_lost[kill]", outcome="proven"),
                Shown(test=f"{A}test_lost[power]", outcome="proven")),
        ],
        SAFETY,
    )  # fmt: skip
    assert list(RIGS) == ["sim", "nspawn", "qemu", "board"]
    assert words(made.requirements()) == {
        "REQ-001": ["proven", "failed", "-", "-"],
        "REQ-002": ["1 of 2", "proven", "-", "-"],
    }
    armed, lost = made.requirements()
    assert [cell.behind for cell in armed.cells] == [
        "2026-11-22, abc1234", "silent", "never run here", "never run here",
    ]  # fmt: skip
    assert lost.cells[0].behind == "no power"


def test_a_test_that_is_newer_than_a_rigs_run_is_not_proven_there() -> None:
    old = run("nspawn", Shown(test=f"{A}test_armed", outcome="proven"))
    new = run("sim", Shown(test=f"{A}test_lost", outcome="proven"))
    made = table.Table([old, new], SAFETY)
    assert words(made.tests())[f"{A}test_lost"] == ["proven", "-", "-", "-"]
    assert made.tests()[1].cells[1].behind == "newer than the last run here"


def test_a_board_on_simulated_wires_proves_nothing_of_a_board() -> None:
    shown = Shown(test=f"{A}test_armed", outcome="proven")
    rehearsed = run("board", shown, device="haetae 0.1.0, x86_64, simulated wires")
    made = table.Table([rehearsed], SAFETY)
    assert words(made.requirements())["REQ-001"][-1] == "rehearsed"
    assert "1 rehearsed, 0 failed" in dict(made.about())["board"]
    assert (
        words(table.Table([run("board", shown)], SAFETY).requirements())["REQ-001"][-1] == "proven"
    )


def test_the_pages_hold_every_rig_and_every_reason_and_need_nothing_else() -> None:
    made = table.Table(
        [run("sim", Shown(test=f"{A}test_armed", outcome="not proven", why="a | b <c>"))], SAFETY
    )
    page, text = table.as_html(made), table.as_markdown(made)
    assert "a | b &lt;c&gt;" in page
    assert not any(each in page for each in ("http", "<script", "src=", "<link"))
    assert "- (a / b <c>)" in text
    for rig in RIGS:
        assert f"<b>{rig}</b>" in page
        assert f"**{rig}**" in text


def test_the_row_of_a_test_is_kept_without_its_rig() -> None:
    assert name_of("tests/hil/test_a.py::test_b[sim]", "sim") == "tests/hil/test_a.py::test_b"
    assert name_of(f"{A}test_b[sim-x-y]", "sim") == f"{A}test_b[x-y]"
    assert name_of(f"{A}test_b[x-sim]", "sim") == f"{A}test_b[x]"


def test_a_run_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    written = run("sim", Shown(test=f"{A}test_armed", outcome="proven", seconds=1.5))
    results.write(written, tmp_path / "sim")
    assert list(results.read_all(tmp_path)) == [written]


def test_what_a_rig_lacks_is_named_with_its_reason(tmp_path: Path) -> None:
    rig = SimRig(tmp_path)
    assert missing(rig, [Capability.KNOBS], ["sos.pressed"]) == ""
    assert "no knob sos.lit" in missing(rig, [Capability.KNOBS], ["sos.lit"])
    assert "make torture" in missing(rig, [Capability.POWER], [])


@pytest.mark.parametrize(("chosen", "code"), [("device_is_armed", 0), ("firmware_of_none", 5)])
def test_a_chosen_part_of_the_suite_is_run_and_not_noted(
    chosen: str, code: int, tmp_path: Path
) -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "tests.hil", "--rig", "sim", "--out", str(tmp_path),
            "--", "-k", chosen, "-p", "no:cacheprovider",
        ],
        capture_output=True, text=True, check=False, cwd=REPOSITORY,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    assert "the last whole run stands" in done.stdout
    assert (tmp_path / "sim" / "junit.xml").exists()
    assert (tmp_path / "sim" / "report.html").exists()
    assert not (tmp_path / "sim" / "results.json").exists()


def test_a_rig_that_proves_nothing_is_no_success_and_says_why(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.hil", "--rig", "board", "--out", str(tmp_path)],
        capture_output=True, text=True, check=False, cwd=REPOSITORY,
        env=os.environ | {NAMED_BY: str(tmp_path / "none.toml")},
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "nothing was proven" in done.stdout
    assert "board.example.toml" in done.stdout
    (noted,) = results.read_all(tmp_path)
    assert {each.outcome for each in noted.shown} == {"not proven"}
