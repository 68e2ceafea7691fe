"""The models as a person asks them: a file in, a line of scores out, and how good they were."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from models import files, metrics, runtime
from models.footage import STILL_HZ, Footage, FootageError, picture

Row = Mapping[str, Any]
Rows = Mapping[str, Sequence[Row]]  # by class; of files that could be read

CLIPS_HZ = 10.0  # as the living device looks at people (docs/models.md)


class Judge(Protocol):
    """A model that says something of files. `latencies_ms` holds the time of each look."""

    classes: tuple[str, ...]
    latencies_ms: list[float]

    def files(self, folder: Path, aside: list[Path]) -> Iterator[Path]:
        """What there is to judge below a folder, in order of name; the rest goes to `aside`."""

    def judge(self, path: Path) -> dict[str, Any]:
        """Give what the model says of one of them.

        Raises:
            FootageError: It cannot be read.
        """

    def is_right(self, label: str, row: Row) -> bool:
        """Whether what was said is right of a file of this class."""

    def summary(self, rows: Rows) -> dict[str, Any]:
        """How well it tells the classes apart."""


def judge(model: str, which: str | None, still_hz: float = STILL_HZ) -> Judge:
    """The judge of a model by the name that people use.

    Args:
        model: One of JUDGES.
        which: The runtime, by default the first that is installed.
        still_hz: Pictures a second of a folder that does not say when they were taken.

    Raises:
        ModelError: A file or the runtime is missing.
    """
    return FallJudge(which, still_hz) if model == "fall" else FireImageJudge(which)


class FireImageJudge:
    """Fire and smoke in single pictures; a picture alarms at either threshold."""

    classes: tuple[str, ...] = ("fire", "smoke", "none")

    def __init__(self, which: str | None = None) -> None:
        from models import fire_image  # noqa: PLC0415  # needs numpy, and other commands do not

        self._model = fire_image.FireImage(runtime.load("fire_image", which))
        self._fire, self._smoke = fire_image.FIRE_THRESHOLD, fire_image.SMOKE_THRESHOLD
        self.latencies_ms: list[float] = []

    def files(self, folder: Path, aside: list[Path]) -> Iterator[Path]:
        """Every picture below the folder."""
        return files.pictures(folder, aside)

    def judge(self, path: Path) -> dict[str, Any]:
        """Scores from 0 to 1, beside the thresholds from which they alarm."""
        frame = picture(path)
        began = time.perf_counter()
        scores = self._model.score(frame)
        self.latencies_ms.append(1e3 * (time.perf_counter() - began))
        return {
            "fire": round(scores.fire, 4),
            "smoke": round(scores.smoke, 4),
            "threshold": self._fire,
            "smoke_threshold": self._smoke,
        }

    def is_right(self, label: str, row: Row) -> bool:
        """Fire is told by its own score; smoke by either; ordinary rooms by neither."""
        fire, smoke = row["fire"] >= self._fire, row["smoke"] >= self._smoke
        return bool({"fire": fire, "smoke": fire or smoke, "none": not (fire or smoke)}[label])

    def summary(self, rows: Rows) -> dict[str, Any]:
        """Fire against none by its score, and smoke by its; `auc` is the first there is."""
        apart = {
            label: _apart(
                [row[label] for row in rows.get(label, ())],
                [row[label] for row in rows.get("none", ())],
            )
            for label in ("fire", "smoke")
        }
        first = apart["fire"] if rows.get("fire") else apart["smoke"]
        return {
            **first,
            "by_score": apart,
            "thresholds": {"fire": self._fire, "smoke": self._smoke},
        }


class FallJudge:
    """Falls in clips: pose, then what happened to the body, as on the device, without zones."""

    classes: tuple[str, ...] = ("fall", "adl")

    def __init__(self, which: str | None = None, still_hz: float = STILL_HZ) -> None:
        from models import fall, pose  # noqa: PLC0415  # need numpy, and other commands do not

        self._networks = [runtime.load(f"pose_{name}", which) for name in ("detector", "landmarks")]
        self._classifier = runtime.load("fall", which)
        self._pose, self._watch = pose.Pose, fall.FallWatch
        self._threshold, self._still_hz = fall.FALL_THRESHOLD, still_hz
        self.latencies_ms: list[float] = []

    def files(self, folder: Path, aside: list[Path]) -> Iterator[Path]:
        """Every video and folder of pictures below the folder."""
        return files.clips(folder, aside)

    def judge(self, path: Path) -> dict[str, Any]:
        """When it first alarmed (s, or None), how often it began to, and its highest score."""
        footage = Footage(path, CLIPS_HZ, self._still_hz)
        alarm_t_s, alarms, best, frames, last_s, is_on = None, 0, 0.0, -1, 0.0, False
        for t_s, score in self._scores(footage):
            begins = score >= self._threshold and not is_on
            is_on = score >= self._threshold
            alarms += begins
            if begins and alarm_t_s is None:
                alarm_t_s = round(t_s, 3)
            best, frames, last_s = max(best, score), frames + 1, t_s
        return {
            "alarm_t_s": alarm_t_s,
            "alarms": alarms,
            "score": round(best, 4),
            "threshold": self._threshold,
            "seconds": round(last_s, 3),
            "frames": frames,
            "skipped": footage.skipped,
        }

    def _scores(self, footage: Footage) -> Iterator[tuple[float, float]]:
        """FALL_SCORE of each frame, and once more for what the end of the file leaves open."""
        seen, watch = self._pose(*self._networks), self._watch(self._classifier)
        t_s = 0.0
        for t_s, frame in footage.frames():
            began = time.perf_counter()
            score = watch.update(seen.people(frame), t_s).fall
            self.latencies_ms.append(1e3 * (time.perf_counter() - began))
            yield t_s, score
        yield t_s, watch.end().fall

    def is_right(self, label: str, row: Row) -> bool:
        """An alarm in a clip with a fall, none in another."""
        return (row["alarm_t_s"] is not None) is (label == "fall")

    def summary(self, rows: Rows) -> dict[str, Any]:
        """By the highest score of each clip; and the alarms in the time without falls."""
        quiet = rows.get("adl", ())
        hours = sum(row["seconds"] for row in quiet) / 3600
        alarms = sum(row["alarms"] for row in quiet)
        return _apart(*([row["score"] for row in rows.get(c, ())] for c in self.classes)) | {
            "negative_minutes": round(60 * hours, 2),
            "false_alarms": alarms,
            "false_alarms_per_hour": round(alarms / hours, 3) if hours else None,
        }


JUDGES = ("fire-image", "fall")


def lines(judge: Judge, paths: Iterator[Path]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A line for each file; one that cannot be read has `error` in place of scores."""
    for path in paths:
        try:
            yield path, {"file": str(path), **judge.judge(path)}
        except FootageError as error:
            yield path, {"file": str(path), "error": str(error)}


def _unheard(line: str) -> None:
    del line


def evaluation(
    judge: Judge, folder: Path, say: Callable[[str], None] = _unheard
) -> Iterator[dict[str, Any]]:
    """A line for each file of the classes' folders, and the summary.

    Args:
        judge: Who judges.
        folder: Its sub-folders are the classes.
        say: Told in one line what was left aside in a class's folder.

    Raises:
        FootageError: There is no such folder, or nothing in it could be judged.
    """
    rows: dict[str, list[Row]] = {}
    unreadable = 0
    aside: list[Path]
    for label, place in files.classes(folder, judge.classes).items():
        rows[label], aside = [], []
        for _, line in lines(judge, judge.files(place, aside)):
            if "error" in line:
                unreadable += 1
                yield line | {"class": label}
                continue
            rows[label].append(line)
            yield line | {"class": label, "correct": judge.is_right(label, line)}
        if left := files.told(place, aside):
            say(left)
    if not any(rows.values()):
        kinds = ", ".join(f"{each}/" for each in rows)
        raise FootageError(f"{folder}: nothing in {kinds} can be judged: put pictures or clips in")
    counts = {
        label: {"count": len(found), "correct": sum(judge.is_right(label, row) for row in found)}
        for label, found in rows.items()
    }
    latency = {
        "latency_ms": _rounded(metrics.quantile(judge.latencies_ms, 0.5)),
        "latency_p95_ms": _rounded(metrics.quantile(judge.latencies_ms, 0.95)),
    }
    yield {"classes": counts, **judge.summary(rows), "unreadable": unreadable, **latency}


def _apart(positives: Sequence[float], negatives: Sequence[float]) -> dict[str, float | None]:
    return {
        "auc": _rounded(metrics.auc(positives, negatives), 4),
        "recall_at_1_pct_false_positives": _rounded(metrics.recall_at(positives, negatives), 4),
    }


def _rounded(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(value, digits)
