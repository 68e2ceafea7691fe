"""The curve of a storm as SVG: how many were back, and how many first alarms had come, by when."""

from collections.abc import Iterator, Sequence

WIDE, HIGH = 640, 260  # of the picture, in its own units
LEFT, TOP, RIGHT, BELOW = 44, 16, 12, 36  # margins
LAST_S, STEP_S = 65, 10
EACH = 10  # points that a curve leaves out but for one

Curve = tuple[str, str, Sequence[float]]  # its name, its colour, and its seconds in order


def draw(curves: Sequence[Curve], most: int) -> str:
    """Cumulated counts up to `most` over the seconds."""
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" '
            'font-family="sans-serif" font-size="11">'
        ),
        f'<rect width="{WIDE}" height="{HIGH}" fill="#fff"/>',
        *_grid(most),
    ]
    for n, (name, colour, seconds) in enumerate(curves):
        points = " ".join(_points(seconds, most))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        parts.append(_text(WIDE - 190, TOP + 130 + 18 * n, "start", f"{name} ({len(seconds)})"))
        parts.append(f'<path d="M{WIDE - 212} {TOP + 126 + 18 * n}h16" stroke="{colour}"/>')
    parts.append(_text(WIDE / 2, HIGH - 4, "middle", "seconds since the hub was back"))
    return "\n".join([*parts, "</svg>", ""])


def _grid(most: int) -> Iterator[str]:
    for s in range(0, LAST_S, STEP_S):
        yield f'<path d="M{_x(s):.1f} {_y(0):.1f}V{TOP}" stroke="#ddd"/>'
        yield _text(_x(s), _y(0) + 14, "middle", f"{s}")
    for count in range(0, most + 1, max(1, most // 4)):
        yield _text(LEFT - 6, _y(count / most) + 4, "end", f"{count}")


def _points(seconds: Sequence[float], most: int) -> Iterator[str]:
    yield f"{_x(0):.1f},{_y(0):.1f}"
    for count, s in enumerate(seconds, 1):
        if count % EACH == 0 or count == len(seconds):
            yield f"{_x(s):.1f},{_y(count / most):.1f}"


def _x(s: float) -> float:
    return LEFT + s / LAST_S * (WIDE - LEFT - RIGHT)


def _y(share: float) -> float:
    return TOP + (1 - share) * (HIGH - TOP - BELOW)


def _text(x: float, y: float, anchor: str, words: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'
