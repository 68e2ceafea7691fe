"""Winsen ZE07-CO: electrochemical CO module on a UART (manual 1.7)."""

from collections.abc import Mapping
from typing import ClassVar

from drivers.board import Board, SensorConfig
from drivers.frames import BEGUN, Frames
from drivers.sensor import ChecksumError, NotReadyError, Quantity, Span, WrongDeviceError
from drivers.sheet import Sheet
from drivers.uart import HEADER, Uart, UartPort

_BAUD = 9600
_BYTES = 9
_MOST_DECIMALS = 2  # its manual has one
_START, _CO, _PPM, _ANSWER = 0xFF, 0x04, 0x03, 0x86
_UNITS = {_PPM, 0x04}  # ppm, ppb
_PATIENCE_S = 1.2  # it uploads once a second
_SATURATES_PPM = 500.0


UPLOAD = bytes.fromhex("ff 01 78 40 00 00 00 00 47")
ASK = bytes.fromhex("ff 01 78 41 00 00 00 00 46")
READ = bytes.fromhex("ff 01 86 00 00 00 00 00 79")


def frames() -> Frames:
    """The parser of what the module sends, uploads and answers alike."""
    return Frames(_length, lambda frame: sum(frame[1:]) & 0xFF == 0)  # ends in its complement


def _length(data: bytes) -> int:
    """Tell a start from an ff within a frame, of which even the checksum would be right."""
    if data[0] != _START or len(data) < 3:
        return BEGUN if data[0] == _START else 0
    return _BYTES if data[1] == _ANSWER or data[2] in _UNITS else 0


class Ze07CoConfig(SensorConfig, frozen=True, kw_only=True, tag="ze07_co"):
    """`port` is `/dev/serial0` on the header, or an adapter's name under `/dev/serial/by-id/`."""

    port: UartPort = HEADER

    spans: ClassVar[Mapping[Quantity, Span]] = {
        # 16 bits in tenths; no frozen time, since clean air may rightly read 0.0 for weeks
        Quantity.CO_PPM: Span(0.0, 6553.5, saturates=_SATURATES_PPM)
    }
    warm_up_s: ClassVar[float] = 180.0  # "preheat time <= 3 minutes"
    life_years: ClassVar[float | None] = 3.0  # "3 to 5 years in air"
    library: ClassVar[str] = "pyserial"
    sheet: ClassVar[Sheet] = Sheet(
        part="Winsen ZE07-CO",
        purpose="carbon monoxide",
        range="0 to 500 ppm (saturates), steps of 0.1 ppm",
        accuracy="not stated; calibrated by the maker",
        rate="1 s; 90 % of a step within 60 s",
        warm_up="180 s",
        price="€€",
        wiring="5 V; TXD to GPIO 15, RXD to GPIO 14 (both 3 V), or a USB adapter; 9600 baud; "
        "`enable_uart=1`, no console on it",
        limits="never below 0, so a dried-out cell reads as clean air: only CO, let to it once a "
        "year, proves it. Alcohol and hydrogen read as CO. 3 to 5 years",
        library="pyserial; own parser",
        source="ZE07-CO user's manual 1.7",
    )

    def wire(self) -> str:
        """Its port."""
        return self.port.removeprefix("/dev/")

    def claims(self) -> frozenset[str]:
        """Its port."""
        return frozenset({f"uart:{self.port}"})

    def build(self, board: Board) -> "Ze07Co":
        """Make the driver; opens nothing yet."""
        return Ze07Co(Uart(board, self.port, _BAUD, patience_s=_PATIENCE_S))


class Ze07Co:
    """CO, 0 to 500 ppm.

    Only what it uploads names gas, unit and decimals, and its sisters for other gases look alike:
    `open` therefore has it upload once, then puts it in question mode. Where only its TXD is
    wired, or after it lost its power, it goes on uploading, which `read` takes as well.
    """

    def __init__(self, uart: Uart) -> None:
        self._uart, self._frames = uart, frames()
        self._ppm_per_step: float | None = None

    def open(self) -> None:
        """Open the port, see that it measures CO, and have it answer questions.

        Raises:
            OSError: No such port, or silence.
            SensorError: Another part, or spoilt frames.
        """
        self._ppm_per_step = None
        self._uart.open()
        self._uart.say(UPLOAD)
        frame = self._uart.hear(self._frames)
        if frame[1] == _ANSWER:  # a late one, to a question from before
            frame = self._uart.hear(self._frames)
        self._ppm_per_step = self._step(frame)
        self._uart.say(ASK)

    def read(self) -> dict[Quantity, float]:
        """Ask once, in ppm.

        Raises:
            OSError: The port is gone, or silent.
            SensorError: Another part, or spoilt frames.
        """
        if self._ppm_per_step is None:
            raise NotReadyError(f"{self._uart.place}: not opened")
        self._uart.forget()
        self._uart.say(READ)
        frame = self._uart.hear(self._frames)
        if frame[1] == _ANSWER:
            return {Quantity.CO_PPM: int.from_bytes(frame[2:4], "big") * self._ppm_per_step}
        return {Quantity.CO_PPM: int.from_bytes(frame[4:6], "big") * self._step(frame)}

    def close(self) -> None:
        """Give the port back; never raises. The cell needs no rest."""
        self._uart.close()
        self._ppm_per_step = None

    def _step(self, frame: bytes) -> float:
        if frame[1:3] != bytes([_CO, _PPM]):
            found = frame[:4].hex(" ")
            raise WrongDeviceError(f"{self._uart.place}: {found} ...: not CO in ppm (ff 04 03)")
        if frame[3] > _MOST_DECIMALS:  # the sum is 8 bits: some garbage passes it
            raise ChecksumError(f"{self._uart.place}: {frame[3]} decimals: garbled, it has one")
        return float(10 ** -frame[3])
