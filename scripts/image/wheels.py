"""Python's part: this checkout's wheel and what `requirements/device.lock` pins, for the device.

Wheels are fetched for aarch64, or for a machine that is named, and laid out on the host; nothing of
theirs is run.
"""

import configparser
import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from image.tools import BuildError, run, step

HOME = Path("opt/haetae")
DEVICE = "aarch64"
# Without a wheel for arm64, and of no use without libcamera's own Python module, which Debian 12
# has not: Raspberry Pi's cameras. What only they need is left out with them.
LEFT_OUT = {
    "picamera2": "needs libcamera's Python module, which Debian 12 does not have",
    "pidng": "only picamera2 needs it; has no wheel",
    "python-prctl": "only picamera2 needs it; has no wheel",
    "av": "only picamera2 needs it",
    "jsonschema": "only picamera2 needs it",
    "jsonschema-specifications": "only picamera2 needs it",
    "libarchive-c": "only picamera2 needs it",
    "openexr": "only picamera2 needs it",
    "piexif": "only picamera2 needs it",
    "referencing": "only picamera2 needs it",
    "rpds-py": "only picamera2 needs it",
    "simplejpeg": "only picamera2 needs it",
    "videodev2": "only picamera2 needs it",
}
_ZIPS_FIRST_DAY_S = "315532800"  # of 1980: a wheel built here is the same at any time
# Their newest C library (glibc 2.36 in Debian 12) takes all wheels up to this.
_GLIBC_MINORS = range(17, 37)


@dataclass(frozen=True, slots=True)
class Pinned:
    """A line of the lock: what is wanted, and the digests it may have."""

    name: str
    requirement: str
    hashes: tuple[str, ...]

    def line(self) -> str:
        """As pip reads it."""
        return " ".join([self.requirement, *(f"--hash={each}" for each in self.hashes)])


def pinned(lock: str, python: str, machine: str = DEVICE) -> Iterator[Pinned]:
    """What a lock asks for on a device with that Python ("3.11")."""
    environment = {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "linux",
    }
    for line in lock.replace("\\\n", " ").splitlines():
        wanted, *hashes = re.split(r"\s+--hash=", line.partition(" #")[0].strip())
        if not wanted or wanted.startswith("#"):
            continue
        found = Requirement(wanted)
        if found.marker and not found.marker.evaluate(environment):
            continue
        found.marker = None
        name = canonicalize_name(found.name)
        yield Pinned(name, str(found), tuple(each.strip() for each in hashes))


def fetch_wheels(lock: Path, python: str, folder: Path, machine: str = DEVICE) -> list[Path]:
    """The wheels that a lock pins, checked against its digests; fetched once.

    Raises:
        BuildError: One has no wheel for the device, or its digest is another.
    """
    folder.mkdir(parents=True, exist_ok=True)
    asked = pinned(lock.read_text("utf-8"), python, machine)
    wanted = [each for each in asked if each.name not in LEFT_OUT]
    digests = {each.name: {one.removeprefix("sha256:") for one in each.hashes} for each in wanted}
    missing = [each for each in wanted if _kept(folder, each.name, digests[each.name]) is None]
    if missing:
        with step(f"fetch {len(missing)} wheels for {machine}"):
            _download(missing, python, folder, machine)
    found = {each.name: _kept(folder, each.name, digests[each.name]) for each in wanted}
    if lost := sorted(name for name, path in found.items() if path is None):
        raise BuildError(f"no wheel for {machine} and Python {python}: {', '.join(lost)}")
    return sorted(path for path in found.values() if path is not None)


def build_wheel(checkout: Path, work: Path) -> Path:
    """The wheel of a checkout, made in a copy, since building leaves files behind."""
    source, out = work / "wheel-source", work / "wheel"
    shutil.copytree(checkout, source, ignore=shutil.ignore_patterns("docs", "hw_mocks", "tests"))
    _pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", out, source)
    return next(out.glob("*.whl"))


def install(wheels: Sequence[Path], root: Path, python: str) -> None:
    """Lay wheels out as the environment in /opt/haetae."""
    home = root / HOME
    packages = home / "lib" / f"python{python}" / "site-packages"
    (home / "bin").mkdir(parents=True, exist_ok=True)
    for name in ("python", "python3"):
        (home / "bin" / name).unlink(missing_ok=True)
        (home / "bin" / name).symlink_to("/usr/bin/python3")
    (home / "pyvenv.cfg").write_text(
        f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {python}\n"
    )
    for wheel in wheels:
        _lay_out(wheel, packages)
        for name, target in _commands(wheel):
            _write_command(home / "bin" / name, target)


def compile_all(folder: Path, root: Path, python: str) -> bool:
    """Compile beforehand what a read-only root cannot; the same bytes each time.

    Another minor version of Python on this machine cannot do it: then False, and the device
    compiles at each start.
    """
    if f"{sys.version_info.major}.{sys.version_info.minor}" != python:
        return False
    for cache in sorted(folder.rglob("__pycache__")):
        shutil.rmtree(cache)
    options = ("-q", "-f", "-s", str(root), "-p", "/", "--invalidation-mode", "unchecked-hash")
    command = (sys.executable, "-I", "-m", "compileall", *options, str(folder))
    # what does not compile are other versions' files and test data: left as it is
    subprocess.run(
        command,
        env={"PYTHONHASHSEED": "0", "PATH": "/usr/bin:/bin"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return True


def sha256_of(path: Path) -> str:
    """A file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _kept(folder: Path, name: str, digests: set[str]) -> Path | None:
    """The wheel that is here already, if its digest is in the lock, or it was built from one."""
    for path in sorted(folder.glob("*.whl")):
        if canonicalize_name(path.name.partition("-")[0]) == name:
            built = path.with_suffix(".from")
            digest = built.read_text("ascii") if built.exists() else sha256_of(path)
            if digest in digests:
                return path
    return None


def _download(wanted: Sequence[Pinned], python: str, folder: Path, machine: str) -> None:
    """By pip for that machine; what comes as source only, and is pure Python, built here."""
    lines = folder / "wanted.txt"
    for each in wanted:
        if _download_wheel(each, python, folder, machine):
            continue
        into = folder / "sources"
        lines.write_text(each.line() + "\n", "utf-8")
        options = ("--no-deps", "--no-binary=:all:", "--no-build-isolation", "--require-hashes")
        _pip("download", *options, "-r", lines, "-d", into)
        source = next(
            path for path in into.iterdir() if canonicalize_name(path.name).startswith(each.name)
        )
        building = ("--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder)
        _pip("wheel", *building, source)
        built = next(
            (path for path in folder.glob("*-none-any.whl")
             if canonicalize_name(path.name.partition("-")[0]) == each.name), None,
        )  # fmt: skip
        if built is None:
            raise BuildError(f"{each.requirement}: no wheel for {machine}, and not of pure Python")
        built.with_suffix(".from").write_text(sha256_of(source), "ascii")


def _download_wheel(wanted: Pinned, python: str, folder: Path, machine: str) -> bool:
    lines = folder / "wanted.txt"
    platforms = [f"--platform=manylinux_2_{minor}_{machine}" for minor in _GLIBC_MINORS]
    lines.write_text(wanted.line() + "\n", "utf-8")
    abi = f"cp{python.replace('.', '')}"
    options = ("--no-deps", "--only-binary=:all:", "--require-hashes", "--implementation=cp")
    versions = (f"--python-version={python}", f"--abi={abi}", "--abi=abi3", "--abi=none")
    try:
        _pip(
            "download", *options, *versions, *platforms, f"--platform=manylinux2014_{machine}",
            "-r", lines, "-d", folder,
        )  # fmt: skip
    except BuildError as error:
        if "No matching distribution" in str(error):
            return False
        raise
    return True


def _pip(*arguments: str | Path) -> str:
    command = (sys.executable, "-m", "pip", *arguments[:1], "--quiet", *arguments[1:])
    return run(*command, env={"SOURCE_DATE_EPOCH": _ZIPS_FIRST_DAY_S})


def _lay_out(wheel: Path, packages: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            name = entry.filename
            top, _, rest = name.partition("/")
            if top.endswith(".data"):
                scheme, _, name = rest.partition("/")
                if scheme not in {"purelib", "platlib"}:
                    continue  # commands, headers and manual pages of others
            if name.endswith("/"):
                continue
            target = packages / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(entry))
            target.chmod(0o755 if ".so" in target.suffixes else 0o644)


def _commands(wheel: Path) -> Iterator[tuple[str, str]]:
    """Our own commands; those of others have no use on a device."""
    with zipfile.ZipFile(wheel) as archive:
        if not wheel.name.startswith("haetae-"):
            return
        entry = next(name for name in archive.namelist() if name.endswith("/entry_points.txt"))
        points = configparser.ConfigParser(delimiters=("=",))
        points.read_string(archive.read(entry).decode())
        yield from points["console_scripts"].items()


def _write_command(path: Path, target: str) -> None:
    module, _, function = target.partition(":")
    path.write_text(
        f"#!/{HOME}/bin/python\nimport sys\n\nfrom {module} import {function}\n\n"
        f"sys.exit({function}())\n"
    )
    path.chmod(0o755)
