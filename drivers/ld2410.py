"""Hi-Link HLK-LD2410, -B and -C: 24 GHz presence radar on a UART (serial protocol 1.06)."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from drivers.board import Board, SensorConfig
from drivers.frames import BEGUN, Frames, begins
from drivers.sensor import NotReadyError, Quantity, Span
from drivers.sheet import Sheet
from drivers.uart import HEADER, Uart, UartPort

_HEAD, _END = b"\xf4\xf3\xf2\xf1", b"\xf8\xf7\xf6\xf5"
_ROOM = len(_HEAD) + 2 + len(_END)  # around the data; two bytes of length (table 10)
_DATA_BYTES = {13: 0x02, 35: 0x01}  # basic and engineering report
_MOVING, _STILL = 1, 2  # bits of the target's state; 4 to 6 are its own calibration
_PATIENCE_S = 0.5  # it reports every 0.1 s
_GATES_M = 9 * 0.75  # what it divides its range into


class Ld2410Config(SensorConfig, frozen=True, kw_only=True, tag="ld2410"):
    """`port` is `/dev/serial0` on the header, or an adapter's name under `/dev/serial/by-id/`.

    `baud` is what the radar was set to; it comes with 256000, which some adapters cannot.
    """

    port: UartPort = HEADER
    baud: Literal[9600, 19200, 38400, 57600, 115200, 230400, 256000, 460800] = 256000

    spans: ClassVar[Mapping[Quantity, Span]] = {
        Quantity.PRESENCE: Span(0.0, 1.0),
        Quantity.DISTANCE_M: Span(0.0, _GATES_M),
    }
    library: ClassVar[str] = "pyserial"
    sheet: ClassVar[Sheet] = Sheet(
        part="Hi-Link HLK-LD2410, -B, -C",
        purpose="presence",
        range="1 while it sees somebody, 0.75 to 6 m, ±60°, and the distance of the nearest target",
        accuracy="0.75 m a gate; distances told in cm",
        rate="0.1 s; presence ends 5 s after the last sign, as set in the radar",
        warm_up="none",
        price="€",
        wiring="5 V, 0.2 A; TX to GPIO 15, RX to GPIO 14 (3.3 V), or a USB adapter; 256000 baud; "
        "`enable_uart=1`, no console on it",
        limits="fans, curtains and pets are ghosts, sleepers vanish (everything-presence-one #19 "
        "#35 #164): never alone a sign of life or of none. It sees through thin walls. No "
        "checksum: a flipped bit within a value is not told",
        library="pyserial; own parser",
        source="HLK-LD2410 serial communication protocol 1.06",
    )

    def wire(self) -> str:
        """Its port."""
        return self.port.removeprefix("/dev/")

    def claims(self) -> frozenset[str]:
        """Its port."""
        return frozenset({f"uart:{self.port}"})

    def build(self, board: Board) -> "Ld2410":
        """Make the driver; opens nothing yet."""
        return Ld2410(Uart(board, self.port, self.baud, patience_s=_PATIENCE_S))


def frames() -> Frames:
    """The parser of its reports, basic and engineering."""
    return Frames(_length, _is_whole)


def _length(data: bytes) -> int:
    if len(data) < len(_HEAD) + 2:
        return BEGUN if begins(data, _HEAD) else 0
    count = int.from_bytes(data[4:6], "little")
    return count + _ROOM if data.startswith(_HEAD) and count in _DATA_BYTES else 0


def _is_whole(frame: bytes) -> bool:
    """The data is type, aa, the report, 55, 00."""
    data = frame[6:-4]
    is_report = data[:2] == bytes([_DATA_BYTES[len(data)], 0xAA]) and data[-2] == 0x55
    return is_report and frame.endswith(_END)


class Ld2410:
    """Whether somebody is there, and how far away; it only listens, the radar's settings stay.

    Its only identity is the shape of its reports.
    """

    def __init__(self, uart: Uart) -> None:
        self._uart, self._frames = uart, frames()

    def open(self) -> None:
        """Open the port and wait for a report.

        Raises:
            OSError: No such port, or silence.
            SensorError: Another part, another baud rate, or spoilt frames.
        """
        self._uart.open()
        self._uart.hear(self._frames)

    def read(self) -> dict[Quantity, float]:
        """Presence, and the distance in m of the nearest target if it names one.

        Raises:
            OSError: The port is gone, or silent.
            SensorError: Another part, spoilt frames, or it calibrates itself.
        """
        self._uart.forget()
        report = self._uart.hear(self._frames)[8:]
        if (state := report[0]) > _MOVING | _STILL:
            raise NotReadyError(f"{self._uart.place}: state {state}: it calibrates itself")
        told = {_MOVING: report[1:3], _STILL: report[4:6]}
        cm = [int.from_bytes(each, "little") for bit, each in told.items() if state & bit]
        found = {Quantity.PRESENCE: float(state != 0)}
        if near := [each for each in cm if each]:  # the protocol's own example has 0: not known
            found[Quantity.DISTANCE_M] = min(near) / 100
        return found

    def close(self) -> None:
        """Give the port back; never raises."""
        self._uart.close()
