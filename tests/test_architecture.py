"""The page that traces a reading by function name names functions that exist."""

import pkgutil
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "architecture.md"
NAMES = sorted(set(re.findall(r"`((?:agent|drivers|hw_mocks)(?:\.\w+)+)`", PAGE.read_text())))


def test_the_page_names_something() -> None:
    assert len(NAMES) > 15


@pytest.mark.parametrize("name", NAMES)
def test_a_name_on_the_page_exists_in_the_code(name: str) -> None:
    pkgutil.resolve_name(name)
