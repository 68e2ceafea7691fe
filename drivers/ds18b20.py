"""Maxim DS18B20 thermometer on the kernel's 1-Wire driver (w1_therm)."""

import errno
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from msgspec import Meta

from drivers.board import Board, SensorConfig
from drivers.sensor import (
    ChecksumError,
    DisconnectedError,
    NotReadyError,
    Quantity,
    SensorError,
    Span,
    WrongDeviceError,
)
from drivers.sheet import Sheet

_POWER_ON, _FAILED = 0x0550, 0x07FF  # 85 °C; 127.94 °C, what a conversion without power leaves
_NONE_YET = 0x0C  # byte 6 until the first conversion
_SPAN = Span(-55.0, 125.0, saturates=125.0, frozen_after_s=6 * 3600.0)


class Ds18b20Config(SensorConfig, frozen=True, kw_only=True, tag="ds18b20"):
    """`id` is its folder under /sys/bus/w1/devices; 28 is the family, the rest its own number."""

    id: Annotated[str, Meta(pattern=r"^28-[0-9a-f]{12}\Z")]

    spans: ClassVar[Mapping[Quantity, Span]] = {Quantity.TEMPERATURE_C: _SPAN}
    library: ClassVar[str] = "w1_therm"
    sheet: ClassVar[Sheet] = Sheet(
        part="Maxim DS18B20",
        purpose="heat and climate",
        range="-55 to 125 °C, steps of 1/16 °C",
        accuracy="±0.5 °C from -10 to 85 °C, else ±2 °C",
        rate="0.75 s for each part on the bus",
        warm_up="none",
        price="€",
        wiring=(
            "`dtoverlay=w1-gpio` (GPIO 4 unless `gpiopin=` says otherwise), 4.7 kΩ from data "
            "to 3.3 V, all parts in parallel, supply connected: no parasite power. `id` is the "
            "name of its folder under `/sys/bus/w1/devices`"
        ),
        limits=(
            "85 °C is both a reading and what the scratchpad holds before any conversion. Byte "
            "6 tells: `0c` until the first one. Clones hold `0c` for ever; for them exactly "
            "85.0000 °C is not ready, and 84.9375 and 85.0625 are readings. 127.94 °C is a "
            "conversion that failed for want of power. Clones of some families start at 25 °C "
            "or at their last value, which nothing tells (cpetrich/counterfeit_DS18B20): buy "
            "from a distributor. All zeros pass the checksum, and are a shorted bus. Since "
            "Linux 5.8 an error leaves `w1_slave` empty, and `resolution` holds its number: "
            "-19 nobody answers, -5 wrong checksum; a part that alone is unplugged from a "
            "shared bus gives -5 until the kernel misses it, after a minute or two. Twenty "
            "parts on one bus take 15 s a round"
        ),
        library="the kernel's w1_therm; own parser",
        source="Maxim DS18B20, 19-7487; `drivers/w1/slaves/w1_therm.c`",
    )

    def wire(self) -> str:
        """The kernel's bus, on which one converts after the other."""
        return "w1"

    def claims(self) -> frozenset[str]:
        """Itself; the bus is shared, and its pin is named in the board's config.txt."""
        return frozenset({f"w1:{self.id}"})

    def build(self, board: Board) -> "Ds18b20":
        """Remember its folder."""
        return Ds18b20(board.w1_devices / self.id, board.note)


class Ds18b20:
    """-55 to 125 °C, ±0.5 °C from -10 to 85, in steps of 1/16 °C, every 0.75 s (19-7487)."""

    def __init__(
        self, folder: Path, note: Callable[[str, str], object] = lambda _place, _raw: None
    ) -> None:
        self._folder, self._note = folder, note

    def open(self) -> None:
        """See whether the kernel has found it.

        Raises:
            OSError: It has not, or has lost it.
            WrongDeviceError: A chip of another family has its number.
        """
        if self._folder.is_dir():
            return
        number = self._folder.name.partition("-")[2]
        for other in self._folder.parent.glob(f"??-{number}"):
            raise WrongDeviceError(f"{other.name}: family {other.name[:2]} is no DS18B20")
        raise FileNotFoundError(errno.ENOENT, f"{self._folder}: not on the bus")

    def read(self) -> dict[Quantity, float]:
        """°C, from a conversion made for this read; blocks for 0.75 s.

        Raises:
            OSError: It does not answer.
            SensorError: No sound scratchpad, or no conversion in it.
        """
        if not (text := (self._folder / "w1_slave").read_text("ascii", errors="replace")):
            raise self._why_empty()
        self._note(f"w1:{self._folder.name}", " | ".join(text.split("\n")).rstrip(" |"))
        return {Quantity.TEMPERATURE_C: self._raw(_scratchpad(text)) / 16}

    def close(self) -> None:
        """It rests by itself."""

    def _why_empty(self) -> OSError | SensorError:
        """Since Linux 5.8 w1_therm shows nothing after an error, but `resolution` its number."""
        answer = (self._folder / "resolution").read_text("ascii", errors="replace").strip()
        self._note(f"w1:{self._folder.name}", f"w1_slave is empty, resolution {answer}")
        if answer == f"-{errno.ENODEV}":
            return OSError(errno.ENODEV, f"{self._folder.name}: nobody on the bus")
        if answer == f"-{errno.EIO}":  # or it alone is unplugged, and the kernel has yet to notice
            return ChecksumError(f"{self._folder.name}: checksum wrong, five times over")
        return NotReadyError(f"{self._folder.name}: no conversion this time")

    def _raw(self, scratchpad: bytes) -> int:
        """Sixteenths of a degree, without the bits that a lower resolution leaves undefined."""
        raw = int.from_bytes(scratchpad[:2], "little", signed=True)
        if raw == _FAILED or (raw == _POWER_ON and scratchpad[6] == _NONE_YET):
            raise NotReadyError(f"{self._folder.name}: {raw / 16:.2f} °C without a conversion")
        bits = 9 + (scratchpad[4] >> 5 & 3)  # configuration register, R1 R0
        return raw >> 12 - bits << 12 - bits


def _scratchpad(text: str) -> bytes:
    """The nine bytes of `w1_slave`'s first line, "50 05 4b 46 7f ff 0c 10 1c : crc=1c YES"."""
    line = text.partition("\n")[0]
    try:
        data = bytes.fromhex(line.partition(":")[0])
    except ValueError:
        data = b""
    if len(data) != 9:
        raise SensorError(f"not a scratchpad: {line!r}")
    if set(data) in ({0x00}, {0xFF}):  # all zeros would even pass the checksum
        raise DisconnectedError(f"the bus stands still: {data.hex(' ')}")
    if _crc8(data) or not line.endswith("YES"):
        raise ChecksumError(f"checksum wrong: {line}")
    return data


def _crc8(data: bytes) -> int:
    """x^8 + x^5 + x^4 + 1, least significant bit first; 0 over data and its checksum."""
    crc = 0
    for bit in (byte >> i & 1 for byte in data for i in range(8)):
        crc = crc >> 1 ^ (0x8C if (crc ^ bit) & 1 else 0)
    return crc
