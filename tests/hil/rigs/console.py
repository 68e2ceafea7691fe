"""A board's serial console, written down while the rig is open: what a board says that is gone."""

import contextlib
import threading
from pathlib import Path
from typing import Annotated

import msgspec
import serial
from msgspec import Meta

from tests.hil.rigs.rig import RigUnavailableError

_LOOK_S, _AT_ONCE = 0.2, 4096


class ConsoleConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The serial port here that the board's console is wired to; `baud` as its kernel has it."""

    port: Annotated[str, Meta(min_length=1)]
    baud: Annotated[int, Meta(ge=1200, le=4_000_000)] = 115_200


class Console:
    """Reads the port in a thread, into a file; nothing is ever written to the board."""

    def __init__(self, config: ConsoleConfig | None, file: Path) -> None:
        self._config, self._file = config, file
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read, name="console", daemon=True)
        self._port: serial.Serial | None = None

    def open(self) -> None:
        """Begin, if there is one.

        Raises:
            RigUnavailableError: The port cannot be had.
        """
        if self._config is None:
            return
        try:
            self._port = serial.Serial(self._config.port, self._config.baud, timeout=_LOOK_S)
        except (OSError, ValueError) as error:  # serial's own is an OSError
            raise RigUnavailableError(f"board.toml: [console]: {error}") from error
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._over.set()
        if self._port is not None:
            self._thread.join()
            self._port.close()

    def tail(self, lines: int = 20) -> str:
        """The last lines, for whoever reads why a board did not come back."""
        if not self._file.exists():
            return ""
        return "\n".join(self._file.read_text("utf-8", "replace").splitlines()[-lines:])

    def _read(self) -> None:
        with self._file.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while self._port is not None and not self._over.is_set():
                file.write(self._port.read(_AT_ONCE))
