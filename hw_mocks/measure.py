"""`make bench`: the budgets of the design, measured, with how each figure came about.

Nothing here passes or fails: figures depend on the machine. The agent is a process of its own on
simulated wires, so its own simulation is measured with it where the table does not say otherwise.
"""

import contextlib
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from hw_mocks import procfs
from hw_mocks.figure import Figure
from hw_mocks.measurements import Measurements, Sizes
from hw_mocks.tls_broker import tls_broker

_ENDINGS = (signal.SIGTERM, signal.SIGINT)


def figures(sizes: Sizes) -> Iterator[Figure]:
    """Measure one after the other, so that none disturbs another."""
    with contextlib.ExitStack() as stack:
        disk, ram = (stack.enter_context(_folder(kind)) for kind in (False, True))
        (disk / "broker").mkdir()
        broker = stack.enter_context(tls_broker(disk / "broker"))
        on = Measurements(disk, ram, broker, sizes)
        for part in (
            on.puback_and_flash,
            on.siren,
            on.load,
            on.start,
            on.idle_day,
            on.uplink,
            on.perception,
        ):
            sys.stderr.write(f"bench: {(part.__doc__ or '').splitlines()[0]}\n")
            yield from part()


@contextlib.contextmanager
def _folder(on_tmpfs: bool) -> Iterator[Path]:
    """A folder on tmpfs, or on none; as near to it as this machine has."""
    places = [Path("/dev/shm"), Path(tempfile.gettempdir()), Path("/var/tmp"), Path.cwd()]
    fitting = [
        place
        for place in places
        if place.is_dir() and (procfs.filesystem(place) == "tmpfs") is on_tmpfs
    ]
    folder = Path(tempfile.mkdtemp(prefix="hb-", dir=(fitting or places[1:])[0]))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def as_table(rows: Sequence[Figure]) -> str:
    """The table, and below it how each figure came about."""
    head = f"{'':2} {'what':<40} {'budget':<13} measured"
    lines = [head, "-" * len(head)]
    lines += [
        f"{n:>2} {row.what:<40} {row.budget:<13} {row.measured}" for n, row in enumerate(rows, 1)
    ]
    lines += ["", *(f"{n:>2} {row.method}" for n, row in enumerate(rows, 1))]
    return "\n".join(lines)


def main() -> int:
    """Print the table. SIGTERM and SIGINT end every agent first, even where a shell ignored one."""
    for number in _ENDINGS:
        signal.signal(number, _end)
    rows = list(figures(Sizes()))
    sys.stdout.write(as_table(rows) + "\n")
    return 0


def _end(number: int, _frame: FrameType | None) -> None:
    """Leave through every `with`, which no second signal may cut short."""
    for each in _ENDINGS:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
