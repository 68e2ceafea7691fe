"""A release's keys: the root, which stays offline, and signers, which it issues for a while.

The root is made, and followed by another, as the city's authority is (`provisioning.ca.keys`); it
is one of its own, so that who enrols devices cannot sign releases.
"""

from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from provisioning.ca import keys as authority
from provisioning.ca import profiles
from provisioning.update.signing import Signer, unfit
from provisioning.update.words import error

SIGNER_LASTS = timedelta(days=2 * 365)
SIGNER_CURVE = "P-256"  # ES256 is of this curve (RFC 7518 §3.4)


def issue(
    request: x509.CertificateSigningRequest,
    root: x509.Certificate,
    root_key: ec.EllipticCurvePrivateKey,
    *,
    at: datetime,
    lasts: timedelta = SIGNER_LASTS,
) -> x509.Certificate:
    """A signer's certificate: for code signing and nothing else, from `at` for so long.

    Raises:
        ProvisioningError: The request is not signed by its own key, or this is not the root's key.
    """
    public = request.public_key()
    if not request.is_signature_valid or not isinstance(public, ec.EllipticCurvePublicKey):
        raise error("release-files", "the request is not signed by its own key")
    if root_key.public_key() != root.public_key():
        raise error("release-files", "the key is not that of the root's certificate")
    usage = [ExtendedKeyUsageOID.CODE_SIGNING]
    made = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(root.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at)
        .not_valid_after(min(at + lasts, root.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_SIGNS, critical=True)
        .add_extension(x509.ExtendedKeyUsage(usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()),
            critical=False,
        )
        .sign(root_key, profiles.hash_for(root_key))
    )
    if wrong := unfit(made):
        raise error("release-files", wrong)
    return made


def load_signer(certificate: Path, key: Path, secret: bytes | None) -> Signer:
    """A signer from its two files; `secret` is the key's passphrase.

    Raises:
        ProvisioningError: They cannot be read, do not go together, or are none of a signer.
    """
    found = authority.load_certificates(certificate)[0]
    private = authority.load_key(key, secret)
    if private.public_key() != found.public_key():
        raise error("release-files", f"{key} is not the key of {certificate}")
    if wrong := unfit(found):
        raise error("release-files", f"{certificate}: {wrong}")
    return Signer(found, private)


_SIGNS = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
