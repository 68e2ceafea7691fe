"""The setup page's words: all of them in one table, each in both languages, none elsewhere."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.sensor import Quantity
from tests.provisioning.phones import Phone

PAGE = Path(__file__).parents[2] / "provisioning" / "setup_page"
SCRIPTS = sorted(PAGE.glob("*.js"))
HANGUL = re.compile(r"[\uac00-\ud7a3]")
PLACES = re.compile(r"\{(\w+)\}")
SAID = re.compile(r"""\bsay\(\s*(?:[^()"]*\? )?"(\w+)"(?: : "(\w+)")?""")
WORDS = re.compile(r'"[A-Z][a-z]+(?: [a-z]+)+[.!?]?"')  # a sentence in a string


@pytest.fixture
def languages(handset: Phone) -> dict[str, Any]:
    """The table, as a browser reads it."""
    handset.browser.get("about:blank")
    text = (PAGE / "texts.js").read_text("utf-8").replace("export ", "")
    return dict(handset.script(f"{text}\nreturn LANGUAGES;"))


def flat(words: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every text with its place; a list is one text."""
    if isinstance(words, dict):
        for name, each in words.items():
            yield from flat(each, f"{path}.{name}")
    else:
        yield path, words


def parts(words: Any) -> list[Any]:
    return words if isinstance(words, list) else [words]


def test_every_text_is_there_in_both_languages_with_the_same_gaps(
    languages: dict[str, Any],
) -> None:
    korean, english = dict(flat(languages["ko"])), dict(flat(languages["en"]))
    assert korean.keys() == english.keys()
    for name, words in korean.items():
        for one, other in zip(parts(words), parts(english[name]), strict=True):
            assert type(one) is type(other), name
            assert set(PLACES.findall(str(one))) == set(PLACES.findall(str(other))), name
    del korean[".language"], korean[".zoneName"]  # the other's name; gaps alone
    assert [name for name, each in korean.items() if not HANGUL.search(str(each))] == []
    assert not any(
        HANGUL.search(str(each))
        for name, each in english.items()
        if name not in {".language", ".placeKoHint"}
    )


def test_each_quantity_has_words_for_its_values(languages: dict[str, Any]) -> None:
    for each in languages.values():
        assert set(each["quantities"]) == {str(quantity) for quantity in Quantity}


def test_no_words_stand_anywhere_else() -> None:
    for each in SCRIPTS:
        if each.name != "texts.js":
            code = re.sub(r"(?m)//.*$", "", each.read_text("utf-8"))
            assert not HANGUL.search(code), each.name
            assert not WORDS.findall(code), each.name
    page = (PAGE / "index.html").read_text("utf-8")
    shown = re.sub(r"<title>.*?</title>|<noscript>.*?</noscript>|<[^>]+>", "", page)
    assert not shown.strip().removeprefix("<!doctype html>").strip()


def test_what_the_scripts_say_is_in_the_table_and_all_of_it_is_said(
    languages: dict[str, Any],
) -> None:
    code = "\n".join(p.read_text("utf-8") for p in SCRIPTS if p.name != "texts.js")
    page = (PAGE / "index.html").read_text("utf-8")
    said = {name for found in SAID.findall(code) for name in found if name}
    said |= set(re.findall(r'data-text="(\w+)"', page))
    texts = {name for name, each in languages["en"].items() if isinstance(each, str)}
    assert said <= texts
    quoted = set(re.findall(r'"(\w+)"', code + (PAGE / "texts.js").read_text("utf-8"))) | said
    assert texts <= quoted, "said nowhere"
