"""A pseudo-terminal, on machines without `/dev/pts` too."""

import os
import struct
import subprocess
import tempfile
from fcntl import ioctl
from pathlib import Path

# Linux asm-generic/ioctls.h; the module termios has neither on Python 3.11
_UNLOCK = 0x40045431  # TIOCSPTLCK
_PEER = 0x5441  # TIOCGPTPEER
_MODE = os.O_RDWR | os.O_NOCTTY


def open_pseudoterminal() -> tuple[int, int, Path]:
    """The near and the far end, and a path under which this process can open the far one anew.

    A chroot or a bare container often has `/dev` without `/dev/pts`. There root gets an instance
    of its own, which has left the file system again when this returns.

    Raises:
        OSError: There are no pseudo-terminals, nor the right to mount any.
    """
    try:
        near, far = os.openpty()
        return near, far, Path(os.ttyname(far))
    except OSError as error:
        if os.geteuid() != 0:
            raise OSError(error.errno, "no pseudo-terminals: /dev/pts is not mounted") from error
    with tempfile.TemporaryDirectory() as folder:
        _run("mount", "-t", "devpts", "-o", "newinstance,ptmxmode=0600", "devpts", folder)
        try:
            near = os.open(f"{folder}/ptmx", _MODE)
        finally:
            _run("umount", "--lazy", folder)
    ioctl(near, _UNLOCK, struct.pack("i", 0))
    far = ioctl(near, _PEER, _MODE)
    return near, far, Path(f"/proc/{os.getpid()}/fd/{far}")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(done.stderr.strip())
