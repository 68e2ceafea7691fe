"""The words beside the parts of a wiring: what a box is, and where each terminal goes."""

from collections.abc import Sequence

from agent.values import Why
from provisioning.book import book
from provisioning.wiring import PASSES, RAILS, Box, Terminal, flat, is_on_header, physical

PLACES = {  # what is not on the header
    "csi": Why("카메라 소켓", "camera socket"),
    "usb": Why("USB 소켓", "USB socket"),
    "radio": Why("내장 블루투스", "own Bluetooth"),
    "firmware": Why("배선 없음", "nothing to wire"),
    "own": Why("따로 둔 전원", "own supply"),
}


def told(boxes: Sequence[Box]) -> str:
    """The wiring in words: every terminal of every part, in English, for who cannot see it."""
    return " ".join(
        f"{each.label.en} ({each.key}): "
        + ", ".join(
            f"{terminal.at} to {place_name(terminal)}"
            for terminal in each.terminals
            if terminal.at != PASSES
        )
        + "."
        for each in flat(boxes)
    )


def place_name(terminal: Terminal) -> str:
    """Where a terminal goes, in English."""
    if is_on_header(terminal):
        return f"pin {physical(terminal.net)} ({terminal.net.upper()})"
    if terminal.net in RAILS:
        return terminal.net
    found = PLACES.get(terminal.net)
    return found.en if found else terminal.net.partition("@")[0]


def note_of(box: Box) -> str:
    """The small parts that belong to the whole box."""
    return ", ".join(book().pieces[name].mark for name in box.pieces)


def titles_of(box: Box) -> tuple[str, str]:
    """What it is, and what it is for here unless that says the same again."""
    role = box.role
    if role is None or role.ko in box.label.ko:
        return box.label.ko, box.label.en
    return f"{box.label.ko} · {role.ko}", f"{box.label.en} · {role.en}"


def badge_of(terminal: Terminal) -> str:
    """The pin's number, or the rail's or input's name."""
    if is_on_header(terminal):
        return str(physical(terminal.net))
    return terminal.net.partition("@")[0] if terminal.net not in PLACES else "-"


def row_words(terminal: Terminal) -> str:
    """What stands beside a terminal's badge."""
    if terminal.net in PLACES:
        place = PLACES[terminal.net]
        name = "" if terminal.at == "-" else f"{terminal.at} · "
        return f"{name}{place.ko} / {place.en}"
    if terminal.at == PASSES:
        return "▼ 아래 부품에만 / below only"
    words = [] if terminal.at == terminal.net else [terminal.at]
    if is_on_header(terminal):
        words.append(terminal.net.upper())
    marks = [f"+ {book().pieces[name].mark}" for name in terminal.pieces]
    return " ".join([" · ".join(words), *marks]).strip()
