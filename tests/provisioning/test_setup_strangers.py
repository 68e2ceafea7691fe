"""The setup page among strangers: whoever has no code can neither hold it up nor keep it open."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hw_mocks.setup_rig import SetupRig
from provisioning.places import COMMISSIONED, SETUP_REQUEST
from provisioning.setup_page import redirect, server
from tests.provisioning.setting_up import Installer

CROWD = 30  # more than are served at a time
TURNS = 20


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[SetupRig]:
    with SetupRig(tmp_path) as made:
        yield made


def unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def dialled(port: int) -> ssl.SSLSocket:
    raw = socket.create_connection(("127.0.0.1", port), 10)
    return unverified().wrap_socket(raw)


def answer(port: int, request: bytes) -> bytes:
    with dialled(port) as line:
        line.sendall(request)
        return b"".join(iter(lambda: line.recv(4096), b""))


def port_of(rig: SetupRig) -> int:
    return urlsplit(rig.url).port or 0


def test_a_crowd_that_never_ends_its_requests_keeps_nobody_out(rig: SetupRig) -> None:
    with ExitStack() as stack:
        for _ in range(CROWD):
            with suppress(OSError):
                line = stack.enter_context(dialled(port_of(rig)))
                line.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        installer = Installer(rig).open()
        assert installer.state()["device"]["id"]


def test_a_crowd_does_not_put_out_who_has_the_code(rig: SetupRig) -> None:
    installer = Installer(rig).open()
    line = installer.line()
    for crowd in (0, CROWD):
        with ExitStack() as stack:
            for _ in range(crowd):
                with suppress(OSError):
                    stack.enter_context(dialled(port_of(rig)))
            line.request("GET", "/api/state", headers={"Cookie": installer.cookie})
            assert line.getresponse().read().startswith(b"{"), "on the line that it had"
    line.close()


@pytest.mark.parametrize(
    "target", [b"http://[x", b"//[", b"http://[::1/api/state", b"/api/outline?camera=%ff&&=", b"?"]
)
def test_an_address_that_makes_no_sense_is_answered(
    rig: SetupRig, target: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    said = answer(port_of(rig), b"GET " + target + b" HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert said.startswith((b"HTTP/1.1 401", b"HTTP/1.1 404")), said[:80]
    assert "a bug" not in caplog.text


class Impatient(threading.Event):
    """Ends the page after some turns, where it does not end by itself."""

    turns = 0

    def wait(self, timeout: float | None = None) -> bool:
        self.turns += 1
        return self.turns > TURNS


def test_strangers_do_not_keep_the_page_open(tmp_path: Path) -> None:
    with SetupRig(tmp_path) as rig:
        (rig.configuration / COMMISSIONED).write_text("a record")
    (rig.run / SETUP_REQUEST).write_text("the button was held\n")
    now, stop = [0.0], Impatient()

    def ready(port: int, _: object) -> None:
        now[0] = server.ASKED_S - 1.0
        request = b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"
        assert answer(port, request).startswith(b"HTTP/1.1 200")
        now[0] = server.ASKED_S + 1.0

    found = server.serve(
        configuration=rig.configuration, run=rig.run, state=rig.state, address="127.0.0.1",
        port=0, clock=lambda: now[0], ready=ready, stop=stop,
    )  # fmt: skip
    assert found == server.OK
    assert stop.turns < TURNS, "it has closed by itself"


def test_a_crowd_at_the_plain_port_takes_no_threads_from_the_page() -> None:
    listening = redirect.listen("127.0.0.1", 0, 8443)
    place, before = listening.server_address[:2], threading.active_count()
    try:
        with ExitStack() as stack:
            lines = [
                stack.enter_context(socket.create_connection(("127.0.0.1", place[1]), 3))
                for _ in range(CROWD)
            ]
            assert lines[-1].recv(100) == b"", "the last one is hung up on"
            assert threading.active_count() - before < CROWD
    finally:
        listening.shutdown()
        listening.server_close()
