"""Somebody on the way answers instead of the authority; nothing that works is given up for it."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.provisioning.cities import DAY, City, Stall

ALERTS = {"handshake_failure": 40, "protocol_version": 70, "internal_error": 80}  # RFC 8446 §6
REENROLL, SHOWN = 1, 2  # connections of one renewal; before them it reads the city's roots


class OnPath:
    """Forwards each connection to the authority, but answers one of them with a fatal alert."""

    def __init__(self, port: int, alert: int, spoilt: int) -> None:
        self._authority, self._alert, self._spoilt = ("127.0.0.1", port), alert, spoilt
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://localhost:{self._server.getsockname()[1]}"
        self.count = 0

    def serve(self) -> None:
        with contextlib.suppress(OSError):  # it is closed
            while True:
                link, _ = self._server.accept()
                with link:
                    self._answer(link)
                self.count += 1

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _answer(self, link: socket.socket) -> None:
        if self.count == self._spoilt:
            link.recv(1 << 14)  # its ClientHello
            link.sendall(bytes((21, 3, 3, 0, 2, 2, self._alert)))
            return
        with socket.create_connection(self._authority) as there:
            back = threading.Thread(target=_pump, args=(there, link))
            back.start()
            _pump(link, there)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(1 << 14):
            sink.sendall(chunk)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def on_path(port: int, alert: int, spoilt: int) -> Iterator[OnPath]:
    found = OnPath(port, alert, spoilt)
    serving = threading.Thread(target=found.serve)
    serving.start()
    try:
        yield found
    finally:
        found.close()
        serving.join()


@pytest.fixture
def stall(city: City, tmp_path: Path) -> Stall:
    """A device in the last third of its second certificate."""
    found = Stall(tmp_path / "stall", city, city.claim())
    assert found.enrol() == 0
    later(city, found)
    assert found.enrol() == 0
    assert found.identity.previous is not None
    later(city, found)
    return found


def later(city: City, stall: Stall) -> None:
    city.ahead += 250 * DAY
    stall.ahead, stall.source = city.ahead, "rtc"


@pytest.mark.parametrize("alert", ALERTS.values(), ids=ALERTS)
@pytest.mark.parametrize("spoilt", [REENROLL, SHOWN])
def test_an_alert_takes_no_certificate_away(
    city: City, stall: Stall, alert: int, spoilt: int
) -> None:
    before, previous = stall.serial, stall.identity.previous
    with city.open():  # with a certificate of its own for these years
        with on_path(city.authority.device_port, alert, spoilt) as way:
            stall.ask(way.url)
            stall.enrol()
        assert way.count == spoilt + 1
        assert (stall.told.state, stall.told.code) == ("waiting", "tls-refused")
        assert (stall.serial, stall.identity.previous) == (before, previous)
        stall.at(city)
        assert stall.enrol() == 0
    assert stall.serial != before
    assert stall.told.state == "enrolled"


def test_an_alert_at_the_first_claim_asks_for_no_new_card(city: City, tmp_path: Path) -> None:
    stall = Stall(tmp_path / "stall", city, city.claim())
    with on_path(city.authority.device_port, ALERTS["handshake_failure"], 0) as way:
        stall.ask(way.url)
        stall.enrol()
    assert (stall.told.state, stall.told.code) == ("waiting", "tls-refused")
    stall.at(city)
    assert stall.enrol() == 0
