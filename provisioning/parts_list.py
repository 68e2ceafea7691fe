"""What to buy for a profile, and which wire goes where: as Markdown, HTML and CSV."""

import csv
import html
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.values import Why
from drivers import catalog
from provisioning.book import book
from provisioning.wiring import PASSES, RAILS, Box, flat, is_on_header, physical
from provisioning.wiring_words import PLACES

_BOARD = Why("라즈베리 파이 (3, 4, 5 또는 Zero 2 W)", "Raspberry Pi (3, 4, 5 or Zero 2 W)")
_BOARD_WHY = Why("모든 것을 움직이는 기기입니다.", "The device that all of it hangs on.")
_CARD = Why("microSD 카드 (8 GB 이상)", "microSD card, 8 GB or more")
_CARD_WHY = Why("소프트웨어가 들어 있습니다.", "Has the software.")
_SUPPLY = Why("전원 어댑터 (5 V, 보드에 맞는 것)", "Power supply, 5 V, as its board asks")
_SUPPLY_WHY = Why("기기에 전기를 줍니다.", "Feeds the device.")
HEADS = ("부품 · part", "개수 · count", "쓰임 · what for", "가격대 · price")
WIRE_HEADS = (
    "부품 · part", "단자 · terminal", "핀 · pin", "이름 · name", "색 · colour", "사이에 · between",
)  # fmt: skip
PRICES = "€: 5유로 미만 · below 5 euros, €€: 20유로 미만 · below 20, €€€: 그 이상 · above"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of what to buy; `price` is a class as in the drivers' sheets, '' where unknown."""

    name: Why
    count: int
    why: Why
    price: str


def items(boxes: Sequence[Box]) -> list[Item]:
    """The parts, then the small pieces between them, each with how many of it."""
    found = [
        Item(_BOARD, 1, _BOARD_WHY, "€€€"),
        Item(_SUPPLY, 1, _SUPPLY_WHY, "€€"),
        Item(_CARD, 1, _CARD_WHY, "€€"),
    ]
    parts = [each for each in flat(boxes) if _is_bought(each)]
    for label in dict.fromkeys(each.label for each in parts):
        alike = [each for each in parts if each.label == label]
        found.append(Item(label, len(alike), _why(alike), _price(alike[0])))
    pieces = [name for each in flat(boxes) for name in (*each.pieces, *_of_terminals(each))]
    for name in dict.fromkeys(pieces):
        piece, users = book().pieces[name], _users(boxes, name)
        found.append(Item(piece.name, pieces.count(name), users, piece.price))
    return found


def _is_bought(box: Box) -> bool:
    if box.driver:
        return box.entry is not None and all(w.to != "firmware" for w in box.entry.wires)
    return box.entry is not None and box.entry.is_part


def _of_terminals(box: Box) -> list[str]:
    return [name for each in box.terminals for name in each.pieces]


def _price(box: Box) -> str:
    if box.driver in catalog.DRIVERS and not (box.entry and box.entry.price):
        (kind,) = catalog.config_types([box.driver])
        return kind.sheet.price
    return (box.entry.price if box.entry else None) or ""


def _why(alike: Sequence[Box]) -> Why:
    roles = [each.role for each in alike if each.role is not None]
    first = alike[0].why or Why("", "")
    if len(alike) == 1 or not roles:
        return first
    return Why(", ".join(each.ko for each in roles), ", ".join(each.en for each in roles))


def _users(boxes: Sequence[Box], piece: str) -> Why:
    users = [each for each in flat(boxes) if piece in (*each.pieces, *_of_terminals(each))]
    labels = dict.fromkeys(each.label for each in users)
    return Why(", ".join(each.ko for each in labels), ", ".join(each.en for each in labels))


def rows(found: Iterable[Item]) -> list[list[str]]:
    """What to buy, a row an item, as the heads `HEADS` say."""
    return [
        [f"{each.name.ko} · {each.name.en}", str(each.count), f"{each.why.ko} · {each.why.en}",
         each.price or "?"]
        for each in found
    ]  # fmt: skip


def wire_rows(boxes: Sequence[Box]) -> list[list[str]]:
    """Every wire, a row a terminal, as the heads `WIRE_HEADS` say."""
    found = []
    for box in flat(boxes):
        if box.inside and not (box.entry and box.entry.is_part):
            continue  # a bus: its wires are those of its parts
        name = f"{box.label.ko} · {box.label.en} (`{box.key}`)"
        for each in box.terminals:
            if each.at == PASSES:
                continue
            colour = book().colours[each.colour]
            pieces = [book().pieces[piece].name for piece in each.pieces]
            found.append(
                [
                    name,
                    each.at,
                    str(physical(each.net)) if is_on_header(each) else "-",
                    _net_words(each.net),
                    f"{colour.ko} · {colour.en}" if each.net not in PLACES else "-",
                    "; ".join(f"{piece.ko} · {piece.en}" for piece in pieces) or "-",
                ]
            )
            name = f"`{box.key}`"
    return found


def _net_words(net: str) -> str:
    if net in PLACES:
        return f"{PLACES[net].ko} · {PLACES[net].en}"
    if net in RAILS:
        return f"{net} 단자대 · {net} terminal block"
    return net.upper().partition("@")[0]


def markdown(heads: Sequence[str], table: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in table]
    return "\n".join(lines)


def html_table(heads: Sequence[str], table: Iterable[Sequence[str]]) -> str:
    """A table in HTML."""
    head = "".join(f'<th scope="col">{html.escape(each)}</th>' for each in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(cell)}</td>" for cell in row) + "</tr>\n" for row in table
    )
    return f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"


def _cell(text: str) -> str:
    """Escaped; what is code in Markdown is code here, too."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


def csv_text(heads: Sequence[str], table: Iterable[Sequence[str]]) -> str:
    """A table as CSV, with commas and CRLF (RFC 4180)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(heads)
    writer.writerows(table)
    return out.getvalue()
