"""An MQTT 5 broker for the demonstration: rumqttd inside the package `iotcore`, on loopback.

It keeps nothing over a restart, knows no access control, and speaks MQTT 5 alone here.
"""

import contextlib
import random
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# no connection is given one of these as its own end: the kernel takes those from 32768 up
_PORTS = 16_384, 32_768

_CONFIG = """\
id = 0

[router]
id = 0
max_connections = 100
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10

[v5.1]
name = "demo"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = 262144
max_inflight_count = 100
dynamic_filters = true
"""


def free_port() -> int:
    """A TCP port on loopback that nobody listens on now.

    Raises:
        OSError: Hundreds of ports are taken.
    """
    choose = random.SystemRandom()
    for _ in range(200):
        port = choose.randrange(*_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no free port on loopback")


@contextmanager
def embedded_broker(folder: Path) -> Iterator[int]:
    """Run the broker in its own process while entered, and give its port.

    Raises:
        OSError: The port was taken in the meantime.
        RuntimeError: It did not start.
    """
    from iotcore import Broker  # noqa: PLC0415  # only the demonstration has it

    port = free_port()
    config = folder / "broker.toml"
    config.write_text(_CONFIG.format(port=port), "utf-8")
    broker = Broker(config_path=str(config))
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # its process inherits this: Ctrl-C is
    try:  # for whoever started it, who then stops it
        broker.start()
    finally:
        signal.signal(signal.SIGINT, before)
    try:
        yield port
    finally:
        broker.stop()
