"""Strokes of a picture: lines in lanes, dots, texts that wrap; as SVG."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

Point = tuple[float, float]
FONT = "'Noto Sans KR','Noto Sans CJK KR','NanumGothic','Malgun Gothic',sans-serif"
INK, SOFT, PAPER = "#1f2328", "#57606a", "#ffffff"
HALO = 3.0  # white on each side of a line, so that one that crosses another is seen to pass over


@dataclass(slots=True)
class Drawing:
    """Collects SVG elements. Lengths are user units; `text` takes the baseline's y."""

    parts: list[str] = field(default_factory=list)

    def line(
        self, points: Sequence[Point], colour: str, width: float = 3.0, halo: float = HALO
    ) -> None:
        """A wire through these corners, over whatever was drawn before."""
        path = "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
        shape = 'fill="none" stroke-linejoin="round"'
        wide = _n(width + 2 * halo)
        self.parts.append(f'<path d="{path}" {shape} stroke="{PAPER}" stroke-width="{wide}"/>')
        self.parts.append(
            f'<path d="{path}" {shape} stroke="{colour}" stroke-width="{_n(width)}"/>'
        )

    def dot(self, x: float, y: float, colour: str, radius: float = 4.0) -> None:
        """A joint, or a pin."""
        where = f'cx="{_n(x)}" cy="{_n(y)}"'
        self.parts.append(f'<circle {where} r="{_n(radius)}" fill="{colour}"/>')

    def box(  # noqa: PLR0913  # where, how large, and two colours
        self, x: float, y: float, width: float, height: float, *, fill: str, stroke: str
    ) -> None:
        """A rectangle with round corners."""
        where = f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
        self.parts.append(f'<rect {where} rx="7" fill="{fill}" stroke="{stroke}"/>')

    def text(  # noqa: PLR0913  # where, what, and how it looks
        self,
        x: float,
        y: float,
        words: str,
        size: float,
        *,
        colour: str = INK,
        anchor: str = "start",
        bold: bool = False,
    ) -> None:
        """One line of text; `anchor` is start, middle or end."""
        weight = ' font-weight="700"' if bold else ""
        look = f'font-size="{_n(size)}" fill="{colour}" text-anchor="{anchor}"{weight}'
        self.parts.append(f'<text x="{_n(x)}" y="{_n(y)}" {look}>{escape(words)}</text>')

    def svg(self, width: float, height: float, title: str, told: str) -> str:
        """The whole picture, with what a screen reader says of it."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(width)} {_n(height)}" '
            f'role="img" aria-label={quoteattr(title)} font-family={quoteattr(FONT)}>'
        )
        words = f"<title>{escape(title)}</title>\n<desc>{escape(told)}</desc>"
        paper = f'<rect width="{_n(width)}" height="{_n(height)}" fill="{PAPER}"/>'
        return "\n".join([head, words, paper, *self.parts, "</svg>", ""])


def width_of(words: str, size: float) -> float:
    """About how wide a text is: Hangul is as wide as high, letters a little over half of that."""
    wide = sum(unicodedata.east_asian_width(each) in "WF" for each in words)
    narrow = sum(each in " ·.,:;'()|" for each in words)
    return size * (0.95 * wide + 0.33 * narrow + 0.57 * (len(words) - wide - narrow))


def wrapped(words: str, width: float, size: float) -> list[str]:
    """The text in lines of at most `width`, broken at spaces."""
    lines = [""]
    for word in words.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and width_of(longer, size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def lanes(wires: Sequence[tuple[float, float]]) -> list[int]:
    """A lane for each wire from `a` to `b` along a strip, the nearest to the `a`s first.

    Wires that keep their order do not cross: of those that go forward the last turns first, of
    those that go back the first.
    """
    forward = sorted((n for n, (a, b) in enumerate(wires) if b >= a), key=lambda n: -wires[n][0])
    back = sorted((n for n, (a, b) in enumerate(wires) if b < a), key=lambda n: wires[n][0])
    found = [0] * len(wires)
    for lane, n in enumerate([*forward, *back]):
        found[n] = lane
    return found


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
