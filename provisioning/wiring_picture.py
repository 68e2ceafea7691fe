"""The wiring of a profile as a picture (SVG): the header, the parts beside it, a lane a wire."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.values import Why
from provisioning.book import book
from provisioning.drawing import SOFT, Drawing, lanes, width_of, wrapped
from provisioning.wiring import HEADER, RAILS, Box, is_input, is_on_header, physical
from provisioning.wiring_board import PITCH, WIDTH, Board
from provisioning.wiring_words import badge_of, note_of, row_words, titles_of, told

# rows keep to a grid between the ways that leave the board, so that no two lines fall together
_ROW, _LANE, _GAP = PITCH / 2, 9.0, 13.0
_BOX, _MARGIN, _TOP = 300.0, 14.0, 110.0
_TITLE, _SMALL, _NOTE = 16.0, 13.0, 12.0
_SOURCES = {-1: {"3V3": 1, "GND": 9, "5V": 4}, 1: {"5V": 2, "GND": 6, "3V3": 17}}  # header pins
_FILL, _EDGE, _INNER = "#f6f8fa", "#8c959f", "#ffffff"


@dataclass(slots=True)
class Laid:
    """A box with its place: `side` is -1 left of the header and 1 right of it; `x` its near edge.

    `rows` are the y of its terminals, in their order.
    """

    box: Box
    side: int
    x: float
    y: float
    width: float
    height: float
    rows: list[float]
    inside: list["Laid"]
    lines: list[tuple[float, str, float, bool]]  # y, words, size, bold


def picture(boxes: Sequence[Box], title: Why) -> str:
    """The picture for a sheet of paper: parts on both sides of the header."""
    left, right = _sides(boxes)
    strips = {side: _strip(column, side) for side, column in ((-1, left), (1, right))}
    x_board = _MARGIN + _BOX + strips[-1]
    width = x_board + WIDTH + strips[1] + _BOX + _MARGIN
    columns = {
        -1: _column(left, -1, x_board - strips[-1]),
        1: _column(right, 1, x_board + WIDTH + strips[1]),
    }
    lowest = max((each.y + each.height for c in columns.values() for each in c), default=0.0)
    height = max(lowest, _TOP + 20 * PITCH + 40) + 74
    for column in columns.values():
        _spread(column, height - 74)
    drawing = Drawing()
    _head(drawing, title, width)
    y_header = _TOP + (height - 74 - _TOP - 20 * PITCH) / 2 // _ROW * _ROW
    board = Board(drawing, x_board, y_header)
    board.outline(_used(boxes))
    for side, column in columns.items():
        for laid in column:
            _frame(drawing, laid)
        _wires(board, column, side)
        for laid in column:
            _labels(drawing, laid)
    board.pins(_used(boxes))
    _foot(drawing, height, width)
    return drawing.svg(width, height, f"{title.ko} 배선 · Wiring: {title.en}", told(boxes))


def _used(boxes: Sequence[Box]) -> dict[str, str]:
    """The nets of the header that are used, with their colours."""
    found = {each.net: each.colour for box in boxes for each in box.terminals}
    return {net: colour for net, colour in found.items() if net in HEADER}


def _sides(boxes: Sequence[Box]) -> tuple[list[Box], list[Box]]:
    """Which boxes stand left and which right: near their pins, but neither side much taller."""
    sides: dict[int, list[Box]] = {-1: [], 1: []}
    for each in boxes:
        pins = [physical(t.net) for t in each.terminals if is_on_header(t)]
        odd = sum(pin % 2 for pin in pins)
        sides[-1 if odd * 2 >= len(pins) and pins else 1].append(each)
    heights = {side: sum(_height(each) for each in column) for side, column in sides.items()}
    while True:
        tall = -1 if heights[-1] > heights[1] else 1
        over = heights[tall] - heights[-tall]
        loose = [each for each in sides[tall] if not each.inside and _height(each) < over]
        if not loose:
            break
        moved = max(loose, key=lambda each: (_pinless(each), sides[tall].index(each)))
        sides[tall].remove(moved)
        sides[-tall].append(moved)
        heights[tall] -= _height(moved)
        heights[-tall] += _height(moved)
    order = {each.key: n for n, each in enumerate(boxes)}
    return tuple(sorted(column, key=lambda each: order[each.key]) for column in sides.values())  # type: ignore[return-value]  # both


def _pinless(box: Box) -> bool:
    return not any(is_on_header(each) for each in box.terminals)


def _height(box: Box) -> float:
    return _lay(box, 1, 0.0, 0.0, _BOX).height + _GAP


def _strip(column: Sequence[Box], side: int) -> float:
    """How wide the room between board and boxes must be: a lane a wire, and the rails."""
    signals = sum(is_on_header(each) for box in column for each in box.terminals)
    rails = {each.net for box in column for each in box.terminals} & set(_SOURCES[side])
    return 16 + _LANE * signals + 11 * len(rails) + 14


def _column(boxes: Sequence[Box], side: int, x: float) -> list[Laid]:
    y, found = _TOP, []
    for each in boxes:
        laid = _lay(each, side, x, y, _BOX)
        found.append(laid)
        y += laid.height + _GAP
    return found


def _spread(column: list[Laid], bottom: float) -> None:
    """Use the room that is left for wider gaps."""
    if not column:
        return
    spare = bottom - (column[-1].y + column[-1].height)
    step = spare / (len(column) + 1)
    for n, laid in enumerate(column, 1):
        _shift(laid, min(step * n, 60.0 * n) // _ROW * _ROW)


def _shift(laid: Laid, by: float) -> None:
    laid.y += by
    laid.rows = [y + by for y in laid.rows]
    laid.lines = [(y + by, words, size, bold) for y, words, size, bold in laid.lines]
    for each in laid.inside:
        _shift(each, by)


def _lay(box: Box, side: int, x: float, y: float, width: float) -> Laid:
    lines = []
    at = y + 5
    for words, size, bold in zip(titles_of(box), (_TITLE, _SMALL), (True, False), strict=True):
        for line in wrapped(words, width - 22, size):
            at += size + 3
            lines.append((at, line, size, bold))
    at += 6
    if width == _BOX:  # stands on the header's wires
        at += -(at - _TOP) % _ROW
    rows = []
    for _ in box.terminals:
        rows.append(at + _ROW / 2)
        at += _ROW
    lanes_x = _LANE * len(_shared_nets(box))
    if note := note_of(box):
        at += _NOTE + 3
        lines.append((at, f"+ {note}", _NOTE, False))
    inset = 18 + lanes_x
    laid_inside = []
    for each in box.inside:
        at += 8
        laid = _lay(each, side, x + side * inset, at, width - inset - 8)
        laid_inside.append(laid)
        at += laid.height
    return Laid(box, side, x, y, width, at + 9 - y, rows, laid_inside, lines)


def _shared_nets(box: Box) -> list[str]:
    """The nets that run through a box to the parts inside, in the order of its terminals."""
    inside = {each.net for part in box.inside for each in part.terminals}
    own = [each.net for part in (box, *box.inside) for each in part.terminals]
    return [net for net in dict.fromkeys(own) if net in inside and own.count(net) > 1]


def _frame(drawing: Drawing, laid: Laid, fill: str = _FILL) -> None:
    x = laid.x if laid.side > 0 else laid.x - laid.width
    drawing.box(x, laid.y, laid.width, laid.height, fill=fill, stroke=_EDGE)
    for each in laid.inside:
        _frame(drawing, each, _INNER)
    _through(drawing, laid)


def _through(drawing: Drawing, laid: Laid) -> None:
    """The lines inside a shared box, from where they come in to the parts that use them."""
    colours, nets = book().colours, _shared_nets(laid.box)
    if not nets:
        return
    parts = (laid, *laid.inside)
    lanes_x = {net: laid.x + laid.side * (10 + _LANE * n) for n, net in enumerate(nets)}
    ends = [
        (part, y, each)
        for part in parts
        for y, each in zip(part.rows, part.box.terminals, strict=True)
        if each.net in lanes_x or part is laid
    ]
    for net, x in lanes_x.items():
        ys = [y for _, y, each in ends if each.net == net]
        colour = next(each.colour for _, _, each in ends if each.net == net)
        drawing.line([(x, min(ys)), (x, max(ys))], colours[colour].hex, 2.5)
    badge_x = laid.x + laid.side * (16 + _LANE * len(nets))
    for part, y, each in ends:
        begin = lanes_x.get(each.net, laid.x)
        if part is laid and not is_input(each):
            begin = laid.x
        end = badge_x if part is laid else part.x
        drawing.line([(begin, y), (end, y)], colours[each.colour].hex, 2.5, halo=1.2)
    for _, y, each in ends:
        if each.net in lanes_x:
            drawing.dot(lanes_x[each.net], y, colours[each.colour].hex)


def _labels(drawing: Drawing, laid: Laid) -> None:
    side, colours = laid.side, book().colours
    anchor = "start" if side > 0 else "end"
    past = _LANE * len(_shared_nets(laid.box))
    x_row = laid.x + side * (16 + past)
    for y, words, size, bold in laid.lines:
        x = x_row if size == _NOTE else laid.x + side * 12
        drawing.text(x, y, words, size, anchor=anchor, bold=bold)
    for y, terminal in zip(laid.rows, laid.box.terminals, strict=True):
        badge = badge_of(terminal)
        wide = max(24.0, width_of(badge, 11.5) + 10)
        x = x_row if side > 0 else x_row - wide
        fill = colours[terminal.colour].hex
        drawing.box(x, y - 9.5, wide, 19, fill=fill, stroke=fill)
        drawing.text(x + wide / 2, y + 4, badge, 11.5, colour="#ffffff", anchor="middle", bold=True)
        words = row_words(terminal)
        drawing.text(x_row + side * (wide + 7), y + 4.5, words, _SMALL, anchor=anchor)
    for each in laid.inside:
        _labels(drawing, each)


def _wires(board: Board, column: Sequence[Laid], side: int) -> None:
    """Signals in a lane each, then the rails with a stub to every terminal."""
    drawing, colours = board.drawing, book().colours
    if not column:
        return
    ends = [(y, t) for laid in column for y, t in zip(laid.rows, laid.box.terminals, strict=True)]
    signals = [(y, each) for y, each in ends if is_on_header(each)]
    ways = [board.leaves(physical(each.net), side) for _, each in signals]
    found = lanes([(way[-1][1], y) for way, (y, _) in zip(ways, signals, strict=True)])
    edge, near = board.x + (WIDTH if side > 0 else 0.0), column[0].x
    rails = [rail for rail in RAILS if any(each.net == rail for _, each in ends)]
    for n, rail in enumerate(rails):
        x = near - side * (14 + 11 * n)
        ys = [y for y, each in ends if each.net == rail]
        way = board.leaves(_SOURCES[side][rail], side)
        colour = colours[book().rails[rail]].hex
        drawing.line([*way, (x, way[-1][1])], colour)
        drawing.line([(x, min(*ys, way[-1][1])), (x, max(*ys, way[-1][1]))], colour, 4)
        drawing.dot(x, way[-1][1], colour)
    for lane, way, (y, each) in zip(found, ways, signals, strict=True):
        x = edge + side * (16 + _LANE * lane)
        drawing.line([*way, (x, way[-1][1]), (x, y), (near, y)], colours[each.colour].hex)
    for n, rail in enumerate(rails):
        x = near - side * (14 + 11 * n)
        for y, each in ends:
            if each.net == rail:
                drawing.line([(x, y), (near, y)], colours[each.colour].hex)
                drawing.dot(x, y, colours[each.colour].hex)


def _head(drawing: Drawing, title: Why, width: float) -> None:
    drawing.text(width / 2, 34, f"{title.ko} 배선", 24, anchor="middle", bold=True)
    drawing.text(width / 2, 58, f"Wiring: {title.en}", 16, anchor="middle", colour=SOFT)


def _foot(drawing: Drawing, height: float, width: float) -> None:
    korean = (
        "동그라미 번호는 핀 번호(1~40)입니다. 굵은 세로줄(3V3, 5V, GND)은 단자대로 나눕니다. "
        "전원을 끄고 배선하세요."
    )
    english = (
        "Numbers are the header's pins. Thick lines (3V3, 5V, GND) are shared by terminal "
        "blocks. Wire with the power off. Colours are a proposal."
    )
    for n, words in enumerate((korean, english)):
        y = height - 44 + 22 * n
        drawing.text(width / 2, y, words, 14 if n == 0 else 13, anchor="middle", colour=SOFT)
