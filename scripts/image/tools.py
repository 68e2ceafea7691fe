"""Other people's programs: which are needed, what to do where one is missing, and running them."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

# the program, and the Debian package that brings it
NEEDED = {
    "apt-get": "apt",
    "debugfs": "e2fsprogs",
    "depmod": "kmod",
    "dpkg-deb": "dpkg",
    "fdtget": "device-tree-compiler",
    "fdtput": "device-tree-compiler",
    "git": "git",
    "mcopy": "mtools",
    "mkfs.ext4": "e2fsprogs",
    "mkfs.vfat": "dosfstools",
    "mksquashfs": "squashfs-tools",
    "mmdebstrap": "mmdebstrap",
    "qemu-aarch64-static": "qemu-user-static",
    "systemctl": "systemd",
    "systemd-sysusers": "systemd",
    "xz": "xz-utils",
}
_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_BINFMT_RULE = Path("/usr/lib/binfmt.d/qemu-aarch64.conf")
_SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")


class BuildError(Exception):
    """The image cannot be made until somebody does what the message says."""


def add_sbin() -> None:
    """Find the programs of administrators, too, which Debian's users do not have in their path."""
    os.environ["PATH"] = os.pathsep.join(dict.fromkeys([*os.get_exec_path(), *_SBIN]))


def require_tools(needed: Mapping[str, str] = NEEDED) -> None:
    """See that everything is here.

    Raises:
        BuildError: A program is missing; the message is the command that installs it.
    """
    add_sbin()
    missing = {package for program, package in needed.items() if shutil.which(program) is None}
    if missing:
        names = sorted(missing)
        raise BuildError(f"missing: {', '.join(names)}: sudo apt-get install {' '.join(names)}")
    if os.geteuid() != 0:
        raise BuildError(
            "building needs root, for the owners of files and to run arm64 programs in the new"
            " root: start it again with sudo"
        )


def run(*command: str | Path, env: Mapping[str, str] | None = None, text: str = "") -> str:
    """Run a program to its end; what it printed.

    Raises:
        BuildError: It ended in failure; the message holds the end of what it said.
    """
    done = subprocess.run(
        [str(each) for each in command],
        capture_output=True,
        text=True,
        input=text,
        env={**_without_epoch(os.environ), "LC_ALL": "C.UTF-8", **(env or {})},
        check=False,
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-12:]
        raise BuildError(f"{command[0]} ended with {done.returncode}:\n  " + "\n  ".join(said))
    return done.stdout


def _without_epoch(environment: Mapping[str, str]) -> dict[str, str]:
    """Each program is told its date by itself; mksquashfs refuses to be told twice."""
    return {key: value for key, value in environment.items() if key != "SOURCE_DATE_EPOCH"}


def keep_only(newest: Path, pattern: str) -> None:
    """Remove what was kept before under names of that pattern: half a gigabyte each."""
    for old in newest.parent.glob(pattern):
        if old != newest:
            old.unlink(missing_ok=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    began = time.monotonic()
    sys.stderr.write(f"image: {title} ...\n")
    yield
    sys.stderr.write(f"image: {title}: {time.monotonic() - began:.1f} s\n")


def run_arm64(command: Sequence[str | Path], env: Mapping[str, str]) -> str:
    """Run a command whose children may be arm64 programs.

    binfmt_misc is mounted in a mount namespace of its own where this machine has not mounted it.
    The registration itself belongs to the kernel and stays, as qemu-user-static's own does.
    """
    if os.uname().machine == "aarch64":
        return run(*command, env=env)
    script = (
        f"[ -e {_BINFMT}/register ] || mount -t binfmt_misc none {_BINFMT} || exit 90\n"
        f'[ -e {_BINFMT}/qemu-aarch64 ] || printf %s "$RULE" > {_BINFMT}/register || exit 90\n'
        'exec "$@"\n'
    )
    try:
        rule = _BINFMT_RULE.read_text("ascii").strip()
    except OSError:
        raise BuildError(
            f"no {_BINFMT_RULE}: sudo apt-get install --reinstall qemu-user-static"
        ) from None
    return run("unshare", "--mount", "sh", "-c", script, "sh", *command, env={**env, "RULE": rule})
