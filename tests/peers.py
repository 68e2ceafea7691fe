"""What may answer where the hub should be: small servers on loopback, for one connection each."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hw_mocks.authority import Authority
from tests.brokers import DEADLINE_S

Talk = Callable[[socket.socket], None]


@contextmanager
def answering(talk: Talk) -> Iterator[int]:
    """Answer every connection to a port with `talk`; the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        serving = threading.Thread(target=_serve, args=(server, talk))
        serving.start()
        try:
            yield server.getsockname()[1]
        finally:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            serving.join(DEADLINE_S)


def _serve(server: socket.socket, talk: Talk) -> None:
    with contextlib.suppress(OSError):
        while True:
            line, _ = server.accept()
            line.settimeout(DEADLINE_S)
            with line, contextlib.suppress(OSError):
                talk(line)


def says(words: bytes) -> Talk:
    """Hear something, and say this to it, whatever it was."""

    def talk(line: socket.socket) -> None:
        line.recv(65536)
        line.sendall(words)
        line.shutdown(socket.SHUT_WR)
        while line.recv(65536):
            pass

    return talk


def hears(line: socket.socket) -> None:
    """Hear all, and say nothing."""
    while line.recv(65536):
        pass


def in_tls(files: tuple[Path, Path], talk: Talk, *, client_ca: Path | None = None) -> Talk:
    """Talk inside TLS; with `client_ca` only to those who show a certificate of its."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED

    def wrapped(line: socket.socket) -> None:
        with context.wrap_socket(line, server_side=True) as tls:
            talk(tls)

    return wrapped


def revoking(files: tuple[Path, Path], authority: Authority, *devices: Path) -> Talk:
    """A hub whose list of revoked certificates has those of `devices`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    context.load_verify_locations(authority.ca)
    context.load_verify_locations(authority.revoke(*devices))
    context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
    context.verify_mode = ssl.CERT_REQUIRED

    def talk(line: socket.socket) -> None:
        with context.wrap_socket(line, server_side=True) as tls:
            hears(tls)

    return talk
