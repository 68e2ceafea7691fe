"""A bundle, `.haetae`: one file that is checked as a whole before anything in it is unpacked.

    8 bytes     HAETAE1 and a newline
    4 bytes     how long the next part is, the highest byte first
    signature   a compact JWS (`provisioning.update.signing`); what is signed is the manifest
    payload     all files one after the other in the order of their paths, packed by xz

There is no archive format in it that could hold a link, a device, a mode or a second file of one
name: what is not in the manifest cannot be said. The signature is checked first, then the payload
against the digest that was signed; only then is it unpacked, and each file held against its own.
It is read once and kept in memory, so that nobody can change it between check and use.
"""

import ctypes
import hashlib
import lzma
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from drivers.kept import sync
from provisioning.update import manifest as kinds
from provisioning.update.manifest import About, File, Manifest, Payload, read_manifest
from provisioning.update.roots import check_roots
from provisioning.update.signing import (
    BUNDLE,
    LARGEST_SIGNED_BYTES,
    Moment,
    Signer,
    parse_roots,
    parse_withdrawn,
    roots_text,
    verified,
)
from provisioning.update.words import error

MAGIC = b"HAETAE1\n"
SUFFIX = ".haetae"
_LENGTH_BYTES = 4
_CHUNK = 1 << 16
_UNPACK_MEMORY_BYTES = 32 << 20  # xz at its usual setting needs 9 MiB
_PRESET = 6
_SYNC_FILE_RANGE_WRITE = 2  # <fcntl.h>


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose signature and payload hold; `sha256` is that of the whole file.

    `signature` is kept with what is unpacked, so that it can be checked again at every start.
    """

    manifest: Manifest
    sha256: str
    signer: str
    payload: bytes
    signature: bytes

    def unpack(self, into: Path) -> None:
        """Write its files below `into`, which must not be there yet; on flash when this returns.

        Raises:
            ProvisioningError: What is inside is not what was signed, or the disk does not take it;
                nothing is left of it then.
        """
        try:
            into.mkdir(mode=0o755)
        except OSError as problem:
            raise error("update-no-room", f"{into}: {problem.strerror}") from None
        try:
            _unpack(self, into)
        except OSError as problem:
            shutil.rmtree(into, ignore_errors=True)
            raise error("update-no-room", f"{into}: {problem.strerror}") from None
        except BaseException:
            shutil.rmtree(into, ignore_errors=True)
            raise

    def contents(self) -> Iterator[tuple[File, Iterator[bytes]]]:
        """Each file with its bytes, piece by piece, in their order; each is to be read to its end.

        Raises:
            ProvisioningError: What is inside is not what was signed.
        """
        stream = _Unpacked(self.payload)
        for each in self.manifest.files:
            yield each, _checked(each, stream)
        if stream.read(1):
            raise error("release-unusable", "there is more in it than its manifest says")


def make(folder: Path, about: About, signer: Signer) -> bytes:
    """A bundle of all files below `folder`; the same bytes from the same files and signer.

    Raises:
        ProvisioningError: Something in the folder is no plain file, or none for this kind.
    """
    paths = sorted(_files_in(folder))
    kinds.check_paths(about.kind, paths)
    contents = [(folder / each).read_bytes() for each in paths]
    files = tuple(
        File(path, len(content), _sha256(content))
        for path, content in zip(paths, contents, strict=True)
    )
    payload = lzma.compress(b"".join(contents), preset=_PRESET)
    whole = Manifest(
        **{each: getattr(about, each) for each in About.__struct_fields__},
        format=kinds.FORMAT,
        payload=Payload(len(payload), _sha256(payload)),
        files=files,
    )
    text = msgspec.json.encode(whole, order="deterministic")
    read_manifest(text)  # what cannot be read again is not signed
    signature = signer.sign(text, BUNDLE)
    return MAGIC + len(signature).to_bytes(_LENGTH_BYTES, "big") + signature + payload


def opened(path: Path, roots: Sequence[Path], *, at: Moment | None = None) -> Bundle:
    """Check a bundle and hold it ready; `roots` are the files of release roots, the first counts.

    `at` is for a bundle that nobody vouches for but its signer: then its certificate must not
    have ended. What a catalogue names, or was installed before, needs none.

    A `keys` bundle is held against the roots that it would follow, too.

    Raises:
        ProvisioningError: It is damaged, not signed by who may, or none that is taken.
    """
    in_force = roots_text(roots)
    trusted = parse_roots(in_force)
    try:
        with _plain_file(path) as file:
            head = file.read(len(MAGIC) + _LENGTH_BYTES)
            length = int.from_bytes(head[len(MAGIC) :])
            if not head.startswith(MAGIC) or len(head) < len(MAGIC) + _LENGTH_BYTES:
                raise error("release-damaged", f"{path.name} is no bundle")
            if length > LARGEST_SIGNED_BYTES:
                raise error("release-damaged", f"{path.name}: a signature of {length} bytes")
            signature = file.read(length)
            signed = verified(signature, BUNDLE, trusted)
            found = read_manifest(signed.payload)
            signed.check_withdrawn(parse_withdrawn(in_force, trusted))
            signed.check_signer(Moment(found.made, is_known=True))
            if at is not None:
                signed.check_signer(Moment(at.at, is_known=False))
            payload = file.read(found.payload.bytes + 1)
    except OSError as problem:
        raise error("release-damaged", f"{path}: {problem.strerror}") from None
    if len(payload) != found.payload.bytes or _sha256(payload) != found.payload.sha256:
        raise error("release-damaged", f"{path.name}: its payload is not what was signed")
    whole = hashlib.sha256(head + signature)
    whole.update(payload)
    signer = signed.signer.subject.rfc4514_string()
    bundle = Bundle(found, whole.hexdigest(), signer, payload, signature)
    if found.kind == kinds.KEYS:
        files = {each.path: b"".join(chunks) for each, chunks in bundle.contents()}
        check_roots(in_force, files, Moment(found.made, is_known=True) if at is None else at)
    return bundle


def _plain_file(path: Path) -> BinaryIO:
    """Open a regular file; never a link, nor a pipe that would let us wait."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    file = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise error("release-damaged", f"{path} is no file")
    return file


def _files_in(folder: Path) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        for name in (*folders, *names):
            each = Path(parent, name)
            kind = each.lstat().st_mode
            if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
                raise error("release-files", f"{each} is neither a file nor a folder")
        yield from (Path(parent, name).relative_to(folder).as_posix() for name in names)


def _unpack(bundle: Bundle, into: Path) -> None:
    made, folders = [], {into}
    for file, chunks in bundle.contents():
        target = into / file.path
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        folders.update(each for each in target.parents if each.is_relative_to(into))
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
        with os.fdopen(descriptor, "wb") as out:
            for chunk in chunks:
                out.write(chunk)
            os.fchmod(out.fileno(), 0o644)  # whatever the umask is
            out.flush()
            _place(out.fileno())
        made.append(target)
    for each in folders:
        each.chmod(0o755)
    for each in (*made, *folders, into.parent):
        sync(each)


def _place(descriptor: int) -> None:
    """Have the kernel choose a file's place on the disk now, and wait for nothing.

    So the first `sync` writes the places of all files down at once; one by one, the journal costs
    the flash half as much again. It is a hint (sync_file_range(2)): nothing hangs on it.
    """
    place = ctypes.CDLL(None).sync_file_range
    place(descriptor, ctypes.c_int64(0), ctypes.c_int64(0), _SYNC_FILE_RANGE_WRITE)


class _Unpacked:
    """The payload unpacked as it is asked for, never more at a time than that."""

    def __init__(self, payload: bytes) -> None:
        self._payload, self._at = memoryview(payload), 0
        self._xz = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_UNPACK_MEMORY_BYTES)

    def read(self, count: int) -> bytes:
        """At most `count` bytes; none at the end.

        Raises:
            ProvisioningError: It is not xz, or wants more memory than it may.
        """
        try:
            while not self._xz.eof:
                fresh = b""
                if self._xz.needs_input:
                    fresh = bytes(self._payload[self._at : self._at + _CHUNK])
                    self._at += len(fresh)
                    if not fresh:
                        raise error("release-unusable", "its payload ends too early")
                if found := self._xz.decompress(fresh, max_length=count):
                    return found
        except lzma.LZMAError as problem:
            raise error("release-unusable", f"its payload: {problem}") from None
        if self._xz.unused_data or self._at < len(self._payload):
            raise error("release-unusable", "something follows its payload")
        return b""


def _checked(file: File, stream: _Unpacked) -> Iterator[bytes]:
    """The bytes of one file, as many as were signed, and the same."""
    left, digest = file.bytes, hashlib.sha256()
    while left:
        if not (chunk := stream.read(min(left, _CHUNK))):
            raise error("release-unusable", f"{file.path} ends too early")
        digest.update(chunk)
        left -= len(chunk)
        yield chunk
    if digest.hexdigest() != file.sha256:
        raise error("release-unusable", f"{file.path} is not what was signed")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
