"""Write docs/people: the tables that come from the code, and each page as a PDF.

    scripts/people_pages.py [--check] [--codes] [--html FOLDER] [--out FOLDER]

Chromium prints the PDFs. With `--check` nothing is written; the exit code is 1 where a table does
not fit the code. `--codes` lists every code of a failure. With `--html` the pages are written
there as Chromium gets them, and no PDF is made; with `--out` the PDFs go there. Beside the sources
lie only those that are handed out.
"""

import argparse
import base64
import io
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from failure_codes import failures
from lamp_words import FAULTS, LIGHTS, strip
from PIL import Image
from plain_markdown import html_of

from agent import hub_wording
from agent.showings import SHOWINGS
from agent.signals import Signal
from agent.values import FailureKind
from provisioning.parts_list import markdown

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "people"
SCREENS = ROOT / "docs" / "setup"
CARD, SHEET = "installer-card", "residents-sheet"
HANDED_OUT = (CARD, SHEET)
MARK = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
FIRST = 4  # the number on the card of the setup page's first screen
STEPS = (  # of the setup page, as it calls them, and the stretches of a picture to look at
    ("code", "설치 코드*", "Code*", ((245, 500),)),
    ("identity", "기기의 신분증", "Identity", ((297, 352), (415, 605))),
    ("place", "설치한 곳", "Place", ((275, 405), (565, 680))),
    ("profile", "기기의 쓰임", "What for", ((845, 1100),)),
    ("sensors", "센서 시험", "Test sensors", ((440, 695),)),
    ("zones", "침대와 소파*", "Beds*", ((225, 335), (524, 588), (1030, 1091))),
    ("noise", "평소 소리*", "Noise*", ((352, 502), (567, 662))),
    ("network", "연결 확인", "Connection", ((320, 575),)),
    ("contacts", "연락할 사람", "To call", ((690, 935),)),
    ("commission", "마무리", "Finish", ((845, 1100),)),
)
CUES = {  # what to press, where it lies below the picture's end
    "contacts": ("'이 사람 더하기'", "add"),
    "commission": ("'설치 마치기'", "finish"),
}
COLUMNS, SHOT_WIDE_MM = 5, 37.6
SHOT_PX = (344, 255)  # of what is shown of a screen: its width without the margins, its height
CUT_PX = 10  # between two stretches of a screen: what lies between is left out


def lamps() -> str:
    """What each light means: a row a pattern.

    Raises:
        KeyError: The device shows a light that nobody has put into words.
    """
    if missing := [each.name for each in SHOWINGS if each.light not in LIGHTS]:
        raise KeyError(*missing)
    rows = [
        [f"{each.ko} · {each.en}", timing(light), f"{each.means_ko} · {each.means_en}"]
        for light, each in LIGHTS.items()
    ]
    return markdown(("불빛 · light", "초 · seconds", "뜻과 할 일 · meaning, what to do"), rows)


def timing(light: Signal) -> str:
    """A period of a light: for how long it is on and off, in seconds."""
    parts: list[str] = []
    at = 0.0
    while len(parts) < 16:
        is_on, left_s = light(at)
        word = "켜짐 · on" if is_on else "꺼짐 · off"
        if left_s > 3000:
            return word
        parts.append(f"{word} {left_s:.3g}")
        at += left_s
    period = next(n for n in (2, 4, 6, 8) if parts == [parts[i % n] for i in range(16)])
    return ", ".join(parts[:period])


def sensors() -> str:
    """What keeps a sensor from being read, and what to do."""
    rows = [
        [f"`{kind}`", f"{each.ko} · {each.en}", f"{each.means_ko} · {each.means_en}"]
        for kind, each in ((kind, FAULTS[kind]) for kind in FailureKind)
    ]
    return markdown(("말 · word", "무엇 · what", "할 일 · do"), rows)


def causes() -> str:
    """How things can stand with the hub."""
    rows = [
        [f"`{cause}`", f"{gaps(ko)} · {gaps(en)}", f"{gaps(do_ko)} · {gaps(do_en)}".strip(" ·")]
        for cause, (ko, en, do_ko, do_en) in hub_wording.WORDS.items()
    ]
    return markdown(
        ("말 · word", "무엇 · what", "할 일 · do"), [[*r[:2], r[2] or "-"] for r in rows]
    )


def gaps(words: str) -> str:
    """The words with "…" where something is put in."""
    return re.sub(r"\{\w+\}", "…", words)


def codes() -> str:
    """Every failure of provisioning."""
    rows = [
        [f"`{each.code}`", flat(f"{each.what.ko} · {each.what.en}"),
         flat(f"{each.remedy.ko} · {each.remedy.en}")]
        for each in failures()
    ]  # fmt: skip
    return markdown(("번호 · code", "무엇 · what", "할 일 · do"), rows)


def flat(words: str) -> str:
    """On one line."""
    return " ".join(words.split()).replace("… · …", "…")


TABLES: dict[str, Callable[[], str]] = {
    "lamps": lamps,
    "sensors": sensors,
    "causes": causes,
    "failures": codes,
}


def filled(text: str) -> str:
    """A page with its tables made anew."""
    return MARK.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}\n{found[3]}", text)


def card() -> str:
    """The installer's card."""
    text = (FOLDER / f"{CARD}.html").read_text("utf-8")
    values = {
        "columns": str(COLUMNS),
        "shot": f"{SHOT_WIDE_MM * SHOT_PX[1] / SHOT_PX[0]:.1f}",
        "screens": "\n".join(screens()),
        "lamps": "\n".join(
            f"<div>{strip(light)}<span><b>{each.ko}</b> {english(each.en)} "
            f"→ {each.short_ko} {english(each.short_en)}</span></div>"
            for light, each in LIGHTS.items()
        ),
    }
    for place, made in values.items():
        text = text.replace(f"{{{place}}}", made)
    return text


def english(words: str) -> str:
    """Small, beside the Korean."""
    return f'<span class="en" lang="en">{words}</span>'


def screens() -> Iterator[str]:
    """The setup page's screens, with what they are called, numbered on from the card's steps."""
    for number, (step, ko, en, stretches) in enumerate(STEPS, FIRST):
        named = f'<span class="n">{number}</span>{ko} {english(en)}'
        cue_ko, cue_en = CUES.get(step, ("", ""))
        cue = f"<div>↓ {cue_ko} {english(cue_en)}</div>" if cue_ko else ""
        yield f"<figure><figcaption>{named}</figcaption>{shown(step, stretches)}{cue}</figure>"


def shown(step: str, stretches: Sequence[tuple[int, int]]) -> str:
    """Stretches of a screen's picture, from and to in pixels, one below the other.

    Raises:
        FileNotFoundError: There is no picture of this screen.
    """
    wide, _ = SHOT_PX
    put = Image.new("RGB", SHOT_PX, "white")
    with Image.open(SCREENS / f"{step}-ko.png") as picture:
        screen = picture.convert("RGB")
    margin, at = (screen.width - wide) // 2, 0
    for top, bottom in stretches:
        put.paste(screen.crop((margin, top, margin + wide, bottom)), (0, at))
        at += bottom - top
        put.paste("#555", (0, at, wide, at + 2))
        at += CUT_PX
    out = io.BytesIO()
    put.quantize(32).save(out, "PNG", optimize=True)
    coded = base64.b64encode(out.getvalue()).decode()
    return f'<img src="data:image/png;base64,{coded}" alt="">'


def printable() -> dict[str, str]:
    """Each page as HTML, by its name."""
    found = {CARD: card()}
    for path in sorted(FOLDER.glob("*.md")):
        if path.stem != "README":
            found[path.stem] = html_of(path.read_text("utf-8"))
    return found


def print_pdf(page: Path, pdf: Path) -> None:
    """Have Chromium print a page.

    Raises:
        OSError: There is no Chromium.
        subprocess.SubprocessError: It prints nothing.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        raise FileNotFoundError("no chromium here: apt install chromium")
    with tempfile.TemporaryDirectory() as profile:
        command = (
            chromium, "--headless=new", "--no-sandbox", "--disable-gpu",
            f"--user-data-dir={profile}", "--no-pdf-header-footer", f"--print-to-pdf={pdf}",
            page.as_uri(),
        )  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, timeout=120)


def main() -> int:
    """Do what is asked; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--codes", action="store_true")
    parser.add_argument("--html", type=Path)
    parser.add_argument("--out", type=Path, default=FOLDER)
    asked = parser.parse_args()
    if asked.codes:
        print(*(each.code for each in failures()), sep="\n")
        return 0
    stale = []
    for path in sorted(FOLDER.glob("*.md")):
        text = path.read_text("utf-8")
        if (made := filled(text)) != text:
            stale.append(path.name)
            if not asked.check:
                path.write_text(made, "utf-8")
    if asked.check:
        print(*stale)
        return int(bool(stale))
    if asked.html is not None:
        write_html(asked.html)
        return 0
    asked.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for page in write_html(Path(folder)):
            if asked.out != FOLDER or page.stem in HANDED_OUT:
                print_pdf(page, asked.out / f"{page.stem}.pdf")
    return 0


def write_html(folder: Path) -> list[Path]:
    """Every page into a folder, as Chromium gets it."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for name, text in printable().items():
        found.append(folder / f"{name}.html")
        found[-1].write_text(text, "utf-8")
    return found


if __name__ == "__main__":
    sys.exit(main())
