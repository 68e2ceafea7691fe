"""The real perception process on a simulated camera.

    python -m hw_mocks.eyes --config PATH --agent SOCKET --run-dir DIR [--frames PATH]
        [--fault NAME] [--on-signal] [--count PATH] [--memory MIB]

What it sees is a still room, or the frames of a folder or clip, again and again. A fault is there
from the start, or with `--on-signal` from SIGUSR1 on. Beside the camera's own faults there are
those of the process: `leak` takes memory with each frame, `flood` fills the agent's socket,
`babble` sends it bytes that are no records. `--memory MIB` plays the unit's MemoryMax: as the
kernel does, it kills a process that has more.
"""

import logging
import os
import random
import signal
import socket
import sys
import threading
import time
from functools import partial
from pathlib import Path

from agent.cli_words import Parser
from agent.perception import cli
from drivers import record
from drivers.camera import CameraConfig
from drivers.picture import Frame, FrameSource
from hw_mocks import camera, procfs
from hw_mocks.camera import CameraFault, Picture, SimCamera

PROCESS_FAULTS = ("leak", "flood", "babble")
_LEAK_BYTES = 8 << 20


class Counted:
    """A camera whose frames are counted: a byte in the file for each that was read."""

    def __init__(self, source: FrameSource, path: Path) -> None:
        self._source, self._file = source, path.open("wb", buffering=0)
        self.open, self.close = source.open, source.close

    @property
    def is_stuck(self) -> bool:
        """As the camera."""
        return self._source.is_stuck

    def read(self, timeout_s: float) -> Frame:
        """Read the camera's next frame, with what that raises."""
        frame = self._source.read(timeout_s)
        self._file.write(b".")
        return frame


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
    """A fault, and the moment in which it begins."""

    def __init__(self, sim: SimCamera, fault: str, agent: Path) -> None:
        self._sim, self._fault, self._agent = sim, fault, str(agent)
        self._see = sim.look
        self._leaked: list[bytearray] = []

    def begin(self) -> None:
        """Let it happen."""
        if self._fault == "leak":
            self._sim.look = self._leak
        elif self._fault in PROCESS_FAULTS:
            threading.Thread(target=self._flood, daemon=True).start()
        else:
            self._sim.fault = CameraFault(self._fault)

    def _leak(self, number: int) -> Picture:
        """Take memory with each frame."""
        self._leaked.append(bytearray(b"x" * _LEAK_BYTES))
        return self._see(number)

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


def _limit(mib: int) -> None:
    while procfs.rss_kib(os.getpid()) <= mib << 10:
        time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGKILL)


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
    parser.add_argument("--on-signal", action="store_true", help="begin it at SIGUSR1")
    parser.add_argument("--count", type=Path, metavar="PATH", help="a byte for each frame")
    parser.add_argument("--memory", type=int, metavar="MIB")
    args = parser.parse_args()
    sim = camera.install()
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
    if args.frames is not None:
        sim.look = Film(args.frames)
    trouble = Trouble(sim, args.fault, args.agent)
    if args.on_signal:
        signal.signal(signal.SIGUSR1, lambda *_: trouble.begin())
    else:
        trouble.begin()
    if args.memory is not None:
        threading.Thread(target=_limit, args=(args.memory,), daemon=True).start()
    args.command = cli.run
    source = cli.pi_camera if args.count is None else partial(_counted, args.count)
    return cli.execute(args, source)


def _counted(path: Path, camera: CameraConfig) -> FrameSource:
    return Counted(cli.pi_camera(camera), path)


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)
