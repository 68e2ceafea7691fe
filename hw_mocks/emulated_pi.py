"""A card in an emulated board: QEMU as a Raspberry Pi 3B, or as a plain arm64 machine: faster.

QEMU has no firmware of the Pi's: `hw_mocks.pi_firmware` stands in for it, as far as its docstring
says. At each restart of the guest QEMU ends, what is on the card now is read anew, and QEMU begins
again, as a board does. On the Pi a request for a single start (tryboot) goes from Raspberry Pi's
kernel to the firmware by its mailbox; here it is read from the console, where Debian's kernel
writes the argument of the restart.
"""

import contextlib
import json
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from hw_mocks import pi_firmware
from hw_mocks.broker import free_port
from hw_mocks.card_image import EmulationError, round_up

HOST = "10.0.2.2"  # the host's loopback, as the guest sees it
CONTROL_PORT, SHELL_PORT = 5555, 5556  # of a rehearsal's image: scripts/image/rehearsal.py
BOOT_OVER = "haetae: boot over: "  # systemd/image/boot-report
_SHELL_BEGIN, _SHELL_AGAIN_S = "shell-begins", 1.0
_RESET = "guest-reset"  # QEMU's word for why it ended: a restart, a panic, a watchdog
_CONNECTS_S, _LINGERS_S = 60.0, 10.0  # QEMU, to its listener
# a busy host emulates a slow board
_PATIENT = ("systemd.default_device_timeout_sec=900", "systemd.default_timeout_start_sec=900")
_NEEDED = {
    "qemu-system-aarch64": "qemu-system-arm",
    "mcopy": "mtools",
    "fdtput": "device-tree-compiler",
}


@dataclass(frozen=True, slots=True)
class Machine:
    """A board that QEMU knows: its options and console, and what its firmware knows of it.

    `words` are added to the kernel's command line, for what QEMU lacks.
    """

    name: str
    options: tuple[str, ...]
    card: tuple[str, ...]
    network: str
    console: str
    board: pi_firmware.Board
    words: tuple[str, ...] = ()


# The second UART is the one that Debian's kernel calls ttyS1; the board has 1 GiB and one USB port.
RASPI3B = Machine(
    "raspi3b",
    ("-M", "raspi3b", "-serial", "null", "-serial", "stdio"),
    ("-drive", "if=sd,format=raw,file={card}"),
    "usb-net",
    "ttyS1,115200",
    pi_firmware.Board("bcm2837-rpi-3-b.dtb", 0xA02082, ("pi3",)),
    # vchiq makes an oops without the graphics processor's answer; QEMU takes the start of the
    # board's timer for its end, so systemd must not find it
    ("module_blacklist=vchiq", "systemd.watchdog_device=/dev/no-timer"),
)
VIRT = Machine(
    "virt",
    ("-M", "virt", "-cpu", "cortex-a72", "-smp", "2", "-m", "1024", "-serial", "stdio"),
    ("-drive", "if=none,id=card,format=raw,file={card}", "-device", "virtio-blk-pci,drive=card"),
    "virtio-net-pci,romfile=",  # the ROM would come from another package
    "ttyAMA0",
    pi_firmware.Board(),
)
MACHINES = {each.name: each for each in (RASPI3B, VIRT)}


class EmulatedPi:
    """A board with a card in it, switched on by `with`; leaving it is a power cut.

    `card` is written to, as a real one is. `forwards` are the guest's TCP ports that the host
    wants; `ports` then says where each is on 127.0.0.1. `words` are added to the kernel's command
    line; `clock_s` (seconds since 1970) sets a rehearsal image's clock. `console` is what the
    board has said so far, from `began` on since its last start; `starts` are what the firmware
    has started since it was switched on.
    """

    def __init__(
        self,
        card: Path,
        machine: Machine = VIRT,
        *,
        forwards: Sequence[int] = (),
        words: Sequence[str] = (),
        clock_s: int | None = None,
    ) -> None:
        self.machine = machine
        self.ports = {port: free_port() for port in forwards}
        self.starts: list[pi_firmware.Start] = []
        self.began = 0
        self._card = card
        self._words = [*words, *([] if clock_s is None else [f"haetae.clock={clock_s}"])]
        self._said = threading.Condition()
        self._text = ""
        self._ended = self._is_off = False
        self._process: subprocess.Popen[str] | None = None
        self._mains = threading.Thread(target=self._run, name="emulated board", daemon=True)
        self._stack = ExitStack()
        self._failed: EmulationError | None = None

    @property
    def console(self) -> str:
        """All that the board has written to its serial console, over all its starts."""
        with self._said:
            return self._text

    def __enter__(self) -> Self:
        """Switch it on.

        Raises:
            EmulationError: A program is missing, or the card has no system on it.
        """
        missing = [package for name, package in _NEEDED.items() if shutil.which(name) is None]
        if missing:
            raise EmulationError(f"missing: sudo apt-get install {' '.join(missing)}")
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="haetae-pi-"))
        self._folder = Path(folder)
        round_up(self._card)
        self._qemu = self._stack.enter_context(socket.socket(socket.AF_UNIX))
        self._qemu.bind(str(self._folder / "qmp"))
        self._qemu.listen(1)
        self._start(once=False)
        self._mains.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Cut the power, if it is still on."""
        self.cut_power()
        self._stack.close()

    def cut_power(self) -> None:
        """End it between two instructions, as a pulled plug does."""
        with self._said:
            self._is_off = True
            if self._process is not None:
                self._process.kill()
        if self._mains.is_alive():
            self._mains.join()

    def wait_for(self, mark: str, within_s: float, *, behind: int = 0) -> str:
        """The line of the console that has `mark` in it, once it is there.

        `behind` is how many characters of the console are not looked at: those of earlier starts.

        Raises:
            EmulationError: It did not come in that time, or the board is off.
        """
        with self._said:
            self._said.wait_for(lambda: self._line(mark, behind) or self._ended, within_s)
            if (line := self._line(mark, behind)) is not None:
                return line
            last = "\n".join(self._text.splitlines()[-20:])
            off = f"the board is off: {self._failed}" if self._failed else "the board is off"
            why = off if self._ended else f"not within {within_s:.0f} s"
        raise EmulationError(f"{self.machine.name}: no {mark!r}: {why}; its console ends:\n{last}")

    def shell(self, command: str, within_s: float = 60) -> str:
        """What a command says that root runs on the board; a rehearsal's image alone has this.

        `SHELL_PORT` must be among `forwards`. A board whose network is not up yet is tried again.

        Raises:
            EmulationError: The board does not answer in that time.
        """
        asked = f"echo {_SHELL_BEGIN}; {command}\n".encode()
        deadline, pause = time.monotonic() + within_s, threading.Event()
        while True:
            try:
                said = self._said_by_shell(asked, deadline - time.monotonic())
            except OSError as error:
                said = str(error)
            before, began, answer = said.partition(f"{_SHELL_BEGIN}\n")
            if began:
                return answer
            if pause.wait(_SHELL_AGAIN_S) or time.monotonic() > deadline:
                raise EmulationError(f"{self.machine.name}: no shell: {before}")

    def _said_by_shell(self, asked: bytes, within_s: float) -> str:
        port = self.ports[SHELL_PORT]
        with socket.create_connection(("127.0.0.1", port), timeout=max(within_s, 1)) as link:
            link.sendall(asked)
            link.shutdown(socket.SHUT_WR)
            with link.makefile("rb") as said:
                return said.read().decode("utf-8", "replace")

    def wait_for_starts(self, count: int, within_s: float) -> pi_firmware.Start:
        """The last of so many starts, once the firmware has made it.

        Raises:
            EmulationError: It did not in that time, or the board is off.
        """
        with self._said:
            self._said.wait_for(lambda: len(self.starts) >= count or self._ended, within_s)
            if len(self.starts) >= count:
                return self.starts[count - 1]
        raise EmulationError(f"{self.machine.name}: {len(self.starts)} starts, not {count}")

    def _line(self, mark: str, behind: int = 0) -> str | None:
        return next((line for line in self._text[behind:].splitlines() if mark in line), None)

    def _run(self) -> None:
        """Read the console to its end; where that was a restart, start again as the firmware."""
        while self._reset():
            try:
                self._start(once=self._asked_once())
            except (EmulationError, OSError) as error:
                self._failed = EmulationError(str(error))
                break
        with self._said:
            self._ended = True
            self._said.notify_all()

    def _start(self, *, once: bool) -> None:
        start = pi_firmware.start(self._card, self._folder, self.machine.board, once=once)
        with self._said:
            if self._is_off:
                return
            self.began = len(self._text)
            self.starts.append(start)
            self._process = subprocess.Popen(
                self._command(start),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
            self._said.notify_all()

    def _reset(self) -> bool:
        """Wait for the end of QEMU; whether the guest has restarted itself."""
        process, ends = self._process, list[str]()
        if process is None:
            return False
        listener = threading.Thread(target=self._hear_end, args=(ends,), daemon=True)
        listener.start()
        for line in process.stdout or ():
            with self._said:
                self._text += line
                self._said.notify_all()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
        listener.join(_LINGERS_S)
        return not self._is_off and ends[-1:] == [_RESET]

    def _hear_end(self, ends: list[str]) -> None:
        """Why QEMU ends, by its own protocol (QMP)."""
        self._qemu.settimeout(_CONNECTS_S)
        with contextlib.suppress(OSError, ValueError):
            link, _ = self._qemu.accept()
            with link, link.makefile("rw") as lines:
                lines.readline()
                lines.write('{"execute": "qmp_capabilities"}\n')
                lines.flush()
                for line in lines:
                    said = json.loads(line)
                    if said.get("event") == "SHUTDOWN":
                        ends.append(said["data"]["reason"])

    def _asked_once(self) -> bool:
        with self._said:
            return pi_firmware.ASKED_ONCE in self._text[self.began :]

    def _command(self, start: pi_firmware.Start) -> list[str]:
        ports = "".join(
            f",hostfwd=tcp:127.0.0.1:{host}-:{guest}" for guest, host in self.ports.items()
        )
        kept = [word for word in start.words if not word.startswith("console=")]
        added = [*_PATIENT, *self.machine.words, *self._words]
        words = [f"console={self.machine.console}", *kept, *added]
        tree = ["-dtb", str(start.tree)] if start.tree else []
        card = [each.format(card=self._card) for each in self.machine.card]
        network = [f"user,id=net0{ports}", "-device", f"{self.machine.network},netdev=net0"]
        return [
            "qemu-system-aarch64", *self.machine.options, "-display", "none", "-monitor", "none",
            "-no-reboot", "-qmp", f"unix:{self._folder / 'qmp'}",
            "-kernel", str(start.kernel), "-initrd", str(start.first_ram_disk), *tree,
            "-append", " ".join(words), *card, "-netdev", *network,
        ]  # fmt: skip
