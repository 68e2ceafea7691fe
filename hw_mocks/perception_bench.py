"""What the perception process takes with everything on: memory, frames a second, processor time."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from drivers import record
from drivers.record import RecordError
from drivers.sensor import Quantity
from drivers.view import View
from hw_mocks import procfs
from hw_mocks.child import TooLateError, until
from hw_mocks.figure import Figure

_CONFIG = """
profile = "bench"
title = {ko = "측정", en = "Bench"}
annunciator = {siren = {gpio = 18}}
[[sensors]]
driver = "camera"
name = "eye"
"""
# as the unit has it
_UNIT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "2097152",
    "MALLOC_TRIM_THRESHOLD_": "4194304",
}
_START_S = 60.0


def perception(folder: Path, calm_s: float, seconds: float, runtime: str) -> list[Figure]:
    """Let the process watch a still room for `seconds`, after `calm_s`; what does it take?

    Raises:
        TooLateError: It does not come to see; as where a model file or picamera2 is missing.
    """
    folder.mkdir(parents=True)
    (folder / "device.toml").write_text(_CONFIG, "utf-8")
    agent = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    agent.bind(str(folder / "agent.sock"))
    agent.setblocking(False)
    with (folder / "eyes.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "hw_mocks.eyes"),
                *("--config", str(folder / "device.toml"), "--run-dir", str(folder)),
                *("--agent", str(folder / "agent.sock"), "--count", str(folder / "frames")),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=Path(__file__).parent.parent,
            env=os.environ | _UNIT | {"HAETAE_RUNTIME": runtime},
        )
    try:
        until(lambda: _sees(agent) or process.poll() is not None, _START_S, "perception sees")
        if process.poll() is not None:
            last = (folder / "eyes.log").read_text("utf-8", "replace").strip()
            raise TooLateError(f"perception ended: {last}")
        time.sleep(calm_s)
        return _measured(process.pid, folder / "frames", seconds, runtime)
    finally:
        process.terminate()
        process.wait(10.0)
        agent.close()


def _measured(pid: int, frames: Path, seconds: float, runtime: str) -> list[Figure]:
    before, looked = procfs.cpu_s(pid), _count(frames)
    time.sleep(seconds)
    cpu_s, looks = procfs.cpu_s(pid) - before, _count(frames) - looked
    rss_mib = procfs.rss_kib(pid) / 1024
    method = (
        f"one camera, 640 x 480 at 10 Hz, fire and falls on, {runtime}; an empty room "
        f"over {seconds:g} s; picamera2 over simulated libcamera bindings, whose sensor and three "
        "buffers are in it"
    )
    return [
        Figure(
            f"perception, both models, {runtime}: RSS",
            "<= 150 MiB",
            f"{rss_mib:.1f} MiB",
            f"Rss of /proc/PID/smaps_rollup; {method}",
        ),
        Figure(
            f"perception, {runtime}: frames a second",
            "-",
            f"{looks / seconds:.1f}, {1000 * cpu_s / max(1, looks):.0f} ms of CPU a frame",
            f"frames looked at, and /proc/PID/stat over them; {method}",
        ),
    ]


def _sees(agent: socket.socket) -> bool:
    while True:
        try:
            found = record.decode(agent.recv(100))
        except (BlockingIOError, RecordError):
            return False
        if found.quantity is Quantity.VIEW and found.value == View.CLEAR:
            return True


def _count(path: Path) -> int:
    return path.stat().st_size
