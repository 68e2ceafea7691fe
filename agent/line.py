"""The wire under one connection: a TLS socket that remembers how its peer began, and counts bytes.

What a peer said first tells a web server from a hub, and MQTT's library forgets it. The kernel's
own counters tell what a tariff charges, TLS and headers too.
"""

import select
import socket
import ssl
import struct
import time
from collections.abc import Callable
from typing import Any

FIRST_BYTES = 64  # of what the peer said, kept
_RECEIVED = struct.Struct("=Q")  # tcpi_bytes_received, <linux/tcp.h>, since Linux 4.1
_SEGMENTS = struct.Struct("=II")  # tcpi_segs_out, tcpi_segs_in, since 4.2
_SENT = struct.Struct("=Q")  # tcpi_bytes_sent, with what was sent again, since 4.19
_RECEIVED_AT, _SEGMENTS_AT, _SENT_AT, _INFO_BYTES = 128, 136, 200, 208
_RECORD = struct.Struct(">BHH")  # of TLS: type, version, length (RFC 8446 §5.1)
_ALERT = _RECORD.pack(0x17, 0x0303, 2 + 1 + 16)  # an alert, its true type, and the tag (§5.2)
_WORD_S, _WORD_LEAST_S = 1.0, 0.05
_HEADER_BYTES = {socket.AF_INET: 52, socket.AF_INET6: 72}  # IP and TCP with its time stamps


class TlsSocket(ssl.SSLSocket):
    """Keeps the first bytes that the peer said inside TLS, and hears a refusal before it speaks."""

    said = b""

    def do_handshake(self, block: bool = False) -> None:
        """Shake hands. Under TLS 1.3 the peer judges our certificate only after that.

        So wait a moment for its word: whoever speaks on into a connection that was closed is
        answered by a reset, which swallows the reason.

        Raises:
            OSError: The handshake failed, or the peer refused our certificate.
        """
        began = time.monotonic()
        super().do_handshake(block)
        if isinstance(self.context, TlsContext) and self.context.judge is not None:
            self.context.judge(self.getpeercert(binary_form=True) or b"")
        if self.version() != "TLSv1.3":
            return
        ready = select.poll()
        ready.register(self, select.POLLIN)
        round_trips_s = 2 * (time.monotonic() - began)
        if ready.poll(1000 * min(_WORD_S, _WORD_LEAST_S + round_trips_s)):
            head = socket.socket.recv(self, _RECORD.size, socket.MSG_PEEK)
            if head == _ALERT:
                super().recv(1)  # raises what it says

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Receive as always."""
        data = super().recv(buflen, flags)
        if len(self.said) < FIRST_BYTES:
            self.said += data[: FIRST_BYTES - len(self.said)]
        return data


class TlsContext(ssl.SSLContext):
    """A context whose sockets verify `hub_name`, whatever address they were connected to.

    `opened` is called with each TCP connection before its handshake, `judge` with the peer's
    certificate (DER) after it: it may refuse; `wrapped` is the last socket.
    """

    sslsocket_class = TlsSocket
    hub_name: str | None = None
    opened: Callable[[socket.socket], None] | None = None
    judge: Callable[[bytes], None] | None = None
    wrapped: TlsSocket | None = None

    def wrap_socket(self, sock: socket.socket, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        """Wrap a connected socket."""
        if self.opened is not None:
            self.opened(sock)
        if self.hub_name is not None:
            kwargs["server_hostname"] = self.hub_name
        found = super().wrap_socket(sock, *args, **kwargs)
        self.wrapped = found if isinstance(found, TlsSocket) else None
        return found


def wire_bytes(sock: socket.socket) -> int:
    """What a TCP connection has cost so far, both ways, with headers and what was sent again.

    0 where the kernel does not tell: it is older than 4.19, or this is no TCP.
    """
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
    except OSError:
        return 0
    if len(info) < _INFO_BYTES:
        return 0
    (received,) = _RECEIVED.unpack_from(info, _RECEIVED_AT)
    (sent,) = _SENT.unpack_from(info, _SENT_AT)
    segments = sum(_SEGMENTS.unpack_from(info, _SEGMENTS_AT))
    return int(received + sent + segments * _HEADER_BYTES.get(sock.family, 52))
