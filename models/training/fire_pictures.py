"""The pictures that `fire_image` learns from: their sources, and what is left out together.

Pictures are uint8 RGB of (height, width, 3), the shorter side 224 px (some are smaller). Needs
Pillow and, for the rooms of the fall recordings, PyAV.
"""

import csv
import hashlib
import random
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.fire_image import resized

SHORT_PX = 224
ROOM_EVERY_S, ROOM_FIRST_S, ROOM_OF_CLIP, ROOM_OF_SCENE = 6.0, 0.5, 4, 70
# each fire source is left out with negatives that are left out with no other, so that a picture
# is only ever judged by a network that saw nothing of its source
FOLDS: dict[str, tuple[str, ...]] = {
    "cair": ("cair", "houses-dataset", "rooms-Home_02"),
    "nganltp": ("nganltp", "grocery-store", "dorskoler-korea", "rooms-Office2"),
    "phylake120": (
        "phylake120",
        "yuejin-lantern-festival",
        "taiwan-night-market-01f220",
        "taichung-night-market",
        "night-enhancement",
        "rooms-urfd",
    ),
    "xiapinquan": (
        "xiapinquan",
        "hajalae-photos",
        "free-exercise-db",
        "taiwan-travel-b9111426",
        "rooms-Lecture_room",
        "rooms-Coffee_room_02",
    ),
    "libreyolo": ("libreyolo", "dfire100", "food-mnist", "jgalicic-weather"),
}
HALF = "half of nganltp"
ORDINARY = (  # what a camera on a wall sees in rooms and at stalls
    "houses-dataset",
    "hajalae-photos",
    "dorskoler-korea",
    "grocery-store",
    "rooms-Home_02",
    "rooms-Office2",
    "rooms-urfd",
    "rooms-Lecture_room",
    "rooms-Coffee_room_02",
)


@dataclass(frozen=True)
class Picture:
    """One picture. `group` is shared by near duplicates, whatever their source."""

    pixels: NDArray[np.uint8]
    source: str
    label: str
    group: str
    role: str


def pictures(data: Path) -> list[Picture]:
    """Every picture of `fire-images`, and frames of the rooms of `falls` as pictures of nothing."""
    folder = data / "fire-images"
    with (folder / "index.csv").open(newline="") as lines:
        found = [
            Picture(
                np.asarray(Image.open(folder / row["file"]).convert("RGB")),
                row["source"],
                row["label"],
                row["near_duplicate_group"],
                row["role"],
            )
            for row in csv.DictReader(lines)
        ]
    return found + rooms(data / "falls")


def rooms(folder: Path) -> list[Picture]:
    """A few frames of each clip, at most 70 of a scene; a clip's frames are one group."""
    with (folder / "clips.csv").open(newline="") as lines:
        clips = [row for row in csv.DictReader(lines) if (folder / row["clip"]).is_file()]
    frames = [(row, pixels) for row in clips for pixels in _frames(folder / row["clip"])]
    random.Random(0).shuffle(frames)  # noqa: S311  # chooses pictures, keeps no secret
    found, count = [], Counter[str]()
    for row, pixels in frames:
        scene = "urfd" if row["dataset"] == "urfd" else row["scene"]
        if count[scene] < ROOM_OF_SCENE:
            count[scene] += 1
            height, width = pixels.shape[:2]
            scale = SHORT_PX / min(height, width)
            small = resized(pixels, round(height * scale), round(width * scale))
            found.append(Picture(small, f"rooms-{scene}", "none", row["clip"], "train"))
    return found


def _frames(path: Path) -> list[NDArray[np.uint8]]:
    found: list[NDArray[np.uint8]] = []
    due_s = ROOM_FIRST_S
    with av.open(str(path)) as clip:
        for frame in clip.decode(video=0):
            if (frame.time or 0.0) >= due_s:
                found.append(frame.to_ndarray(format="rgb24").astype(np.uint8))
                due_s = (frame.time or 0.0) + ROOM_EVERY_S
                if len(found) == ROOM_OF_CLIP:
                    break
    return found


def data_sha256(data: Path) -> str:
    """One hash over the index, every picture and every clip, in order of name."""
    files = [*(data / "fire-images").rglob("*.*"), data / "falls" / "clips.csv"]
    files += [path for path in (data / "falls").glob("*/**/*") if path.suffix in {".mp4", ".avi"}]
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(f"{path.relative_to(data)}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def left_out(found: list[Picture], fold: str) -> NDArray[np.bool_]:
    """Which pictures are of the sources of a fold; of none if it has no name.

    HALF is half the groups of the one source that has smoke.
    """
    if fold == HALF:
        return np.array(
            [
                each.source == "nganltp" and zlib.crc32(each.group.encode()) % 2 == 0
                for each in found
            ]
        )
    return np.array([each.source in FOLDS.get(fold, ()) for each in found])


def may_train(found: list[Picture], fold: str) -> NDArray[np.bool_]:
    """Which may be learnt from: neither left out, nor like one that is, nor kept as a probe."""
    out = left_out(found, fold)
    groups = {each.group for each, is_out in zip(found, out, strict=True) if is_out}
    return np.array([each.role == "train" and each.group not in groups for each in found]) & ~out


def names(found: list[Picture], what: str) -> "NDArray[Any]":
    """An attribute of every picture."""
    return np.array([getattr(each, what) for each in found], object)
