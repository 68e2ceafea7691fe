"""The same wiring for a narrow screen: a map of the header, then a card a part."""

from collections.abc import Iterator, Sequence

from agent.values import Why
from provisioning.book import book
from provisioning.drawing import INK, SOFT, Drawing, width_of, wrapped
from provisioning.wiring import HEADER, PASSES, RAILS, Box, flat, is_on_header
from provisioning.wiring_words import badge_of, note_of, row_words, titles_of, told

_WIDTH, _MARGIN, _PITCH, _ROW = 380.0, 10.0, 31.0, 28.0


def phone_picture(boxes: Sequence[Box], title: Why) -> str:
    """The picture for screens from 320 px on: nothing is smaller than 11 units of its 380."""
    drawing = Drawing()
    y = _heading(drawing, title)
    y = _map(drawing, boxes, y)
    for box, depth in _nested(boxes, 0):
        y = _card(drawing, box, y, depth)
    return drawing.svg(_WIDTH, y + 8, f"{title.ko} 배선 · Wiring: {title.en}", told(boxes))


def _heading(drawing: Drawing, title: Why) -> float:
    y = 8.0
    for words, size, colour in ((f"{title.ko} 배선", 20, INK), (f"Wiring: {title.en}", 14, SOFT)):
        for line in wrapped(words, _WIDTH - 2 * _MARGIN, size):
            y += size + 5
            drawing.text(_WIDTH / 2, y, line, size, colour=colour, anchor="middle", bold=size == 20)
    return y + 16


def _nested(boxes: Sequence[Box], depth: int) -> Iterator[tuple[Box, int]]:
    for each in boxes:
        yield each, depth
        yield from _nested(each.inside, depth + 1)


def _users(boxes: Sequence[Box]) -> dict[str, Why]:
    """Who has each pin: the part's role, or else its name."""
    found: dict[str, Why] = {}
    for box in boxes:
        name = box.role or box.label
        for each in box.terminals:
            if is_on_header(each):
                at = f"{each.at} · " if len(box.terminals) > 3 or box.inside else ""
                found.setdefault(each.net, Why(at + name.ko, at + name.en))
    return found


def _map(drawing: Drawing, boxes: Sequence[Box], y: float) -> float:
    """The header, pin 1 at the top left, with whoever has each pin beside it."""
    colours, users, middle = book().colours, _users(boxes), _WIDTH / 2
    painted = {each.net: each.colour for box in flat(boxes) for each in box.terminals}
    drawing.text(middle, y, "▲ SD", 12, colour=SOFT, anchor="middle")
    y += 6
    drawing.box(middle - 30, y, 60, 20 * _PITCH + 4, fill="#30363d", stroke="#30363d")
    for n, net in enumerate(HEADER, 1):
        side = 1 if n % 2 == 0 else -1
        at = y + 2 + (n - 1) // 2 * _PITCH + _PITCH / 2
        fill = colours[painted[net]].hex if net in painted else "#d0d7de"
        drawing.dot(middle + side * 14, at, fill, 12)
        ink = "#ffffff" if net in painted else INK
        where = middle + side * 14
        drawing.text(where, at + 4.5, str(n), 12.5, colour=ink, anchor="middle", bold=True)
        anchor, beside = "start" if side > 0 else "end", middle + side * 36
        if net not in users:
            drawing.text(beside, at + 4, net.upper(), 11, colour=SOFT, anchor=anchor)
            continue
        name = users[net]
        drawing.text(beside, at - 1, _cut(name.ko, 12.5), 12.5, anchor=anchor, bold=True)
        drawing.text(beside, at + 11, _cut(name.en, 11), 11, colour=SOFT, anchor=anchor)
    return y + 20 * _PITCH + 22


def _cut(words: str, size: float) -> str:
    """What fits beside the header."""
    words = words.partition(" (")[0]
    room = _WIDTH / 2 - 36 - 6
    if width_of(words, size) <= room:
        return words
    while words and width_of(words + "…", size) > room:
        words = words[:-1]
    return words.rstrip() + "…"


def _card(drawing: Drawing, box: Box, y: float, depth: int) -> float:
    x, colours = _MARGIN + 14 * depth, book().colours
    width = _WIDTH - _MARGIN - x
    titles = [
        (line, size)
        for words, size in zip(titles_of(box), (16.0, 12.5), strict=True)
        for line in wrapped(words, width - 20, size)
    ]
    note = note_of(box)
    lines = [*titles, *([(f"+ {note}", 12.0)] if note else [])]
    height = sum(size + 5 for _, size in lines) + _ROW * len(box.terminals) + 18
    drawing.box(x, y, width, height, fill="#ffffff" if depth else "#f6f8fa", stroke="#8c959f")
    at = y + 5
    for words, size in titles:
        at += size + 5
        drawing.text(x + 10, at, words, size, bold=size == 16, colour=INK if size == 16 else SOFT)
    at += 6
    for each in box.terminals:
        middle, fill = at + _ROW / 2, colours[each.colour].hex
        drawing.line([(x + 10, middle), (x + 44, middle)], fill, 5)
        badge = badge_of(each)
        wide = max(30.0, width_of(badge, 13) + 12)
        drawing.box(x + 44, middle - 11, wide, 22, fill=fill, stroke=fill)
        drawing.text(
            x + 44 + wide / 2, middle + 5, badge, 13, colour="#ffffff", anchor="middle", bold=True
        )
        is_rail = each.net in RAILS and each.at != PASSES
        words = each.at if is_rail else row_words(each)
        drawing.text(x + 52 + wide, middle + 5, words, 13)
        at += _ROW
    if note:
        drawing.text(x + 10, at + 14, f"+ {note}", 12, colour=SOFT)
    return y + height + 8
