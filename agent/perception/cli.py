"""`haetae-perception`: sees and hears for the agent, which gets nothing but numbers.

Exit codes: 0 success, 64 usage, 69 a camera cannot be had any more, 70 a bug, 78 bad configuration,
or none of the sensors in it is perception's.
"""

import argparse
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from agent import config, sdnotify
from agent.cli import FOUND_WRONG
from agent.cli_words import CONFIG, Parser
from agent.config import ConfigError
from agent.perception.ears import Ears
from agent.perception.listener import Listener
from agent.perception.process import Perception, Worker
from agent.perception.sender import Sender
from agent.perception.watcher import Watcher
from agent.sections import Config
from drivers.board import Board
from drivers.camera import CameraConfig
from drivers.i2s_mic import I2sMicConfig
from drivers.picamera import PiCamera
from drivers.picture import FrameSource
from drivers.sensor import SensorError
from models.runtime import ModelError

log = logging.getLogger(__name__)

AGENT = Path("/run/haetae/perception.sock")


class Sources(Protocol):
    """How a camera is opened: on a device by `pi_camera`."""

    def __call__(self, camera: CameraConfig) -> FrameSource:
        """The source of its frames, not open yet."""


def pi_camera(camera: CameraConfig) -> FrameSource:
    """The camera of a configuration."""
    return PiCamera(camera.number, is_turned=camera.rotate_deg == 180)


def run(args: argparse.Namespace, open_camera: Sources = pi_camera) -> int:
    """Look and listen until told to stop."""
    found = config.load(args.config)
    sender = Sender(args.agent, args.run_dir / "eyes.sock")
    workers: list[Worker] = [_listener(each, sender) for each in _microphones(found)]
    blind: ModelError | None = None
    for each in _cameras(found):
        try:
            workers.append(_watcher(each, sender, open_camera))
        except ModelError as error:  # whoever hears goes on hearing
            log.error("%s: %s", each.name, error)  # noqa: TRY400  # no traceback
            blind = error
    if not workers and blind is not None:
        raise blind
    if not workers:
        what = "no camera and no microphone in the configuration"
        sdnotify.notify("READY=1")  # else systemd takes even an end that is no failure for one
        raise ConfigError(f"{what}: add one, or disable haetae-perception")
    process = Perception(workers, sender)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: process.stop())
    return process.run()


def look(args: argparse.Namespace, open_camera: Sources = pi_camera) -> int:
    """Print what the cameras' pictures say, as numbers, for some seconds; 1 if one shows none."""
    code = 0
    if not (cameras := _cameras(config.load(args.config))):
        raise ConfigError("no camera in the configuration: add one")
    for each in cameras:
        try:
            for line in _looks(each, open_camera(each), args.seconds):
                sys.stdout.write(line + "\n")
        except (OSError, SensorError) as error:
            sys.stderr.write(f"{each.name}: {error}\n")
            code = FOUND_WRONG
    return code


def main(argv: list[str] | None = None) -> int:
    """Understand the command line and do what it says."""
    args = parser().parse_args(argv)
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
    code = execute(args)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a thread that hangs in a camera's driver would hold the end up for ever


def execute(args: argparse.Namespace, open_camera: Sources = pi_camera) -> int:
    """Run one command; every expected failure is one line on stderr and an exit code."""
    command: Callable[[argparse.Namespace, Sources], int] = args.command
    try:
        return command(args, open_camera)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except (OSError, ModelError) as error:
        sys.stderr.write(f"{error}\n")
        return FOUND_WRONG


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = Parser(prog="haetae-perception", description=__doc__.splitlines()[0], allow_abbrev=False)
    commands = top.add_subparsers(dest="name", required=True, parser_class=Parser)
    run_dir = Path(os.environ.get("RUNTIME_DIRECTORY", "/run/haetae-perception"))
    for command in (run, look):
        made = commands.add_parser(command.__name__, help=command.__doc__, allow_abbrev=False)
        made.set_defaults(command=command)
        made.add_argument("--config", type=Path, default=CONFIG, metavar="PATH")
        if command is run:
            made.add_argument("--agent", type=Path, default=AGENT, metavar="SOCKET")
            made.add_argument("--run-dir", type=Path, default=run_dir, metavar="DIR")
        else:
            made.add_argument("--seconds", type=float, default=10.0, metavar="S")
    return top


def _cameras(found: Config) -> list[CameraConfig]:
    """The cameras of the configuration."""
    return [each for each in found.sensors if isinstance(each, CameraConfig)]


def _microphones(found: Config) -> list[I2sMicConfig]:
    """The microphones of the configuration."""
    return [each for each in found.sensors if isinstance(each, I2sMicConfig)]


def _listener(microphone: I2sMicConfig, sender: Sender) -> Listener:
    return Listener(microphone.name, Ears(microphone, Board()), sender.post)


def _watcher(camera: CameraConfig, sender: Sender, open_camera: Sources) -> Watcher:
    from agent.perception.steps import eyes  # noqa: PLC0415  # loads the models' libraries

    return Watcher(
        camera.name,
        open_camera(camera),
        eyes(camera),
        sender.post,
        is_muted=camera.mute is not None,
    )


def _looks(camera: CameraConfig, source: FrameSource, seconds: float) -> Iterator[str]:
    """A JSON line for each frame.

    Raises:
        OSError: The camera cannot be had, or gives no frame in time.
        SensorError: It gives no pictures.
    """
    from agent.perception.steps import eyes  # noqa: PLC0415  # as above

    seen, began = eyes(camera)(), time.monotonic()
    source.open()
    try:
        while (now := time.monotonic()) - began < seconds:
            frame = source.read(5.0)
            numbers = seen.look(frame.rgb, frame.at)
            row = {str(quantity): round(value, 4) for quantity, value in numbers.items()}
            head = {"t_s": round(now - began, 2), "sensor": camera.name}
            yield msgspec.json.encode({**head, **row}).decode()
    finally:
        source.close()
