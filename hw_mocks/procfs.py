"""What Linux tells of a process: memory, processor time, bytes written (proc(5))."""

import os
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def rss_kib(pid: int) -> int:
    """Resident memory in KiB, shared pages counted whole."""
    return _number(Path(f"/proc/{pid}/smaps_rollup"), "Rss")


def cpu_s(pid: int, thread: int | None = None) -> float:
    """Processor time of a process, or of one of its threads, in seconds, user and kernel."""
    path = f"/proc/{pid}/stat" if thread is None else f"/proc/{pid}/task/{thread}/stat"
    fields = Path(path).read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S  # utime and stime


def family(pid: int) -> list[int]:
    """A process, and all that it and its children have started and that still run."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text("ascii").split():
            found += family(int(child))
    return found


def written_bytes(pid: int) -> int:
    """Bytes that a process has caused to be sent to a block device, in whole pages."""
    return _number(Path(f"/proc/{pid}/io"), "write_bytes")


def filesystem(path: Path) -> str:
    """The type of the file system that a path is on, for example `ext4` or `tmpfs`."""
    best = ("", "?")
    for line in Path("/proc/mounts").read_text("utf-8").splitlines():
        _, mount, kind, *_ = line.split()
        if path.resolve().is_relative_to(mount) and len(mount) >= len(best[0]):
            best = (mount, kind)
    return best[1]


def _number(path: Path, key: str) -> int:
    for line in path.read_text("ascii").splitlines():
        name, _, rest = line.partition(":")
        if name == key:
            return int(rest.split()[0])
    raise KeyError(f"{path}: {key}")
