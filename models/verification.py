"""Whether every model file is the one that was measured, and runs; and what a run costs."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from models import runtime
from models.runtime import ModelError

_WARM_UP = 3


def verify() -> Iterator[dict[str, Any]]:
    """A line for each model: its files' hashes, and each runtime here that runs it.

    A line of one that is not sound has `error`.
    """
    for name, table in runtime.manifest().items():
        line: dict[str, Any] = {"model": name, "version": table["version"]}
        try:
            if "table" in table:
                runtime.verified(runtime.FOLDER / table["table"], table["table_sha256"])
            line["file"] = str(runtime.FOLDER / table["tflite"])
            runtime.verified_model(name, table)
            line["sha256"] = "ok"
            line["runs_on"] = [which for which in runtime.installed() if _runs(name, which)]
        except ModelError as error:
            line["error"] = str(error)
        yield line


def measure(runs: int) -> Iterator[dict[str, Any]]:
    """A line for each model on each runtime, and for all of them in one process.

    `cpu_ms` is the CPU time of one run, the median of `runs`; `rss_mib` what a process of its own
    holds after them, and `rss_before_mib` with numpy alone.
    """
    known = list(runtime.manifest())
    for which in runtime.installed():
        for label, names in [*((name, [name]) for name in known), ("all", known)]:
            command = (sys.executable, "-m", __name__, which, str(runs), *names)
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # ours
            told = json.loads(done.stdout) if done.returncode == 0 else {"error": _why(done)}
            yield {"model": label, "runtime": which, **told}


def _why(done: "subprocess.CompletedProcess[str]") -> str:
    return (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]


def _runs(name: str, which: str) -> bool:
    return bool(_spent_ms(runtime.load(name, which), 1))


def _spent_ms(loaded: runtime.Interpreter, runs: int) -> list[float]:
    """Run a model on zeros; the CPU time of each run, ms."""
    import numpy as np  # noqa: PLC0415  # comes with the runtime

    given = [np.zeros(each.shape, each.dtype) for each in loaded.inputs]
    spent = []
    for _ in range(runs):
        began = time.process_time_ns()
        loaded.run(*given)
        spent.append((time.process_time_ns() - began) / 1e6)
    return spent


def _rss_mib() -> float:
    """Resident memory now (proc(5), statm), not its peak."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> int:
    """Print one measurement: RUNTIME RUNS MODEL..."""
    import numpy as np  # noqa: F401, PLC0415  # so that it does not count

    which, runs, *names = sys.argv[1:]
    before, cpu_ms, kept = _rss_mib(), 0.0, []
    try:
        for name in names:
            kept.append(runtime.load(name, which))
            cpu_ms += statistics.median(_spent_ms(kept[-1], _WARM_UP + int(runs))[_WARM_UP:])
    except ModelError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    row = {
        "cpu_ms": round(cpu_ms, 3),
        "rss_mib": round(_rss_mib(), 1),
        "rss_before_mib": round(before, 1),
    }
    sys.stdout.write(json.dumps(row) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
