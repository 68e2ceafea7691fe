"""What the Raspberry Pi's firmware says of its own supply and heat (`vcgencmd get_throttled`)."""

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from drivers.board import Board, SensorConfig
from drivers.sensor import Quantity, SensorError, Span
from drivers.sheet import Sheet

# the firmware's node is `soc:firmware` on most Pis, not on all: found by its kernel driver's name
_NODES = "bus/platform/drivers/raspberrypi-firmware/*/get_throttled"
_HWMONS, _LABEL = "class/hwmon/hwmon*", "rpi_volt"
_UNDER_VOLTAGE, _THROTTLED = 1 << 0, 1 << 2  # now
_OCCURRED = 16  # so many bits up: has occurred


class PiPowerConfig(SensorConfig, frozen=True, kw_only=True, tag="pi_power"):
    """`UNDER_VOLTAGE`: below 4.63 V at the board's input; `THROTTLED`: slowed by that or by heat.

    Each is 1.0 where it is so now, or was so for a moment since the last read.
    """

    spans: ClassVar[Mapping[Quantity, Span]] = {
        Quantity.UNDER_VOLTAGE: Span(0.0, 1.0),
        Quantity.THROTTLED: Span(0.0, 1.0),
    }
    library: ClassVar[str] = "the kernel's raspberrypi-firmware"
    sheet: ClassVar[Sheet] = Sheet(
        part="Raspberry Pi firmware",
        purpose="power",
        range="1 while the board's input is below 4.63 V; 1 while it is throttled",
        accuracy="4.63 V ±5 %",
        rate="the kernel asks every 2 s",
        warm_up="none",
        price="€",
        wiring="none",
        limits="boards of the Zero range have no such monitor and never say it. A second dip "
        "between two reads, while the firmware keeps the first in mind, is not told. Kernels "
        "without get_throttled say under-voltage only (hwmon rpi_volt)",
        library="the kernel's raspberrypi-firmware; own parser",
        source="raspberrypi/linux #2367, #2397, #2706; Raspberry Pi documentation, get_throttled",
    )

    def wire(self) -> str:
        """Files of the kernel."""
        return "firmware"

    def claims(self) -> frozenset[str]:
        """There is one."""
        return frozenset({"firmware:power"})

    def build(self, board: Board) -> "PiPower":
        """Make the driver."""
        return PiPower(board)


class PiPower:
    """Bits 0 and 2 of the firmware's word, and 16 and 18 when they come up anew."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._node: Path | None = None
        self._before: int | None = None

    def open(self) -> None:
        """Find the node.

        Raises:
            OSError: The kernel has none: no Raspberry Pi, or no driver for its firmware.
        """
        nodes = [*sorted(self._board.sysfs.glob(_NODES)), *self._hwmons()]
        if not nodes:
            raise FileNotFoundError(errno.ENOENT, f"no {_NODES} and no hwmon {_LABEL}")
        self._node = nodes[0]

    def read(self) -> dict[Quantity, float]:
        """Whether the supply is, or has just been, too low or the processor slowed.

        Raises:
            OSError: The node is gone, or not open.
            SensorError: What it says is no number.
        """
        if self._node is None:
            raise OSError(errno.ENODEV, "get_throttled: not open")
        text = self._node.read_text("ascii", errors="replace").strip()
        self._board.note(self._node.name, text)
        try:
            word = int(text, 16)
        except ValueError:
            raise SensorError(f"{self._node.name}: {text!r} is no hexadecimal number") from None
        before, self._before = (word if self._before is None else self._before), word
        now = word | (word & ~before) >> _OCCURRED
        found = {Quantity.UNDER_VOLTAGE: float(bool(now & _UNDER_VOLTAGE))}
        if self._node.name == "get_throttled":
            found[Quantity.THROTTLED] = float(bool(now & _THROTTLED))
        return found

    def close(self) -> None:
        """Nothing is held."""

    def _hwmons(self) -> list[Path]:
        """The alarm of the kernel's own monitor, by its label: one digit, as a number in hex."""
        folders = sorted(self._board.sysfs.glob(_HWMONS))
        names = ((folder, folder / "name") for folder in folders)
        found = [
            each for each, name in names if name.is_file() and name.read_text().strip() == _LABEL
        ]
        return [each / "in0_lcrit_alarm" for each in found]
