"""What really came over the wires, for `haetae probe` alone: an agent keeps no trace.

A bus or a port is wrapped where the board hands it out; other wires say what they saw with
`Board.note`. So no driver knows that it is being watched.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from busio import I2C
    from serial import Serial

_KEPT = 2048  # characters: a frame of a camera's size would fill a screen
_BIT_US = 51  # a DHT's high for longer than this is a one: what adafruit_dht decides by


class Trace:
    """What was said and heard since `clear`, in order. For one thread at a time.

    `<` is what came from the part, `>` what went to it, both in hexadecimal.
    """

    def __init__(self) -> None:
        self._notes: list[tuple[str, str]] = []

    def clear(self) -> None:
        """Forget it all."""
        self._notes.clear()

    def note(self, place: str, raw: str) -> None:
        """Remember what was seen at a place, for example `gpio17` and `low`."""
        self._notes.append((place, raw))

    def said(self, place: str, sign: str, data: bytes) -> None:
        """Remember bytes; those that go on in the same direction are one note."""
        last_place, last = self._notes[-1] if self._notes else ("", "")
        if last_place == place and last.startswith(sign):
            self._notes[-1] = (place, f"{last} {data.hex(' ')}".rstrip())
        else:
            self._notes.append((place, f"{sign} {data.hex(' ')}".rstrip()))

    def i2c(self, bus: "I2C", name: str) -> "I2C":
        """Give the bus, watched."""
        return cast("I2C", _I2C(bus, name, self))

    def port(self, port: "Serial", name: str) -> "Serial":
        """Give the port, watched."""
        return cast("Serial", _Port(port, name, self))

    def watch_pulses(self, part: Any, place: str) -> None:
        """Watch one object of adafruit_dht, which keeps its pulses to itself."""
        listen: Callable[[], Sequence[int]] = part._get_pulses_bitbang  # noqa: SLF001  # see above

        def watched() -> Sequence[int]:
            pulses_us = listen()
            self.note(place, frame(pulses_us))
            return pulses_us

        part._get_pulses_bitbang = watched  # noqa: SLF001  # see above

    def __str__(self) -> str:
        """All of it in one line, each place named once."""
        places = list(dict.fromkeys(place for place, _ in self._notes))
        parts = (
            f"{place}: " + " ".join(raw for at, raw in self._notes if at == place)
            for place in places
        )
        text = "; ".join(parts)
        return text if len(text) <= _KEPT else f"{text[:_KEPT]}..."


class _I2C:
    """Blinka's bus as it is, but each transfer is remembered by the chip's address."""

    def __init__(self, bus: "I2C", name: str, trace: Trace) -> None:
        self._bus, self._name, self._trace = bus, name, trace

    def __getattr__(self, name: str) -> Any:
        """All else is the bus's own: locks, scan, deinit."""
        return getattr(self._bus, name)

    def writeto(self, address: int, buffer: bytes, **span: Any) -> None:
        """Write, as the bus does."""
        self._said(address, ">", buffer[span.get("start", 0) : span.get("end")])
        with self._refusal(address):
            self._bus.writeto(address, buffer, **span)

    def readfrom_into(self, address: int, buffer: bytearray, **span: Any) -> None:
        """Read, as the bus does."""
        with self._refusal(address):
            self._bus.readfrom_into(address, buffer, **span)
        self._said(address, "<", buffer[span.get("start", 0) : span.get("end")])

    def writeto_then_readfrom(self, address: int, out: bytes, into: bytearray, **span: Any) -> None:
        """Write and read after a repeated start, as the bus does."""
        self._said(address, ">", out[span.get("out_start", 0) : span.get("out_end")])
        with self._refusal(address):
            self._bus.writeto_then_readfrom(address, out, into, **span)
        self._said(address, "<", into[span.get("in_start", 0) : span.get("in_end")])

    def _said(self, address: int, sign: str, data: bytes | bytearray) -> None:
        if data:  # an empty one only asks whether somebody is there
            self._trace.said(f"{self._name}:{address:#04x}", sign, bytes(data))

    @contextmanager
    def _refusal(self, address: int) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            place, why = f"{self._name}:{address:#04x}", error.strerror or str(error)
            self._trace.note(place, f"! {why}")
            raise


class _Port:
    """pyserial's port as it is, but what is read and written is remembered."""

    def __init__(self, port: "Serial", name: str, trace: Trace) -> None:
        self._port, self._name, self._trace = port, name, trace

    def __getattr__(self, name: str) -> Any:
        """All else is the port's own."""
        return getattr(self._port, name)

    def read(self, size: int = 1) -> bytes:
        """Read, as `serial.Serial.read` does."""
        data: bytes = self._port.read(size)
        if data:
            self._trace.said(self._name, "<", data)
        return data

    def write(self, data: bytes) -> int | None:
        """Write, as `serial.Serial.write` does."""
        self._trace.said(self._name, ">", bytes(data))
        sent: int | None = self._port.write(data)
        return sent


def frame(pulses_us: Sequence[int]) -> str:
    """A DHT's pulses: how many, and what they say in bits, 40 of them if all is well.

    It begins with a low of a bit; highs of more than 51 µs are ones.
    """
    bits = "".join("1" if high_us > _BIT_US else "0" for high_us in pulses_us[1:80:2])
    data = [f"{int(bits[n : n + 8], 2):02x}" for n in range(0, len(bits) - len(bits) % 8, 8)]
    return " ".join([f"{len(pulses_us)} pulses", *(["<", *data] if data else [])])
