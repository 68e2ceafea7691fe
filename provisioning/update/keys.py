"""A release's keys: the root, which stays offline, and signers, which it issues for a while.

The root is made, and followed by another, as the city's authority is (`provisioning.ca.keys`); it
is one of its own, so that who enrols devices cannot sign releases.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
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


def withdrawal(
    signers: Sequence[x509.Certificate],
    before: Sequence[x509.CertificateRevocationList],
    root: x509.Certificate,
    root_key: ec.EllipticCurvePrivateKey,
    *,
    at: datetime,
) -> bytes:
    """The root's list of signers that sign nothing any more, as PEM; who was on it stays on it."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root.subject)
        .last_update(at)
        .next_update(root.not_valid_after_utc)  # devices may not hear of the next for years
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()),  # type: ignore[arg-type]
            critical=False,
        )
    )
    dates = {each.serial_number: each.revocation_date_utc for old in before for each in old}
    for each in signers:
        dates.setdefault(each.serial_number, at)
    for serial, date in sorted(dates.items()):
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(date)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(root_key, profiles.hash_for(root_key)).public_bytes(Encoding.PEM)


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
