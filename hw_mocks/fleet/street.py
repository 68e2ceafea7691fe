"""Some hundred devices in one process, told by lines of JSON what happens to them.

    python -m hw_mocks.fleet.street FOLDER PORT FIRST COUNT

In: `{"put": [["d7", "sos", 1.5], ...]}`, the third the seconds from now on; `{"count": true}`;
`{"stop": true}`. Out: `{"puts": [...]}`, `{"connected": 200, "pending": 3, "threads": 402}`.
"""

import resource
import sys
import threading
import time
from pathlib import Path
from typing import Any

import msgspec

from agent.sections import HubConfig
from agent.values import Hazard
from hw_mocks.fleet.device import Device

STACK_BYTES = 512 * 1024


def main() -> int:
    """Run until told to stop or until nobody tells anything any more."""
    folder, port, first, count = Path(sys.argv[1]), *map(int, sys.argv[2:5])
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    threading.stack_size(STACK_BYTES)
    devices = {}
    for n in range(first, first + count):
        name = f"d{n}"
        devices[name] = Device(name, folder / "devices" / name, _config(folder, name, port))
    for each in devices.values():
        each.start()
    _say({"started": len(devices)})
    for line in sys.stdin:
        order: dict[str, Any] = msgspec.json.decode(line)
        if "stop" in order:
            break
        if "put" in order:
            _say({"puts": _put(devices, order["put"])})
        else:
            found = [each for each in devices.values() if each.is_connected]
            waiting = sum(each.pending() for each in devices.values())
            threads = threading.active_count()
            _say({"connected": len(found), "pending": waiting, "threads": threads})
    for each in devices.values():
        each.stop()
    for each in devices.values():
        each.join()
    return 0


def _put(devices: dict[str, Device], wanted: list[tuple[str, str, float]]) -> list[object]:
    """Put each when it is due."""
    began, done = time.monotonic(), []
    for name, hazard, after_s in sorted(wanted, key=lambda each: each[2]):
        time.sleep(max(0.0, began + after_s - time.monotonic()))
        done.append(devices[name].put(Hazard(hazard)))
    return list(done)


def _config(folder: Path, name: str, port: int) -> HubConfig:
    return HubConfig(
        host="127.0.0.1",
        port=port,
        ca=str(folder / "hub" / "ca.pem"),
        certificate=str(folder / "hub" / f"{name}.pem"),
        key=str(folder / "hub" / f"{name}.key"),
    )


def _say(found: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
