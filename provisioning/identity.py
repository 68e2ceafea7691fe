"""The device's key and certificate, which are always a pair, whenever the power goes.

`identity/pairs/` has a folder for each pair. `device.key` and `device.pem` point through the one
link `current`, so that both change in the same instant. A key is made here and never leaves: in a
TPM 2.0 if there is one, else in a file of mode 0600.
"""

import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from agent.signing import Signer, SigningError, load_signer, load_verifier
from drivers.kept import sync
from provisioning.certificates import read_pem
from provisioning.identity_wording import error as failed
from provisioning.places import ANCHORS, CERTIFICATE, KEY
from provisioning.private_file import disk_errors, write_privately

TPM = Path("/dev/tpmrm0")
_PAIRS, _CURRENT, _PREVIOUS, _PENDING = "pairs", "current", "previous", "pending"
_TPM_S = 120.0  # a slow TPM makes a key in some seconds
_GENERATE = (
    *("openssl", "genpkey", "-provider", "tpm2", "-provider", "default"),
    *("-propquery", "?provider=tpm2", "-algorithm", "EC", "-pkeyopt", "group:P-256"),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A key, and its certificate once there is one."""

    folder: Path

    @property
    def key(self) -> Path:
        """The private key's file."""
        return self.folder / KEY

    @property
    def certificate(self) -> Path:
        """The certificate's file, followed by its issuer's."""
        return self.folder / CERTIFICATE

    @property
    def is_whole(self) -> bool:
        """Whether there is a certificate for the key."""
        return self.certificate.exists()

    def signer(self) -> Signer:
        """The key, to sign with.

        Raises:
            ProvisioningError: It cannot be used.
        """
        try:
            return load_signer(self.key)
        except SigningError as error:
            raise failed("key-unusable", str(error)) from None

    def leaf(self) -> x509.Certificate:
        """The device's own certificate.

        Raises:
            ProvisioningError: It cannot be read.
        """
        try:
            return read_pem(self.certificate.read_bytes())[0]
        except (OSError, ValueError) as error:
            raise failed("key-unusable", f"{self.certificate}: {error}") from None


class Identity:
    """What lies in `/etc/haetae/identity`. Methods that write raise `ProvisioningError`."""

    def __init__(self, folder: Path, *, tpm: Path = TPM) -> None:
        self.folder, self._tpm = folder, tpm
        self.anchors = folder / ANCHORS

    @property
    def current(self) -> Pair | None:
        """The pair that the agent uses; None before the first."""
        return self._pair(_CURRENT)

    @property
    def previous(self) -> Pair | None:
        """The pair before it, None if there was none."""
        return self._pair(_PREVIOUS)

    @property
    def pending(self) -> Pair | None:
        """A key that a certificate is being asked for."""
        return self._pair(_PENDING)

    def prepare(self) -> Pair:
        """The pending key; made, and on flash, if there is none. It outlives failed attempts."""
        if (found := self.pending) is not None:
            return found
        with disk_errors(self.folder):
            pairs = self.folder / _PAIRS
            pairs.mkdir(parents=True, exist_ok=True, mode=0o700)
            pair = Pair(pairs / secrets.token_hex(4))
            pair.folder.mkdir(mode=0o700)
            write_privately(pair.key, make_key(self._tpm))
            sync(pairs)
            self._point(_PENDING, pair.folder)
        return pair

    def take(self, pair: Pair, chain: bytes) -> None:
        """Put a certificate, as PEM with its issuer's, beside the pending key."""
        try:
            public = load_verifier(chain).key_id
        except SigningError as error:
            raise failed("certificate-wrong", str(error)) from None
        if public != pair.signer().key_id:
            raise failed("certificate-wrong", "it is for another key")
        with disk_errors(self.folder):
            write_privately(pair.certificate, chain)

    def switch(self, pair: Pair) -> None:
        """Let the agent use this pair from now on; the one before is kept."""
        if not pair.is_whole:
            raise failed("key-unusable", f"{pair.folder}: no certificate")
        with disk_errors(self.folder):
            if (before := self.current) is not None and before.folder != pair.folder:
                self._point(_PREVIOUS, before.folder)
            for name in (KEY, CERTIFICATE):
                self._link(self.folder / name, Path(_CURRENT) / name)
            self._point(_CURRENT, pair.folder)

    def settle(self) -> None:
        """Nothing is pending any more: drop what no name points to."""
        with disk_errors(self.folder):
            (self.folder / _PENDING).unlink(missing_ok=True)
            sync(self.folder)
            kept = {each.folder.name for each in (self.current, self.previous) if each is not None}
            for folder in (self.folder / _PAIRS).iterdir():
                if folder.name not in kept:
                    shutil.rmtree(folder)

    def go_back(self) -> bool:
        """Use the previous pair again, where there is one."""
        before = self.previous
        if before is None or not before.is_whole:
            return False
        with disk_errors(self.folder):
            self._point(_CURRENT, before.folder)
            (self.folder / _PREVIOUS).unlink()
            sync(self.folder)
        return True

    def trust(self, anchors: str) -> None:
        """Replace the roots that are trusted, in one step; the same ones again cost no flash."""
        with disk_errors(self.folder):
            if self.anchors.exists() and self.anchors.read_bytes() == anchors.encode():
                return
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_privately(self.anchors, anchors.encode())

    def _pair(self, name: str) -> Pair | None:
        try:
            target = (self.folder / name).readlink()
        except OSError:
            return None
        pair = Pair(self.folder / target)
        return pair if pair.key.exists() else None

    def _point(self, name: str, folder: Path) -> None:
        self._link(self.folder / name, folder.relative_to(self.folder))

    def _link(self, link: Path, target: Path) -> None:
        """Make a link, or let it point elsewhere, in one step and on flash."""
        if link.is_symlink() and link.readlink() == target:
            return
        fresh = link.with_name(f".{link.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target)
        fresh.replace(link)
        sync(link.parent)


def make_key(tpm: Path = TPM) -> bytes:
    """A new EC P-256 key as a PEM file, by the TPM if there is one.

    Raises:
        ProvisioningError: There is a TPM, and it makes none.
    """
    if not tpm.exists():
        return ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    try:
        done = subprocess.run(  # noqa: S603  # no word of it comes from outside
            _GENERATE, capture_output=True, check=True, timeout=_TPM_S
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error).encode()
        raise failed("key-unusable", f"TPM: {said.decode('utf-8', 'replace')[-200:]}") from None
    return done.stdout


def certificate_request(signer: Signer, device: str) -> bytes:
    """A PKCS #10 request (RFC 2986) in DER for `device`, signed with its key.

    Written by hand, since a key in a TPM signs by the system's OpenSSL alone.
    """
    name = _tlv(0x30, _tlv(0x31, _tlv(0x30, _COMMON_NAME + _tlv(0x0C, device.encode()))))
    wanted = _tlv(0x30, b"\x02\x01\x00" + name + signer.verifier.der + b"\xa0\x00")
    algorithm = _ECDSA_SHA256 if signer.algorithm == "ES256" else _ED25519
    signature = _tlv(0x03, b"\x00" + signer.sign(wanted))
    return _tlv(0x30, wanted + algorithm + signature)


_COMMON_NAME = bytes.fromhex("0603550403")  # OBJECT IDENTIFIER 2.5.4.3
_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")  # AlgorithmIdentifier (RFC 5758 §3.2)
_ED25519 = bytes.fromhex("300506032b6570")  # RFC 8410 §3


def _tlv(tag: int, content: bytes) -> bytes:
    """One element of DER (X.690 §8.1)."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content
