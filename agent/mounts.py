"""What the kernel says of its mounts: which of them holds a path; proc_pid_mountinfo(5)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

MOUNTINFO = Path("/proc/self/mountinfo")
_ESCAPE = re.compile(r"\\([0-7]{3})")  # space, tab, newline, backslash and # are written in octal


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of the kernel's table.

    `root` is the folder of the file system that shows at `point`: not `/` for a bind mount.
    `options` are this mount's own and those of the file system.
    """

    number: int
    parent: int
    root: str
    point: PurePosixPath
    kind: str
    source: str
    options: tuple[str, ...]

    def option(self, name: str) -> str | None:
        """The value of an option, empty for one that has none; None if it is not set."""
        for each in self.options:
            key, _, value = each.partition("=")
            if key == name:
                return value
        return None


def parse(text: str) -> list[Mount]:
    """Read the table; a line that is none of it is left out."""
    found = []
    for line in text.splitlines():
        fields = line.split(" ")
        try:
            dash = fields.index("-", 6)
            kind, source, *rest = fields[dash + 1 :]
            found.append(
                Mount(
                    number=int(fields[0]),
                    parent=int(fields[1]),
                    root=_plain(fields[3]),
                    point=PurePosixPath(_plain(fields[4])),
                    kind=kind,
                    source=_plain(source),
                    options=tuple(map(_plain, ",".join((fields[5], *rest)).split(","))),
                )
            )
        except (ValueError, IndexError):
            continue
    return found


def holding(mounts: Sequence[Mount], path: PurePosixPath) -> Mount | None:
    """The mount that a path without links leads into, as the kernel walks: from the root down.

    A mount counts only where the walk comes past it: one that a later mount has hidden, at its
    own point or above it, does not.
    """
    numbers = {each.number for each in mounts}
    roots = [m for m in mounts if m.parent not in numbers or m.parent == m.number]
    here = None
    for point in (*reversed(path.parents), path):
        if here is None:  # after chroot(2) the root may be no mount, and further down one is
            here = max((m for m in roots if m.point == point), key=_number, default=None)
        while here is not None and (above := _stacked(mounts, here, point)) is not None:
            here = above
    return here


def _stacked(mounts: Sequence[Mount], below: Mount, point: PurePosixPath) -> Mount | None:
    on_it = (m for m in mounts if m.parent == below.number != m.number and m.point == point)
    return max(on_it, key=_number, default=None)


def _number(mount: Mount) -> int:
    return mount.number


def layers(
    mounts: Sequence[Mount], path: PurePosixPath, *, blocks: Path = Path("/sys/block")
) -> Iterator[Mount | None]:
    """The mount that holds a path, and what that lies on in turn.

    Below an overlay is what holds its upper folder, below a loop device what holds its file; None
    at the end where that cannot be seen from here.
    """
    seen: set[int] = set()
    while (mount := holding(mounts, path)) is not None and mount.number not in seen:
        yield mount
        seen.add(mount.number)
        below = mount.option("upperdir") if mount.kind == "overlay" else _backing(mount, blocks)
        if not below:
            return
        path = PurePosixPath(below)
    yield None


def _backing(mount: Mount, blocks: Path) -> str | None:
    """The file behind a loop device."""
    if not mount.source.startswith("/dev/loop"):
        return None
    try:
        file = blocks / PurePosixPath(mount.source).name / "loop" / "backing_file"
        return file.read_text("utf-8").rstrip("\n")
    except OSError:
        return None


def _plain(field: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 8)), field)
