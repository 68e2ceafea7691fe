"""A DHT part on a simulated wire, for the tests of both kinds."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

from hw_mocks import blinka
from hw_mocks.dht import DhtLine, DhtPart

GPIO = 4


class Frame:
    """A part that sends these bytes, whatever they are."""

    start_low_s = 0.8e-3

    def __init__(self, *data: int) -> None:
        bits = "".join(f"{byte:08b}" for byte in data)
        self._pulses = [30.0, 80.0, 80.0, *chain(*((50.0, 26.0 + 44.0 * int(b)) for b in bits)), 50]

    def pulses_us(self) -> list[float]:
        return self._pulses


@contextmanager
def on_the_wire(part: DhtPart, *, poll_us: float = 4.0, gpio: int = GPIO) -> Iterator[None]:
    wires = blinka.install()
    wires.attach_line(gpio, DhtLine(wires.time, part, poll_us=poll_us))
    try:
        yield
    finally:
        wires.detach_line(gpio)
