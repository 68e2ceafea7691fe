"""The page of sensors is what the drivers say of their parts."""

import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from drivers import catalog

ROOT = Path(__file__).parents[2]


def test_the_page_is_made_from_the_code() -> None:
    command = (sys.executable, str(ROOT / "scripts" / "sensors_page.py"), "--check")
    assert subprocess.run(command, check=False, cwd=ROOT).returncode == 0, "make sensors-page"


@pytest.mark.parametrize("driver", catalog.DRIVERS)
def test_a_sheet_is_whole_and_fits_a_table(driver: str) -> None:
    (config,) = catalog.config_types([driver])
    for field, text in asdict(config.sheet).items():
        assert text == text.strip(), field
        assert text, field
        assert "\n" not in text, field
    assert set(config.sheet.price) == {"€"}


@pytest.mark.parametrize("driver", catalog.DRIVERS)
def test_the_sheet_names_the_warm_up_that_the_agent_waits_for(driver: str) -> None:
    (config,) = catalog.config_types([driver])
    if config.warm_up_s:
        assert f"{config.warm_up_s:g} s" in config.sheet.warm_up
