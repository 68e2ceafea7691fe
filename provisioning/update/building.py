"""What a release is made of: files of a checkout's newest commit, laid out as a bundle has them.

Only what is committed counts, so that the same commit gives the same bytes. The wheel is the one
that the image is built with: pure Python, for the dependencies that requirements/device.lock pins.
"""

import email
import hashlib
import io
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from provisioning.update.manifest import MODELS, RULES
from provisioning.update.words import error

LOCK = Path("requirements/device.lock")
RULES_FILES = ("provisioning/limits.toml", "provisioning/profiles/*.toml")
_MODELS_FILES = ("models/manifest.toml", "models/weights/*", "models/cards/*.md")
_ZIPS_FIRST_DAY_S = "315532800"  # of 1980: a wheel built here is the same at any time
_BUILD_S, _GIT_S = 600, 120
_SHOWN = 400  # characters of what a program said last


@dataclass(frozen=True, slots=True)
class Source:
    """The newest commit of a checkout, laid out in `folder`."""

    folder: Path
    commit: str
    date: datetime

    @property
    def lock(self) -> str:
        """The SHA-256 of the lock that its application runs on.

        Raises:
            ProvisioningError: There is none.
        """
        return digest(self.folder / LOCK)


@dataclass(frozen=True, slots=True)
class Laid:
    """Files that are laid out for a bundle, and of which version of the application they are."""

    folder: Path
    version: str


def take(checkout: Path, work: Path) -> Source:
    """Lay the newest commit of a checkout out below `work`.

    Raises:
        ProvisioningError: It is no checkout.
    """
    folder = work / "source"
    git = ("git", "-C", str(checkout))
    commit = run(*git, "rev-parse", "HEAD", within_s=_GIT_S).decode().strip()
    seconds = int(run(*git, "log", "-1", "--format=%ct", commit, within_s=_GIT_S))
    archive = run(*git, "archive", "--format=zip", commit, within_s=_GIT_S)
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        packed.extractall(folder)
    if run(*git, "status", "--porcelain", "--untracked-files=no", within_s=_GIT_S):
        sys.stderr.write("haetae-release: what is changed and not committed is not in it\n")
    return Source(folder, commit, datetime.fromtimestamp(seconds, UTC))


def application(source: Source, into: Path) -> Laid:
    """The packages of the wheel that this commit gives.

    Raises:
        ProvisioningError: It cannot be built.
    """
    wheels = into.with_name(into.name + ".wheel")
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(wheels))
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "wheel")
    epoch = {"SOURCE_DATE_EPOCH": _ZIPS_FIRST_DAY_S}
    run(*pip, *options, str(source.folder), within_s=_BUILD_S, environment=epoch)
    return unpacked_wheel(next(wheels.glob("*.whl")), into)


def unpacked_wheel(wheel: Path, into: Path) -> Laid:
    """The packages of a wheel of ours.

    Raises:
        ProvisioningError: It is none.
    """
    version = ""
    try:
        with zipfile.ZipFile(wheel) as archive:
            for entry in archive.infolist():
                path = PurePosixPath(entry.filename)
                if entry.is_dir() or path.name == "RECORD":  # the manifest says what it would
                    continue
                if path.is_absolute() or ".." in path.parts:
                    raise error("release-files", f"{wheel}: {path}")
                content = archive.read(entry)
                if path.name == "METADATA":
                    version = email.message_from_bytes(content)["Version"]
                (into / path).parent.mkdir(parents=True, exist_ok=True)
                (into / path).write_bytes(content)
    except (OSError, zipfile.BadZipFile) as problem:
        raise error("release-files", f"{wheel}: {problem}") from None
    if not version:
        raise error("release-files", f"{wheel}: no version in it")
    return Laid(into, version)


def data(source: Source, kind: str, into: Path, patterns: Sequence[str] = ()) -> Path:
    """The models, or the rules' data, of a commit; `patterns` are the files, else all of the kind.

    Raises:
        ProvisioningError: A pattern names nothing.
    """
    wanted = tuple(patterns) or {MODELS: _MODELS_FILES, RULES: RULES_FILES}[kind]
    for pattern in wanted:
        if not (found := sorted(source.folder.glob(pattern))):
            raise error("release-files", f"{pattern}: nothing of that name is committed")
        for each in found:
            target = into / each.relative_to(source.folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(each, target)
    return into


def version_of(source: Source) -> str:
    """The application's version in a commit, which models and rules go with.

    Raises:
        ProvisioningError: It does not say.
    """
    for line in (source.folder / "setup.cfg").read_text("utf-8").splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "version":
            return value.strip()
    raise error("release-files", "setup.cfg: no version")


def digest(path: Path) -> str:
    """A file's SHA-256 in hexadecimal.

    Raises:
        ProvisioningError: It cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as problem:
        raise error("release-files", f"{path}: {problem.strerror}") from None


def run(
    *command: str,
    within_s: float,
    environment: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
) -> bytes:
    """What a program prints.

    Raises:
        ProvisioningError: It is not there, failed, or took too long; the detail is its last word.
    """
    try:
        done = subprocess.run(  # noqa: S603  # its words are the maintainer's own
            command,
            capture_output=True,
            check=True,
            timeout=within_s,
            pass_fds=pass_fds,
            env={**os.environ, **(environment or {})},
        )
    except (OSError, subprocess.SubprocessError) as problem:
        said = getattr(problem, "stderr", None) or b""
        told = said.decode("utf-8", "replace").strip()[-_SHOWN:] or str(problem)
        raise error("release-not-built", f"{Path(command[0]).name}: {told}") from None
    return done.stdout
