"""The rig of an emulated Pi: our SD card's image under QEMU, firmware and both slots included.

One card for the session, in the quicker board (`virt`); `as_board` puts the same card into another.
Its agent runs on simulated wires. It does not imitate what `hw_mocks.emulated_pi` says, a radio, a
clock chip, a card that wears out, or real time: an emulated second may take several.
"""

import base64
import functools
import http.server
import json
import os
import shlex
import shutil
import socket
import subprocess
import threading
import tomllib
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hw_mocks.card_image import EmulationError
from hw_mocks.emulated_pi import (
    BOOT_OVER,
    CONTROL_PORT,
    HOST,
    SHELL_PORT,
    VIRT,
    EmulatedPi,
    Machine,
)
from tests.hil.rigs import qemu_image
from tests.hil.rigs.booted import CONFIG, IDENTITY, BootedRig, place
from tests.hil.rigs.hub import RigHub
from tests.hil.rigs.qemu_image import Image
from tests.hil.rigs.rig import Capability, CommandError, RigError, RigUnavailableError
from tests.hil.rigs.wires import knobs_of
from tests.hil.units import AGENT
from tests.running import STALL

_CAN = frozenset(
    {
        Capability.KNOBS,
        Capability.FAULTS,
        Capability.SIREN,
        Capability.HUB,
        Capability.KILL,
        Capability.POWER,
        Capability.REBOOT,
        Capability.CLOCK,
        Capability.ROOT,
        Capability.INIT,
        Capability.ARM64,
        Capability.GPIO,
        Capability.MODELS,
        Capability.IMAGE,
        Capability.SLOTS,
    }
)
_NEEDED = {
    "fdtput": "device-tree-compiler",
    "mcopy": "mtools",
    "mksquashfs": "squashfs-tools",
    "mmdebstrap": "mmdebstrap",
    "mosquitto": "mosquitto",
    "qemu-aarch64-static": "qemu-user-static",
    "qemu-system-aarch64": "qemu-system-arm",
    "rauc": "rauc",
}
_ON_GPIO = {"button", "door", "pir", "smoke_relay"}
_STARTS_S, _ANSWERS_S, _ENDED = 1200.0, 60.0, "rig-ended"
_FETCH = """\
import shutil, sys, urllib.request
with urllib.request.urlopen(sys.argv[1]) as came, open(sys.argv[2], "wb") as file:
    shutil.copyfileobj(came, file, 1 << 20)
"""


def on_gpio(profile: str) -> str:
    """A profile's text with its sensors on plain GPIO alone.

    An emulated processor keeps no other wire's time beside its own work: a pulse train of
    microseconds takes it milliseconds (docs/hil.md, what stays board-only).
    """
    head, *parts = profile.split("[[sensors]]")
    drivers = {part: tomllib.loads(part)["driver"] for part in parts}
    return "[[sensors]]".join([head, *(part for part in parts if drivers[part] in _ON_GPIO)])


class QemuRig(BootedRig):
    """One card, one board at a time."""

    name = "qemu"
    can = _CAN
    why_not: Mapping[Capability, str] = {
        Capability.LIMITS: "what fills its memory takes too long there: seen under nspawn",
        Capability.WIRES: "its wires are simulated",
        Capability.FIRMWARE: "QEMU has none; hw_mocks.pi_firmware stands in for it",
        Capability.PERCEPTION: "it has no camera and no microphone",
    }

    # each look is a shell's start to the board, seconds on a busy host
    comes_up_s, looks_every_s = 900.0, 2.0

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder, self._stack = folder, ExitStack()
        self._board: EmulatedPi | None = None
        self._image: Image | None = None
        self.machine = VIRT
        self.knobs: Collection[str] = knobs_of(on_gpio(STALL))
        self.hub = RigHub(folder / "hub", address="127.0.0.1", seen_as=HOST)
        self.at = place()

    @property
    def image(self) -> Image:
        """What its card was written from."""
        if self._image is None:
            raise RigError("rig qemu: not open")
        return self._image

    @property
    def board(self) -> EmulatedPi:
        """The board that is switched on."""
        if self._board is None:
            raise RigError("rig qemu: not switched on")
        return self._board

    def open(self) -> None:
        self._image = qemu_image.made()
        copy = ("cp", "--sparse=always", self._image.card, self._folder / "card.img")
        subprocess.run(copy, check=True)
        self._stack.callback(self.hub.close)
        self.hub.open()
        self._serve()
        self._switch_on()
        self._provision()
        self._wait(self.is_armed, "armed")

    def close(self) -> None:
        self._switch_off()
        self._stack.close()

    def run(self, command: str, within_s: float = 60) -> str:
        inner = shlex.quote(command)
        asked = (
            f"sh -c {inner} 2>/run/rig-said; code=$?; echo; echo {_ENDED} $code; cat /run/rig-said"
        )
        try:
            said = self.board.shell(asked, max(within_s, _ANSWERS_S))
        except EmulationError as error:
            raise RigError(str(error)) from error
        output, ended, rest = said.rpartition(f"\n{_ENDED} ")
        if not ended:
            raise RigError(f"{command}: no end: {said[-500:]}")
        code, _, wrong = rest.partition("\n")
        if int(code):
            raise CommandError(command, int(code), output + wrong)
        return output

    def put(self, path: str, data: bytes) -> None:
        self._is_disturbed = True
        lines = base64.encodebytes(data).decode("ascii")
        self.run(f"base64 -d >{shlex.quote(path)} <<'end'\n{lines}end\n")

    def get(self, path: str) -> bytes:
        return base64.b64decode(self.run(f"base64 {shlex.quote(path)}"))

    def bring(self, file: Path, path: str) -> None:
        """Have the device fetch a large file of this machine, over HTTP."""
        served = self._folder / "served" / file.name
        served.unlink(missing_ok=True)
        os.link(file, served)
        url = f"http://{HOST}:{self._port}/{file.name}"
        self.run(f"/usr/bin/python3 -c {shlex.quote(_FETCH)} {url} {shlex.quote(path)}", 600)
        served.unlink()

    def reboot(self) -> None:
        self._is_disturbed = True
        starts = len(self.board.starts)
        self.run("systemctl --no-block reboot")
        self.wait_for_starts(starts + 1)
        self._come_back()

    def cut_power(self, off_s: float = 1.0) -> None:
        self._is_disturbed = True
        self._switch_off()
        threading.Event().wait(off_s)
        self._switch_on()
        self._come_back()

    @contextmanager
    def as_board(self, machine: Machine) -> Iterator[EmulatedPi]:
        """The same card in another board for a while, without power in between."""
        self._switch_off()
        self.machine = machine
        try:
            self._switch_on()
            yield self.board
        finally:
            self._switch_off()
            self.machine = VIRT
            self._switch_on()
            self._come_back()

    def wait_for_starts(self, count: int) -> None:
        """Wait until the firmware has made so many starts, and the last of them is over.

        Raises:
            RigError: It did not.
        """
        board = self.board
        try:
            board.wait_for_starts(count, _STARTS_S)
            board.wait_for(BOOT_OVER, _STARTS_S, behind=board.began)
        except EmulationError as error:
            raise RigError(str(error)) from error

    def wait_until_armed(self) -> None:
        """Wait for the agent.

        Raises:
            RigError: It does not arm.
        """
        self._wait(self.is_armed, "armed")

    def _switch_on(self) -> None:
        now = int(datetime.now(UTC).timestamp())
        ports = (CONTROL_PORT, SHELL_PORT)
        board = EmulatedPi(self._folder / "card.img", self.machine, forwards=ports, clock_s=now)
        try:
            board.__enter__()
            self._board = board
            self.wait_for_starts(1)
        except EmulationError as error:
            raise RigError(str(error)) from error

    def _switch_off(self) -> None:
        if self._board is not None:
            log = self._folder / f"console-{len(list(self._folder.glob('console-*')))}.log"
            log.write_text(self._board.console, "utf-8")
            self._board.__exit__(None, None, None)
            self._board = None

    def _serve(self) -> None:
        folder = self._folder / "served"
        folder.mkdir()
        handler = functools.partial(_Quiet, directory=str(folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, name="served", daemon=True)
        thread.start()
        self._stack.callback(thread.join)
        self._stack.callback(server.server_close)
        self._stack.callback(server.shutdown)

    def _provision(self) -> None:
        """What a device that has been set up and enrolled has on its data partition."""
        self.run(f"mkdir -p {IDENTITY}")
        for name, data in self.hub.files().items():
            self.put(f"{IDENTITY}/{name}", data)
        text = "\n".join([on_gpio(STALL), self.hub.tables(IDENTITY)])
        self.put("/run/device.toml", text.encode())
        own = "chown -R haetae:haetae /etc/haetae && chmod 600 /etc/haetae/identity/*"
        begin = f"cp /run/device.toml {CONFIG} && {own} && systemctl start {AGENT}"
        self.run(begin, self.comes_up_s)

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        port = self.board.ports[CONTROL_PORT]
        with socket.create_connection(("127.0.0.1", port), _ANSWERS_S) as link:
            link.sendall(json.dumps(question).encode() + b"\n")
            with link.makefile("rb") as answers:
                answer: dict[str, Any] = json.loads(answers.readline())
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_words: object) -> None:
        pass


def make(folder: Path) -> QemuRig:
    """The rig, not switched on yet.

    Raises:
        RigUnavailableError: It cannot be had here; the message says what to do about it.
    """
    if os.geteuid() != 0:
        raise RigUnavailableError("building the image needs root: start it again with sudo")
    places = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    if lacking := [pkg for name, pkg in _NEEDED.items() if shutil.which(name, path=places) is None]:
        raise RigUnavailableError(f"missing: sudo apt-get install {' '.join(lacking)}")
    return QemuRig(folder)
