"""A shell on a board: the OpenSSH client as it is installed, over one connection that it keeps."""

import shlex
import subprocess
import tempfile
from pathlib import Path

from tests.hil.rigs.rig import CommandError, RigError

_CONNECT_S, _ALIVE_S, _MISSED = 10, 5, 3
_NO_CONNECTION = 255  # ssh(1): its own failures, and only they
_OPTIONS = (
    "BatchMode=yes",  # a key, never a question
    f"ConnectTimeout={_CONNECT_S}",
    f"ServerAliveInterval={_ALIVE_S}",  # a board without power says no goodbye
    f"ServerAliveCountMax={_MISSED}",
    "ControlMaster=auto",
    "ControlPersist=60",
    "LogLevel=ERROR",
)


class UnreachableError(RigError):
    """No connection to the board, or it broke."""


class Ssh:
    """Runs commands as `user` at `host`; the host's key must be known, in `known_hosts` if given.

    `key` is the private key's file; without it, ssh asks its agent and its usual files.
    """

    def __init__(
        self,
        host: str,
        *,
        user: str,
        port: int = 22,
        key: str | None = None,
        known_hosts: str | None = None,
    ) -> None:
        # its own folder: a control socket's path may have 108 bytes at most
        self._folder = tempfile.TemporaryDirectory(prefix="hil-")
        options = [*_OPTIONS, f"ControlPath={Path(self._folder.name) / 'master'}"]
        options.append("StrictHostKeyChecking=yes")
        if known_hosts is not None:
            options += [f"UserKnownHostsFile={known_hosts}", "GlobalKnownHostsFile=/dev/null"]
        if key is not None:
            options += [f"IdentityFile={key}", "IdentitiesOnly=yes"]
        words = [word for each in options for word in ("-o", each)]
        self._ssh = ["ssh", "-F", "none", "-p", str(port), *words]
        self._where = f"{user}@{host}"

    def run(self, command: str, within_s: float, data: bytes = b"") -> bytes:
        """What a shell command there prints, given `data` as its input.

        Raises:
            CommandError: It ended with another code than 0.
            UnreachableError: There is no connection.
            RigError: It did not end in time.
        """
        try:
            done = subprocess.run(
                [*self._ssh, self._where, f"sh -c {shlex.quote(command)}"],
                input=data, capture_output=True, timeout=within_s, check=False,
            )  # fmt: skip
        except FileNotFoundError as error:
            raise UnreachableError("no ssh here: sudo apt-get install openssh-client") from error
        except subprocess.TimeoutExpired as error:
            raise RigError(f"{command}: not within {within_s:g} s") from error
        said = done.stderr.decode("utf-8", "replace").strip()
        if done.returncode == _NO_CONNECTION:
            raise UnreachableError(f"{self._where}: {said}")
        if done.returncode:
            text = done.stdout.decode("utf-8", "replace")
            raise CommandError(command, done.returncode, text + said)
        return done.stdout

    def put(self, path: str, data: bytes, within_s: float = 60) -> None:
        """Write a file there, whole or not at all; its mode stays, a new one is 0600.

        Raises:
            RigError: It cannot be written.
        """
        at, beside = shlex.quote(path), shlex.quote(f"{path}.new")
        keep = f"if [ -e {at} ]; then chmod --reference={at} {beside} && "
        keep += f"chown --reference={at} {beside}; fi"
        command = (
            f"umask 077 && cat >{beside} && {{ {keep}; }} && sync {beside} && mv {beside} {at}"
        )
        self.run(command, within_s, data)

    def get(self, path: str, within_s: float = 60) -> bytes:
        """A file there.

        Raises:
            RigError: It cannot be read.
        """
        return self.run(f"cat {shlex.quote(path)}", within_s)

    def hang_up(self) -> None:
        """End the connection that is kept; the next command makes a new one."""
        self._control("exit")

    def close(self) -> None:
        """Hang up for good."""
        self.hang_up()
        self._folder.cleanup()

    def _control(self, word: str) -> None:
        command = [*self._ssh, "-O", word, self._where]
        subprocess.run(command, capture_output=True, timeout=_CONNECT_S, check=False)
