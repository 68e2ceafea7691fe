"""Signatures with the device's own key, by the libcrypto that `ssl` has loaded anyway.

EC P-256 (ECDSA with SHA-256) and Ed25519. By ctypes, since the library `cryptography` costs 10 MiB
of the agent's 40; see docs/adr/0013-ledger.md. A key is one `EVP_PKEY`, wherever it comes from: a
key in a TPM needs OpenSSL's provider beside it (`agent.tpm`), and nothing else.
"""

import base64
import contextlib
import ctypes
import functools
import hashlib
import weakref
from collections.abc import Iterator
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_ubyte, c_ulong, c_void_p
from pathlib import Path
from typing import Literal

from agent import tpm

Algorithm = Literal["ES256", "EdDSA"]  # RFC 7518, RFC 8037

_SONAME = "libcrypto.so.3"
_LONGEST_FILE = 64 << 10  # bytes; a key has 300, a chain of certificates some thousand
_CURVES = (b"prime256v1", b"P-256")
_SCALAR = 32  # bytes of r and of s on P-256
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_SIGNATURES: dict[
    str, tuple[type | None, tuple[type, ...]]
] = {  # of OpenSSL 3.0: result, arguments
    "BIO_new_mem_buf": (c_void_p, (c_char_p, c_int)),
    "BIO_free": (c_int, (c_void_p,)),
    "PEM_read_bio_PrivateKey": (c_void_p, (c_void_p, c_void_p, c_void_p, c_char_p)),
    "PEM_read_bio_PUBKEY": (c_void_p, (c_void_p, c_void_p, c_void_p, c_char_p)),
    "PEM_read_bio_X509": (c_void_p, (c_void_p, c_void_p, c_void_p, c_char_p)),
    "X509_get_pubkey": (c_void_p, (c_void_p,)),
    "X509_free": (None, (c_void_p,)),
    "EVP_PKEY_free": (None, (c_void_p,)),
    "EVP_PKEY_is_a": (c_int, (c_void_p, c_char_p)),
    "EVP_PKEY_get_group_name": (c_int, (c_void_p, c_char_p, c_size_t, POINTER(c_size_t))),
    "EVP_PKEY_set_utf8_string_param": (c_int, (c_void_p, c_char_p, c_char_p)),
    "i2d_PUBKEY": (c_int, (c_void_p, POINTER(POINTER(c_ubyte)))),
    "CRYPTO_free": (None, (c_void_p, c_char_p, c_int)),
    "EVP_MD_CTX_new": (c_void_p, ()),
    "EVP_MD_CTX_free": (None, (c_void_p,)),
    "EVP_DigestSignInit_ex": (
        c_int,
        (c_void_p, c_void_p, c_char_p, c_void_p, c_char_p, c_void_p, c_void_p),
    ),
    "EVP_DigestSign": (c_int, (c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t)),
    "EVP_DigestVerifyInit_ex": (
        c_int,
        (c_void_p, c_void_p, c_char_p, c_void_p, c_char_p, c_void_p, c_void_p),
    ),
    "EVP_DigestVerify": (c_int, (c_void_p, c_char_p, c_size_t, c_char_p, c_size_t)),
    "ERR_peek_last_error": (c_ulong, ()),
    "ERR_reason_error_string": (c_char_p, (c_ulong,)),
    "ERR_clear_error": (None, ()),
}


class SigningError(Exception):
    """A key cannot be used; the message names the file, the reason and the remedy."""


class _Key:
    """A key of OpenSSL's, freed with this object. Any number of threads may use it."""

    def __init__(self, pointer: int) -> None:
        crypto = _libcrypto()
        self._pointer = pointer
        weakref.finalize(self, crypto.EVP_PKEY_free, pointer).atexit = False
        with _no_errors_left():
            self.algorithm = _algorithm(pointer)
            self.public_der = _public_der(pointer)
        self.key_id = hashlib.sha256(self.public_der).hexdigest()[:16]
        self._digest = b"SHA256" if self.algorithm == "ES256" else None

    def sign(self, data: bytes) -> bytes:
        crypto = _libcrypto()
        with _no_errors_left(), _digest_context() as context:
            if crypto.EVP_DigestSignInit_ex(
                context, None, self._digest, None, None, self._pointer, None
            ) != 1:  # fmt: skip
                raise SigningError(f"the key does not sign: {_reason()}")
            size = c_size_t(256)
            found = ctypes.create_string_buffer(size.value)
            if crypto.EVP_DigestSign(context, found, byref(size), data, len(data)) != 1:
                raise SigningError(f"the key does not sign: {_reason()}")
            return found.raw[: size.value]

    def verify(self, data: bytes, signature: bytes) -> bool:
        crypto = _libcrypto()
        with _no_errors_left(), _digest_context() as context:
            if crypto.EVP_DigestVerifyInit_ex(
                context, None, self._digest, None, None, self._pointer, None
            ) != 1:  # fmt: skip
                raise SigningError(f"the key does not verify: {_reason()}")
            said = crypto.EVP_DigestVerify(context, signature, len(signature), data, len(data))
            return bool(said == 1)


class Verifier:
    """Somebody's public key."""

    def __init__(self, key: _Key) -> None:
        self._key = key

    @property
    def algorithm(self) -> Algorithm:
        """By which it verifies, as JOSE names it."""
        return self._key.algorithm

    @property
    def key_id(self) -> str:
        """The first 16 hex digits of the SHA-256 of its SubjectPublicKeyInfo."""
        return self._key.key_id

    @property
    def der(self) -> bytes:
        """The public key as SubjectPublicKeyInfo (RFC 5280 §4.1)."""
        return self._key.public_der

    @property
    def pem(self) -> str:
        """The public key as a PEM file."""
        text = base64.encodebytes(self._key.public_der).decode("ascii")
        return f"-----BEGIN PUBLIC KEY-----\n{text}-----END PUBLIC KEY-----\n"

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Whether the key's owner signed just this. EC: ECDSA-Sig-Value in DER; Ed25519: raw."""
        return self._key.verify(data, signature)

    def verify_jose(self, data: bytes, signature: bytes) -> bool:
        """Say the same of a JWS, whose EC signature is r and s side by side (RFC 7518 §3.4)."""
        if self.algorithm == "EdDSA":
            return self.verify(data, signature)
        if len(signature) != 2 * _SCALAR:
            return False
        return self.verify(data, _der(signature))


class Signer:
    """The device's own key."""

    def __init__(self, key: _Key) -> None:
        self._key = key
        self.verifier = Verifier(key)

    @property
    def algorithm(self) -> Algorithm:
        """By which it signs, as JOSE names it."""
        return self._key.algorithm

    @property
    def key_id(self) -> str:
        """The first 16 hex digits of the SHA-256 of its SubjectPublicKeyInfo."""
        return self._key.key_id

    def sign(self, data: bytes) -> bytes:
        """Sign. EC: ECDSA-Sig-Value in DER, at most 72 bytes; Ed25519: 64 bytes.

        Raises:
            SigningError: The key refuses.
        """
        return self._key.sign(data)


def load_signer(path: Path | str) -> Signer:
    """Read a private key from a PEM file; it never asks for a pass phrase.

    Raises:
        SigningError: It is missing, unreadable, encrypted, broken or of another kind.
    """
    try:
        with Path(path).open("rb") as file:
            pem = file.read(_LONGEST_FILE + 1)
    except OSError as error:
        raise SigningError(
            f"{path}: {error.strerror}: the device's key must be there, readable by the agent alone"
        ) from None
    try:
        tpm.ready_for(path)
        key = _Key(_read(pem, "PEM_read_bio_PrivateKey"))
        if not key.verify(b"", key.sign(b"")):  # such a file holds two halves, which may differ
            raise SigningError("its public half is not that of its private one: make a new key")  # noqa: TRY301
    except (SigningError, tpm.NoTpmError) as error:
        raise SigningError(f"{path}: {_encrypted(pem) or error}") from None
    return Signer(key)


def load_verifier(pem: bytes) -> Verifier:
    """Take the key of a certificate, the first if there are several, or a public key.

    Raises:
        SigningError: It is neither, broken, or of another kind.
    """
    if _CERTIFICATE not in pem:
        return Verifier(_Key(_read(pem, "PEM_read_bio_PUBKEY")))
    crypto = _libcrypto()
    certificate = _read(pem, "PEM_read_bio_X509")
    try:
        with _no_errors_left():
            pointer = crypto.X509_get_pubkey(certificate)
            if not pointer:
                raise SigningError(f"the certificate's key cannot be used: {_reason()}")
    finally:
        crypto.X509_free(certificate)
    return Verifier(_Key(pointer))


def _read(pem: bytes, reader: str) -> int:
    """What OpenSSL's `reader` finds; it is the caller's to free."""
    if len(pem) > _LONGEST_FILE:
        raise SigningError(f"longer than {_LONGEST_FILE} bytes: no PEM file of a key")
    crypto = _libcrypto()
    with _no_errors_left():
        source = crypto.BIO_new_mem_buf(pem, len(pem))
        if not source:
            raise MemoryError
        try:
            # an empty pass phrase is given, or OpenSSL would ask for one on the terminal and wait
            found: int | None = getattr(crypto, reader)(source, None, None, b"")
            if not found:
                raise SigningError(f"no PEM file of a key: {_reason()}")
        finally:
            crypto.BIO_free(source)
    return found


def _encrypted(pem: bytes) -> str:
    if b"ENCRYPTED" not in pem:
        return ""
    return "the key is encrypted, and nobody is there to type: keep it plain, mode 0600"


def _algorithm(pointer: int) -> Algorithm:
    crypto = _libcrypto()
    if crypto.EVP_PKEY_is_a(pointer, b"ED25519") == 1:
        return "EdDSA"
    if crypto.EVP_PKEY_is_a(pointer, b"EC") == 1:
        name, size = ctypes.create_string_buffer(64), c_size_t()
        crypto.EVP_PKEY_get_group_name(pointer, name, len(name), byref(size))
        if name.value in _CURVES:
            return "ES256"
    raise SigningError("the key is neither EC P-256 nor Ed25519: make one of these")


def _public_der(pointer: int) -> bytes:
    """SubjectPublicKeyInfo, an EC point in the one form that everybody writes."""
    crypto = _libcrypto()
    if crypto.EVP_PKEY_is_a(pointer, b"EC") == 1:
        crypto.EVP_PKEY_set_utf8_string_param(pointer, b"point-format", b"uncompressed")
    out = POINTER(c_ubyte)()
    size = crypto.i2d_PUBKEY(pointer, byref(out))
    if size <= 0:
        raise SigningError(f"the key has no public half: {_reason()}")
    try:
        return ctypes.string_at(out, size)
    finally:
        crypto.CRYPTO_free(out, None, 0)


def _der(signature: bytes) -> bytes:
    """Write r and s, side by side, as ECDSA-Sig-Value: two INTEGERs in a SEQUENCE (X.690 §8.3)."""
    body = b""
    for half in (signature[:_SCALAR], signature[_SCALAR:]):
        number = half.lstrip(b"\0") or b"\0"
        if number[0] & 0x80:
            number = b"\0" + number
        body += bytes((0x02, len(number))) + number
    return bytes((0x30, len(body))) + body


@contextlib.contextmanager
def _digest_context() -> Iterator[int]:
    crypto = _libcrypto()
    context = crypto.EVP_MD_CTX_new()
    if not context:
        raise MemoryError
    try:
        yield context
    finally:
        crypto.EVP_MD_CTX_free(context)


@contextlib.contextmanager
def _no_errors_left() -> Iterator[None]:
    """Leave this thread's error queue empty: what lay there, `ssl` would take for its own."""
    crypto = _libcrypto()
    crypto.ERR_clear_error()
    try:
        yield
    finally:
        crypto.ERR_clear_error()


def _reason() -> str:
    crypto = _libcrypto()
    text: bytes | None = crypto.ERR_reason_error_string(crypto.ERR_peek_last_error())
    return "OpenSSL does not say why" if text is None else text.decode("ascii", "replace")


@functools.cache
def _libcrypto() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(_SONAME)
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise SigningError(f"{error}: OpenSSL 3 is needed: apt install libssl3") from None
    return library
