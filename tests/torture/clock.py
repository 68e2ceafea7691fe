"""The device's wall clock: set, stepped and lost, while its monotonic clock goes on."""

import mmap
import shutil
import struct
import time
from pathlib import Path

from tests.torture.disk import run

SOURCE = Path(__file__).with_name("clock.c")
HOUR_S, DAY_S = 3600.0, 86400.0
# by how much, in seconds; None: the clock of a device without RTC that has lost its power. The
# certificates are good for a year to both sides: a clock beyond that holds the connection up
STEPS = (0.0, 0.7, -0.7, 61.0, -61.0, HOUR_S, -HOUR_S, 40 * DAY_S, -40 * DAY_S, 500 * DAY_S, None)


class Clock:
    """A wall clock for whatever is started with its `environment`. Needs a C compiler.

    Raises:
        DiskError: There is none.
    """

    def __init__(self, folder: Path) -> None:
        library, path = folder / "clock.so", folder / "clock"
        compiler = "gcc" if shutil.which("gcc") else "cc"
        run(compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl", "-lm")
        path.write_bytes(bytes(16))
        with path.open("r+b") as file:
            self._said = mmap.mmap(file.fileno(), 16)
        self.environment = {"LD_PRELOAD": str(library), "HAETAE_TORTURE_CLOCK": str(path)}
        self.set(0.0, 0.01)

    def set(self, offset_s: float | None, error_s: float) -> None:
        """Show a time so far off; `error_s` is its known error, negative where nobody set it."""
        offset = -float(int(time.time())) if offset_s is None else offset_s
        self._said[:] = struct.pack("=dd", offset, error_s)

    def close(self) -> None:
        """Let the file go."""
        self._said.close()
