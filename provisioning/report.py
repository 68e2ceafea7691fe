"""Which devices of a site are made, flashed, enrolled, commissioned, revoked, or overdue."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agent.values import Why
from provisioning.journal import Entry, Journal, Made, Seen
from provisioning.terminal import Lang

_SOON = timedelta(days=14)
_STATES: Mapping[str, Why] = {
    "made": Why("만듦", "made"),
    "flashed": Why("카드 만듦", "card made"),
    "enrolled": Why("등록됨", "enrolled"),
    "commissioned": Why("설치 완료", "commissioned"),
    "quarantined": Why("확인 대기", "quarantined"),
    "expired": Why("인증서 만료", "certificate expired"),
    "revoked": Why("사용 중지", "revoked"),
}
_COLUMNS = (
    Why("기기", "Device"),
    Why("장소", "Place"),
    Why("프로필", "Profile"),
    Why("상태", "State"),
    Why("카드", "Card made"),
    Why("설치", "Commissioned"),
    Why("할 일", "To do"),
)
_NOTHING = Why("", "")


@dataclass(frozen=True, slots=True)
class Row:
    """A device as the journal knows it, and what is to be done next; times are RFC 3339 or empty.

    `is_overdue` if that is late already.
    """

    made: Made
    state: str
    flashed_at: str
    commissioned_at: str
    todo: Why
    is_overdue: bool

    @property
    def record(self) -> dict[str, Any]:
        """As a record for machines."""
        return {
            "device": self.made.device,
            "site": self.made.site,
            "place": {"ko": self.made.place.ko, "en": self.made.place.en},
            "profile": self.made.profile,
            "state": self.state,
            "flashed": self.flashed_at,
            "commissioned": self.commissioned_at,
            "todo": {"ko": self.todo.ko, "en": self.todo.en},
            "overdue": self.is_overdue,
        }


def rows(journal: Journal, site: str | None, now: datetime) -> Sequence[Row]:
    """Every device of a site, or of all."""
    history: dict[str, dict[str, Entry]] = {}
    for entry in journal.history():
        done = history.setdefault(entry.device, {})
        if entry.what == "made":  # what was done with the card before does not count
            done.clear()
        done[entry.what] = entry
    seen, untold = journal.seen(), {each.device for each in journal.errands()}
    return [
        _row(made, history.get(made.device, {}), seen.get(made.device), now, made.device in untold)
        for made in journal.devices(site)
    ]


def _row(
    made: Made, done: Mapping[str, Entry], seen: Seen | None, now: datetime, is_untold: bool
) -> Row:
    state = _state(done, seen)
    todo, is_overdue = _todo(state, made, now, is_untold=is_untold)
    return Row(made, state, _at(done, "flashed"), _at(done, "commissioned"), todo, is_overdue)


def _state(done: Mapping[str, Entry], seen: Seen | None) -> str:
    if "revoked" in done or (seen is not None and seen.state == "revoked"):
        return "revoked"
    if seen is not None and seen.state in {"quarantined", "expired"}:
        return seen.state
    if "commissioned" in done:
        return "commissioned"
    if seen is not None and seen.state == "enrolled":
        return "enrolled"
    return "flashed" if "flashed" in done else "made"


def _todo(state: str, made: Made, now: datetime, *, is_untold: bool) -> tuple[Why, bool]:
    """What is next, and whether it is late."""
    if state in {"made", "flashed"} and made.claim_expires <= now:
        again = f"batch --remake {made.device}"
        return Why(f"등록 코드 만료: {again}", f"claim code expired: {again}"), True
    if is_untold:
        return Why("sync 실행", "run sync"), False
    late = made.claim_expires - now <= _SOON
    steps: Mapping[str, tuple[Why, bool]] = {
        "made": (Why("카드 만들기", "make its card"), late),
        "flashed": (Why("현장에서 켜기", "switch it on at its place"), late),
        "enrolled": (Why("설정 화면에서 설치 마치기", "finish on its setup page"), False),
        "quarantined": (Why("사무실에서 확인", "the office has to release it"), True),
        "expired": (Why("새 카드 만들기", "make a new card"), True),
    }
    return steps.get(state, (_NOTHING, False))


def _at(done: Mapping[str, Entry], what: str) -> str:
    return done[what].at if what in done else ""


def summary(found: Sequence[Row]) -> dict[str, int]:
    """How many devices there are of each state, and how many are overdue."""
    counts = {state: sum(row.state == state for row in found) for state in _STATES}
    overdue = sum(row.is_overdue for row in found)
    return {"devices": len(found), **{k: n for k, n in counts.items() if n}, "overdue": overdue}


def as_markdown(found: Sequence[Row], title: str, lang: Lang) -> str:
    """A page in Markdown."""
    head, lines = _cells(found, lang)
    told = [f"# {title}", "", _counted(found, lang), "", "| " + " | ".join(head) + " |"]
    told.append("|" + "---|" * len(head))
    told += ["| " + " | ".join(map(_plain, line)) + " |" for line in lines]
    return "\n".join(told) + "\n"


def _plain(cell: str) -> str:
    """A cell that is text, and neither a border nor HTML."""
    return html.escape(cell, quote=False).replace("|", r"\|")


def as_html(found: Sequence[Row], title: str, lang: Lang) -> str:
    """A page in HTML that needs nothing else."""
    head, lines = _cells(found, lang)
    cells = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in head)
    body = "\n".join(
        f"<tr{' class=late' if row.is_overdue else ''}>"
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in line)
        + "</tr>"
        for row, line in zip(found, lines, strict=True)
    )
    return _PAGE.format(
        lang=lang,
        title=html.escape(title),
        counted=html.escape(_counted(found, lang)),
        head=cells,
        body=body,
    )


def _cells(found: Sequence[Row], lang: Lang) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    def told(text: Why) -> str:
        return text.ko if lang == "ko" else text.en

    lines = [
        [
            row.made.device,
            told(row.made.place),
            row.made.profile,
            told(_STATES[row.state]),
            row.flashed_at[:10],
            row.commissioned_at[:10],
            told(row.todo) + (" (!)" if row.is_overdue else ""),
        ]
        for row in found
    ]
    return [told(each) for each in _COLUMNS], lines


def _counted(found: Sequence[Row], lang: Lang) -> str:
    counts = summary(found)
    words = {
        **_STATES,
        "devices": Why("기기", "devices"),
        "overdue": Why("늦은 것", "overdue"),
    }
    named = [(words[key].ko if lang == "ko" else words[key].en, n) for key, n in counts.items()]
    return ", ".join(f"{name} {count}" for name, count in named)


_PAGE = """<!doctype html>
<html lang="{lang}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 1rem/1.5 sans-serif; margin: 1.5rem; color: #111; background: #fff; }}
table {{ border-collapse: collapse; }}
th, td {{ border: 1px solid #767676; padding: .3rem .6rem; text-align: left; }}
.late {{ background: #fff1c2; }}
</style>
<h1>{title}</h1>
<p>{counted}</p>
<table>
<thead><tr>{head}</tr></thead>
<tbody>
{body}
</tbody>
</table>
</html>
"""
