"""A font with Hangul, as the laptop's system brings one; none comes with this program."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import ImageFont

from agent.values import Why
from provisioning.remedy import Failure, ProvisioningError

# in order of preference, in lower case: Nanum, Noto, Windows' and macOS's own
_NAMES = (
    "nanumgothicbold.ttf",
    "nanumgothic.ttf",
    "nanumbarungothic.ttf",
    "notosanskr-bold.otf",
    "notosanskr-regular.otf",
    "notosanscjk-bold.ttc",
    "notosanscjk-regular.ttc",
    "malgunbd.ttf",
    "malgun.ttf",
    "applesdgothicneo.ttc",
    "applegothic.ttf",
)
_TRIED_PX = 32


def font_folders() -> Sequence[Path]:
    """Where this system keeps its fonts."""
    if sys.platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA", "."))
        return [
            Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts",
            local / "Microsoft/Windows/Fonts",
        ]
    if sys.platform == "darwin":
        return [
            Path("/System/Library/Fonts"),
            Path("/Library/Fonts"),
            Path.home() / "Library/Fonts",
        ]
    share = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
    return [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), share / "fonts"]


def find_font(folders: Sequence[Path] | None = None) -> Path:
    """The first font of the list that can draw Hangul.

    Raises:
        ProvisioningError: There is none.
    """
    places = font_folders() if folders is None else folders
    found = {path.name.lower(): path for path in _files(places)}
    for name in _NAMES:
        if name in found and has_hangul(found[name]):
            return found[name]
    raise ProvisioningError(_none(", ".join(map(str, places))))


def has_hangul(path: Path) -> bool:
    """Whether the font draws two syllables differently: one without them draws one box for all."""
    try:
        font = ImageFont.truetype(path, _TRIED_PX)
    except OSError:
        return False
    first, second = (bytes(font.getmask(syllable)) for syllable in "해태")
    return first != second


def _files(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        if folder.is_dir():
            yield from (path for path in folder.rglob("*.[toTO][tT][fFcC]") if path.is_file())


def _none(detail: str) -> Failure:
    return Failure(
        "no-korean-font",
        Why("라벨에 쓸 한글 글꼴이 없습니다.", "There is no font with Hangul for the labels."),
        Why(
            "나눔글꼴이나 Noto Sans CJK를 설치해 주세요 (데비안, 우분투: "
            "sudo apt install fonts-nanum). 다른 글꼴은 --font 로 정할 수 있습니다.",
            "Install Nanum or Noto Sans CJK (Debian, Ubuntu: sudo apt install fonts-nanum). "
            "--font names any other font file.",
        ),
        f"looked in {detail}",
    )
