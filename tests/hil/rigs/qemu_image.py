"""The image that the emulated boards start from, and bundles for them, made of this checkout.

Kept in build/hil/qemu: the tests' release keys, and the image by its commit. A later version is the
image's own root, unpacked, changed and packed again: seconds instead of a build.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import CertificateSigningRequestBuilder

from provisioning.ca import keys as authority
from provisioning.ca import profiles
from provisioning.places import VERSION_FILE
from provisioning.update import keys
from tests.hil.rigs.rig import RigError
from tests.running import REPOSITORY

KEPT = REPOSITORY / "build" / "hil" / "qemu"
COMPATIBLE = "haetae-arm64-rpi"
_NAME = "haetae-bookworm-rehearsal"
_BUILDS_S, _PACKS_S = 2400.0, 600.0
_MANIFEST = """\
[update]
compatible={compatible}
version={version}
[bundle]
format=verity
[image.rootfs]
filename=root.squashfs
"""

Change = Callable[[Path], None]  # what is done to a root's tree


@dataclass(frozen=True, slots=True)
class ReleaseKeys:
    """Who signs bundles here: files of the root's certificate, the signer's, and its key."""

    roots: Path
    certificate: Path
    key: Path


def release_keys(folder: Path) -> ReleaseKeys:
    """A release root and a signer of its, in a folder; made if they are not there."""
    made = ReleaseKeys(folder / "root.pem", folder / "signer.pem", folder / "signer.key")
    if made.key.exists():
        return made
    folder.mkdir(parents=True, exist_ok=True)
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = authority.new_root("Release root of tests", root_key)
    request = CertificateSigningRequestBuilder(profiles.name("Signer of tests"))
    day_before = datetime.now(UTC) - timedelta(days=1)
    signer = keys.issue(
        request.sign(key, profiles.hash_for(key)),
        root,
        root_key,
        at=max(day_before, root.not_valid_before_utc),
    )
    made.roots.write_bytes(authority.pem(root))
    made.certificate.write_bytes(authority.pem(signer))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    made.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
    return made


@dataclass(frozen=True, slots=True)
class Image:
    """A card's image with simulated wires, its root alone, and who may sign the next."""

    card: Path
    root: Path
    keys: ReleaseKeys

    def changed_root(self, version: str, target: Path, change: Change | None = None) -> Path:
        """Another version of the root, as a packed file; `change` is done to its tree."""
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            tree = _unpacked(self.root, Path(scratch))
            about = tree / VERSION_FILE.relative_to("/")
            told = {**json.loads(about.read_text("utf-8")), "version": version}
            about.write_text(json.dumps(told), "utf-8")
            if change is not None:
                change(tree)
            target.unlink(missing_ok=True)
            packing = ("-noappend", "-no-xattrs", "-no-progress", "-quiet", "-comp", "zstd")
            _run("mksquashfs", tree, target, *packing, "-Xcompression-level", "1")
        return target

    def bundle(
        self,
        root: Path,
        version: str,
        target: Path,
        *,
        compatible: str = COMPATIBLE,
        signer: ReleaseKeys | None = None,
    ) -> Path:
        """A signed bundle of a packed root."""
        by = signer or self.keys
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            folder = Path(scratch) / "content"
            folder.mkdir()
            os.link(root, folder / "root.squashfs")
            manifest = _MANIFEST.format(compatible=compatible, version=version)
            (folder / "manifest.raucm").write_text(manifest, "utf-8")
            target.unlink(missing_ok=True)
            _run("rauc", "bundle", f"--cert={by.certificate}", f"--key={by.key}", folder, target)
        return target


def made() -> Image:
    """The image of this checkout's newest commit; built if it is not here yet.

    Raises:
        RigError: It cannot be built.
    """
    signed_by = release_keys(KEPT / "keys")
    image = Image(KEPT / f"{_NAME}.img", KEPT / f"{_NAME}.root.squashfs", signed_by)
    about = KEPT / f"{_NAME}.json"
    commit = _run("git", "-C", REPOSITORY, "rev-parse", "HEAD").strip()
    if about.exists() and json.loads(about.read_text("utf-8"))["commit"] == commit:
        return image
    about.unlink(missing_ok=True)
    words = ("--rehearsal", "--release-roots", signed_by.roots, "--output", KEPT)
    command = (sys.executable, "-m", "image.build", *words)
    _run(*command, within_s=_BUILDS_S, folder=REPOSITORY / "scripts")
    return image


def _unpacked(root: Path, scratch: Path, names: Sequence[str] = ()) -> Path:
    tree = scratch / "tree"
    _run("unsquashfs", "-quiet", "-no-progress", "-force", "-dest", tree, root, *names)
    return tree


def _run(
    program: str | Path,
    *words: str | Path,
    within_s: float = _PACKS_S,
    folder: Path | None = None,
) -> str:
    places = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    found = shutil.which(str(program), path=places)
    done = subprocess.run(
        [str(found or program), *map(str, words)],
        capture_output=True, text=True, check=False, timeout=within_s, cwd=folder,
    )  # fmt: skip
    if done.returncode:
        raise RigError(f"{program}: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout
