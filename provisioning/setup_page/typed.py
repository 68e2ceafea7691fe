"""What people type, as it is kept: one line, and nothing in it that nobody sees."""

import unicodedata

from agent.values import Why
from provisioning.remedy import Failure
from provisioning.setup_page.refusals import RefusedError

_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")  # Hangul letters that are blank

EMPTY = Failure(
    "nothing-written",
    Why("적지 않은 칸이 있어요.", "Something was left empty."),
    Why("빈칸을 채워 주세요.", "Please fill it in."),
)


def one_line(text: str) -> str:
    """The text without line breaks, control signs and marks of direction.

    Raises:
        RefusedError: Nothing is left of it.
    """
    seen = (
        sign if sign.isprintable() and sign not in _FILLERS else " "
        for sign in unicodedata.normalize("NFC", text)
    )
    if not (found := " ".join("".join(seen).split())):
        raise RefusedError(EMPTY, 400)
    return found
