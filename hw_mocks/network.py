"""The network between device and hub: a TCP forwarder on loopback that can be cut, and counts."""

import selectors
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

_CHUNK = 65_536


class Forwarder:
    """Forwards connections from a port of its own to the hub's, while it is entered.

    `cut` severs every connection and refuses new ones, like a pulled plug with the switch
    answering for it; `mend` lets them through again. Does not imitate delay, loss of single
    packets, or a link that swallows everything in silence. `port` is 0 for any free one. `up` and
    `down` count TCP payload bytes towards the hub and back; `tap` is shown those that go up.
    """

    def __init__(
        self, hub_port: int, tap: Callable[[bytes], object] = lambda _: None, *, port: int = 0
    ) -> None:
        self._hub_port, self._tap = hub_port, tap
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self.up = self.down = 0
        self._lock = threading.Lock()
        self._cut = threading.Event()
        self._closed = threading.Event()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    def cut(self) -> None:
        """Pull the plug."""
        with self._lock:
            self._cut.set()
            pairs = list(self._pairs)
        for pair in pairs:
            _sever(pair)

    def mend(self) -> None:
        """Put it back."""
        self._cut.clear()

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed.set()
        self.cut()
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1.0):
            pass  # wakes `accept`
        self._accepting.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._closed.is_set():
            device, _ = self._listener.accept()
            if self._cut.is_set():
                device.close()
            else:
                threading.Thread(target=self._carry, args=(device,), daemon=True).start()

    def _carry(self, device: socket.socket) -> None:
        try:
            hub = socket.create_connection(("127.0.0.1", self._hub_port), 5.0)
        except OSError:
            device.close()
            return
        hub.settimeout(None)
        pair = (device, hub)
        with self._lock:
            self._pairs.add(pair)
            cut = self._cut.is_set()
        if not cut:
            with suppress(OSError):
                self._pump(device, hub)
        with self._lock:
            self._pairs.discard(pair)
        device.close()
        hub.close()

    def _pump(self, device: socket.socket, hub: socket.socket) -> None:
        for end in (device, hub):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with selectors.DefaultSelector() as ready:
            ready.register(device, selectors.EVENT_READ)
            ready.register(hub, selectors.EVENT_READ)
            while True:
                for key, _ in ready.select():
                    upwards = key.fileobj is device
                    data = (device if upwards else hub).recv(_CHUNK)
                    if not data:
                        return
                    self.up += len(data) * upwards  # first: who received them finds them counted
                    self.down += len(data) * (not upwards)
                    if upwards:
                        self._tap(data)
                    (hub if upwards else device).sendall(data)


def _sever(pair: tuple[socket.socket, socket.socket]) -> None:
    for end in pair:
        with suppress(OSError):  # closed already
            end.shutdown(socket.SHUT_RDWR)
