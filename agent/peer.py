"""Who answers where the hub should be: looked at without trusting it."""

import contextlib
import socket
import ssl
import time
from dataclasses import dataclass

from agent.addresses import Address
from agent.line import FIRST_BYTES, wire_bytes
from agent.x509 import Certificate, read_certificate

_CHUNK = 16_384


@dataclass(frozen=True, slots=True)
class Peer:
    """Its first bytes after our hello, its certificate if it showed one, and what the look cost."""

    raw: bytes = b""
    certificate: Certificate | None = None
    spent_bytes: int = 0


def look(address: Address, name: str, within_s: float) -> Peer:
    """Shake hands once as nobody: we show no certificate of ours, and say nothing after it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=name)
    raw, spent_bytes, until = b"", 0, time.monotonic() + within_s
    try:
        with socket.create_connection((address.host, address.port), within_s) as line:
            try:
                while not _is_done(tls) and (left_s := until - time.monotonic()) > 0:
                    line.settimeout(left_s)
                    line.sendall(outgoing.read())
                    if not (data := line.recv(_CHUNK)):
                        break
                    raw += data[: FIRST_BYTES - len(raw)]
                    incoming.write(data)
            finally:
                spent_bytes = wire_bytes(line)
    except OSError:  # whatever it is, what was seen before it counts
        return Peer(raw, None, spent_bytes)
    return Peer(raw, _certificate(tls), spent_bytes)


def _is_done(tls: ssl.SSLObject) -> bool:
    """Go on with the handshake as far as it goes.

    Raises:
        ssl.SSLError: It failed.
    """
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def _certificate(tls: ssl.SSLObject) -> Certificate | None:
    with contextlib.suppress(ValueError, IndexError):  # not shown, or no certificate
        der = tls.getpeercert(binary_form=True)
        return None if der is None else read_certificate(der)
    return None
