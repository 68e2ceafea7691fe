"""The real perception process on a simulated camera.

    python -m hw_mocks.eyes --config PATH --agent SOCKET --run-dir DIR [--frames PATH]
        [--fault NAME] [--after S]

What it sees is a still room, or the frames of a folder or clip, again and again. A fault begins
`--after` seconds after the first frame. Beside the camera's own faults there are those of the
process: `leak` takes memory with each frame until there is none, `flood` fills the agent's socket,
`babble` sends it bytes that are no records. `--memory MIB` is what the process may have.
"""

import logging
import os
import random
import resource
import signal
import socket
import sys
import threading
import time
from pathlib import Path

from agent.cli import Parser
from agent.perception import cli
from drivers import record
from hw_mocks import camera
from hw_mocks.camera import CameraFault, Picture, SimCamera

PROCESS_FAULTS = ("leak", "flood", "babble", "die")
_LEAK_MIB = 8


class Film:
    """A clip or folder of pictures, seen again and again at its own pace."""

    def __init__(self, path: Path) -> None:
        from models.footage import Footage  # noqa: PLC0415  # needs libraries that few need

        frames = Footage(path, rate_hz=10.0).frames()
        self._frames: list[tuple[float, Picture]] = [(t_s, pixels.copy()) for t_s, pixels in frames]
        self._length_s = self._frames[-1][0] + 0.1
        self._began_at = time.monotonic()

    def __call__(self, _number: int) -> Picture:
        """The picture of now."""
        t_s = (time.monotonic() - self._began_at) % self._length_s
        passed = [pixels for at, pixels in self._frames if at <= t_s]
        return passed[-1]


class Trouble:
    """Begins a fault some seconds after the first frame."""

    def __init__(self, sim: SimCamera, fault: str, after_s: float, agent: Path) -> None:
        self._sim, self._fault, self._after_s, self._agent = sim, fault, after_s, str(agent)
        self._see, self._first_at = sim.look, 0.0
        self._leaked: list[bytearray] = []
        self._has_begun = False

    def look(self, number: int) -> Picture:
        """The picture of frame `number`; the fault begins in here."""
        now = time.monotonic()
        self._first_at = self._first_at or now
        if now - self._first_at >= self._after_s:
            self._act()
        return self._see(number)

    def _act(self) -> None:
        if self._fault == "leak":
            self._leaked.append(bytearray(os.urandom(1) * (_LEAK_MIB << 20)))
        if self._has_begun:
            return
        self._has_begun = True
        if self._fault == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        elif self._fault in {"flood", "babble"}:
            threading.Thread(target=self._flood, daemon=True).start()
        elif self._fault not in PROCESS_FAULTS:
            self._sim.fault = CameraFault(self._fault)

    def _flood(self) -> None:
        """Send as fast as the socket takes it, as a process would that was taken over."""
        noise = random.Random(1)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as flood:
            while True:
                size = record.SIZE if self._fault == "flood" else noise.randrange(200)
                try:
                    flood.sendto(noise.randbytes(size), self._agent)
                except OSError:
                    time.sleep(0.1)


def main() -> int:
    """Run `haetae-perception` on the simulated camera."""
    parser = Parser(prog="python -m hw_mocks.eyes", description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=Path, required=True, metavar="PATH")
    parser.add_argument("--agent", type=Path, required=True, metavar="SOCKET")
    parser.add_argument("--run-dir", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--frames", type=Path, metavar="PATH", help="a folder of pictures or a clip"
    )
    faults = [*CameraFault, *PROCESS_FAULTS]
    parser.add_argument("--fault", default="none", choices=faults, metavar="NAME")
    parser.add_argument("--after", type=float, default=0.0, metavar="S")
    parser.add_argument("--memory", type=int, metavar="MIB")
    args = parser.parse_args()
    sim = camera.install()
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
    if args.frames is not None:
        sim.look = Film(args.frames)
    if args.after <= 0 and args.fault not in PROCESS_FAULTS:
        sim.fault = CameraFault(args.fault)
    else:
        sim.look = Trouble(sim, args.fault, args.after, args.agent).look
    if args.memory is not None:
        limit = args.memory << 20
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    args.command = cli.run
    return cli.execute(args)


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)
