"""Messages to systemd: `READY=1`, `WATCHDOG=1`, `STATUS=...`, `STOPPING=1` (sd_notify(3))."""

import contextlib
import os
import socket


def notify(message: str) -> None:
    """Tell systemd; do nothing when not started by it.

    Never raises: if the socket fails, systemd acts on the silence, as it should.
    """
    if path := os.environ.get("NOTIFY_SOCKET"):
        address = f"\0{path[1:]}" if path.startswith("@") else path
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel,
        ):
            channel.sendto(message.encode(), address)
