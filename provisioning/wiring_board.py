"""The Raspberry Pi with its header, as a picture of wiring has it."""

from dataclasses import dataclass

from provisioning.book import book
from provisioning.drawing import INK, SOFT, Drawing
from provisioning.wiring import HEADER

PITCH = 44.0  # between two pins of a column
WIDTH = 214.0


@dataclass(frozen=True, slots=True)
class Board:
    """The header at its place in the picture."""

    drawing: Drawing
    x: float
    y: float

    def column(self, pin: int) -> float:
        """The x of a pin: odd ones left, even ones right."""
        return self.x + WIDTH / 2 + (15 if pin % 2 == 0 else -15)

    def row(self, pin: int) -> float:
        """The y of a pin."""
        return self.y + (pin - 1) // 2 * PITCH + PITCH / 2

    def leaves(self, pin: int, side: int) -> list[tuple[float, float]]:
        """The way from a pin to the board's edge; past the other column between two rows."""
        x, y, edge = self.column(pin), self.row(pin), self.x + (WIDTH if side > 0 else 0.0)
        if (pin % 2 == 0) == (side > 0):
            return [(x, y), (edge, y)]
        between = y + PITCH / 2 - side * 4  # two that go opposite ways keep apart
        return [(x, y), (x, between), (edge, between)]

    def outline(self, used: dict[str, str]) -> None:
        """The board below everything else, with the names of its pins."""
        draw, middle = self.drawing, self.x + WIDTH / 2
        draw.box(
            self.x + 8, self.y - 34, WIDTH - 16, 20 * PITCH + 48, fill="#eef6ee", stroke="#5c8a5c"
        )
        draw.text(middle, self.y - 15, "Raspberry Pi", 13, anchor="middle", bold=True)
        draw.text(middle, self.y + 1, "▲ SD", 11, anchor="middle", colour=SOFT)
        draw.box(middle - 29, self.y + 3, 58, 20 * PITCH - 6, fill="#30363d", stroke="#30363d")
        for n, net in enumerate(HEADER, 1):
            side = 1 if n % 2 == 0 else -1
            is_used = net in used
            draw.text(
                middle + side * 34,
                self.row(n) - 6,
                net.upper() if net.startswith("gpio") else net,
                11,
                colour=INK if is_used else "#6e7781",
                anchor="start" if side > 0 else "end",
                bold=is_used,
            )

    def pins(self, used: dict[str, str]) -> None:
        """The numbered pins, over the wires that come from them."""
        colours = book().colours
        for n, net in enumerate(HEADER, 1):
            fill = colours[used[net]].hex if net in used else "#d0d7de"
            self.drawing.dot(self.column(n), self.row(n), fill, 11)
            ink = "#ffffff" if net in used else INK
            self.drawing.text(
                self.column(n),
                self.row(n) + 4,
                str(n),
                11.5,
                colour=ink,
                anchor="middle",
                bold=True,
            )
