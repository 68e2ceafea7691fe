"""What is built: the newest commit, whole, and nothing that merely lies in the working tree."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from image.tools import run

CHECKOUT = Path(__file__).parents[2]
_LEFT = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__")


@dataclass(frozen=True, slots=True)
class Source:
    """The files in `folder`; `commit` is empty where there is no git; `epoch_s` is their date."""

    folder: Path
    commit: str
    epoch_s: int


def take(work: Path) -> Source:
    """Lay the newest commit out in a folder; without git, the checkout as it is."""
    folder = work / "source"
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if not (CHECKOUT / ".git").exists():
        shutil.copytree(CHECKOUT, folder, ignore=_LEFT)
        return Source(folder, "", int(given or (CHECKOUT / "setup.cfg").stat().st_mtime))
    folder.mkdir()
    archive = work / "source.tar"
    run("git", "-C", CHECKOUT, "archive", "--output", archive, "HEAD")
    run("tar", "--extract", "-f", archive, "-C", folder)
    archive.unlink()
    if run("git", "-C", CHECKOUT, "status", "--porcelain", "--untracked-files=no"):
        sys.stderr.write("image: what is changed and not committed is not in the image\n")
    commit = run("git", "-C", CHECKOUT, "rev-parse", "HEAD").strip()
    date = run("git", "-C", CHECKOUT, "log", "-1", "--format=%ct")
    return Source(folder, commit, int(given or date))
