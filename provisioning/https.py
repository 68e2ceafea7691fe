"""One request over TLS to the city's authority, and why none came of it."""

import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from provisioning.identity_wording import error as failed

TIMEOUT_S = 20.0  # for each step of a request
LONGEST_ANSWER = 1 << 20  # bytes
_DATES = frozenset({9, 10})  # not yet valid, expired: <openssl/x509_vfy.h>


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; names of headers are in lower case."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def ask(  # noqa: PLR0913  # what a request is made of
    context: ssl.SSLContext,
    url: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    clock_is_trusted: bool = True,
    timeout_s: float = TIMEOUT_S,
) -> Reply:
    """Ask once, on a connection of its own. `url` is the whole address, and https.

    Where the clock is not to be trusted, a certificate that is out of date is the clock's fault.

    Raises:
        ProvisioningError: Nobody answered, or not who should.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPSConnection(
        parts.hostname or "", parts.port, timeout=timeout_s, context=context
    )
    try:
        connection.request(method, parts.path, body=body, headers=dict(headers or {}))
        answer = connection.getresponse()
        content = answer.read(LONGEST_ANSWER + 1)
        named = {name.lower(): value for name, value in answer.getheaders()}
    except ssl.SSLCertVerificationError as error:
        if error.verify_code in _DATES:
            code = "authority-expired" if clock_is_trusted else "clock-wrong"
            raise failed(code, error.verify_message) from None
        raise failed("wrong-authority", error.verify_message) from None
    except ssl.SSLError as error:
        if "alert" in str(error).lower():
            raise failed("tls-refused", f"{parts.netloc}: {_reason(error)}") from None
        raise failed("authority-unreachable", f"{parts.netloc}: {_reason(error)}") from None
    except (OSError, http.client.HTTPException) as error:
        what = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise failed("authority-unreachable", f"{parts.netloc}: {what}") from None
    finally:
        connection.close()
    if len(content) > LONGEST_ANSWER:
        raise failed("authority-failed", f"{parts.netloc}: more than {LONGEST_ANSWER} bytes")
    return Reply(answer.status, content, named)


def _reason(error: ssl.SSLError) -> str:
    return str(error.reason or error).replace("_", " ").lower()
