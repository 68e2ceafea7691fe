"""The bundles that are installed, each unpacked in a folder of its own; and what of them is whole.

    INSTALLED/<sha256 of the bundle>/files/...     as they were signed, and compiled beside
                                     signature     what was signed, to be checked again
                                     compiled.json the SHA-256 of what this device compiled

A folder has its name only once everything in it is on flash; whatever else lies there is left over
from a power cut, and goes. Nothing is in force because it lies here: `selection` says what is.
"""

import compileall
import hashlib
import os
import py_compile
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from cryptography import x509

from drivers.kept import sync
from provisioning.update.bundle import Bundle
from provisioning.update.manifest import Manifest, read_manifest
from provisioning.update.signing import BUNDLE, verified
from provisioning.update.words import error

FILES, SIGNATURE, COMPILED = "files", "signature", "compiled.json"
RESERVE_BYTES = 32 << 20  # of the disk stays free: alarms are written to the same partition
_FRESH = ".new-"
_CACHE = "__pycache__"
_CHUNK = 1 << 20


def stage(bundle: Bundle, installed: Path, reserve_bytes: int = RESERVE_BYTES) -> Path:
    """Unpack a bundle to where it stays; on flash when this returns. It is not in force yet.

    Raises:
        ProvisioningError: There is no room, or the disk is broken; nothing has changed.
    """
    final, fresh = installed / bundle.sha256, installed / f"{_FRESH}{bundle.sha256}"
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        _check_room(installed, sum(each.bytes for each in bundle.manifest.files) + reserve_bytes)
        fresh.mkdir(mode=0o755)
        bundle.unpack(fresh / FILES)
        _write(fresh / SIGNATURE, bundle.signature)
        _write(fresh / COMPILED, msgspec.json.encode(_compile(fresh / FILES)))
        sync(fresh)
        shutil.rmtree(final, ignore_errors=True)  # of a damaged one
        fresh.rename(final)
        sync(installed)
    except OSError as problem:
        shutil.rmtree(fresh, ignore_errors=True)
        raise error("update-no-room", f"{installed}: {problem.strerror}") from None
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return final


def whole(folder: Path, kind: str, roots: Sequence[x509.Certificate]) -> Manifest:
    """What an installed bundle is, once its signature and every file of it have been checked again.

    Raises:
        ProvisioningError: It is not there, damaged, half written, or signed by who may not.
    """
    try:
        signed = verified((folder / SIGNATURE).read_bytes(), BUNDLE, roots)
        manifest = read_manifest(signed.payload)
        compiled = msgspec.json.decode((folder / COMPILED).read_bytes(), type=dict[str, str])
        if manifest.kind != kind:
            raise error("release-damaged", f"{folder.name}: of the kind {manifest.kind}")
        _compare(folder / FILES, {**compiled, **manifest.digests}, set(compiled))
    except (OSError, ValueError) as problem:
        raise error("release-damaged", f"{folder.name}: {problem}") from None
    return manifest


def prune(installed: Path, used: Collection[str]) -> list[str]:
    """Delete every bundle that nobody uses, and whatever a power cut has left; what went."""
    gone = []
    for each in sorted(installed.iterdir()) if installed.is_dir() else ():
        if each.is_dir() and not each.is_symlink() and each.name not in used:
            shutil.rmtree(each, ignore_errors=True)
            gone.append(each.name)
    return gone


def files_in(folder: Path) -> Iterator[str]:
    """The path of every file below a folder, in order; never through a link."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(parent, name).relative_to(folder).as_posix() for name in sorted(names))


def _check_room(installed: Path, needed_bytes: int) -> None:
    if (free := shutil.disk_usage(installed).free) < needed_bytes:
        told = f"{free >> 20} MiB are free, {needed_bytes >> 20} MiB needed"
        raise error("update-no-room", told)


def _compare(tree: Path, digests: Mapping[str, str], compiled: Collection[str]) -> None:
    """Hold every file against its digest; what was compiled and is damaged may go.

    Raises:
        ProvisioningError: A file is missing, another one, or nobody's.
        OSError: The disk does not read it.
    """
    found = set(files_in(tree))
    for path in sorted(found | digests.keys()):
        if path not in digests:
            raise error("release-damaged", f"{path}: nobody signed it")
        is_same = path in found and _sha256(tree / path) == digests[path]
        if not is_same and path in compiled:
            (tree / path).unlink(missing_ok=True)  # it is compiled again where it is needed
        elif not is_same:
            raise error("release-damaged", f"{path}: {'changed' if path in found else 'missing'}")


def _compile(tree: Path) -> dict[str, str]:
    """Compile the programs once, here: where they run from nothing can be written. Their digests.

    The result is never compared with its source: that is done for both, by their digests.
    """
    compileall.compile_dir(
        tree, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )
    digests = {}
    for cache in sorted(tree.rglob(_CACHE)):
        cache.chmod(0o755)
        for each in sorted(cache.iterdir()):
            each.chmod(0o644)
            sync(each)
            digests[each.relative_to(tree).as_posix()] = _sha256(each)
        sync(cache)
    return digests


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(0o644)
