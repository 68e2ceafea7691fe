"""The list of certificates that were withdrawn, for brokers (RFC 5280 §5)."""

import logging
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from drivers import kept
from provisioning.ca import profiles
from provisioning.ca.issuer import Issuer
from provisioning.identity_wording import error as failed

log = logging.getLogger(__name__)

FRESH_S = 86_400.0  # so often a new one is written even if nothing has changed
_HOOK_S = 30.0
_REASONS = {
    "superseded": x509.ReasonFlags.superseded,
    "ended": x509.ReasonFlags.cessation_of_operation,
}


class RevocationList:
    """Keeps the file that a broker reads (`crlfile`), PEM; whoever has one says when it is stale.

    A broker refuses everybody once the list is older than `lasts`: it is written anew each day.
    """

    def __init__(
        self, issuer: Issuer, file: Path, *, lasts: timedelta, after: Sequence[str] = ()
    ) -> None:
        self._issuer, self._file, self._lasts, self._after = issuer, file, lasts, list(after)
        self.der = b""
        self._written_at = float("-inf")
        self._rows: list[tuple[str, float, str]] = []

    def write(self) -> None:
        """Write it anew, and have the broker read it.

        Raises:
            ProvisioningError: The file cannot be written; the old one stays.
        """
        at, rows = self._issuer.clock(), self._found()
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._issuer.certificate.subject)
            .last_update(at - profiles.SKEW)
            .next_update(at + self._lasts)
            .add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._issuer.key.public_key()),
                critical=False,
            )
        )
        for serial, revoked_at, reason in rows:
            builder = builder.add_revoked_certificate(_entry(serial, revoked_at, reason))
        made = builder.sign(self._issuer.key, profiles.hash_for(self._issuer.key))
        try:
            kept.replace(self._file, made.public_bytes(serialization.Encoding.PEM))
        except OSError as error:
            raise failed("authority-files", f"{self._file}: {error}") from None
        self.der = made.public_bytes(serialization.Encoding.DER)
        self._written_at, self._rows = at.timestamp(), rows
        self._tell()

    def write_if_due(self) -> None:
        """Write it if the last one is a day old, or lacks something.

        Raises:
            ProvisioningError: As `write`.
        """
        age_s = self._issuer.clock().timestamp() - self._written_at
        if age_s >= FRESH_S or self._found() != self._rows:
            self.write()

    def _found(self) -> list[tuple[str, float, str]]:
        with self._issuer.registry.transaction() as ledgers:
            return ledgers.revoked(self._issuer.clock().timestamp())

    def _tell(self) -> None:
        if not self._after:
            return
        try:
            subprocess.run(self._after, check=True, timeout=_HOOK_S)  # noqa: S603  # the operator's
        except (OSError, subprocess.SubprocessError) as error:
            log.error("crl: the broker was not told: %s", error)  # noqa: TRY400  # no traceback


def _entry(serial: str, revoked_at: float, reason: str) -> x509.RevokedCertificate:
    flag = _REASONS.get(reason, x509.ReasonFlags.unspecified)
    builder = (
        x509.RevokedCertificateBuilder()
        .serial_number(int(serial, 16))
        .revocation_date(datetime.fromtimestamp(revoked_at, UTC))
    )
    if flag is not x509.ReasonFlags.unspecified:  # RFC 5280 §5.3.1: then it is left out
        builder = builder.add_extension(x509.CRLReason(flag), critical=False)
    return builder.build()
