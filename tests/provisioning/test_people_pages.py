"""What people are handed: true to the code, and on one sheet where it is to be one sheet."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent.hub_cause import Cause
from agent.values import FailureKind

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "people"
RUNBOOK = FOLDER / "runbook.md"
ONE_SHEET = ("installer-card", "residents-sheet")
KOREAN = re.compile("[가-힣]{2,}")
MOST_KB = 300


def made(*words: str) -> str:
    command = (sys.executable, str(ROOT / "scripts" / "people_pages.py"), *words)
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"make people: {done.stdout}{done.stderr[-800:]}"
    return done.stdout


def asked(tool: str, *words: str) -> str:
    if shutil.which(tool) is None:
        pytest.skip(f"no {tool} here: apt install poppler-utils")
    return subprocess.run((tool, *words), check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("chromium") is None:
        pytest.skip("chromium is not here: apt install chromium")
    folder = tmp_path_factory.mktemp("people")
    made("--out", str(folder))
    return folder


def test_the_tables_are_made_from_the_code() -> None:
    made("--check")


def test_every_code_of_a_failure_is_in_the_runbook_with_what_to_do() -> None:
    text = RUNBOOK.read_text("utf-8").partition("<!-- made: failures -->")[2]  # `muted` is two
    codes = made("--codes").split()
    # what the sources say, found another way
    plain = {
        code
        for path in (ROOT / "provisioning").rglob("*.py")
        for code in re.findall(r'\bFailure\(\s*"([a-z0-9-]+)"', path.read_text("utf-8"))
    }
    assert plain <= set(codes)
    for code in codes:
        (row,) = re.findall(rf"^\| `{code}` \|(.*)\|$", text, re.MULTILINE)
        what, remedy = row.split(" | ")
        assert KOREAN.search(what), code
        assert KOREAN.search(remedy), code


def test_the_runbook_has_every_cause_of_the_hub_and_every_fault_of_a_sensor() -> None:
    text = RUNBOOK.read_text("utf-8")
    for word in (*Cause, *FailureKind):
        assert f"| `{word}` |" in text


@pytest.mark.parametrize("name", ONE_SHEET)
def test_what_is_handed_out_is_one_sheet_of_a4_in_both_languages(printed: Path, name: str) -> None:
    for pdf in (printed / f"{name}.pdf", FOLDER / f"{name}.pdf"):
        facts = asked("pdfinfo", str(pdf))
        assert re.search(r"^Pages: +1$", facts, re.MULTILINE)
        assert "(A4)" in facts
        text = asked("pdftotext", "-layout", str(pdf), "-")
        assert len(KOREAN.findall(text)) > 40
        assert len(re.findall(r"\b[a-z]{3,}\b", text)) > 60
        assert "119" in text
        fonts = asked("pdffonts", str(pdf)).splitlines()[2:]
        assert fonts
        assert all(re.search(r"yes +yes +yes +\d+ +\d+$", each) for each in fonts), "embedded"
        assert pdf.stat().st_size < MOST_KB * 1000


def test_the_card_has_its_steps_in_their_order(printed: Path) -> None:
    text = asked("pdftotext", "-raw", str(printed / "installer-card.pdf"), "-")
    steps = (
        "배선하고 SD 카드를",
        "전원 플러그를 꽂으세요",
        "라벨의 QR을",
        "화면이 시키는",
        "센서를 실제로",
        "마치고 나서",
    )
    places = [text.index(each) for each in steps]
    assert places == sorted(places)
    for screen in ("설치 코드", "설치한 곳", "센서 시험", "연결 확인", "연락할 사람", "마무리"):
        assert screen in text


def test_the_card_has_one_numbering(tmp_path: Path) -> None:
    made("--html", str(tmp_path))
    card = (tmp_path / "installer-card.html").read_text("utf-8")
    numbers = [int(each) for each in re.findall(r'class="n">(\d+)<', card)]
    again = numbers.pop(13)  # the sensors' screen, and below the screens how each is tried
    assert numbers == list(range(1, 15))
    assert f'<span class="n">{again}</span>센서 시험 ' in card


def test_the_long_guides_can_be_printed_too(printed: Path) -> None:
    for name in ("runbook", "operators-guide"):
        pages = re.search(
            r"^Pages: +(\d+)$", asked("pdfinfo", str(printed / f"{name}.pdf")), re.MULTILINE
        )
        assert pages is not None
        assert 1 < int(pages[1]) < 20
