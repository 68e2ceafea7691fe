"""Run the suite on one rig, and say which rig has proved what: `make hil RIG=NAME`.

    python -m tests.hil --rig NAME [--out build/hil] [-- WORDS FOR PYTEST]

Leaves OUT/NAME/{report.html, junit.xml, results.json} and, of all rigs, OUT/table.{html,md}: of
whole runs only, so that no choice of tests hides what another would have shown.
Exits with 0 if something was proven and nothing failed, 64 if the rig's outputs are real and
nobody has said that they may move.
"""

import argparse
import sys
from pathlib import Path

import pytest

from tests.hil import results, table
from tests.hil.rigs import RIGS

NOTHING_PROVEN = 1
HANGS_S = 3600  # an emulated board builds its image and updates its system within one test


def main() -> int:
    """Do so."""
    args = _parser().parse_args()
    out: Path = args.out.resolve()
    folder = out / args.rig
    folder.mkdir(parents=True, exist_ok=True)
    seen = results.Results(args.rig)
    code = int(pytest.main([*_words(args.rig, folder), *args.words], plugins=[seen]))
    run = seen.run()
    if not code and not any(each.outcome == "proven" for each in run.shown):
        code = NOTHING_PROVEN
        _say(f"nothing was proven: {run.shown[0].why}")
    if not run.shown or args.words:  # refused, stopped before the first test, or not all of it
        _say(f"not noted, the last whole run stands: {out / 'table.html'}")
        return code
    results.write(run, folder)
    made = table.of(out, results.ROOT / "docs" / "safety.md")
    (out / "table.html").write_text(table.as_html(made), "utf-8")
    (out / "table.md").write_text(table.as_markdown(made), "utf-8")
    for line in ("", *table.as_text(made.tests()), "", *table.as_text(made.requirements()), ""):
        _say(line)
    for rig, about in made.about():
        _say(f"{rig}: {about}")
    _say(f"report: {folder / 'report.html'}; which rig proved what: {out / 'table.html'}")
    return code


def _words(rig: str, folder: Path) -> list[str]:
    about = {"Rig": f"{rig}: {RIGS[rig]}", "Commit": results.commit(), "Run on": results.host()}
    return [
        str(results.ROOT / "tests" / "hil"), f"--rootdir={results.ROOT}", "--rig", rig, "-v",
        f"--junitxml={folder / 'junit.xml'}", f"--html={folder / 'report.html'}",
        "--self-contained-html", "-o", f"faulthandler_timeout={HANGS_S}",
        *(word for key, value in about.items() for word in ("--metadata", key, value)),
    ]  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    about = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m tests.hil", description=about)
    parser.add_argument("--rig", required=True, choices=list(RIGS))
    parser.add_argument("--out", type=Path, default=results.ROOT / "build" / "hil")
    parser.add_argument("words", nargs="*", help="for pytest, after --: -k fire")
    return parser


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
