"""Some devices in one process, told by lines of JSON what happens to them.

    python -m hw_mocks.fleet.street FOLDER WHERE FIRST COUNT

In: `{"put": [["d7", "sos", 1.5], ...]}`, the third the seconds from now on; `{"count": true}`.
Out: `{"puts": [...]}`, `{"connected": 36}`. They end when nobody tells them anything any more.
"""

import resource
import sys
import threading
import time
from pathlib import Path
from typing import Any

import msgspec

from agent.values import Hazard
from hw_mocks.fleet.device import Device
from hw_mocks.fleet.where import Where

STACK_BYTES = 512 * 1024
# threads that wait for the interpreter ask for it so often; a device needs it for milliseconds,
# and two thousand that ask two hundred times a second are all that two cores can do
SWITCH_S = 0.5


def main() -> int:
    """Run until the other end is gone."""
    folder, (first, count) = Path(sys.argv[1]), map(int, sys.argv[3:5])
    where = msgspec.json.decode(sys.argv[2], type=Where)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    threading.stack_size(STACK_BYTES)
    sys.setswitchinterval(SWITCH_S)
    devices = {}
    for n in range(first, first + count):
        name = f"d{n}"
        devices[name] = Device(name, folder / "devices" / name, where.config(name))
    for each in devices.values():
        each.start()
    _say({"started": len(devices)})
    for line in sys.stdin:
        order: dict[str, Any] = msgspec.json.decode(line)
        if "put" in order:
            _say({"puts": _put(devices, order["put"])})
        else:
            _say({"connected": sum(each.is_connected for each in devices.values())})
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


def _say(found: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
