"""What a label says: where the device belongs, and how to reach its setup page.

Nothing on it is a secret (`provisioning.seed`): the setup code proves that somebody stands before
the device, and opens nothing at the hub or at the authority.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.values import Why
from provisioning.batch_folder import LabelData
from provisioning.model import MODEL

NAME = "해태 Haetae"
A4_MM = (210.0, 297.0)
CODE_CAPTION = Why("설정 코드", "Setup code")
WIFI_CAPTION = Why("① 와이파이", "① Wi-Fi")
PAGE_CAPTION = Why("② 설정 화면", "② Setup page")


@dataclass(frozen=True, slots=True)
class Label:
    """One label, to be drawn."""

    data: LabelData

    @property
    def code(self) -> str:
        """The setup code in groups of four, as people read it."""
        code = self.data.code
        return "-".join(code[n : n + 4] for n in range(0, len(code), 4))

    @property
    def wifi(self) -> str:
        """What a phone's camera needs to join the device's own network."""
        return f"WIFI:T:WPA;S:{self.data.ssid};P:{self.data.code};;"

    @property
    def page(self) -> str:
        """The setup page with the code as a fragment, which no browser sends to a server."""
        return f"https://haetae-{self.data.device}.local/#{self.data.code}"

    @property
    def texts(self) -> Sequence[str]:
        """All that is written on it, in the order in which it is read."""
        data = self.data
        captions = [each for why in _CAPTIONS for each in (why.ko, why.en)]
        return [
            data.place.ko,
            data.place.en,
            NAME,
            MODEL,
            data.site,
            *captions,
            data.device,
            self.code,
        ]

    @property
    def qr_codes(self) -> Sequence[str]:
        """What its two QR codes say."""
        return [self.wifi, self.page]


_CAPTIONS = (CODE_CAPTION, WIFI_CAPTION, PAGE_CAPTION)


@dataclass(frozen=True, slots=True)
class Layout:
    """Label paper: `columns` by `rows` on A4, each `width_mm` by `height_mm`, `gap_mm` between."""

    columns: int
    rows: int
    width_mm: float
    height_mm: float
    gap_mm: float

    @property
    def count(self) -> int:
        """Labels on a sheet."""
        return self.columns * self.rows

    def place_mm(self, index: int) -> tuple[float, float]:
        """Where the label of that number begins, counted by rows from the left."""
        row, column = divmod(index, self.columns)
        wide = self.columns * self.width_mm + (self.columns - 1) * self.gap_mm
        left, top = (A4_MM[0] - wide) / 2, (A4_MM[1] - self.rows * self.height_mm) / 2
        return left + column * (self.width_mm + self.gap_mm), top + row * self.height_mm


# as sold for A4: 99.1 x 57.0 mm and 63.5 x 38.1 mm
LAYOUTS: Mapping[str, Layout] = {
    "2x5": Layout(2, 5, 99.1, 57.0, 2.5),
    "3x7": Layout(3, 7, 63.5, 38.1, 2.5),
}
