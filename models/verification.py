"""Whether every model file is the one that was measured, and runs; and what a run costs."""

import json
import os
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
    """A line for each model on each runtime, each in a process of its own.

    `cpu_ms` is the CPU time of one run, the median of `runs`; `rss_mib` what the process holds
    after them, and `rss_before_mib` with numpy alone.
    """
    for name in runtime.manifest():
        for which in runtime.installed():
            command = (sys.executable, "-m", "models.verification", name, which, str(runs))
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # ours
            told = (
                done.stdout.strip() if done.returncode == 0 else json.dumps({"error": _why(done)})
            )
            yield {"model": name, "runtime": which, **json.loads(told)}


def _why(done: "subprocess.CompletedProcess[str]") -> str:
    return (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]


def _runs(name: str, which: str) -> bool:
    _, spent_ms = _timed(name, which, 1)
    return bool(spent_ms)


def _timed(name: str, which: str, runs: int) -> tuple[runtime.Interpreter, list[float]]:
    """Run a model on zeros; the CPU time of each run, ms."""
    import numpy as np  # noqa: PLC0415  # comes with the runtime

    loaded = runtime.load(name, which)
    given = [np.zeros(each.shape, each.dtype) for each in loaded.inputs]
    spent = []
    for _ in range(runs):
        began = time.process_time_ns()
        loaded.run(*given)
        spent.append((time.process_time_ns() - began) / 1e6)
    return loaded, spent


def _rss_mib() -> float:
    """Resident memory now (proc(5), statm), not its peak."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> int:
    """Print one measurement: NAME RUNTIME RUNS."""
    import numpy as np  # noqa: F401, PLC0415  # so that it does not count

    name, which, runs = sys.argv[1:]
    before = _rss_mib()
    try:
        loaded, spent = _timed(name, which, _WARM_UP + int(runs))
    except ModelError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    kept = sorted(spent[_WARM_UP:])
    row = {
        "cpu_ms": round(kept[len(kept) // 2], 3),
        "rss_mib": round(_rss_mib(), 1),
        "rss_before_mib": round(before, 1),
        "inputs": [f"{each.dtype} {list(each.shape)}" for each in loaded.inputs],
    }
    sys.stdout.write(json.dumps(row) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
