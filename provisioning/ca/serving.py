"""The authority at work: both doors, its own server certificate, and the list for the broker."""

import logging
import ssl
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from provisioning.ca import est, keys, office_door
from provisioning.ca.crl import RevocationList
from provisioning.ca.doors import Door
from provisioning.ca.issuer import Issuer, Wanted
from provisioning.ca.registry import Registry
from provisioning.ca.settings import Settings
from provisioning.identity_wording import error as failed
from provisioning.private_file import write_privately
from provisioning.remedy import ProvisioningError

log = logging.getLogger(__name__)

_LOOK_S = 60.0
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, <openssl/x509_vfy.h>
_POLL_S = 0.1
_TURN_S = 0.5


def open_issuer(settings: Settings) -> Issuer:
    """The online issuer with its key and registry.

    Raises:
        ProvisioningError: A file cannot be used, or the key is another's.
    """
    secret = keys.passphrase(Path(settings.passphrase_file), "the issuer's key")
    key = keys.load_key(Path(settings.issuer_key), secret)
    certificate = keys.load_certificates(Path(settings.issuer))[0]
    if key.public_key() != certificate.public_key():
        raise failed("authority-files", f"{settings.issuer_key}: not the key of {settings.issuer}")
    return Issuer(Registry(Path(settings.registry)), certificate, key, settings.terms)


def revocation_list(settings: Settings, issuer: Issuer) -> RevocationList:
    """The list for the broker, as the settings have it."""
    lasts = timedelta(days=settings.crl_days)
    return RevocationList(issuer, Path(settings.crl), lasts=lasts, after=settings.after_crl)


class Authority:
    """Everything that `haetae-ca serve` runs; `device_port` and `office_port` are where."""

    def __init__(self, settings: Settings, issuer: Issuer) -> None:
        self._settings, self._issuer = settings, issuer
        self._roots = keys.load_certificates(Path(settings.roots))
        self._crossed = keys.load_certificates(Path(settings.crossed)) if settings.crossed else []
        self.revoked = revocation_list(settings, issuer)
        self.revoked.write()
        contexts = self._contexts()
        devices = est.Est(issuer, self.revoked, roots=self._roots, crossed=self._crossed)
        office = office_door.OfficeDoor(issuer, self.revoked)
        place = settings.address
        self._devices = Door(
            (place, settings.port),
            contexts[0],
            devices.answer,
            longest_body=est.LONGEST_BODY,
            clock=issuer.clock,
        )
        self._office = Door(
            (place, settings.office_port),
            contexts[1],
            office.answer,
            longest_body=office_door.LONGEST_BODY,
            clock=issuer.clock,
        )

    @property
    def device_port(self) -> int:
        """Where devices ask."""
        return self._devices.port

    @property
    def office_port(self) -> int:
        """Where operators ask."""
        return self._office.port

    @contextmanager
    def open(self) -> Iterator[None]:
        """Both doors are open inside."""
        doors = (self._devices, self._office)
        threads = [threading.Thread(target=door.serve_forever, args=(_POLL_S,)) for door in doors]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            for door in doors:
                door.shutdown()
                door.server_close()
            for thread in threads:
                thread.join()

    def look_after(self, stop: threading.Event) -> None:
        """Renew what ends, until `stop`: the list, and the doors' own certificate."""
        due = time.monotonic() + _LOOK_S
        while not stop.wait(_TURN_S):  # a signal may come and not wake it
            if time.monotonic() < due:
                continue
            due = time.monotonic() + _LOOK_S
            try:
                self.revoked.write_if_due()
                if self._issuer.clock() >= self._renew_at:
                    self._devices.context, self._office.context = self._contexts()
            except ProvisioningError as error:
                log.error("authority: %s", error)  # noqa: TRY400  # no traceback

    def _contexts(self) -> tuple[ssl.SSLContext, ssl.SSLContext]:
        """TLS for devices and for operators, by a new certificate of our own."""
        key = ec.generate_private_key(ec.SECP256R1())
        hosts = tuple(self._settings.hosts)
        made = self._issuer.sign(Wanted(hosts[0], key.public_key(), "service", hosts=hosts))
        begins, ends = self._issuer.clock(), made.not_valid_after_utc
        self._renew_at: datetime = begins + (ends - begins) * 2 / 3
        chain = keys.pem(made, self._issuer.certificate, *self._crossed)
        with tempfile.TemporaryDirectory() as folder:
            pair = Path(folder) / "chain.pem", Path(folder) / "key.pem"
            write_privately(pair[0], chain)
            write_privately(pair[1], plain_pem(key))
            trusted = [*self._roots, self._issuer.certificate]
            return _context(pair, trusted, ssl.CERT_OPTIONAL), _context(
                pair, trusted, ssl.CERT_REQUIRED
            )


def _context(
    pair: tuple[Path, Path], trusted: Sequence[x509.Certificate], mode: ssl.VerifyMode
) -> ssl.SSLContext:
    """Dates are judged by the registry, which knows who may come late; see `Issuer.recognised`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(*pair)
    context.load_verify_locations(cadata=keys.pem(*trusted).decode("ascii"))
    context.verify_mode = mode
    context.verify_flags |= _NO_CHECK_TIME
    context.num_tickets = 0  # a resumed session would not show its certificate again
    context.options |= ssl.OP_NO_TICKET
    return context


def plain_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as a PEM file that needs no passphrase."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
