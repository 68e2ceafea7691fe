"""The page of evidence: what stands in it, and what never does."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from agent import config, recording
from agent.cli import PROFILES
from agent.detectors.noise_hour import Finding
from agent.detectors.noise_rule import Measure, Verdict
from agent.noise_report import Stretch, judge, main, report
from agent.values import Reading
from drivers.sensor import Quantity

SETTINGS = config.load(PROFILES / "apartment-noise.toml")


def rows(seconds: int, laeq: float, blows: dict[int, float]) -> list[Reading]:
    found = []
    for n in range(1, seconds + 1):
        loud = blows.get(n, laeq + 1)
        found += [
            Reading("microphone", Quantity.SOUND_LAF_DBA, laeq + 1, n - 0.5),
            Reading("microphone", Quantity.SOUND_LAF_DBA, loud, float(n)),
            Reading("microphone", Quantity.SOUND_LAEQ_DBA, max(laeq, loud - 10), float(n)),
            Reading("microphone", Quantity.SOUND_LOST_PCT, 0.0, float(n)),
        ]
    return found


def recorded(folder: Path, found: list[Reading], start: str = "2026-11-20T23:10:00+09:00") -> Path:
    recording.write(folder, "위층 <소음>", "test", found, {})
    text = (folder / "recording.toml").read_text()
    (folder / "recording.toml").write_text(text + f"start = {start}\n")
    return folder


def test_the_page_says_what_was_measured_and_judged_in_both_languages(tmp_path: Path) -> None:
    blows = {30: 70.0, 90: 70.0, 150: 70.0}
    page = report([recorded(tmp_path / "a", rows(600, 33.0, blows))], SETTINGS)
    for words in (
        "초과",
        "exceeds",
        "LAFmax",
        "2026-11-20 23:10",
        "±3.2 dB",
        "34 dB(A)",
        "33 dB(A)",
    ):
        assert words in page
    assert "위층 &lt;소음&gt;" in page
    assert re.search(r"SHA-256: [0-9a-f]{64}", page)


def test_the_page_needs_nothing_from_anywhere_and_has_no_sound(tmp_path: Path) -> None:
    page = report([recorded(tmp_path / "a", rows(120, 40.0, {}))], SETTINGS)
    assert not re.search(r"(src|href)=|url\(|<audio|<script|http", page)

    class Balanced(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open_tags: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag not in {"meta", "br", "path"}:
                self.open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            if tag != "path":
                assert self.open_tags.pop() == tag

    parser = Balanced()
    parser.feed(page)
    assert not parser.open_tags


def test_a_quiet_night_is_indeterminate_and_a_quiet_noon_is_below(tmp_path: Path) -> None:
    for start, word in (
        ("2026-11-20T23:00:00+09:00", "indeterminate"),
        ("2026-11-20T12:00:00+09:00", "below"),
    ):
        folder = recorded(tmp_path / word, rows(600, 30.0, {}), start)
        (stretch,) = judge(recording.load(folder), SETTINGS)
        assert {str(each.verdict) for each in stretch.findings[:1]} == {word}


def test_without_a_start_both_limits_are_held_and_it_says_so(tmp_path: Path) -> None:
    recording.write(tmp_path / "a", "x", "test", rows(60, 45.0, {}), {})
    assert "time unknown" in report([tmp_path / "a"], SETTINGS)


def test_two_hours_are_two_sections(tmp_path: Path) -> None:
    found = judge(recording.load(recorded(tmp_path / "a", rows(7000, 35.0, {}))), SETTINGS)
    assert [round(each.ends) for each in found] == [3601, 7000]
    assert sum(len(each.seconds) for each in found) == 7000


def lmax(stretch: Stretch) -> Finding:
    return next(each for each in stretch.findings if each.measure is Measure.IMPACT_MAX)


def test_three_blows_within_an_hour_exceed_also_across_two_sections(tmp_path: Path) -> None:
    blows = {3500: 70.0, 3550: 70.0, 3650: 70.0}
    folder = recorded(tmp_path / "a", rows(4200, 33.0, blows), "2026-11-20T12:00:00+09:00")
    first, second = judge(recording.load(folder), SETTINGS)
    assert (lmax(first).verdict, lmax(first).count) == (Verdict.BELOW, 2)
    assert (lmax(second).verdict, lmax(second).count) == (Verdict.EXCEEDS, 3)
    assert [len(each.impacts) for each in (first, second)] == [2, 1]
    assert [len(each.minutes) for each in (first, second)] == [60, 10]


def test_three_blows_early_in_a_section_are_not_forgotten_by_its_end(tmp_path: Path) -> None:
    found = rows(7200, 33.0, {20: 70.0, 3610: 70.0, 3612: 70.0})
    sections = judge(recording.load(recorded(tmp_path / "a", found)), SETTINGS)
    assert lmax(sections[1]).verdict is Verdict.EXCEEDS
    assert lmax(sections[1]).count == 3


def test_the_background_of_a_whole_recording_holds_for_its_first_hour_too(tmp_path: Path) -> None:
    found = judge(recording.load(recorded(tmp_path / "a", rows(9000, 48.0, {}))), SETTINGS)
    airborne = [
        each for made in found for each in made.findings if each.measure is Measure.AIRBORNE_LEQ
    ]
    assert [each.verdict for each in airborne] == [Verdict.INDETERMINATE] * 3
    assert [each.background_dba for each in airborne] == [pytest.approx(48.0)] * 3


def test_the_command_writes_a_file_or_says_why_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = recorded(tmp_path / "a", rows(60, 45.0, {}))
    assert main([str(folder), "--out", str(tmp_path / "page.html")]) == 0
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")
    other = [Reading("room", Quantity.TEMPERATURE_C, 21.0, 0.0)]
    recording.write(tmp_path / "b", "x", "test", other, {})
    assert main([str(tmp_path / "b"), "--out", str(tmp_path / "no.html")]) == 65
    assert "no levels of sound" in capsys.readouterr().err
    assert not (tmp_path / "no.html").exists()
