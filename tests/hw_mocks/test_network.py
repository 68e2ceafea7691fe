import socket
import threading
from collections.abc import Iterator

import pytest

from hw_mocks.network import Forwarder


class Echo:
    """A hub that says everything back."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                end, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._echo, args=(end,), daemon=True).start()

    def _echo(self, end: socket.socket) -> None:
        with end:
            while data := end.recv(1000):
                end.sendall(data)

    def close(self) -> None:
        if self._listener.fileno() >= 0:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()


@pytest.fixture
def hub() -> Iterator[Echo]:
    hub = Echo()
    yield hub
    hub.close()


def dial(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 5.0)


def test_bytes_pass_both_ways_and_are_counted(hub: Echo) -> None:
    with Forwarder(hub.port) as network:
        with dial(network.port) as device:
            device.sendall(b"hello")
            assert device.recv(100) == b"hello"
        assert (network.up, network.down) == (5, 5)


def test_a_cut_severs_what_is_connected_and_refuses_what_comes(hub: Echo) -> None:
    with Forwarder(hub.port) as network:
        with dial(network.port) as device:
            device.sendall(b"x")
            assert device.recv(1) == b"x"
            network.cut()
            assert device.recv(1) == b""
        with dial(network.port) as device:
            assert device.recv(1) == b""


def test_a_mended_network_lets_new_connections_through(hub: Echo) -> None:
    with Forwarder(hub.port) as network:
        network.cut()
        network.mend()
        with dial(network.port) as device:
            device.sendall(b"x")
            assert device.recv(1) == b"x"


def test_a_hub_that_is_away_hangs_up_on_the_device(hub: Echo) -> None:
    hub.close()
    with Forwarder(hub.port) as network, dial(network.port) as device:
        assert device.recv(1) == b""


def test_two_devices_do_not_mix(hub: Echo) -> None:
    with Forwarder(hub.port) as network, dial(network.port) as one, dial(network.port) as two:
        one.sendall(b"one")
        two.sendall(b"two")
        assert (one.recv(10), two.recv(10)) == (b"one", b"two")
