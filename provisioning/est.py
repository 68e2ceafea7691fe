"""The device's side of EST (RFC 7030): what it asks of the authority, and what it believes."""

import base64
import binascii
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial

from cryptography import x509

from agent import tpm
from agent.certificates import CERT_HAS_EXPIRED, expired_before
from agent.line import TlsContext
from agent.wallclock import WallTime
from provisioning.https import Reply, ask
from provisioning.identity import Pair
from provisioning.identity_wording import WORDS
from provisioning.identity_wording import error as failed
from provisioning.remedy import ProvisioningError
from provisioning.trust import read_bundle

_PREFIX = "/.well-known/est"
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, <openssl/x509_vfy.h>
_OK, _ACCEPTED, _UNAUTHORISED = 200, 202, 401
_SHORTEST_WAIT_S, _LONGEST_WAIT_S = 60.0, 6 * 3600.0


class AskAgainError(Exception):
    """The authority has to think about it, and says when to ask again, in seconds."""

    def __init__(self, after_s: float) -> None:
        super().__init__(f"ask again in {after_s:g} s")
        self.after_s = after_s


@dataclass(frozen=True, slots=True)
class Bundle:
    """What /cacerts has, and what time it is at the authority (None if it does not say)."""

    certificates: tuple[x509.Certificate, ...]
    at: datetime | None


class Est:
    """One authority at `url`, trusted by `anchors` (PEM); `wall` tells what is known of the time.

    Every method raises `ProvisioningError` where nothing came of it.
    """

    def __init__(self, url: str, anchors: str, wall: Callable[[], WallTime]) -> None:
        self._url, self._anchors, self._wall = url.rstrip("/"), anchors, wall

    def bundle(self, pair: Pair | None = None) -> Bundle:
        """The authority's certificates; with a `pair`, that is shown, and so seen to work."""
        reply = self._ask("cacerts", pair)
        if reply.status != _OK:
            raise _refused(reply)
        return Bundle(tuple(read_bundle(_decoded(reply.body))), _date(reply))

    def enrol(self, device: str, code: str, request: bytes) -> list[x509.Certificate]:
        """A certificate and its issuer's, for the claim code."""
        basic = base64.b64encode(f"{device}:{code}".encode()).decode()
        return self._issued("simpleenroll", None, request, {"Authorization": f"Basic {basic}"})

    def renew(self, pair: Pair, request: bytes) -> list[x509.Certificate]:
        """The certificate that follows the one of `pair`, whose key proves it.

        Raises:
            AskAgainError: A person has to decide first.
        """
        return self._issued("simplereenroll", pair, request, {})

    def _issued(
        self, word: str, pair: Pair | None, request: bytes, headers: dict[str, str]
    ) -> list[x509.Certificate]:
        sent = {"Content-Type": "application/pkcs10", "Content-Transfer-Encoding": "base64"}
        reply = self._ask(word, pair, base64.encodebytes(request), headers | sent)
        if reply.status == _ACCEPTED:
            raise AskAgainError(_wait_s(reply))
        if reply.status != _OK:
            raise _refused(reply)
        return read_bundle(_decoded(reply.body))

    def _ask(
        self,
        word: str,
        pair: Pair | None,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        wall = self._wall()
        return ask(
            self._context(pair, wall.earliest),
            f"{self._url}{_PREFIX}/{word}",
            method="GET" if body is None else "POST",
            body=body,
            headers=headers,
            clock_is_trusted=wall.earliest is None,
        )

    def _context(self, pair: Pair | None, earliest: datetime | None) -> ssl.SSLContext:
        """TLS as the agent has it to the hub: without a clock, dates are judged by `earliest`."""
        # one that hears how its own certificate is judged, and judges dates without a clock
        is_plain = pair is None and earliest is None
        context = (ssl.SSLContext if is_plain else TlsContext)(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_verify_locations(cadata=self._anchors)
        except (OSError, ValueError) as error:
            raise failed("anchors-unusable", str(error)) from None
        if isinstance(context, TlsContext) and earliest is not None:
            context.verify_flags |= _NO_CHECK_TIME
            context.judge = partial(_refuse_ended, earliest=earliest)
        if pair is not None:
            try:
                tpm.ready_for(pair.key)
                context.load_cert_chain(pair.certificate, pair.key, password=lambda: b"")
            except (OSError, tpm.NoTpmError) as error:
                raise failed("key-unusable", f"{pair.folder}: {error}") from None
        return context


def _refuse_ended(der: bytes, *, earliest: datetime) -> None:
    if expired_before(der, earliest):
        error = ssl.SSLCertVerificationError("certificate has expired")
        error.verify_code, error.verify_message = CERT_HAS_EXPIRED, "certificate has expired"
        raise error


def _refused(reply: Reply) -> ProvisioningError:
    """What a refusal means: by its code if it is one of ours, else by its number."""
    code = reply.headers.get("haetae-failure", "")
    if code in WORDS:
        return failed(code)
    known = {_UNAUTHORISED: "claim-unknown", 403: "request-refused", 400: "request-refused"}
    busy = {429: "too-many-requests", 503: "authority-busy"}
    return failed((known | busy).get(reply.status, "authority-failed"), f"HTTP {reply.status}")


def _decoded(body: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except binascii.Error as error:
        raise failed("authority-failed", str(error)) from None


def _wait_s(reply: Reply) -> float:
    text = reply.headers.get("retry-after", "")
    wait_s = float(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0.0
    return min(_LONGEST_WAIT_S, max(_SHORTEST_WAIT_S, wait_s))


def _date(reply: Reply) -> datetime | None:
    try:
        return parsedate_to_datetime(reply.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
