"""The root that the nspawn rig boots: Debian's packages, the locked wheels, our wheel and units.

    PYTHONPATH=scripts python -m tests.hil.rigs.nspawn_root [--suite NAME] [--cache DIR]

prints a folder with the root in `tree`, and in `data` what a new data partition has. Each layer is
kept by the digest of what it is made of: Debian's packages (a tar file), with them the wheels of
`requirements/device.lock`, and with those this checkout, laid out by the image's own code. What is
not as on the card: this machine's processor, no kernel, no firmware, and simulated wires in place
of real ones.
"""

import argparse
import fcntl
import hashlib
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from image import rehearsal, root, suites, wheels
from image.tools import BuildError, keep_only, run, step

from provisioning.places import RELEASE_ROOTS, VERSION_FILE

CHECKOUT = Path(__file__).parents[3]
CACHE = CHECKOUT / "build" / "hil" / "cache"
UNAVAILABLE = 69  # the exit code where an archive is out of reach
_UNUSED_S = 3600.0
BOARD = "haetae-nspawn"
PYTHON = {"bookworm": "3.11", "trixie": "3.13"}
# Firmware, the kernel's tools and what only a radio needs stay on the card.
_BOARDS_OWN = {"alsa-utils", "firmware-brcm80211", "iw", "wireless-regdb", "wpasupplicant"}
_PACKAGES = sorted(set(suites.ROOT_PACKAGES) - _BOARDS_OWN)
_OPTIONS = (
    *(f"--dpkgopt=path-exclude=/usr/share/{each}/*" for each in ("man", "locale", "doc", "info")),
    "--dpkgopt=force-unsafe-io",
    '--aptopt=Acquire::Languages "none"',
    '--aptopt=Acquire::Retries "3"',
)
# Without a wheel for that Python: only real wires and real microphones would need them.
_NO_WHEEL = {"3.13": {"lgpio"}}
_OURS = ("agent", "drivers", "models", "provisioning", "hw_mocks", "systemd", "scripts/image")
_OUR_FILES = ("setup.cfg", "pyproject.toml", "README.md", "tests/hil/rigs/nspawn_root.py")
_NOT_HERE = "[Unit]\nConditionVirtualization=!container\n"
_DROP_INS = {
    "agent": f"""\
# In place of the wires, which a container does not have.
[Service]
ExecStart=
ExecStart=/{wheels.HOME}/bin/python -m hw_mocks --config /etc/haetae/device.toml \
--control /run/haetae/control --state /var/lib/haetae --run-dir /run/haetae
Environment=PYTHONPATH=/run/haetae-app/current:/{rehearsal.FOLDER}
""",
    # they would find this machine's own swap device, and no modules for its kernel
    "zram": _NOT_HERE,
    "one-wire": _NOT_HERE,
}
_NETWORK = """\
# The rig sets it from outside, as a router would.
[Match]
Name=host0

[Link]
Unmanaged=yes
"""


class OutOfReachError(Exception):
    """Debian's archive or PyPI does not answer; nothing of ours is to blame."""


def make(suite: str, cache: Path) -> Path:
    """The folder of both, made where it is not kept; nobody may write to it.

    Raises:
        BuildError: Something is missing or failed; the message says what.
        OutOfReachError: It needs packages that cannot be had now.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with _alone(cache):
        base = _base(suite, cache)
        key = _digest([base.name], (CHECKOUT / each for each in _our_files()))
        found = cache / f"root-{suite}-{key}"
        if not found.exists():
            with _part(found) as part:
                part.mkdir(mode=0o755)
                _copy(base, part / "tree")
                _lay_out(suite, part / "tree")
                _make_data(part / "tree", part / "data")
        os.utime(found)
        _forget(f"root-{suite}-*", cache)
        return found


def _base(suite: str, cache: Path) -> Path:
    """Debian's packages and the locked wheels, compiled."""
    python, machine = PYTHON[suite], platform.machine()
    lock = _lock(cache, python)
    debian = cache / f"debian-{suite}-{_digest([suite, machine, *_PACKAGES, *_OPTIONS], [])}.tar"
    found = cache / f"base-{suite}-{_digest([debian.name, sys.version], [lock])}"
    if found.exists():
        return found
    if not debian.exists():
        _install_debian(suite, debian)
    try:
        fetched = wheels.fetch_wheels(lock, python, cache / "wheels" / python, machine)
    except BuildError as error:
        raise OutOfReachError(f"wheels: {error}") from error
    with step("lay out Debian and the wheels"), _part(found) as tree:
        tree.mkdir(mode=0o755)
        run("tar", "--extract", "--numeric-owner", "-f", debian, "-C", tree)
        wheels.install(fetched, tree, python)
        wheels.compile_all(tree / wheels.HOME, tree, python)
    _forget(f"base-{suite}-*", cache)
    return found


def _install_debian(suite: str, tar: Path) -> None:
    sources = (
        f"deb {suites.MIRROR} {suite} main",
        f"deb {suites.MIRROR} {suite}-updates main",
        f"deb {suites.SECURITY} {suite}-security main",
    )
    part = tar.with_suffix(".part.tar")
    asked = ("--mode=root", "--variant=essential", f"--include={','.join(_PACKAGES)}")
    with step("install Debian's packages (half a minute, once)"):
        try:
            run("mmdebstrap", *asked, *_OPTIONS, suite, part, *sources)
        except BuildError as error:
            raise OutOfReachError(f"Debian's packages: {error}") from error
    part.replace(tar)
    keep_only(tar, f"debian-{suite}-*")


def _lock(cache: Path, python: str) -> Path:
    """The device's lock, less what has no wheel for that Python."""
    text = (CHECKOUT / "requirements" / "device.lock").read_text("utf-8")
    none = _NO_WHEEL.get(python, set())
    lines = [each.line() for each in wheels.pinned(text, python, platform.machine())
             if each.name not in none]  # fmt: skip
    path = cache / f"device-{python}.lock"
    path.write_text("\n".join([*lines, ""]), "utf-8")
    return path


def _lay_out(suite: str, tree: Path) -> None:
    """What changes with every commit: our own wheel, units, simulated wires."""
    python = PYTHON[suite]
    with step("lay out this checkout"):
        work = tree.with_name("work")
        work.mkdir()
        try:
            own = wheels.build_wheel(_checkout(work), work)
            wheels.install([own], tree, python)
        finally:
            shutil.rmtree(work)
        packages = tree / wheels.HOME / "lib" / f"python{python}" / "site-packages"
        for name in ("agent", "drivers", "models", "provisioning"):
            wheels.compile_all(packages / name, tree, python)
        root.install_units(CHECKOUT, tree, suite != "bookworm")
        _describe(tree, suite)
        root.settle(tree, int((CHECKOUT / "setup.cfg").stat().st_mtime))
        _install_wires(tree, python)


def _make_data(tree: Path, data: Path) -> None:
    """The data partition's folders, as the image makes them."""
    data.mkdir(mode=0o755)
    uid, gid = root.numbers_of(tree, "haetae")
    for name, mode in root.DATA_FOLDERS.items():
        (data / name).mkdir()
        (data / name).chmod(mode)
        if name == "state":
            os.chown(data / name, uid, gid)


def _describe(tree: Path, suite: str) -> None:
    """What runs here is no Pi; whose updates it takes is laid over an empty file at the start."""
    about = {
        "version": "1.0.0",
        "compatible": BOARD,
        "board": BOARD,
        "suite": suite,
        "lock": wheels.sha256_of(CHECKOUT / "requirements" / "device.lock"),
    }
    for place, text in ((VERSION_FILE, json.dumps(about)), (RELEASE_ROOTS, "")):
        path = tree / place.relative_to("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def _install_wires(tree: Path, python: str) -> None:
    """Simulated wires beside the agent, from a folder of their own, as in a rehearsal."""
    shutil.copytree(
        CHECKOUT / "hw_mocks",
        tree / rehearsal.FOLDER / "hw_mocks",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    wheels.compile_all(tree / rehearsal.FOLDER, tree, python)
    for unit, text in _DROP_INS.items():
        folder = tree / "etc/systemd/system" / f"haetae-{unit}.service.d"
        folder.mkdir(exist_ok=True)
        (folder / "rig.conf").write_text(text, "utf-8")
    (tree / "etc/systemd/network/05-rig.network").write_text(_NETWORK, "utf-8")


def _checkout(work: Path) -> Path:
    """What the wheel is built of, without what lies beside it in a working tree."""
    source = work / "source"
    for each in (*_OURS[:4], *_OUR_FILES[:3]):
        path = CHECKOUT / each
        if path.is_dir():
            shutil.copytree(path, source / each, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, source / each)
    return source


def _our_files() -> Iterator[str]:
    """Every file of ours that goes into the root, or says how."""
    for folder in _OURS:
        for path in sorted((CHECKOUT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield str(path.relative_to(CHECKOUT))
    yield from _OUR_FILES


def _digest(words: Iterable[str], files: Iterable[Path]) -> str:
    found = hashlib.sha256()
    for word in words:
        found.update(word.encode() + b"\0")
    for path in files:
        found.update(f"{path.name}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()[:16]


def _copy(source: Path, target: Path) -> None:
    """Copy a root; of what nobody writes in place, by links: half a gigabyte saved each time."""
    target.mkdir(mode=0o755)
    for each in sorted(source.iterdir()):
        links = ["--link"] if each.name in {"usr", "opt"} else []
        run("cp", "--archive", *links, each, target)


@contextmanager
def _part(target: Path) -> Iterator[Path]:
    """A folder that gets its name once it is whole."""
    part = target.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    yield part
    part.rename(target)


def _forget(pattern: str, cache: Path) -> None:
    """Remove what nobody has used for an hour: half a gigabyte each; who runs uses its own."""
    for old in cache.glob(pattern):
        if time.time() - old.stat().st_mtime > _UNUSED_S:
            shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """One build at a time: others wait, and find it done."""
    with (cache / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Make it; 0, or 1 or UNAVAILABLE and what to do on stderr."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--suite", choices=sorted(PYTHON), default="bookworm")
    parser.add_argument("--cache", type=Path, default=CACHE, metavar="DIR")
    args = parser.parse_args()
    os.umask(0o022)
    try:
        sys.stdout.write(f"{make(args.suite, args.cache.absolute())}\n")
    except (BuildError, OutOfReachError) as error:
        sys.stderr.write(f"rig nspawn: {error}\n")
        return 1 if isinstance(error, BuildError) else UNAVAILABLE
    return 0


if __name__ == "__main__":
    sys.exit(main())
