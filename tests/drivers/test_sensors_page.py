"""Every driver of the catalogue is on the page, with its limits and its source."""

import re
from pathlib import Path

import pytest

from drivers.catalog import DRIVERS

PAGE = (Path(__file__).parents[2] / "docs" / "sensors.md").read_text("utf-8")
ROWS = [set(re.findall(r"`(\w+)`", row.split("|")[1])) for row in PAGE.splitlines() if "|" in row]


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_driver_has_its_figures_its_wires_its_limits_and_its_source(driver: str) -> None:
    assert sum(driver in row for row in ROWS) >= 4


def test_the_page_names_no_driver_that_does_not_exist() -> None:
    assert set().union(*ROWS) == set(DRIVERS)
