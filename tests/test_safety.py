"""docs/safety.md is kept honest: every requirement has a number and names tests that exist."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
HEADING = re.compile(r"^### (REQ-\d{3}) (.+)$", re.MULTILINE)
NODE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


class Requirement(NamedTuple):
    """One numbered section of docs/safety.md and the tests that it names."""

    number: str
    tests: list[tuple[str, str]]


def sections(text: str, heading: re.Pattern[str]) -> Iterator[tuple[re.Match[str], str]]:
    """Each heading of that form with what stands below it, up to the next one."""
    headings = list(heading.finditer(text))
    ends = [*(match.start() for match in headings), len(text)][1:]
    for match, end in zip(headings, ends, strict=True):
        yield match, text[match.end() : end]


def requirements(text: str) -> Iterator[Requirement]:
    for match, below in sections(text, HEADING):
        yield Requirement(match[1], NODE.findall(below))


@cache
def functions_of(path: Path) -> frozenset[str]:
    """The names of the test functions of a file, read but not run."""
    if not path.is_file():
        return frozenset()
    return frozenset(
        node.name
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def missing(tests: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Those of the named tests that do not exist."""
    return (f"{file}::{name}" for file, name in tests if name not in functions_of(ROOT / file))


def problems(text: str) -> Iterator[str]:
    """What is wrong with a page of requirements, a line each."""
    found = list(requirements(text))
    expected = [f"REQ-{number:03}" for number in range(1, len(found) + 1)]
    if [requirement.number for requirement in found] != expected:
        yield f"numbers do not run from REQ-001 to {expected[-1:] or 'any'}"
    for requirement in found:
        if not requirement.tests:
            yield f"{requirement.number} names no test"
        for name in missing(requirement.tests):
            yield f"{requirement.number} names {name}, which does not exist"


def test_every_safety_requirement_names_tests_that_exist() -> None:
    text = (ROOT / "docs" / "safety.md").read_text("utf-8")
    assert HEADING.search(text)
    assert list(problems(text)) == []


ME = "tests/test_safety.py::test_every_safety_requirement_names_tests_that_exist"


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ("### REQ-001 One\nText.\n", "REQ-001 names no test"),
        (f"### REQ-002 One\n`{ME}`\n", "numbers do not run from"),
        (f"### REQ-001 One\n`{ME}`\n### REQ-001 Again\n`{ME}`\n", "numbers do not run from"),
        ("### REQ-001 One\n`tests/test_safety.py::test_no`\n", "which does not exist"),
        ("### REQ-001 One\n`tests/test_no.py::test_no`\n", "which does not exist"),
    ],
)
def test_a_requirement_without_its_test_is_noticed(page: str, problem: str) -> None:
    assert any(problem in line for line in problems(page))


def test_a_page_in_order_has_no_problem() -> None:
    assert not list(problems(f"### REQ-001 One\nText.\n\nTests: `{ME}`\n"))
