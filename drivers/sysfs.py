"""Chips that the kernel drives itself, read from its hwmon and iio files instead of the bus.

A device is found by the label in its `name` file and by its place on the bus, never by the number
that the kernel happened to give it.
"""

import errno
import math
from collections.abc import Mapping
from pathlib import Path

from drivers.board import Board
from drivers.sensor import Quantity, SensorError

CLASSES = ("class/hwmon/hwmon*", "bus/iio/devices/iio:device*")


class KernelDevice:
    """The chip `label` at `address` of bus `bus`, as one of the kernel's drivers shows it."""

    def __init__(self, board: Board, label: str, bus: int, address: int) -> None:
        self.place = f"{label} at i2c-{bus}:{address:#04x}"
        self._root, self._label, self._note = board.sysfs, label, board.note
        self._client = f"{bus}-{address:04x}"
        self._folder: Path | None = None

    def open(self) -> None:
        """Find its folder; again at each call, since its number may change when it is replugged.

        Raises:
            OSError: No driver of the kernel has it.
        """
        self._folder = None
        for pattern in CLASSES:
            for folder in sorted(self._root.glob(pattern)):
                if self._is_it(folder):
                    self._folder = folder
                    return
        raise FileNotFoundError(
            errno.ENODEV, f"{self.place}: no driver of the kernel has it: see its dtoverlay"
        )

    def value(self, channel: str) -> float:
        """A channel such as `in_temp` (iio) or `temp1` (hwmon), in the unit of the kernel's ABI.

        Raises:
            OSError: The chip or the bus did not answer, or it is not open.
            SensorError: What the file says is no number.
        """
        if self._folder is None:
            raise OSError(errno.ENODEV, f"{self.place}: not open")
        try:
            if self._path(f"{channel}_input").exists():
                return self._number(f"{channel}_input")
            raw = self._number(f"{channel}_raw")
            return (raw + self._shared(channel, "offset", 0)) * self._shared(channel, "scale", 1)
        except OSError as error:
            raise OSError(error.errno, f"{self.place}: {channel}: {error.strerror}") from error

    def _is_it(self, folder: Path) -> bool:
        try:
            label = (folder / "name").read_text("ascii", errors="replace").strip()
        except OSError:  # it has just gone
            return False
        return label == self._label and self._client in folder.resolve().parts

    def _shared(self, channel: str, what: str, default: float) -> float:
        """Read `in_temp_ambient_scale`, or the `in_temp_scale` that channels may share."""
        words = channel.split("_")
        for end in range(len(words), 1, -1):
            file = "_".join([*words[:end], what])
            if self._path(file).exists():
                return self._number(file)
        return default

    def _path(self, file: str) -> Path:
        return (self._folder or self._root) / file

    def _number(self, file: str) -> float:
        text = self._path(file).read_text("ascii", errors="replace").strip()
        self._note(self.place, f"{file} {text}")
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise SensorError(f"{self.place}: {file}: {text!r} is no number")
        return number


class KernelSensor:
    """A sensor whose every quantity is one channel of a kernel driver, times a factor."""

    def __init__(
        self,
        device: KernelDevice,
        channels: Mapping[Quantity, tuple[str, float]],
    ) -> None:
        self._device, self._channels = device, channels

    def open(self) -> None:
        """Find the device.

        Raises:
            OSError: No driver of the kernel has it.
        """
        self._device.open()

    def read(self) -> dict[Quantity, float]:
        """Read each channel once; the kernel's driver measures, or gives its newest.

        Raises:
            OSError: The chip or the bus did not answer.
            SensorError: The kernel's answer is no number.
        """
        return {
            quantity: self._device.value(channel) * factor
            for quantity, (channel, factor) in self._channels.items()
        }

    def close(self) -> None:
        """Leave it to the kernel."""
