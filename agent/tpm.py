"""Keys that never leave a TPM 2.0: OpenSSL's provider for them, switched on where one is met.

Such a key's file begins with `-----BEGIN TSS2 PRIVATE KEY-----`: it is of use in that TPM alone.
The provider is Debian's `tpm2-openssl`. It is loaded into the libcrypto that `ssl` and
`agent.signing` share, as an openssl.cnf would do it; hashes and ciphers stay in software.
"""

import ctypes
import functools
from ctypes import c_char_p, c_int, c_void_p
from pathlib import Path

MARK = b"-----BEGIN TSS2 PRIVATE KEY-----"
_SONAME = "libcrypto.so.3"
_PREFERRED = b"?provider=tpm2,tpm2.digest!=yes,tpm2.cipher!=yes"
_HEAD = 64  # bytes


class NoTpmError(Exception):
    """The key is in a TPM that cannot be used; the message names reason and remedy."""


def ready_for(key: Path | str) -> None:
    """Have OpenSSL understand the key in a file, if it is one of a TPM; others need nothing.

    A file that cannot be read is nobody's business here: whoever reads it next says so.

    Raises:
        NoTpmError: The provider is not there, or the TPM does not answer.
    """
    try:
        with Path(key).open("rb") as file:
            is_of_tpm = MARK in file.read(_HEAD)
    except OSError:
        return
    if is_of_tpm:
        load_provider()


@functools.cache
def load_provider() -> None:
    """Load it, once in a process; a failure is tried again.

    Raises:
        NoTpmError: It is not there, or the TPM does not answer.
    """
    crypto = ctypes.CDLL(_SONAME)
    crypto.OSSL_PROVIDER_load.restype = c_void_p
    crypto.OSSL_PROVIDER_load.argtypes = (c_void_p, c_char_p)
    crypto.EVP_set_default_properties.restype = c_int
    crypto.EVP_set_default_properties.argtypes = (c_void_p, c_char_p)
    crypto.ERR_clear_error.restype, crypto.ERR_clear_error.argtypes = None, ()
    try:
        for name in (b"default", b"tpm2"):  # the first that is loaded by name ends the fallback
            if not crypto.OSSL_PROVIDER_load(None, name):
                raise NoTpmError("its TPM does not answer: see apt install tpm2-openssl")
        if crypto.EVP_set_default_properties(None, _PREFERRED) != 1:
            raise NoTpmError("OpenSSL does not take its preference for the TPM")
    finally:
        crypto.ERR_clear_error()  # what lay there, `ssl` would take for its own
