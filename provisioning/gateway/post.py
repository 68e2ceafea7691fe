"""One HTTP POST: TLS, no redirect, a bounded answer, and what its status means."""

import http.client
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from provisioning.gateway.told import RefusedError, UndeliveredError

LONGEST_ANSWER_BYTES = 4096
_OK = range(200, 300)
# it is this content that the other side does not want (RFC 9110 §15.5); any other failure may pass
_NEVER = frozenset({400, 413, 422})
_PARTLY = 207  # NGSI-LD's batch operations: something in it was not taken


class Poster:
    """Posts to one address. `ca` names a file of authorities in place of the system's."""

    def __init__(
        self, url: str, *, timeout_s: float, ca: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        self._url, self._timeout_s = urlsplit(url), timeout_s
        self._headers = dict(headers or {})
        self._tls: ssl.SSLContext | None = None
        if self._url.scheme == "https":
            self._tls = ssl.create_default_context(cafile=ca or None)

    def post(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Return once the other side has taken it.

        Raises:
            UndeliveredError: It did not answer, or not now.
            RefusedError: It says that it will never take this.
        """
        connection = self._connection()
        target = self._url.path or "/"
        if self._url.query:
            target += f"?{self._url.query}"
        try:
            connection.request("POST", target, body, self._headers | dict(headers))
            answer = connection.getresponse()
            said = answer.read(LONGEST_ANSWER_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise UndeliveredError(
                f"{self._url.netloc}: {str(error) or type(error).__name__}"
            ) from None
        finally:
            connection.close()
        if answer.status in _OK and answer.status != _PARTLY:
            return
        reason = f"{self._url.netloc}: {answer.status} {answer.reason} {_brief(said)}".rstrip()
        if answer.status in _NEVER:
            raise RefusedError(reason)
        raise UndeliveredError(reason)

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._tls is None:
            return http.client.HTTPConnection(host, port, timeout=self._timeout_s)
        return http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=self._tls)


def _brief(said: bytes) -> str:
    text = said.decode("utf-8", "replace")
    return "".join(each if each.isprintable() else " " for each in text)[:200]
