"""A loudspeaker that plays recorded words through ALSA, by `aplay` in a process of its own."""

import errno
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

_BY_US = -signal.SIGKILL


class Voice:
    """Plays one WAV file at a time on the ALSA card called `card` (a name in /proc/asound/cards).

    The library of ALSA can hang in a driver, so it never runs in this process: a player that hangs
    can be killed. `start` takes as long as starting a process; nothing else waits, but `end` of a
    player that still runs. For one thread, but `stop` is for any.
    """

    def __init__(self, card: str, player: str = "aplay") -> None:
        self._device, self._player = f"plughw:CARD={card},DEV=0", player
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, wav: Path) -> None:
        """Begin to play.

        Raises:
            OSError: There is no player, or it is still busy with the words before.
        """
        if self.is_speaking():
            raise OSError(errno.EBUSY, f"{self._device}: still speaking")
        self._process = subprocess.Popen(  # noqa: S603  # our own words
            [self._player, "-q", "-D", self._device, str(wav)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=os.environ | {"LC_ALL": "C"},
        )

    def is_speaking(self) -> bool:
        """Whether the player runs."""
        return self._process is not None and self._process.poll() is None

    def end(self) -> None:
        """Let go of a player that has ended.

        Raises:
            OSError: It could not play: no such card, or none that works.
        """
        process, self._process = self._process, None
        if process is None or process.stderr is None:
            return
        with process.stderr as said:
            if process.wait() in (0, _BY_US):
                return
            words = said.read(500).decode("utf-8", "replace").strip().splitlines()
        why = words[-1] if words else f"exit code {process.returncode}"
        raise OSError(errno.EIO, f"{self._device}: {why}")

    def stop(self) -> None:
        """Be silent now; never raises and never waits."""
        if (process := self._process) is not None:
            process.kill()

    def close(self) -> None:
        """Be silent and let go, within a second; never raises."""
        self.stop()
        with suppress(subprocess.TimeoutExpired, OSError):
            if self._process is not None:
                self._process.wait(1.0)
                self.end()
