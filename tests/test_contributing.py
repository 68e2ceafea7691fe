"""The walk-through of CONTRIBUTING works as it stands, and touches no more than it says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DRIVER = "mcp9808"
CATALOG = "drivers/catalog.py"
LISTINGS = dict(
    re.findall(
        r"^`([\w/.]+)`\n\n```python\n(.*?)^```$",
        (ROOT / "CONTRIBUTING.md").read_text("utf-8"),
        re.DOTALL | re.MULTILINE,
    )
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with the walk-through's part."""
    root = tmp_path_factory.mktemp("copy")
    for folder in ("agent", "docs", "drivers", "hw_mocks", "models", "scripts", "tests"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("setup.cfg", "ruff.toml"):
        shutil.copy(ROOT / file, root)
    for name, text in LISTINGS.items():
        if name == CATALOG:
            catalog = (root / name).read_text("utf-8")
            first = "DRIVERS: Mapping[str, str] = {\n"
            assert first in catalog
            (root / name).write_text(catalog.replace(first, first + text), "utf-8")
        else:
            assert not (root / name).exists()
            (root / name).write_text(text, "utf-8")
    return root


def run(copy: Path, *command: str) -> None:
    done = subprocess.run(
        (sys.executable, *command),
        capture_output=True,
        text=True,
        check=False,
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy)},  # not the repository itself
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_walk_through_touches_driver_catalogue_chip_and_tests_only() -> None:
    assert set(LISTINGS) == {
        CATALOG,
        f"drivers/{DRIVER}.py",
        f"hw_mocks/chips/{DRIVER}.py",
        f"tests/drivers/parts/{DRIVER}.py",
        f"tests/drivers/test_{DRIVER}.py",
    }
    assert LISTINGS[CATALOG].count("\n") == 1


def test_the_part_passes_what_every_part_must_pass(copy: Path) -> None:
    run(copy, "scripts/sensors_page.py")
    assert f"| `{DRIVER}` |" in (copy / "docs" / "sensors.md").read_text("utf-8")
    files = ("conformance", "catalog", "sensors_page", DRIVER)
    tests = [f"tests/drivers/test_{each}.py" for each in files]
    run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", DRIVER, *tests)


def test_the_listings_are_clean(copy: Path) -> None:
    files = [name for name in LISTINGS if name != CATALOG]
    run(copy, "-m", "ruff", "check", "--no-cache", *files)
    run(copy, "-m", "ruff", "format", "--no-cache", "--check", *files)
