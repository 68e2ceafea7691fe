"""`haetae-provision wiring` as whoever plans a place types it."""

import json
from pathlib import Path

import pytest

from provisioning import cli

CLASH = """
profile = "mine"
title = { ko = "내 것", en = "Mine" }
annunciator = { siren = { gpio = 17 } }
sensors = [{ name = "one", driver = "button", gpio = 17 }]
"""


def run(*words: object) -> int:
    return cli.main([str(each) for each in ("--lang", "ko", "wiring", *words)])


def test_it_lists_what_to_buy(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("market-stall") == 0
    said = capsys.readouterr().out
    assert "2 x 누름 단추" in said
    assert run("market-stall", "--json") == 0
    parts = json.loads(capsys.readouterr().out)["parts"]
    assert {"count": 2, "ko": "누름 단추", "en": "Push button"} in parts


@pytest.mark.parametrize(
    ("suffix", "begins"),
    [(".html", "<!doctype html>"), (".svg", "<svg "), (".csv", "부품"), (".md", "|")],
)
def test_it_writes_what_is_asked_for(tmp_path: Path, suffix: str, begins: str) -> None:
    out = tmp_path / f"stall{suffix}"
    assert run("market-stall", "--out", out) == 0
    assert out.read_text("utf-8").startswith(begins)


def test_wrong_wiring_is_refused_in_words_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(CLASH, "utf-8")
    assert run(path, "--out", tmp_path / "mine.svg") == 1
    said = capsys.readouterr().err
    assert "11 (GPIO17)번 핀" in said
    assert "빈 핀으로 옮기고" in said
    assert not (tmp_path / "mine.svg").exists()


@pytest.mark.parametrize("text", ["", "profile = 3", "not toml"])
def test_what_is_no_profile_is_said_to_be_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    path = tmp_path / "odd.toml"
    path.write_text(text, "utf-8")
    assert run(path) == 1
    assert run(tmp_path / "none.toml") == 1
    assert "profile-unreadable" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("market-stall", "--out", tmp_path / "no" / "such.svg") == 1
    assert "folder-unwritable" in capsys.readouterr().err
