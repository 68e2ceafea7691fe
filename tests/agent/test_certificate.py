"""The sheet for the wall: what it says, in both languages, and a code that can be checked."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from agent import cli, cli_words
from agent.certificate import Certificate, certificate, read_seal, seal_text
from agent.certificate_page import qr
from agent.hazard_names import hazard_name
from agent.ledger_file import Head, unseal
from agent.signing import Signer, load_verifier
from agent.values import Hazard
from tests.agent.ledgers import key, ledger, lines
from tests.agent.test_inspection import puff

VOID = frozenset({"meta", "br", "path", "polyline"})
STATUS: dict[str, Any] = {
    "coverage": {
        "fire": {"claim": "proven", "why": "2026-11-22T05:00:00.000Z"},
        "co": {"claim": "lost", "why": "co: no answer"},
    },
    "sensors": {"co": {"why": "no answer"}, "smoke": {"why": ""}},
    "trouble": {"outbox": "the disk is full"},
}


def write(folder: Path, signer: Signer | None, sensors: tuple[str, ...] = ("smoke",)) -> Path:
    """A ledger with an inspection of each sensor."""
    kept = ledger(folder / "ledger", signer=lambda: signer)
    for sensor in sensors:
        kept.note(
            "inspection",
            {
                "nonce": "n0nce-123", "by": "소방서 <김>", "signer": "office", "sensor": sensor,
                "hazards": ["fire"], "result": "failed" if sensor == "heat" else "proven",
                "why": {"ko": "값이 변하지 않았습니다.", "en": "Nothing changed."},
                "quantity": "smoke_obscuration_pct_per_m",
                "curve": [[float(n), value] for n, value in enumerate(puff())],
            },
        )  # fmt: skip
    assert kept.write()
    return folder / "ledger"


def found(folder: Path, status: dict[str, Any] | None = None) -> Certificate:
    sealed = [unseal(line[:-1]) for line in lines(folder)]
    last = sealed[-1].record.seq
    return Certificate.of((each.record for each in sealed), Head(last, "A" * 16), status)


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return key(tmp_path / "device.key")


class Page(HTMLParser):
    """Holds that every element is closed in its order, and that nothing is fetched."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not {"src", "href"} & dict(attrs).keys()
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_sheet_is_a_whole_page_in_both_languages(tmp_path: Path, signer: Signer) -> None:
    folder = write(tmp_path, signer, ("smoke", "heat"))
    text = certificate(found(folder, STATUS), signer)
    page = Page(text)
    for said in (
        "해태 점검 확인서", "Certificate of inspection", "stall-17 · alley-3 · market-stall",
        "haetae 0.1.0", "소방서 <김>", "확인됨", "proven", "감지 못 함", "lost", "실패", "failed",
        "값이 변하지 않았습니다. Nothing changed.", "co: no answer", "outbox: the disk is full",
    ):  # fmt: skip
        assert said in page.text
    assert text.count("<polyline") == 2
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "not signed" not in page.text


def test_a_sheet_that_was_printed_elsewhere_or_of_simulated_wires_says_so(tmp_path: Path) -> None:
    page = Page(certificate(found(write(tmp_path, None)), None))
    assert "기기의 서명이 없습니다" in page.text
    assert "How the device stood was not known" in page.text


def test_the_sheet_says_what_it_does_not_prove_and_hides_no_failure(
    tmp_path: Path, signer: Signer
) -> None:
    names = ("heat", *(f"smoke_{n}" for n in range(20)))
    text = certificate(found(write(tmp_path, signer, names), STATUS), signer)
    page = Page(text)
    assert "증명하지 않는 것 What this does not prove" in page.text
    assert "heat (화재)" in page.text  # the oldest, but it failed
    assert "20 of 21 sensors proven; 17 stand in the ledger alone." in page.text
    assert text.count("<polyline") == 3


def test_every_hazard_is_called_by_a_name_that_people_use(tmp_path: Path) -> None:
    covered = {hazard.value: {"claim": "proven", "why": ""} for hazard in Hazard}
    page = Page(certificate(found(write(tmp_path, None), STATUS | {"coverage": covered}), None))
    names = [hazard_name(hazard) for hazard in Hazard]
    assert not [each.ko for each in names if each.ko.isascii() or each.ko not in page.text]
    assert "누수 Water leak" in page.text


def test_any_number_of_faults_is_a_few_and_a_count(tmp_path: Path) -> None:
    failing = {f"smoke_{n}": {"why": f"fault {n}: " + "x" * 500} for n in range(40)}
    folder = write(tmp_path, None)
    page = Page(certificate(found(folder, STATUS | {"sensors": failing}), None))
    assert page.text.count("fault ") == 3
    assert "x" * 60 not in page.text
    assert "그 밖에 38건 38 more" in page.text  # 40 of sensors, and the outbox


def test_any_number_of_sensors_and_any_name_is_one_sheet_of_a4(tmp_path: Path) -> None:
    """As Chromium prints it."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not here: apt install chromium")
    name = "<img src=x onerror=alert(1)>" + "x" * 60
    kept = write(tmp_path, None, tuple(f"smoke_in_the_kitchen_{n}" for n in range(9)))
    failing = {f"smoke_in_the_kitchen_{n}": {"why": "no answer " * 50} for n in range(40)}
    told = STATUS | {"sensors": failing}
    sheet = replace(found(kept, told), device=name, site=name, simulated=True)
    (tmp_path / "sheet.html").write_text(certificate(sheet, None), "utf-8")
    printed = tmp_path / "sheet.pdf"
    subprocess.run(
        [
            chromium, "--headless=new", "--no-sandbox", "--disable-gpu",
            f"--user-data-dir={tmp_path / 'profile'}", "--no-pdf-header-footer",
            f"--print-to-pdf={printed}", (tmp_path / "sheet.html").as_uri(),
        ],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    assert len(re.findall(rb"/Type */Page\b", printed.read_bytes())) == 1


def test_a_copy_is_not_shown_with_what_this_machines_own_agent_says(
    tmp_path: Path, signer: Signer
) -> None:
    folder, out = write(tmp_path, signer), tmp_path / "c.html"
    told = STATUS | {"pid": os.getpid(), "written_at": time.monotonic()}
    (tmp_path / "status.json").write_text(json.dumps(told))
    words = ("ledger", "certificate", "--run-dir", tmp_path, "--out", out)
    assert run(*words, "--state", tmp_path, "--config", tmp_path / "none") == 0
    assert "the disk is full" in out.read_text("utf-8")
    assert run(*words, folder) == 0
    assert "the disk is full" not in out.read_text("utf-8")


def test_without_the_library_the_command_says_what_is_missing(
    tmp_path: Path,
    signer: Signer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "segno", None)
    folder = write(tmp_path, signer)
    assert run("ledger", "certificate", folder, "--out", tmp_path / "c.html") == 1
    assert capsys.readouterr().err == "no certificate: pip install 'haetae[certificate]'\n"


def test_the_code_can_be_read_by_a_camera_and_checked(tmp_path: Path, signer: Signer) -> None:
    zxing = pytest.importorskip("zxingcpp")
    image = pytest.importorskip("PIL.Image")
    folder = write(tmp_path, signer)
    said = seal_text(found(folder), signer)
    (read,) = zxing.read_barcodes(_drawn(image, qr(said)))
    assert read.text == said
    seal = read_seal(read.text, [signer.verifier])
    assert (seal.who, seal.fault) == ("alley-3/stall-17", "")
    assert seal.head == Head(3, "A" * 16)


def _drawn(image: Any, svg: str) -> Any:
    """The code as a camera sees it, from the strokes of the drawing itself."""
    size = int(re.findall(r'viewBox="0 0 (\d+) \d+"', svg)[0])
    picture = image.new("L", (size, size), 255)
    path = re.findall(r' stroke="#000"[^>]* d="([^"]+)"| d="([^"]+)"[^>]* stroke="#000"', svg)
    x, y = 0.0, 0.0
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", "".join(path[0])):
        values = [float(each) for each in numbers.split()]
        if command == "h":
            for column in range(int(x), int(x + values[0])):
                picture.putpixel((column, int(y)), 0)
            x += values[0]
        else:
            x, y = (values[0], values[1]) if command == "M" else (x + values[0], y + values[1])
    return picture.resize((size * 6, size * 6))


def test_any_other_text_is_no_code_and_a_changed_one_is_not_signed(
    tmp_path: Path, signer: Signer
) -> None:
    said = seal_text(found(write(tmp_path, signer)), signer)
    keys = [signer.verifier]
    assert "not of what it says" in read_seal(said.replace("stall-17", "stall-18"), keys).fault
    assert "not known" in read_seal(said, []).fault
    assert "not known" in read_seal(said, [key(tmp_path / "other.key").verifier]).fault
    for other in ("", "HAETAE1;", "hello", said.replace(";3:", ";x:"), said + ";"):
        assert read_seal(other, keys).fault


def run(*words: object) -> int:
    return cli.main([str(each) for each in words])


def test_the_commands_work_on_a_copy_of_a_ledger(
    tmp_path: Path, signer: Signer, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("segno")
    folder = write(tmp_path, signer)
    known = tmp_path / "device.pem"
    known.write_text(signer.verifier.pem)
    assert run("ledger", "verify", folder, "--certificate", known) == 0
    said = capsys.readouterr().out
    assert said.startswith("good: records 1 to 3 (3 signed, 0 not)\nhead 3:")
    head = said.split()[-1]
    assert run("ledger", "verify", folder, "--key", known, "--head", head) == 0
    assert run("ledger", "show", folder, "--kind", "inspection", "--json") == 0
    assert '"sensor":"smoke"' in capsys.readouterr().out
    assert run("ledger", "certificate", folder, "--out", tmp_path / "c.html") == 0
    assert Page((tmp_path / "c.html").read_text("utf-8")).text
    assert load_verifier(known.read_bytes()).key_id == signer.key_id


def test_a_ledger_that_was_tampered_with_ends_in_1_and_no_certificate(
    tmp_path: Path, signer: Signer, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path, signer)
    path = folder / "000001.jsonl"
    path.write_bytes(path.read_bytes().replace(b"haetae 0.1.0", b"haetae 0.2.0"))
    assert run("ledger", "verify", folder) == 1
    assert "WRONG from record 2 on (000001.jsonl:2): its signature" in capsys.readouterr().out
    assert run("ledger", "verify", folder, "--json") == 1
    assert '"fault":{"seq":2,' in capsys.readouterr().out
    assert run("ledger", "certificate", folder, "--out", tmp_path / "c.html") == 1
    assert not (tmp_path / "c.html").exists()
    assert "no certificate: WRONG from record 2" in capsys.readouterr().err


def test_a_certificates_code_tells_that_its_ledger_was_cut_off_since(
    tmp_path: Path, signer: Signer, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path, signer)
    known = tmp_path / "device.pem"
    known.write_text(signer.verifier.pem)
    run("ledger", "verify", folder, "--key", known)
    head = Head.parse(capsys.readouterr().out.split()[-1])
    sealed = [unseal(line[:-1]).record for line in lines(folder)]
    code = seal_text(Certificate.of(sealed, head), signer)
    words = ("ledger", "verify", folder, "--key", known, "--seal", code)
    assert run(*words) == 0
    path = folder / "000001.jsonl"
    path.write_bytes(b"".join(lines(folder)[:-1]))
    assert run(*words) == 1
    assert "record 3 is missing: the device had told of it" in capsys.readouterr().out


@pytest.mark.parametrize("words", [("verify",), ("show",), ("certificate", "--out", "c.html")])
def test_what_is_not_there_is_one_line(
    tmp_path: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("ledger", *words, tmp_path / "nothing") == 1
    said = capsys.readouterr().err
    assert said.startswith(f"{tmp_path / 'nothing'}: No such file")
    assert said.count("\n") == 1


@pytest.mark.parametrize("head", ["", "3", "3:abc", "x:0123456789abcdef"])
def test_a_head_that_is_none_is_refused(head: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run("ledger", "verify", "--head", head)
    assert ended.value.code == 64
    assert "16 characters of base64url" in capsys.readouterr().err


@pytest.mark.parametrize("last", ["-1", "0", "all"])
def test_a_number_of_records_that_is_none_is_refused(
    tmp_path: Path, last: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run("ledger", "show", write(tmp_path, None), "--last", last)
    assert ended.value.code == cli_words.USAGE
    assert "a number from 1 to 100000" in capsys.readouterr().err
