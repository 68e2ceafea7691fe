"""Thirty bad days as SVG: what befell the device, and what it was like meanwhile, hour by hour."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WIDE = 860  # of the picture, in its own units
LEFT, TOP, RIGHT, BELOW = 150, 22, 16, 34  # margins
LANE, PANEL, GAP = 14, 74, 14  # heights
_COLOURS = {"bad": "#c30", "line": "#036", "limit": "#999"}


@dataclass(frozen=True, slots=True)
class Lane:
    """A kind of trouble, and the hours in which it was there, from 0."""

    name: str
    hours: Sequence[int]


@dataclass(frozen=True, slots=True)
class Panel:
    """A quantity hour by hour from `least` to `most`; `limit` likewise, where it has one."""

    name: str
    values: Sequence[float]
    most: float
    limit: Sequence[float] = ()
    least: float = 0.0


def draw(lanes: Sequence[Lane], panels: Sequence[Panel], hours: int) -> str:
    """Lanes above, panels below, one axis of days under all."""
    high = TOP + LANE * len(lanes) + (PANEL + GAP) * len(panels) + BELOW
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {high}" '
            'font-family="sans-serif" font-size="11">'
        ),
        f'<rect width="{WIDE}" height="{high}" fill="#fff"/>',
        *_axis(hours, high),
    ]
    for n, lane in enumerate(lanes):
        parts += _lane(lane, TOP + LANE * n, hours)
    for n, panel in enumerate(panels):
        parts += _panel(panel, TOP + LANE * len(lanes) + GAP + (PANEL + GAP) * n, hours)
    return "\n".join([*parts, "</svg>", ""])


def _axis(hours: int, high: float) -> Iterator[str]:
    for hour in range(0, hours + 1, 24 * max(1, hours // 240)):
        x = _x(hour, hours)
        yield f'<path d="M{x:.1f} {TOP}V{high - BELOW}" stroke="#eee"/>'
        yield _text(x, high - BELOW + 14, "middle", f"{hour // 24}")
    yield _text((WIDE + LEFT) / 2, high - 4, "middle", "days")


def _lane(lane: Lane, top: float, hours: int) -> Iterator[str]:
    yield _text(LEFT - 8, top + 10, "end", lane.name)
    wide = max(0.8, _x(1, hours) - _x(0, hours))
    for hour in lane.hours:
        yield (
            f'<rect x="{_x(hour, hours):.1f}" y="{top + 2}" width="{wide:.2f}" '
            f'height="{LANE - 4}" fill="{_COLOURS["bad"]}"/>'
        )


def _panel(panel: Panel, top: float, hours: int) -> Iterator[str]:
    yield f'<path d="M{LEFT} {top + PANEL}H{WIDE - RIGHT}" stroke="#bbb"/>'
    yield _text(LEFT - 8, top + PANEL / 2 + 4, "end", panel.name)
    yield _text(LEFT - 8, top + 8, "end", f"{panel.most:g}")
    yield _text(LEFT - 8, top + PANEL + 4, "end", f"{panel.least:g}")
    for values, colour in ((panel.limit, "limit"), (panel.values, "line")):
        span = panel.most - panel.least
        points = " ".join(
            f"{_x(n + 0.5, hours):.1f},"
            f"{top + PANEL * (1 - min(1.0, max(0.0, (each - panel.least) / span))):.1f}"
            for n, each in enumerate(values)
        )
        if points:
            yield f'<polyline points="{points}" fill="none" stroke="{_COLOURS[colour]}"/>'


def _x(hour: float, hours: int) -> float:
    return LEFT + hour / hours * (WIDE - LEFT - RIGHT)


def _text(x: float, y: float, anchor: str, words: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'
