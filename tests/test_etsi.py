"""docs/etsi-en-303-645.md is kept honest: each provision once, with its tests or its reason."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.test_repository import tracked
from tests.test_safety import NODE, ROOT, missing, sections

PAGE = ROOT / "docs" / "etsi-en-303-645.md"
HEADING = re.compile(r"^### ([56](?:\.\d+)?-\d+[AB]?) \((M|R)\) ([a-z ]+): (.+)$", re.MULTILINE)
REASON = re.compile(r"^(?:Missing|Why not): (.+\.)$", re.MULTILINE)
COUNT = re.compile(r"^\| ([a-z ]+) \| (\d+) \| (\d+) \|$", re.MULTILINE)
SHORTEST_REASON = 8  # words
NAMES_TESTS = {"holds", "in part"}
GIVES_A_REASON = {"in part", "not yet", "does not apply"}
# The provisions of V3.1.3 (2024-09), and whether each says shall (with or without a condition)
MANDATORY = """
    5.0-1 5.1-1 5.1-2 5.1-3 5.1-4 5.1-5 5.2-1 5.3-2 5.3-3 5.3-7 5.3-8 5.3-10 5.3-13 5.3-16
    5.4-1 5.4-2 5.4-3 5.4-4 5.5-1 5.5-5 5.5-7 5.5-8 5.6-1 5.6-2 5.6-4A 5.8-2 5.8-3 5.11-1
    5.13-1A 5.13-1B 6-1 6-2 6-3A 6-3B 6-5 6-6
"""
RECOMMENDED = """
    5.1-2A 5.2-2 5.2-3 5.3-1 5.3-4A 5.3-4B 5.3-5 5.3-6A 5.3-6B 5.3-9 5.3-11 5.3-12 5.3-14
    5.3-15A 5.3-15B 5.5-2 5.5-3 5.5-4 5.5-6 5.6-3 5.6-4B 5.6-5 5.6-6 5.6-7 5.6-8 5.6-9
    5.7-1 5.7-2 5.8-1 5.9-1 5.9-2 5.9-3 5.10-1 5.11-2 5.11-3 5.11-4 5.12-1 5.12-2 5.12-3
    6-4 6-7 6-8
"""
EDITION = dict.fromkeys(MANDATORY.split(), "M") | dict.fromkeys(RECOMMENDED.split(), "R")
A_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{16}")


class Provision(NamedTuple):
    """One section of the page."""

    number: str
    status: str
    state: str
    tests: list[tuple[str, str]]
    reason: str


def provisions(text: str) -> Iterator[Provision]:
    for match, below in sections(text, HEADING):
        reason = REASON.search(below)
        yield Provision(
            match[1], match[2], match[3], NODE.findall(below), reason[1] if reason else ""
        )


def problems(text: str) -> Iterator[str]:
    """What is wrong with the page, a line each."""
    found = list(provisions(text))
    listed = Counter(each.number for each in found)
    yield from (f"{number} is not listed" for number in EDITION if number not in listed)
    yield from (f"{number} is listed more than once" for number, n in listed.items() if n > 1)
    for each in found:
        number, has_reason = each.number, len(each.reason.split()) >= SHORTEST_REASON
        if EDITION.get(number) != each.status:
            yield f"{number} is not {each.status} in this edition"
        if each.state not in NAMES_TESTS | GIVES_A_REASON:
            yield f"{number}: {each.state!r} is no state"
        if bool(each.tests) != (each.state in NAMES_TESTS):
            yield f"{number} {each.state} and names {len(each.tests)} tests"
        if has_reason != (each.state in GIVES_A_REASON):
            yield f"{number} {each.state}, with {'a' if has_reason else 'no'} reason"
        yield from (f"{number} names {name}, which does not exist" for name in missing(each.tests))


def test_each_provision_is_listed_once_with_its_tests_or_its_reason() -> None:
    assert list(problems(PAGE.read_text("utf-8"))) == []


def test_the_summary_counts_what_the_page_says() -> None:
    text = PAGE.read_text("utf-8")
    counted = Counter((each.state, each.status) for each in provisions(text))
    said = {state: (int(must), int(should)) for state, must, should in COUNT.findall(text)}
    states = NAMES_TESTS | GIVES_A_REASON
    assert said == {state: (counted[state, "M"], counted[state, "R"]) for state in states}


ME = "tests/test_etsi.py::test_a_page_that_says_too_much_or_too_little_is_noticed"
WHY = "Why not: there is nothing of this kind on any device at all."


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ("### 5.1-1 (M) holds: Own\n\nText.\n", "5.1-1 holds and names 0 tests"),
        ("### 5.1-1 (M) holds: Own\n\nTests: `tests/test_etsi.py::test_no`\n", "does not exist"),
        ("### 5.1-1 (M) not yet: Own\n\nMissing: all.\n", "5.1-1 not yet, with no reason"),
        (f"### 5.1-1 (M) in part: Own\n\nTests: `{ME}`\n", "5.1-1 in part, with no reason"),
        (f"### 5.1-1 (M) not yet: Own\n\n{WHY}\n\nTests: `{ME}`\n", "names 1 tests"),
        (f"### 5.1-1 (M) holds: Own\n\n{WHY}\n\nTests: `{ME}`\n", "5.1-1 holds, with a reason"),
        (f"### 5.1-1 (R) does not apply: Own\n\n{WHY}\n", "5.1-1 is not R in this edition"),
        (f"### 5.1-9 (M) does not apply: Own\n\n{WHY}\n", "5.1-9 is not M in this edition"),
        (f"### 5.1-1 (M) nearly: Own\n\n{WHY}\n", "'nearly' is no state"),
        (f"### 5.1-1 (M) not yet: Own\n\n{WHY}\n" * 2, "5.1-1 is listed more than once"),
        ("", "5.1-1 is not listed"),
    ],
)
def test_a_page_that_says_too_much_or_too_little_is_noticed(section: str, problem: str) -> None:
    assert any(problem in line for line in problems(section))


def test_the_disclosure_policy_says_where_to_report_and_when_one_hears_what() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    assert "private vulnerability reporting" in text
    rows = dict(re.findall(r"^\| (within [\w ]+|every [\w ]+) \| (.+) \|$", text, re.MULTILINE))
    assert "your report has arrived" in rows["within 3 working days"]
    assert "until it is resolved" in rows["every 14 days after that"]
    assert {"within 30 days", "within 90 days"} <= set(rows)


def test_residents_are_told_what_is_sensed_what_leaves_who_sees_it_and_how_to_object() -> None:
    sheet = (ROOT / "docs" / "people" / "residents-sheet.md").read_text("utf-8")
    asked = ["sense", "leaves", "sees", "Switching off", "rights"]
    headings = re.findall(r"^## [^\n]*[가-힣][^\n]* · ([^\n]+)$", sheet, re.MULTILINE)
    assert len(headings) == len(asked)
    assert all(word in heading for word, heading in zip(asked, headings, strict=True))
    assert "take back your consent" in sheet


def test_no_private_key_is_in_the_repository() -> None:
    assert not [path for path in tracked() if has_private_key(path)]


def has_private_key(path: Path) -> bool:
    return A_PRIVATE_KEY.search(path.read_bytes().decode("latin-1")) is not None


def test_a_private_key_would_be_noticed(tmp_path: Path) -> None:
    mark = "PRIVATE KEY-----"
    key = tmp_path / "device.key"
    key.write_text(f"-----BEGIN EC {mark}\nMHcCAQEEIIrYSSNQFaA2Hwf1\n-----END EC {mark}\n")
    assert has_private_key(key)
