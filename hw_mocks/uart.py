"""Simulated serial ports: what is behind `/dev/serial0` and its like, under the real pyserial.

A port is a pseudo-terminal in packet mode, in which the kernel tells the far end when the host
empties its input buffer. That is when a part that sends of its own accord sends its next frame,
so that a frame never tells of a knob's last position, and simulations may run faster than life.
Not imitated: baud rate, parity, breaks, and the time that bytes take.
"""

import os
import select
import struct
import termios
import threading
import tty
from contextlib import suppress
from fcntl import ioctl
from pathlib import Path
from typing import Any

from hw_mocks.faults import Fault
from hw_mocks.pseudoterminal import open_pseudoterminal


class UartPart:
    """What hangs on a port: `heard` answers the host, `flushed` is what it says unasked.

    No knob turns while a frame is being made and sent. An adapter whose part is absent is not in
    `/dev` either.
    """

    fault: Any = Fault.NONE

    def __init__(self) -> None:
        vars(self).update(turning=threading.RLock(), port=None)

    def __setattr__(self, name: str, value: Any) -> None:
        with vars(self)["turning"]:
            super().__setattr__(name, value)
        if name == "fault" and (port := vars(self)["port"]) is not None:
            port.follow()

    def heard(self, data: bytes) -> bytes:  # noqa: ARG002  # for those that listen
        """The host wrote: the answer, if any."""
        return b""

    def flushed(self) -> bytes:
        """The host emptied its buffer: what comes next unasked, if anything."""
        return b""


class SimPort:
    """One port under a folder that stands for `/dev`, and the part on it.

    A USB adapter (`/dev/serial/by-...`) goes with its part: absent, its name is gone and whoever
    has it open is hung up. The header's UART stays and is silent.
    """

    def __init__(self, devices: Path, name: str, part: UartPart) -> None:
        self._path, self._part = devices / name.removeprefix("/dev/"), part
        self._is_usb = "/by-" in name
        self._ends: tuple[int, int, int, int] | None = None
        self._thread: threading.Thread | None = None
        vars(part)["port"] = self
        self.follow()

    def follow(self) -> None:
        """Be there or not, as the part is."""
        is_there = not (self._is_usb and self._part.fault is Fault.ABSENT)
        if is_there and self._ends is None:
            self._plug()
        elif not is_there:
            self.close()

    def inject(self, data: bytes) -> None:
        """Put bytes on the host's receive line, as noise does."""
        if self._ends is not None:
            os.write(self._ends[0], data)

    def close(self) -> None:
        """Unplug."""
        if self._ends is None or self._thread is None:
            return
        os.write(self._ends[3], b"x")
        self._thread.join()
        for end in self._ends:
            os.close(end)
        self._ends = None
        self._path.unlink()

    def _plug(self) -> None:
        near, far, path = open_pseudoterminal()  # both stay open, else the near one hangs up
        tty.setraw(far)
        ioctl(near, termios.TIOCPKT, struct.pack("i", 1))
        os.set_blocking(near, False)
        self._ends = (near, far, *os.pipe())
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)  # of a process that was killed
        self._path.symlink_to(path)
        self._thread = threading.Thread(target=self._serve, args=(near, self._ends[2]), daemon=True)
        self._thread.start()

    def _serve(self, near: int, stop: int) -> None:
        while True:
            ready, _, _ = select.select([near, stop], [], [])
            if stop in ready:
                return
            kind, *data = os.read(near, 4096)
            with vars(self._part)["turning"], suppress(BlockingIOError):  # a full buffer overruns
                if kind == termios.TIOCPKT_DATA:
                    os.write(near, self._part.heard(bytes(data)))
                elif kind & termios.TIOCPKT_FLUSHREAD:
                    os.write(near, self._part.flushed())
