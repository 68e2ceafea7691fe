"""Labels drawn: one each, or on A4 sheets for label paper, as PNG or PDF."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import segno
from PIL import Image, ImageDraw, ImageFont

from provisioning.batch_folder import full
from provisioning.caller import hand_over, make_folder
from provisioning.label import (
    A4_MM,
    CODE_CAPTION,
    LAYOUTS,
    NAME,
    PAGE_CAPTION,
    WIFI_CAPTION,
    Label,
    Layout,
)
from provisioning.model import MODEL
from provisioning.remedy import ProvisioningError

PNG_DPI, PDF_DPI = 300, 600
_MM_PER_INCH = 25.4
_BLACK, _WHITE = 0, 255
_GREYS, _BLACK_AND_WHITE = "L", "1"  # Pillow's modes
_QUIET = 4  # modules around a QR code (ISO/IEC 18004)


@dataclass(frozen=True, slots=True)
class _Box:
    """A rectangle in pixels."""

    left: float
    top: float
    width: float
    height: float


class Pen:
    """Draws labels with one font at one resolution; `mode` is Pillow's."""

    def __init__(self, font: Path, dpi: int, mode: str = _GREYS) -> None:
        self._font, self.dpi, self.mode = font, dpi, mode
        self._sizes: dict[int, ImageFont.FreeTypeFont] = {}

    def px(self, mm: float) -> int:
        """So many millimetres in pixels."""
        return round(mm * self.dpi / _MM_PER_INCH)

    def label(self, label: Label, layout: Layout) -> Image.Image:
        """One label."""
        width, height = self.px(layout.width_mm), self.px(layout.height_mm)
        picture = Image.new(self.mode, (width, height), _WHITE)
        draw = ImageDraw.Draw(picture)
        margin = 0.06 * height
        inner = _Box(margin, margin, width - 2 * margin, height - 2 * margin)
        data, tall = label.data, inner.height
        self._write(draw, data.place.ko, _part(inner, 0, 0.15))
        self._write(draw, data.place.en, _part(inner, 0.16, 0.09))
        middle = _part(inner, 0.27, 0.58)
        side = 0.49 * tall
        for n, (said, caption) in enumerate(
            ((label.wifi, WIFI_CAPTION), (label.page, PAGE_CAPTION))
        ):
            left = inner.left + inner.width - (2 - n) * side - (1 - n) * 0.04 * tall
            _draw_code(picture, said, _Box(left, middle.top, side, side))
            words = f"{caption.ko} {caption.en.removeprefix(caption.ko[:2])}"
            below = _Box(left, middle.top + side, side, 0.08 * tall)
            self._write(draw, words, below, centred=True)
        text = _Box(inner.left, middle.top, inner.width - 2.1 * side, middle.height)
        for (top, share), words in zip(
            ((0.0, 0.2), (0.21, 0.13), (0.38, 0.13), (0.62, 0.16), (0.82, 0.14)),
            (NAME, MODEL, data.site, CODE_CAPTION.ko, CODE_CAPTION.en),
            strict=True,
        ):
            self._write(draw, words, _part(text, top, share))
        bottom = _part(inner, 0.875, 0.125)
        half = _Box(inner.left, bottom.top, 0.47 * inner.width, bottom.height)
        self._write(draw, label.code, half)
        other = 0.5 * inner.width
        self._write(draw, data.device, _Box(inner.left + other, bottom.top, other, bottom.height))
        return picture

    def _write(
        self, draw: ImageDraw.ImageDraw, text: str, box: _Box, *, centred: bool = False
    ) -> None:
        """Write one line, or two where it would be far too small in one."""
        lines = [text]
        if self._fitting(text, box) < 0.6 * box.height and " " in text and not centred:
            lines = _halves(text)
        part = _Box(box.left, box.top, box.width, box.height / len(lines))
        size = min(self._fitting(line, part) for line in lines)
        for n, line in enumerate(lines):
            left = box.left
            if centred:
                left += (box.width - self._sized(size).getlength(line)) / 2
            middle = part.top + (n + 0.5) * part.height
            draw.text((left, middle), line, fill=_BLACK, font=self._sized(size), anchor="lm")

    def _fitting(self, text: str, box: _Box) -> int:
        """The largest size, in pixels, at which the text is no wider and no taller."""
        size = max(1, int(box.height * 0.86))
        wide = self._sized(size).getlength(text)
        return size if wide <= box.width else max(1, int(size * box.width / wide))

    def _sized(self, size: int) -> ImageFont.FreeTypeFont:
        if size not in self._sizes:
            self._sizes[size] = ImageFont.truetype(self._font, size)
        return self._sizes[size]


def sheets(labels: Sequence[Label], layout: Layout, pen: Pen) -> Iterator[Image.Image]:
    """A4 pages, with a fine line around each label for those who cut."""
    for first in range(0, len(labels), layout.count):
        page = Image.new(pen.mode, (pen.px(A4_MM[0]), pen.px(A4_MM[1])), _WHITE)
        for n, label in enumerate(labels[first : first + layout.count]):
            left, top = (pen.px(mm) for mm in layout.place_mm(n))
            drawn = pen.label(label, layout)
            page.paste(drawn, (left, top))
            edge = (left, top, left + drawn.width - 1, top + drawn.height - 1)
            ImageDraw.Draw(page).rectangle(edge, outline=_BLACK)
        yield page


def write_labels(
    labels: Sequence[Label], out: Path, font: Path, layout: Layout = LAYOUTS["2x5"]
) -> Sequence[Path]:
    """Draw labels into a PDF, or into PNGs: one of a single label, else one a sheet.

    Returns the files that were written.

    Raises:
        ProvisioningError: The folder cannot be written.
    """
    try:
        make_folder(out.parent)
        if out.suffix.lower() == ".pdf":
            pages = list(sheets(labels, layout, Pen(font, PDF_DPI, _BLACK_AND_WHITE)))
            pages[0].save(
                out, "PDF", resolution=PDF_DPI, save_all=True, append_images=pages[1:], title=NAME
            )
            hand_over(out)
            return [out]
        pen = Pen(font, PNG_DPI)
        single = len(labels) == 1
        pictures = [pen.label(labels[0], layout)] if single else list(sheets(labels, layout, pen))
        names = [out] + [out.with_stem(f"{out.stem}-{n}") for n in range(2, len(pictures) + 1)]
        for name, picture in zip(names, pictures, strict=True):
            picture.save(name, "PNG", dpi=(PNG_DPI, PNG_DPI))
            hand_over(name)
    except OSError as error:
        raise ProvisioningError(full(out, error)) from None
    return names


def _draw_code(picture: Image.Image, said: str, box: _Box) -> None:
    """A QR code with whole pixels for modules, centred in the box."""
    code = segno.make(said, error="m", micro=False)
    modules = code.symbol_size(border=_QUIET)[0]
    scale = int(box.width // modules)
    rows = list(code.matrix_iter(scale=scale, border=_QUIET))
    drawn = Image.frombytes(
        "L", (len(rows), len(rows)), bytes(_level(bit) for r in rows for bit in r)
    )
    shift = (box.width - len(rows)) / 2
    picture.paste(drawn, (round(box.left + shift), round(box.top + shift)))


def _level(bit: int) -> int:
    return _BLACK if bit else _WHITE


def _part(box: _Box, top: float, share: float) -> _Box:
    """A strip of a box; `top` and `share` are parts of its height."""
    return _Box(box.left, box.top + top * box.height, box.width, share * box.height)


def _halves(text: str) -> list[str]:
    """Two lines, broken at the blank that is nearest to the middle."""
    blanks = [n for n, character in enumerate(text) if character == " "]
    at = min(blanks, key=lambda n: abs(n - len(text) / 2))
    return [text[:at], text[at + 1 :]]
