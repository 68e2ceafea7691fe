"""The sheet itself: one A4 page of HTML with its own style, curves and code, in two languages."""

import io
from collections.abc import Iterable, Iterator
from html import escape
from typing import TYPE_CHECKING, Any

from agent.hazard_names import hazard_name
from agent.ledger_file import Record
from agent.values import Why

if TYPE_CHECKING:
    from agent.certificate import Certificate

MOST_ROWS, MOST_CURVES = 4, 3  # on one sheet, what failed first; the others are counted
MOST_FAULTS, LONGEST_FAULT = 3, 48  # the others are counted; characters
_WIDTH, _HEIGHT = 220, 70

_STYLE = """
@page{size:A4;margin:12mm}
*{box-sizing:border-box}
body{font:9.5pt/1.3 "Noto Sans KR","Noto Sans CJK KR",sans-serif;color:#111;max-width:186mm;
margin:6mm auto}
h1{font-size:17pt;line-height:1.25;margin:0}h2{font-size:11pt;margin:3mm 0 1mm}p{margin:1mm 0}
.en{color:#444;font-weight:400}header{display:flex;justify-content:space-between;gap:6mm}
table{border-collapse:collapse;width:100%}
td,th{border-bottom:.3mm solid #bbb;padding:.6mm 1.5mm;text-align:left;vertical-align:top}
th,.when{font-weight:600;white-space:nowrap}.when{font-weight:400}.curves{display:grid;grid-template-columns:repeat(3,1fr);
gap:3mm}
figure{margin:0;break-inside:avoid}figcaption{font-size:8.5pt}svg{display:block;max-width:100%}
code{font:7.5pt/1.3 monospace;overflow-wrap:anywhere}.ok{color:#0a5c2b}.bad{color:#a11b0b}
.note{border:.4mm solid #a11b0b;padding:1.5mm 3mm;margin:2mm 0;font-weight:600}
.small{font-size:8.5pt;color:#333}.code{flex:none}.code svg{width:38mm;height:38mm}
.small ul{margin:0;padding-left:4mm}.inspected{font-size:8.5pt}h1+table,td{overflow-wrap:anywhere}
@media print{body{margin:0;zoom:.92}}
"""
_CLAIMS = {
    "proven": Why("확인됨", "proven"),
    "assumed": Why("확인 전", "assumed"),
    "lost": Why("감지 못 함", "lost"),
    "simulated": Why("모의", "simulated"),
}
_SIMULATED = Why(
    "모의 배선입니다. 아무것도 증명하지 않으며 아무도 보호하지 않습니다.",
    "Simulated wires: this proves nothing and protects nobody.",
)
_UNSIGNED = Why(
    "이 부호에는 기기의 서명이 없습니다. 기기 밖에서 인쇄했습니다.",
    "The code is not signed by the device: it was printed away from it.",
)
_NO_INSPECTION = Why("아직 점검한 감지기가 없습니다.", "No sensor has been inspected yet.")
_NOT_RUNNING = Why(
    "인쇄할 때 기기의 상태를 알 수 없었습니다.",
    "How the device stood was not known when this was printed.",
)
_NOT_PROVEN = (
    Why(
        '점검한 뒤에도 계속 작동하는지는 알 수 없습니다. "확인 전"은 시험하지 않았다는 뜻입니다.',
        "That it has worked since its inspection. What is only assumed was never tried.",
    ),
    Why(
        "무엇으로 감지기를 시험했는지, 감지기가 알맞은 자리에 있는지는 기기가 모릅니다.",
        "What was held to the sensor, and whether it hangs where it should: no device knows that.",
    ),
    Why(
        "이 종이의 글에는 서명이 없습니다. 부호만 서명되어 있으니 장부와 견주어 보세요.",
        "These words: only the code is signed. Whoever doubts them compares them with the ledger.",
    ),
    Why(
        "법으로 정한 점검이나 인증된 경보기를 대신하지 않습니다.",
        "It stands in for no certified alarm, and for no inspection that the law asks for.",
    ),
)
_CHECK = Why(
    "부호를 읽어 나온 글을 관할 허브의 기록과 견주거나, 기기의 인증서로 서명을 확인할 수 있습니다:",
    "Read the code and compare its text with what the hub was told, or check its signature by the"
    " device's certificate:",
)


def page(found: "Certificate", seal: str, *, is_signed: bool) -> str:
    """The whole page.

    Raises:
        ModuleNotFoundError: The library that draws the code is not installed.
    """
    return "\n".join(_parts(found, seal, is_signed=is_signed)) + "\n"


def _parts(found: "Certificate", seal: str, *, is_signed: bool) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="ko"><head><meta charset="utf-8">'
    yield f"<title>해태 점검 확인서 {escape(found.device)}</title><style>{_STYLE}</style></head>"
    yield "<body><header><div><h1>해태 점검 확인서<br>"
    yield '<span class="en" lang="en">Certificate of inspection</span></h1>'
    yield _table(_about(found))
    yield f'</div><div class="code">{qr(seal)}</div></header>'
    if found.simulated:
        yield _note(_SIMULATED)
    if not is_signed:
        yield _note(_UNSIGNED)
    yield _heading(Why("감지 범위", "Coverage"))
    yield _coverage(found.status)
    yield _heading(Why("감지기 점검", "Inspections"))
    yield from _inspections(found.inspections)
    yield _heading(Why("증명하지 않는 것", "What this does not prove"))
    yield '<div class="small"><ul>'
    yield from (f"<li>{_both(each)}</li>" for each in _NOT_PROVEN)
    yield "</ul></div>"
    yield _heading(Why("확인하는 법", "How to check this"))
    yield f'<p class="small">{_both(_CHECK)}<br><code>haetae ledger verify --certificate device.pem'
    yield f" --seal '{escape(seal)}' LEDGER</code></p></body></html>"


def qr(text: str) -> str:
    """The code as a drawing.

    Raises:
        ModuleNotFoundError: The library that draws it is not installed.
    """
    import segno  # noqa: PLC0415  # only this page needs it

    drawn = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        drawn, kind="svg", xmldecl=False, svgns=True, border=4, omitsize=True,
        title="QR", light="#fff",
    )  # fmt: skip
    return drawn.getvalue().decode()


def _about(found: "Certificate") -> Iterator[tuple[Why, str]]:
    models = ", ".join(f"{name} {version}" for name, version in sorted(found.models.items()))
    yield Why("기기", "Device"), escape(f"{found.device} · {found.site} · {found.profile}")
    yield (
        Why("소프트웨어", "Software"),
        escape(f"{found.software} {f'({models})' if models else ''}"),
    )
    yield Why("설정", "Configuration"), escape(f"SHA-256 {found.configuration[:16]}…")
    yield Why("장부", "Ledger"), escape(str(found.head))
    yield Why("마지막 기록", "Last record"), escape(_when(found.last_at))


def _coverage(status: dict[str, Any] | None) -> str:
    if status is None:
        return f'<p class="small">{_both(_NOT_RUNNING)}</p>'
    rows = [
        (hazard_name(hazard), _claim(claim["claim"], claim["why"]))
        for hazard, claim in status["coverage"].items()
    ]
    faults = [f"{name}: {each['why']}" for name, each in status["sensors"].items() if each["why"]]
    faults += [f"{name}: {why}" for name, why in status["trouble"].items()]
    return _table(rows, [(Why("고장", "Faults"), _faults(faults))])


def _faults(faults: list[str]) -> str:
    if not faults:
        return _both(Why("없음", "none"))
    said = [escape(_shortened(each)) for each in faults[:MOST_FAULTS]]
    if more := len(faults) - len(said):
        said.append(_both(Why(f"그 밖에 {more}건", f"{more} more")))
    return f'<span class="small">{"; ".join(said)}</span>'


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_FAULT else f"{text[: LONGEST_FAULT - 1]}…"


def _when(iso: str) -> str:
    """To the minute; the code has it whole."""
    return f"{iso[:10]} {iso[11:16]} UTC"


def _claim(claim: str, why: str) -> str:
    name = _CLAIMS.get(claim, Why(claim, claim))
    return f'<b class="{"ok" if claim == "proven" else "bad"}">{_both(name)}</b> {escape(why)}'


def _inspections(records: tuple[Record, ...]) -> Iterator[str]:
    if not records:
        yield f'<p class="small">{_both(_NO_INSPECTION)}</p>'
        return
    proven = [each for each in records if each.body.get("result") == "proven"]
    newest = sorted(records, key=lambda each: (each in proven, -each.seq))
    if len(newest) > MOST_ROWS:
        more, good = len(newest) - MOST_ROWS, len(proven)
        said = Why(
            f"감지기 {len(newest)}개 가운데 {good}개 확인됨. {more}개는 장부에만 있습니다.",
            f"{good} of {len(newest)} sensors proven; {more} stand in the ledger alone.",
        )
        yield f'<p class="small">{_both(said)}</p>'
    yield '<table class="inspected"><tr>'
    for head in (
        Why("감지기", "Sensor"),
        Why("때", "When"),
        Why("지시", "By"),
        Why("결과", "Result"),
    ):
        yield f"<th>{_both(head)}</th>"
    yield "</tr>"
    for each in newest[:MOST_ROWS]:
        yield _row(each)
    yield '</table><div class="curves">'
    for each in [each for each in newest if each.body.get("curve")][:MOST_CURVES]:
        name = f"{each.body.get('sensor')} · {each.body.get('quantity')}"
        yield f"<figure>{_curve(each.body.get('curve', []))}<figcaption>{escape(name)}</figcaption>"
        yield "</figure>"
    yield "</div>"


def _row(record: Record) -> str:
    body, why = record.body, record.body.get("why", {})
    proven = body.get("result") == "proven"
    result = Why("확인됨", "proven") if proven else Why("실패", "failed")
    reason = "" if proven else f" {escape(str(why.get('ko', '')))} {escape(str(why.get('en', '')))}"
    hazards = ", ".join(hazard_name(h).ko for h in body.get("hazards", ()))
    nonce = f'<br><span class="small">{escape(str(body.get("nonce")))}</span>'
    cells = (
        f"{escape(str(body.get('sensor')))} ({escape(hazards)})",
        escape(_when(record.wall_time)) + nonce,
        escape(str(body.get("by"))),
        f'<b class="{"ok" if proven else "bad"}">{_both(result)}</b>{reason}',
    )
    first, when, by, judged = (f"<td>{cell}</td>" for cell in cells)
    return f"<tr>{first}{when.replace('<td', '<td class=when')}{by}{judged}</tr>"


def _curve(points: list[list[float]]) -> str:
    """A line from the opening to the end, with its lowest and highest value."""
    if not points:
        return ""
    times, values = [t for t, _ in points], [v for _, v in points]
    low, high, last = min(values), max(values), max(*times, 1e-9)
    span = high - low or 1.0
    width, height = _WIDTH - 34, _HEIGHT - 22
    line = " ".join(
        f"{30 + t / last * width:.1f},{8 + (high - v) / span * height:.1f}" for t, v in points
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" xmlns="http://www.w3.org/2000/svg" font-size="9">'
        f'<path d="M30 4V{_HEIGHT - 12}H{_WIDTH}" fill="none" stroke="#888"/>'
        f'<polyline points="{line}" fill="none" stroke="#0a5c2b" stroke-width="1.5"/>'
        f'<text x="0" y="12">{high:.3g}</text><text x="0" y="{_HEIGHT - 12}">{low:.3g}</text>'
        f'<text x="{_WIDTH - 4}" y="{_HEIGHT - 1}" text-anchor="end">{last:.0f} s</text></svg>'
    )


def _table(*parts: Iterable[tuple[Why, str]]) -> str:
    """Rows of a name and a text, which is HTML already."""
    rows = "".join(
        f"<tr><th>{_both(name)}</th><td>{text}</td></tr>" for part in parts for name, text in part
    )
    return f"<table>{rows}</table>"


def _heading(words: Why) -> str:
    return f"<h2>{_both(words)}</h2>"


def _note(words: Why) -> str:
    return f'<p class="note">{_both(words)}</p>'


def _both(words: Why) -> str:
    return f'{escape(words.ko)} <span class="en" lang="en">{escape(words.en)}</span>'
