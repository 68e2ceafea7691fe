"""The fall clips as streams of people: from the videos by our own pose pipeline, and as given.

Extraction takes minutes, so what was found lies in a cache, one file a clip and rate, named after
the pose files' and the clip's hashes: another clip or model is another name.
"""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models import runtime
from models.footage import Footage
from models.pose import Person, Pose

GIVEN = "given"  # the keypoints that come with the data
Frames = list[tuple[float, list[Person]]]


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip: `video` where there is one, `fall` (start, end) in seconds where somebody falls."""

    name: str
    room: str
    video: Path | None
    keypoints: Path
    fall: tuple[float, float] | None
    is_validation: bool


def clips(data: Path) -> list[Clip]:
    """Every clip of `data/clips.csv`. All of URFD was taken in one building: one room here."""
    found = []
    with (data / "clips.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            is_fall = row["label"] == "fall"
            found.append(
                Clip(
                    name=Path(row["keypoints"]).stem,
                    room="URFD" if row["dataset"] == "urfd" else row["scene"],
                    video=data / row["clip"] if row["clip"] else None,
                    keypoints=data / row["keypoints"],
                    fall=(float(row["fall_start_s"]), float(row["fall_end_s"]))
                    if is_fall
                    else None,
                    is_validation=row["role"] == "val",
                )
            )
    return found


def given(clip: Clip) -> Frames:
    """The keypoints that come with the data, of one person at most."""
    with np.load(clip.keypoints) as held:
        width, height = (int(side) for side in held["wh"])
        times = held["frame"] / float(held["fps"])
        return [
            (float(at), [Person(points, float(score), 1, (width, height))] if mode else [])
            for at, points, score, mode in zip(
                times, held["kp"], held["flag"], held["mode"], strict=True
            )
        ]


def seen(clip: Clip, rate_hz: float | None, cache: Path) -> Frames:
    """What our own pipeline finds in the clip's video at this rate (None: every frame)."""
    if clip.video is None:
        raise ValueError(f"{clip.name}: no video")
    known = runtime.manifest()
    digest = hashlib.sha256(clip.video.read_bytes())
    for model in ("pose_detector", "pose_landmarks"):
        digest.update(known[model]["tflite_sha256"].encode())
    path = cache / f"{clip.name}-{rate_hz or 'all'}-{digest.hexdigest()[:12]}.npz"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        extract(clip.video, rate_hz, path)
    with np.load(path) as held:
        width, height = (int(side) for side in held["picture"])
        people: dict[float, list[Person]] = {float(at): [] for at in held["times"]}
        for at, track, score, points in zip(
            held["at"], held["track"], held["score"], held["landmarks"], strict=True
        ):
            people[float(at)].append(Person(points, float(score), int(track), (width, height)))
    return list(people.items())


def extract(video: Path, rate_hz: float | None, out: Path) -> None:
    """Run the pose pipeline over a video and keep what it found."""
    pose = Pose(runtime.load("pose_detector"), runtime.load("pose_landmarks"))
    times, rows = [], []
    width = height = 0
    for at, pixels in Footage(video, rate_hz).frames():
        height, width = pixels.shape[:2]
        times.append(at)
        rows += [(at, each.track, each.score, each.landmarks) for each in pose.people(pixels)]
    np.savez_compressed(
        out,
        times=np.array(times),
        at=np.array([row[0] for row in rows]),
        track=np.array([row[1] for row in rows], dtype=np.int64),
        score=np.array([row[2] for row in rows], dtype=np.float32),
        landmarks=np.array([row[3] for row in rows], dtype=np.float32).reshape(-1, 33, 5),
        picture=np.array([width, height]),
    )


def hashes(data: Path) -> str:
    """One hash of the table and of every keypoint file, for the log."""
    digest = hashlib.sha256((data / "clips.csv").read_bytes())
    for clip in clips(data):
        digest.update(clip.keypoints.read_bytes())
    return digest.hexdigest()


def streams(clip: Clip, rates: list[float | str | None], cache: Path) -> Iterator[Frames]:
    """The clip in each of these ways: a rate, or `GIVEN`."""
    for rate in rates:
        if rate == GIVEN:
            yield given(clip)
        elif clip.video is not None and not isinstance(rate, str):
            yield seen(clip, rate, cache)
