"""What a running agent takes: memory, processor time, and modules of parts that it has not got."""

import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable
from pathlib import Path

from drivers import catalog
from hw_mocks import procfs
from hw_mocks.child import Agent
from hw_mocks.figure import Figure

TEN_PARTS = Path(__file__).with_name("ten_parts.toml")
# what every I2C part's library stands on; anything else of Adafruit's is some part's own
_COMMON = {
    "adafruit_blinka",
    "adafruit_bus_device",
    "adafruit_extended_bus",
    "adafruit_platformdetect",
}

# what the simulation alone adds to a process that has imported the whole agent, in KiB
_WORLD = """
import os
from pathlib import Path

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024

import agent.app, drivers.board
before = resident()
import hw_mocks.__main__
print(resident() - before)
"""


def world_kib() -> int:
    """What the simulation's own modules take: on a board they are not there.

    Raises:
        subprocess.CalledProcessError: They cannot be imported.
    """
    command = [sys.executable, "-c", _WORLD]
    root = Path(__file__).parent.parent
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    return int(told.stdout)


def strangers(modules: Iterable[str], drivers: Iterable[str]) -> list[str]:
    """The modules of parts other than these drivers': ours, and CircuitPython's libraries."""
    wanted = set(drivers)
    libraries = _COMMON | {kind.library for kind in catalog.config_types(wanted)}
    places = {f"drivers.{driver}" for driver in catalog.DRIVERS.keys() - wanted}
    tops = {name.partition(".")[0] for name in modules}
    foreign = {top for top in tops if top.startswith("adafruit_")} - libraries
    return sorted(places.intersection(modules) | foreign)


def footprint(agent: Agent, config: str, seconds: float) -> list[Figure]:
    """Let an armed agent run quietly for so long; what does it take?"""
    pid = agent.process.pid
    threads: dict[str, int] = agent.control.ask({"get": "threads"})["threads"]
    before = procfs.cpu_s(pid), procfs.cpu_s(pid, threads["life"])
    time.sleep(seconds)
    after = procfs.cpu_s(pid), procfs.cpu_s(pid, threads["life"])
    memory = procfs.rss_kib(pid)
    sensors = len((agent.status() or {"sensors": {}})["sensors"])
    whole, world = (100 * (b - a) / seconds for a, b in zip(before, after, strict=True))
    drivers = catalog.named(tomllib.loads(config)["sensors"])
    modules: list[str] = agent.control.ask({"get": "modules"})["modules"]
    loaded = strangers(modules, drivers)
    return [
        Figure(
            f"agent at {sensors} sensors: RSS",
            "<= 40 MiB",
            f"{memory / 1024:.1f} MiB, {world_kib() / 1024:.1f} of it the simulation's modules",
            f"Rss of /proc/PID/smaps_rollup after {seconds:g} s on a quiet day, hub connected; "
            f"{', '.join(drivers)}; what `import hw_mocks` adds to a process that has the agent",
        ),
        Figure(
            f"agent at {sensors} sensors: CPU of one core",
            "<= 1 %",
            f"{whole:.2f} %, {world:.2f} % of it the world's",
            f"/proc/PID/stat over {seconds:g} s of the same; I2C is answered in Python here, "
            "which on a board the kernel does",
        ),
        Figure(
            "modules of parts not configured, loaded",
            "0",
            " ".join([str(len(loaded)), *loaded]),
            f"sys.modules of the same process ({len(modules)} modules): of the catalogue's "
            f"{len(catalog.DRIVERS)} drivers and of adafruit_* whatever no `driver` names; what "
            "an `adc` or all parts share is not counted",
        ),
    ]
