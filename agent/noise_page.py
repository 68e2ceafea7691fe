"""The page of evidence: HTML with its own style and drawings, in Korean and English."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

from agent.detectors.noise import NoiseConfig
from agent.detectors.noise_hour import Finding
from agent.detectors.noise_rule import Measure, Verdict, limit_dba
from agent.sections import Config
from agent.values import Why

if TYPE_CHECKING:
    from agent.noise_report import Stretch

_NAMES = {
    Measure.IMPACT_LEQ: "충격음 1분 등가소음도<br>Impact, LAeq,1min",
    Measure.IMPACT_MAX: "충격음 최고소음도<br>Impact, LAFmax",
    Measure.AIRBORNE_LEQ: "공기전달음 5분 등가소음도<br>Airborne, LAeq,5min",
}
_VERDICTS = {
    Verdict.EXCEEDS: "초과<br>exceeds",
    Verdict.BELOW: "기준 이내<br>below",
    Verdict.INDETERMINATE: "판정 불가<br>indeterminate",
}
_WIDTH, _HEIGHT, _LEFT, _LOW, _HIGH = 760, 240, 40, 20.0, 100.0
_STYLE = """
body{font:15px/1.5 "Noto Sans KR",sans-serif;max-width:800px;margin:2em auto;color:#111}
table{border-collapse:collapse;width:100%;margin:1em 0}
td,th{border:1px solid #999;padding:.3em .5em;text-align:left;font-size:13px}
.exceeds{background:#fde0dc}.below{background:#e0f2e0}.indeterminate{background:#eee}
section{page-break-inside:avoid}svg{width:100%;height:auto}.small{font-size:12px;color:#444}
"""
_ABOUT = Why(
    "이 기록에는 소리가 없습니다. 소음도 숫자만 저장되며 녹음은 어디에도 남지 않습니다."
    " 자가 측정은 공인 측정을 대신하지 않으며, 측정하는 집 안의 소리도 포함될 수 있습니다.",
    "There is no sound in this record: only levels are kept, and no recording is made anywhere."
    " It does not stand for an accredited measurement, and may have sounds of the room itself.",
)
_LIMITS = (
    "공동주택 층간소음의 범위와 기준에 관한 규칙(2023-01-02)",
    "Rule on the range and limits of noise between floors, 2023-01-02",
)


def page(stretches: Sequence["Stretch"], settings: Config) -> str:
    """The whole page; all that it needs is in it."""
    rule = settings.noise or NoiseConfig()
    parts = [
        '<!doctype html><html lang="ko"><head><meta charset="utf-8">',
        f"<title>층간소음 기록 / Noise between floors</title><style>{_STYLE}</style></head><body>",
        "<h1>층간소음 기록<br>Noise between floors</h1>",
        f"<p>{_ABOUT.ko}</p><p>{_ABOUT.en}</p>",
        *_rule(rule),
        *(section for each in stretches for section in _section(each)),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def _rule(rule: NoiseConfig) -> Iterator[str]:
    older = "예 / yes, +2 dB" if rule.older_housing else "아니오 / no"
    yield f"<h2>{_LIMITS[0]}<br>{_LIMITS[1]}</h2><table>"
    yield "<tr><th></th><th>주간 06-22 / day</th><th>야간 22-06 / night</th></tr>"
    for each in Measure:
        day, night = (
            limit_dba(each, is_day=is_day, is_older=rule.older_housing) for is_day in (True, False)
        )
        yield f"<tr><td>{_NAMES[each]}</td><td>{day:.0f} dB(A)</td><td>{night:.0f} dB(A)</td></tr>"
    yield f"</table><p class=small>2005년 6월 이전 승인 / approved before June 2005: {older}. "
    yield "최고소음도는 1시간에 3회 이상, 등가소음도는 1회 넘으면 초과입니다. / "
    yield "The highest level counts at three or more in an hour, an equivalent level at once.</p>"


def _section(made: "Stretch") -> Iterator[str]:
    begins = made.ends - len(made.seconds)
    yield f"<section><h2>{escape(made.title)}</h2>"
    yield f"<p>{_when(made, begins)} - {_when(made, made.ends)} · {escape(made.microphone)}</p>"
    yield from _plot(made)
    yield "<table><tr><th></th><th>소음도 / level</th><th>기준 / limit</th><th>횟수 / times</th>"
    yield "<th>배경 / background</th><th>손실 / lost</th><th>판정 / verdict</th></tr>"
    yield from (_row(each) for each in made.findings)
    yield "</table>"
    yield from _instrument(made)
    yield from _impacts(made)
    yield f"<p class=small>SHA-256: {made.sha256}</p></section>"


def _row(each: Finding) -> str:
    background = "-" if each.background_dba is None else f"{each.background_dba:.1f} dB(A)"
    limit = f"{each.limit_dba:.0f} dB(A)"
    if each.is_day is None:
        limit += "<br>시각 미상: 주야간 모두 적용 / time unknown: both held"
    cells = (
        _NAMES[each.measure],
        f"{each.level_dba:.1f} dB(A)",
        limit,
        str(each.count),
        background,
        f"{each.lost_pct:.1f} %",
    )
    row = "".join(f"<td>{cell}</td>" for cell in cells)
    return f"<tr>{row}<td class={each.verdict}>{_VERDICTS[each.verdict]}</td></tr>"


def _instrument(made: "Stretch") -> Iterator[str]:
    calibrated = made.instrument.is_calibrated
    yield "<p class=small>"
    yield f"불확도 / uncertainty ±{made.instrument.uncertainty_db:.1f} dB (95 %), "
    yield f"교정 / calibrated: {'예 / yes' if calibrated else '아니오 / no'}, "
    yield f"자체 잡음 / own noise {made.instrument.floor_dba:.0f} dB(A). "
    yield ", ".join(f"LA{pct} {level:.1f}" for pct, level in made.percentiles().items())
    yield " dB(A) (LAeq,1s). 판정에는 불확도, 배경, 자체 잡음, 손실이 반영되었습니다. / "
    yield "The verdict takes uncertainty, background, own noise and loss into account.</p>"


def _impacts(made: "Stretch") -> Iterator[str]:
    if not made.impacts:
        return
    yield "<p class=small>충격음 / impacts, LAFmax dB(A): "
    yield ", ".join(f"{_when(made, each.at)} {each.laf_dba:.1f}" for each in made.impacts)
    yield "</p>"


def _when(made: "Stretch", at: float) -> str:
    """The local time at `at`, or where nobody knows it, the seconds of the recording."""
    if (local_s := made.calendar.local_s(at)) is None:
        return f"{at:.0f} s"
    return datetime.fromtimestamp(local_s, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _plot(made: "Stretch") -> Iterator[str]:
    """The highest F level of each ten seconds, the minutes' levels, and the limits."""
    begins = 10 * min(made.peaks, default=0)
    scale = (_WIDTH - _LEFT) / max(60.0, made.ends - begins)

    def x(at: float) -> float:
        return _LEFT + (at - begins) * scale

    def y(db: float) -> float:
        return _HEIGHT - 20 - (min(max(db, _LOW), _HIGH) - _LOW) / (_HIGH - _LOW) * (_HEIGHT - 30)

    yield f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="dB(A)">'
    for db in range(int(_LOW), int(_HIGH) + 1, 20):
        yield f'<path d="M{_LEFT} {y(db):.1f}H{_WIDTH}" stroke="#ddd"/>'
        yield f'<text x="2" y="{y(db) + 4:.1f}" font-size="11">{db} dB</text>'
    for finding in made.findings:
        if finding.measure is not Measure.AIRBORNE_LEQ:
            colour = "#b00" if finding.measure is Measure.IMPACT_MAX else "#06c"
            line = f"M{_LEFT} {y(finding.limit_dba):.1f}H{_WIDTH}"
            yield f'<path d="{line}" stroke="{colour}" stroke-dasharray="4 3"/>'
    for ten, level in sorted(made.peaks.items()):
        path = f"M{x(10 * ten + 5):.1f} {y(_LOW):.1f}V{y(level):.1f}"
        yield f'<path d="{path}" stroke="#e88" stroke-width="{max(1.0, 8 * scale):.1f}"/>'
    for ends, level in made.minutes:
        path = f"M{x(ends - 60):.1f} {y(level):.1f}H{x(ends):.1f}"
        yield f'<path d="{path}" stroke="#06c" stroke-width="3"/>'
    yield f'<text x="{_LEFT}" y="{_HEIGHT - 4}" font-size="11">{_when(made, begins)}</text>'
    end = f'<text x="{_WIDTH}" y="{_HEIGHT - 4}" font-size="11" text-anchor="end">'
    yield f"{end}{_when(made, made.ends)}</text></svg>"
    yield "<p class=small>빨강 / red: LAFmax 10 s, 파랑 / blue: LAeq,1min, "
    yield "점선 / dashed: 기준 / limits</p>"
