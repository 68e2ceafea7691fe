"""What lies below a folder to be judged: pictures, videos, and folders of pictures as clips."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from models.footage import TIMES, FootageError
from models.kinds import is_hidden, kind, may_be_picture


def classes(folder: Path, names: Sequence[str]) -> dict[str, Path]:
    """The sub-folders that are named as the classes are, large or small, in the classes' order.

    Raises:
        FootageError: There is none.
    """
    try:
        held = {each.name.casefold(): each for each in sorted(folder.iterdir()) if each.is_dir()}
    except OSError as error:
        raise FootageError(f"{folder}: {error.strerror}: name a folder") from None
    found = {name: held[name] for name in names if name in held}
    if not found:
        wanted = ", ".join(f"{name}/" for name in names)
        raise FootageError(f"{folder}: no sub-folder {wanted}: sort the files into these")
    return found


def pictures(folder: Path, aside: list[Path] | None = None) -> Iterator[Path]:
    """Every picture below a folder, in order of name; what is none is added to `aside`."""
    left = [] if aside is None else aside
    for each in _Tree.of(folder, left).all_files():
        if may_be_picture(each):
            yield each
        else:
            left.append(each)


def clips(folder: Path, aside: list[Path] | None = None) -> Iterator[Path]:
    """Every video below a folder, and every folder that holds pictures, in order of name.

    A folder with a video in it or below it is no clip of pictures, nor is `folder` itself. What
    belongs to no clip is added to `aside`.
    """
    left = [] if aside is None else aside
    tree = _Tree.of(folder, left)
    tree.sort_out()
    yield from _clips(tree, left, is_top=True)


def told(folder: Path, aside: Iterable[Path]) -> str:
    """How many files of which suffix were left aside, in one line; empty if none."""
    counts = Counter(each.suffix.lower() or "without suffix" for each in aside)
    if not counts:
        return ""
    kinds = ", ".join(f"{count} {suffix}" for suffix, count in counts.most_common())
    return f"{folder}: {counts.total()} left aside: {kinds}"


@dataclass(slots=True)
class _Tree:
    """A folder, its files that are not hidden, and its sub-folders, each folder once."""

    path: Path
    files: list[Path] = field(default_factory=list)
    below: "list[_Tree]" = field(default_factory=list)
    videos: list[Path] = field(default_factory=list)
    pictures: list[Path] = field(default_factory=list)
    holds_video: bool = False  # here or below

    @classmethod
    def of(cls, top: Path, aside: list[Path]) -> "_Tree":
        """Read a class's folder; links that lead to other classes are added to `aside`."""
        return cls(top).filled(top, set(), aside)

    def filled(self, top: Path, seen: set[Path], aside: list[Path]) -> "_Tree":
        """Read this folder and those below that were not read before."""
        seen.add(self.path.resolve())
        try:
            entries = sorted(self.path.iterdir())
        except OSError as error:
            raise FootageError(f"{self.path}: {error.strerror}: make it readable") from None
        for each in entries:
            if not each.is_dir():
                if not is_hidden(each):
                    self.files.append(each)
            elif each.is_symlink() and _leads_out(each, top):
                aside.append(each)
            elif each.resolve() not in seen:
                self.below.append(_Tree(each).filled(top, seen, aside))
        return self

    def all_files(self) -> Iterator[Path]:
        """The files here, then those of each sub-folder."""
        yield from self.files
        for each in self.below:
            yield from each.all_files()

    def sort_out(self) -> None:
        """Look at what each file is."""
        for each in self.files:
            what = kind(each)
            if what:
                (self.videos if what == "video" else self.pictures).append(each)
        for tree in self.below:
            tree.sort_out()
        self.holds_video = bool(self.videos) or any(each.holds_video for each in self.below)


def _clips(tree: _Tree, aside: list[Path], *, is_top: bool = False) -> Iterator[Path]:
    is_timed = tree.path / TIMES in tree.files
    if not is_top and not tree.holds_video and (is_timed or tree.pictures):
        used = set(tree.pictures) | {tree.path / TIMES}
        if not is_timed:  # a table may name pictures further down
            aside.extend(each for each in tree.all_files() if each not in used)
        yield tree.path
        return
    yield from tree.videos
    aside.extend(each for each in tree.files if each not in tree.videos)
    for each in tree.below:
        yield from _clips(each, aside)


def _leads_out(link: Path, top: Path) -> bool:
    """Whether a link leads to what lies beside or above a class's folder: to other classes."""
    target, real = link.resolve(), top.resolve()
    beside = (top.absolute().parent.resolve(), real.parent)
    is_above = real.is_relative_to(target) and target != real
    is_beside = any(map(target.is_relative_to, beside)) and not target.is_relative_to(real)
    return is_above or is_beside
