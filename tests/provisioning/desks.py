"""An installer's desk for tests: a folder with a city's file and a table, and the command line."""

import contextlib
import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioning import cli

PEM = "-----BEGIN CERTIFICATE-----\n" + "A" * 64 + "\n-----END CERTIFICATE-----\n"
HEADER = "site,place_ko,place_en,profile"
CITY = """
phone = "053-000-0000"
[authority]
url = "https://ca.example:9443"
anchors = "roots.pem"
[hub]
host = "hub.example"
"""


@dataclass(frozen=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def failure(self) -> str:
        """The code of the failure that it told, of which it must have told what to do."""
        assert self.code == 1, self
        error = self.records[-1]["error"]
        for text in (error["what"], error["remedy"]):
            assert any("가" <= character <= "힣" for character in text["ko"])
            assert text["en"].isprintable() or "\n" in text["en"]
        return str(error["code"])


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Desk:
    """A folder of its own, and what is typed there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = folder / "journal.db"
        (folder / "roots.pem").write_text(PEM)
        self.city = folder / "city.toml"
        self.city.write_text(CITY)
        self.out = folder / "batch"
        self.system = Path("/")

    def run(self, *words: object, typed: str = "", lang: str = "en", bar: bool = False) -> Said:
        """Run a command, for a person."""
        out, err, before = io.StringIO(), _Terminal() if bar else io.StringIO(), sys.stdin
        argv = [str(each) for each in words]
        argv += ["--journal", str(self.journal), "--installer", "kim", "--lang", lang]
        sys.stdin = io.StringIO(typed)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                try:
                    code = cli.main(argv, self.system)
                except SystemExit as end:
                    code = int(end.code or 0)
        finally:
            sys.stdin = before
        return Said(code, out.getvalue(), err.getvalue())

    def ask(self, *words: object, typed: str = "") -> Said:
        """Run a command, for a machine."""
        return self.run(*words, "--json", typed=typed)

    def table(self, *rows: str, header: str = HEADER) -> Path:
        path = self.folder / "sites.csv"
        path.write_text("\n".join((header, *rows)) + "\n", "utf-8")
        return path

    def batch(self, table: Path, *words: object) -> Said:
        return self.ask("batch", table, "--out", self.out, "--city", self.city, *words)

    def files(self) -> Mapping[str, bytes]:
        """Every file of the batch's folder."""
        found = sorted(path for path in self.out.rglob("*") if path.is_file())
        return {str(path.relative_to(self.out)): path.read_bytes() for path in found}

    def seeds(self) -> Sequence[Path]:
        return sorted((self.out / "seeds").glob("*.toml"))


def stalls(count: int) -> Iterator[str]:
    """Rows of a market."""
    for n in range(1, count + 1):
        yield f"cheongnyangni,청량리 시장 {n}호,Cheongnyangni market stall {n},market-stall"
