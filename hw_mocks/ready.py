"""What systemd would hear of a service: its READY=1, and when (sd_notify(3))."""

import contextlib
import socket
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from hw_mocks.child import until


class Ready:
    """Waits, as systemd does, for READY=1 on a datagram socket, and notes when it came."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(0.2)
        self._came: float | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()
        self._socket.close()

    def at(self, within_s: float) -> float:
        """Monotonic seconds of its coming.

        Raises:
            TooLateError: It did not come.
        """
        return until(lambda: self._came, within_s, "READY=1")

    def _listen(self) -> None:
        while not self._done.is_set():
            with contextlib.suppress(TimeoutError):
                if b"READY=1" in self._socket.recv(4096) and self._came is None:
                    self._came = time.monotonic()
