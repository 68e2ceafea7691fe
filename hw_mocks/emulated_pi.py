"""A card in an emulated board: QEMU as a Raspberry Pi 3B, or as a plain arm64 machine: faster.

It does not imitate the Pi's own firmware: start.elf, config.txt and tryboot. Kernel, first RAM
disk, device tree and command line are taken from the card's `a/`, as the firmware would.
"""

import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from hw_mocks.broker import free_port

HOST = "10.0.2.2"  # the host's loopback, as the guest sees it
CONTROL_PORT, SHELL_PORT = 5555, 5556  # of a rehearsal's image: scripts/image/rehearsal.py
BOOT_OVER = "haetae: boot over: "  # systemd/image/boot-report
_SHELL_BEGIN, _SHELL_AGAIN_S = "shell-begins", 1.0
_OFF = ("reboot: Power down", "reboot: System halted")
_NEEDED = {"qemu-system-aarch64": "qemu-system-arm", "mcopy": "mtools"}
_SECTOR = 512


class EmulationError(Exception):
    """The board cannot be started, or did not come as far as was waited for."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A board that QEMU knows: its options, console and device tree (none where QEMU makes one)."""

    name: str
    options: tuple[str, ...]
    card: tuple[str, ...]
    network: str
    console: str
    tree: str | None = None


# The second UART is the one that Debian's kernel calls ttyS1; the board has 1 GiB and one USB port.
RASPI3B = Machine(
    "raspi3b",
    ("-M", "raspi3b", "-serial", "null", "-serial", "stdio"),
    ("-drive", "if=sd,format=raw,file={card}"),
    "usb-net",
    "ttyS1,115200",
    "bcm2837-rpi-3-b.dtb",
)
VIRT = Machine(
    "virt",
    ("-M", "virt", "-cpu", "cortex-a72", "-smp", "2", "-m", "1024", "-serial", "stdio"),
    ("-drive", "if=none,id=card,format=raw,file={card}", "-device", "virtio-blk-pci,drive=card"),
    "virtio-net-pci,romfile=",  # the ROM would come from another package
    "ttyAMA0",
)
MACHINES = {each.name: each for each in (RASPI3B, VIRT)}


class EmulatedPi:
    """A board with a card in it, switched on by `with`; leaving it is a power cut.

    `card` is written to, as a real one is. `forwards` are the guest's TCP ports that the host
    wants; `ports` then says where each is on 127.0.0.1. `words` are added to the kernel's command
    line; `clock_s` (seconds since 1970) sets a rehearsal image's clock. `console` is what the
    board has said so far.
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
        self._card = card
        self._words = [*words, *([] if clock_s is None else [f"haetae.clock={clock_s}"])]
        self._said = threading.Condition()
        self._text = ""
        self._ended = False
        self._process: subprocess.Popen[str] | None = None
        self._reader = threading.Thread(target=self._read, name="console", daemon=True)
        self._stack = ExitStack()

    @property
    def console(self) -> str:
        """All that the board has written to its serial console."""
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
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="haetae-pi-")))
        _round_up(self._card)
        self._process = subprocess.Popen(
            self._command(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader.start()
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
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._reader.join()
            if self._process.stdout is not None:
                self._process.stdout.close()

    def wait_for(self, mark: str, within_s: float) -> str:
        """The line of the console that has `mark` in it, once it is there.

        Raises:
            EmulationError: It did not come in that time, or the board is off.
        """
        with self._said:
            self._said.wait_for(lambda: self._line(mark) or self._ended, within_s)
            if (line := self._line(mark)) is not None:
                return line
            last = "\n".join(self._text.splitlines()[-20:])
            why = "the board is off" if self._ended else f"not within {within_s:.0f} s"
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

    def wait_for_power_off(self, within_s: float) -> None:
        """Wait until the system has switched itself off, and end QEMU, which on a Pi stays.

        Raises:
            EmulationError: It did not in that time.
        """
        with self._said:
            off = self._said.wait_for(
                lambda: self._ended or any(each in self._text for each in _OFF), within_s
            )
        if not off:
            raise EmulationError(f"{self.machine.name}: still on after {within_s:.0f} s")
        self.cut_power()

    def _line(self, mark: str) -> str | None:
        return next((line for line in self._text.splitlines() if mark in line), None)

    def _read(self) -> None:
        stream = self._process.stdout if self._process else None
        for line in stream or ():
            with self._said:
                self._text += line
                self._said.notify_all()
        with self._said:
            self._ended = True
            self._said.notify_all()

    def _command(self, folder: Path) -> list[str]:
        files = {"vmlinuz": "-kernel", "initrd.img": "-initrd"}
        if self.machine.tree:
            files[self.machine.tree] = "-dtb"
        read_from_card(self._card, [*files, "cmdline.txt"], folder)
        boot = [word for name, option in files.items() for word in (option, str(folder / name))]
        ports = "".join(
            f",hostfwd=tcp:127.0.0.1:{host}-:{guest}" for guest, host in self.ports.items()
        )
        line = (folder / "cmdline.txt").read_text("ascii").split()
        kept = [word for word in line if not word.startswith("console=")]
        words = [f"console={self.machine.console}", *kept, *self._words]
        card = [each.format(card=self._card) for each in self.machine.card]
        network = [f"user,id=net0{ports}", "-device", f"{self.machine.network},netdev=net0"]
        return [
            "qemu-system-aarch64", *self.machine.options, "-display", "none", "-monitor", "none",
            *boot, "-append", " ".join(words), *card,
            "-netdev", *network,
        ]  # fmt: skip


def read_from_card(card: Path, names: Sequence[str], folder: Path, prefix: str = "a/") -> None:
    """Copy files of the card's first partition into a folder; nothing is mounted.

    Raises:
        EmulationError: The card has no such file.
    """
    source = f"{card}@@{first_partition(card)}"
    for name in names:
        command = ("mcopy", "-n", "-i", source, f"::{prefix}{name}", str(folder / name))
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=_mtools_environment()
        )
        if done.returncode:
            raise EmulationError(f"{card}: no {prefix}{name}: {done.stderr.strip()}")


def write_to_card(card: Path, files: Mapping[str, bytes]) -> None:
    """Put files onto the card's first partition, as a laptop does.

    Raises:
        EmulationError: It cannot be written.
    """
    target = f"{card}@@{first_partition(card)}"
    with tempfile.TemporaryDirectory() as scratch:
        for name, data in files.items():
            (Path(scratch) / "file").write_bytes(data)
            command = ("mcopy", "-o", "-i", target, f"{scratch}/file", f"::{name}")
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, env=_mtools_environment()
            )
            if done.returncode:
                raise EmulationError(f"{card}: {name}: {done.stderr.strip()}")


def first_partition(card: Path) -> int:
    """Where the card's first partition begins, in bytes.

    Raises:
        EmulationError: It has no partition table.
    """
    with card.open("rb") as file:
        sector = file.read(_SECTOR)
    if sector[510:] != b"\x55\xaa":
        raise EmulationError(f"{card}: not a card's image: no partition table")
    return int(struct.unpack_from("<I", sector, 446 + 8)[0]) * _SECTOR


def _round_up(card: Path) -> None:
    """QEMU's SD card has a size of a power of two."""
    size = card.stat().st_size
    os.truncate(card, 1 << (size - 1).bit_length())


def _mtools_environment() -> dict[str, str]:
    return {**os.environ, "MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C.UTF-8"}
