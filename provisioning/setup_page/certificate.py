"""One sheet for the wall: what was installed and tried, and a code to find its record by."""

import hashlib
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

import msgspec

from agent import jws
from agent.certificate_page import qr
from agent.hazard_names import hazard_name
from agent.values import Why
from provisioning.commission import Commissioning, Tried
from provisioning.model import MODEL
from provisioning.places import COMMISSIONED
from provisioning.remedy import Failure
from provisioning.setup_page.refusals import RefusedError
from provisioning.setup_page.words import parts

if TYPE_CHECKING:
    from provisioning.setup_page.installation import Installation

MOST_ROWS = 16  # on one sheet; the others are counted
_FORM = "HAETAEC1"  # form;site/device;sha256 of the record;time;key id

_STYLE = """
@page{size:A4;margin:12mm}
*{box-sizing:border-box}
body{font:10pt/1.35 "Noto Sans KR","Noto Sans CJK KR",sans-serif;color:#111;background:#fff;
max-width:186mm;margin:6mm auto;padding:0 3mm}
h1{font-size:18pt;line-height:1.25;margin:0}h2{font-size:12pt;margin:4mm 0 1mm}p{margin:1mm 0}
.en{color:#444;font-weight:400}
header{display:flex;flex-wrap:wrap;justify-content:space-between;gap:6mm}
table{border-collapse:collapse;width:100%}
td,th{border-bottom:.3mm solid #bbb;padding:.7mm 1.5mm;text-align:left;vertical-align:top;
overflow-wrap:anywhere}
th{font-weight:600}.ok{color:#0a5c2b}.bad{color:#a11b0b}.code svg{width:38mm;height:38mm}
.note{border:.4mm solid #a11b0b;padding:1.5mm 3mm;margin:2mm 0;font-weight:600}
.small{font-size:8.5pt;color:#333}code{font:7.5pt/1.3 monospace;overflow-wrap:anywhere}
@media print{body{margin:0;padding:0;zoom:.92}}
"""
_PASSED = {
    "alarm": Why("느꼈고 경보가 울림", "felt it, and the alarm came"),
    "response": Why("느낌", "felt it"),
    "": Why("느낌", "felt it"),
}
_SIMULATED = Why(
    "모의 배선입니다. 아무것도 증명하지 않으며 아무도 보호하지 않습니다.",
    "Simulated wires: this proves nothing and protects nobody.",
)
_LIMITS = Why(
    "시험한 날에 작동했다는 뜻입니다. 법으로 정한 점검이나 인증된 경보기를 대신하지 않습니다.",
    "It worked on the day of the test. It stands in for no certified alarm or legal inspection.",
)
_CHECK = Why(
    "부호에는 서명된 설치 기록의 지문이 있습니다. "
    "관청은 haetae-provision verify로 기록을 확인합니다.",
    "The code holds the digest of the signed record; the office checks that by "
    "haetae-provision verify.",
)
_NONE_YET = Failure(
    "no-record",
    Why("설치를 아직 마치지 않았어요.", "The installation is not finished yet."),
    Why("남은 단계를 마쳐 주세요.", "Please finish the steps that are left."),
)


def record_text(what: "Installation") -> str:
    """The signed record of this device.

    Raises:
        RefusedError: There is none yet.
    """
    if what.record is not None:
        return what.record.text
    try:
        return (what.places.configuration / COMMISSIONED).read_text("ascii")
    except (OSError, ValueError):
        raise RefusedError(_NONE_YET, 404) from None


def sheet(what: "Installation") -> str:
    """The certificate as a page of HTML that needs nothing else.

    Raises:
        RefusedError: The device is not commissioned yet.
    """
    text = record_text(what)
    found = jws.parse(text.encode("ascii"))
    body = msgspec.json.decode(found.payload, type=Commissioning)
    sha256 = hashlib.sha256(text.encode("ascii")).hexdigest()
    phone = what.seed.phone or ""
    return "\n".join(_parts(body, sha256, found.header.kid, phone)) + "\n"


def code_text(body: Commissioning, sha256: str, key_id: str) -> str:
    """What the code says."""
    return ";".join((_FORM, f"{body.site}/{body.device}", sha256, body.time.at, key_id))


def _parts(body: Commissioning, sha256: str, key_id: str, phone: str) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="ko"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>해태 설치 확인서 {escape(body.device)}</title><style>{_STYLE}</style></head>"
    yield '<body><main><header><div><h1>해태 설치 확인서<br><span class="en" lang="en">'
    yield f"Certificate of commissioning</span></h1>{_about(body, phone)}</div>"
    yield f'<div class="code">{qr(code_text(body, sha256, key_id))}</div></header>'
    if body.simulated:
        yield f'<p class="note">{_both(_SIMULATED)}</p>'
    if body.untried:
        yield f'<p class="note">{_both(_not_shown(body.untried))}</p>'
    yield f"<h2>{_both(Why('센서', 'Sensors'))}</h2>"
    yield from _sensors(body)
    yield f"<h2>{_both(Why('확인하는 법', 'How to check this'))}</h2>"
    yield f'<p class="small">{_both(_CHECK)}</p><p><code>SHA-256 {sha256}</code></p>'
    yield f'<p class="small">{_both(_LIMITS)}</p></main></body></html>'


def _about(body: Commissioning, phone: str) -> str:
    quiet = "" if body.noise is None else f"{body.noise.level_dba} dB(A)"
    rows = [
        (Why("기기", "Device"), f"{body.device} · {body.site}"),
        (Why("모델", "Model"), MODEL),
        (Why("곳", "Place"), f"{body.place.ko} · {body.place.en}"),
        (Why("쓰임", "Purpose"), body.profile),
        (Why("설치한 사람", "Installer"), body.installer),
        (Why("때", "When"), f"{body.time.at[:10]} {body.time.at[11:16]} UTC ({body.time.source})"),
        (Why("소프트웨어", "Software"), body.software),
        (Why("평소 소리", "Usual noise"), quiet),
        (Why("연결 확인", "Connection"), body.network.code),
        (Why("사무실 전화", "The office's phone"), phone),
    ]
    told = (
        f"<tr><th>{_both(name)}</th><td>{escape(text)}</td></tr>" for name, text in rows if text
    )
    return f"<table>{''.join(told)}</table>"


def _sensors(body: Commissioning) -> Iterator[str]:
    skipped_first = sorted(body.sensors.items(), key=lambda each: each[1].outcome == "passed")
    yield "<table>"
    for name, tried in skipped_first[:MOST_ROWS]:
        label = parts()[tried.driver].label if tried.driver in parts() else Why(name, name)
        yield f"<tr><th>{_both(label)}<br><code>{escape(name)}</code></th>"
        yield f"<td>{_outcome(tried)}</td></tr>"
    yield "</table>"
    if (more := len(skipped_first) - MOST_ROWS) > 0:
        yield f'<p class="small">{_both(Why(f"그 밖에 {more}개", f"and {more} more"))}</p>'


def _outcome(tried: Tried) -> str:
    if tried.outcome == "passed":
        return f'<b class="ok">✓ {_both(_PASSED.get(tried.proof, _PASSED[""]))}</b>'
    words = Why("시험하지 않음", "not tried")
    return f'<b class="bad">✗ {_both(words)}</b> {escape(tried.reason)}'


def _not_shown(hazards: list[str]) -> Why:
    known = [hazard_name(each) for each in hazards]
    return Why(
        f"시험하지 않아 지킨다고 말할 수 없는 것: {', '.join(each.ko for each in known)}",
        f"Not tried, so not known to be guarded: {', '.join(each.en.lower() for each in known)}",
    )


def _both(words: Why) -> str:
    return f'{escape(words.ko)} <span class="en" lang="en">{escape(words.en)}</span>'
