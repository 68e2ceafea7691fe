"""The month's page: nothing of a run is lost between its samples and its hours."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "scripts" / "month_page.py"


@pytest.fixture(scope="module", name="page")
def _page() -> ModuleType:
    sys.path.insert(0, str(SCRIPT.parent))
    try:
        spec = importlib.util.spec_from_file_location("month_page", SCRIPT)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(SCRIPT.parent))
    return module


@settings(deadline=None, max_examples=50)
@given(
    steps=st.lists(
        st.tuples(st.floats(1.0, 5000.0), st.integers(0, 10_000), st.booleans()), min_size=1
    )
)
def test_every_byte_and_every_unarmed_hour_of_a_run_is_in_its_hours(
    page: ModuleType, steps: list[tuple[float, int, bool]]
) -> None:
    rows, at_s, written = [], 0.0, 0
    for step_s, more, armed in steps:
        at_s, written = at_s + step_s, written + 1024 * more
        rows.append(
            {
                "at_s": str(at_s),
                "life": "1",
                "armed": str(armed),
                "rss_kib": "1024",
                "threads": "9",
                "written_bytes": str(written),
                "pending": "0",
                "troubles": "",
            }
        )
    hours = list(page.by_hour(rows))
    assert sum(float(each["written_kib"]) for each in hours) == pytest.approx(written / 1024)
    unarmed = {int(float(each["at_s"]) // 3600) for each in rows if each["armed"] == "False"}
    assert {e["hour"] for e in hours if float(e["armed_pct"]) < 100} == unarmed


def test_the_page_and_its_picture_are_what_the_run_says() -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, "--check"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "."},
        check=False,
    )
    assert done.returncode == 0
