"""One GET over HTTPS that nobody can hold up for ever: what it gets is watched at the socket.

A server may send its headers a byte at a time, as it may the body. So the rate is looked at where
bytes come in, under HTTP, and everything a request can fail of is told in words.
"""

import functools
import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from provisioning.update.words import error

CONNECT_S = 20.0  # for the connection, and for TLS
CHUNK = 1 << 14


@dataclass(frozen=True, slots=True)
class Manners:
    """How gently something is fetched: `bytes_per_s` at most, None as fast as it goes.

    Where less than `slowest_bytes_per_s` comes in `patience_s` seconds, it is given up.
    """

    bytes_per_s: float | None = None
    slowest_bytes_per_s: float = 256.0
    patience_s: float = 60.0
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep


class Pace:
    """Holds what comes in to its manners: waits where it is too fast, gives up where too slow."""

    def __init__(self, manners: Manners) -> None:
        self._manners = manners
        self._began = self._window = manners.clock()
        self._whole = self._in_window = 0

    def left_s(self) -> float:
        """For how long the next bytes may let us wait, in seconds.

        Raises:
            TimeoutError: They come too slowly.
        """
        manners = self._manners
        left_s = self._window + manners.patience_s - manners.clock()
        if left_s > 0:
            return left_s
        if self._in_window < manners.slowest_bytes_per_s * manners.patience_s:
            raise TimeoutError(f"{self._in_window} bytes in {manners.patience_s:g} s")
        self._window, self._in_window = manners.clock(), 0
        return manners.patience_s

    def took(self, count: int) -> None:
        """So many bytes have come; wait where that was too fast."""
        manners = self._manners
        self._whole += count
        self._in_window += count
        if manners.bytes_per_s is not None:
            early_s = self._began + self._whole / manners.bytes_per_s - manners.clock()
            if early_s > 0:
                manners.wait(early_s)


@contextmanager
def get(
    url: str, https: ssl.SSLContext, pace: Pace, headers: Mapping[str, str]
) -> Iterator[http.client.HTTPResponse]:
    """The answer to one GET on a connection of its own. `url` is the whole address, and https.

    Raises:
        ProvisioningError: Nobody answered, or not who should, or it broke off.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPSConnection(
        parts.hostname or "", parts.port, timeout=CONNECT_S, context=https
    )
    connection.response_class = functools.partial(_Response, pace=pace)  # type: ignore[assignment]
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    asked = {"Accept-Encoding": "identity", "User-Agent": "haetae", **headers}
    is_connected = False
    try:
        connection.connect()
        is_connected = True
        connection.request("GET", target, headers=asked)
        with closing(connection.getresponse()) as answer:
            yield answer
    except ssl.SSLCertVerificationError as problem:
        raise error("update-server-untrusted", problem.verify_message) from None
    except TimeoutError as problem:
        code = "update-slow" if is_connected else "update-unreachable"
        raise error(code, f"{parts.netloc}: {problem}") from None
    except (OSError, UnicodeError, http.client.HTTPException) as problem:
        raise error(_code(problem, is_connected=is_connected), f"{parts.netloc}: {problem}") from (
            None
        )
    finally:
        connection.close()


def _code(problem: Exception, *, is_connected: bool) -> str:
    if isinstance(problem, ssl.SSLError) and "alert" in str(problem).lower():
        return "update-server-refused"  # it does not take our certificate
    return "update-interrupted" if is_connected else "update-unreachable"


class _Response(http.client.HTTPResponse):
    """One whose bytes are watched from the first line on."""

    def __init__(self, sock: socket.socket, *rest: Any, pace: Pace, **named: Any) -> None:
        super().__init__(sock, *rest, **named)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_Watched(raw, sock, pace), CHUNK)


class _Watched(io.RawIOBase):
    """The bytes of a socket, at the pace."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, pace: Pace) -> None:
        self._raw, self._socket, self._pace = raw, sock, pace

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(self._pace.left_s())
        count = self._raw.readinto(buffer)
        self._pace.took(count or 0)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
