"""What `fire_image` is shown: which picture, varied how, with what to learn from it."""

import multiprocessing
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.fire_image import resized
from models.training import fire_augment
from models.training.fire_pictures import Picture, may_train, names

PX = 160
WORKERS = 2
COPIES, FAR_FIRES, FRAMED_FIRES = 2, 500, 450  # varied pictures of each; made ones a copy
BLIND = 240  # of a camera that is covered or out of focus
SHARES = {"fire": 0.42, "smoke": 0.10, "none": 0.48}  # of what is drawn
SMOOTH = 0.02  # labels are this far from 0 and 1
ROOMY = ("cair", "nganltp", "jgalicic-weather", "dfire100")  # no rooms to put a fire in


@dataclass(frozen=True)
class Row:
    """A picture, whole (`clean`), `varied` or `blind`, or a fire (`first`) in a room (`second`)."""

    kind: str
    first: int
    second: int
    seed: int


def plan(found: list[Picture]) -> list[Row]:
    """Every picture clean, in order, then its varied copies and the fires put into rooms."""
    draw = np.random.default_rng(1)
    train = [n for n, each in enumerate(found) if each.role == "train"]
    rooms = [n for n, each in enumerate(found) if each.label == "none" and each.source not in ROOMY]
    fires = [n for n in train if found[n].label == "fire" and min(found[n].pixels.shape[:2]) > 100]
    flames = [n for n in fires if fire_augment.burns(found[n].pixels).mean() > 0.03]
    rows = [Row("clean", n, -1, 0) for n in range(len(found))]
    seed = 1
    for _ in range(COPIES):
        for n in train:
            rows.append(Row("varied", n, -1, seed))
            seed += 1
        for kind, many, of in (("far", FAR_FIRES, flames), ("framed", FRAMED_FIRES, fires)):
            for _ in range(many):
                rows.append(Row(kind, int(draw.choice(of)), int(draw.choice(rooms)), seed))
                seed += 1
    nothing = [n for n in train if found[n].label == "none"]
    rows += [Row("blind", int(draw.choice(nothing)), -1, seed + n) for n in range(BLIND)]
    return rows


def shown(found: list[Picture], rows: list[Row], path: Path) -> NDArray[np.uint8]:
    """The pixels of every row, (rows, PX, PX, 3), kept at `path`.

    Raises:
        RuntimeError: A process that makes them failed; its own message stands above.
    """
    if not path.exists():
        part = path.with_suffix(".part")
        opened(part, "w+", np.uint8, (len(rows), PX, PX, 3)).flush()
        fork = multiprocessing.get_context("fork")  # shares the pictures, and pickles none
        workers = [fork.Process(target=_make, args=(found, rows, part, n)) for n in range(WORKERS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
            if worker.exitcode:
                raise RuntimeError(f"{path}: not made: see above")
        part.rename(path)
    return np.asarray(np.load(path, mmap_mode="r"))[: len(rows)]


def opened(path: Path, mode: Any, dtype: Any = None, shape: Any = None) -> Any:
    """An array in a file; numpy states no types for this."""
    return np.lib.format.open_memmap(path, mode, dtype, shape)  # type: ignore[no-untyped-call]


def _make(found: list[Picture], rows: list[Row], path: Path, worker: int) -> None:
    pixels = opened(path, "r+")
    for n in range(worker, len(rows), WORKERS):
        pixels[n] = _one(found, rows[n])
        if n % 2000 == 0:
            sys.stdout.write(f"pictures {n} of {len(rows)}\n")
    pixels.flush()


def _one(found: list[Picture], row: Row) -> NDArray[np.uint8]:
    draw, first = np.random.default_rng(row.seed), found[row.first]
    if row.kind == "clean":
        return resized(first.pixels, PX, PX)
    if row.kind == "varied":
        return fire_augment.varied(draw, first.pixels, first.label, PX)
    if row.kind == "blind":
        return fire_augment.blinded(draw, first.pixels, PX)
    put = fire_augment.far_fire if row.kind == "far" else fire_augment.framed_fire
    return put(draw, first.pixels, found[row.second].pixels, PX)


class Lessons:
    """Labels, weights and chances of rows; what a fold leaves out is in none of its rows."""

    def __init__(self, found: list[Picture], rows: list[Row]) -> None:
        self._found = found
        self._first = np.array([row.first for row in rows])
        self._second = np.array([row.second for row in rows])
        kind = np.array([row.kind for row in rows], object)
        made = {"far": "fire", "framed": "none", "blind": "none"}
        self.labels = names(found, "label")[self._first]
        self.sources = names(found, "source")[self._first]
        for each, label in made.items():
            self.labels[kind == each], self.sources[kind == each] = label, f"made-{each}"
        fire, smoke = self.labels == "fire", self.labels == "smoke"
        self.targets = np.stack([fire, smoke], 1).astype(np.float32)
        self.targets = self.targets * (1 - 2 * SMOOTH) + SMOOTH
        # fires are often smoky and smoke is often lit by a fire: neither says anything of the other
        known = np.stack([~smoke, ~(fire | (kind == "framed"))], 1)
        self.weights = known.astype(np.float32)

    def rows_for(self, fold: str) -> NDArray[np.intp]:
        """The rows that may be learnt from while the fold is left out."""
        good = may_train(self._found, fold)
        second = good[np.maximum(self._second, 0)] | (self._second < 0)
        return np.flatnonzero(good[self._first] & second)

    def chances(self, rows: NDArray[np.intp]) -> NDArray[Any]:
        """How often each of these is drawn: a source by the root of its size, a class by SHARES."""
        sources, labels = self.sources[rows], self.labels[rows]
        chance = np.zeros(len(rows))
        for source, label in set(zip(sources, labels, strict=True)):
            same = (sources == source) & (labels == label)
            chance[same] = same.sum() ** -0.5
        for label, share in SHARES.items():
            of_class = labels == label
            if of_class.any():
                chance[of_class] *= share / chance[of_class].sum()
        shares: NDArray[Any] = chance / chance.sum()
        return shares
