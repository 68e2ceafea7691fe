"""A simulated Raspberry Pi 4 under the real Blinka: GPIO lines and I2C buses.

What is replaced is what the kernel offers: the `gpiod` binding, the file `/dev/i2c-N` and its
`ioctl`, and the answer to "which board is this". Everything above runs unchanged: Blinka with
`digitalio` and `microcontroller`, Adafruit_PureIO, adafruit_bus_device and the sensor libraries.

Blinka keeps its pins and buses in modules, so a process can have only one set of `Wires`;
`install` makes it on its first call and gives the same set ever after. Whoever simulates a part
attaches it there and detaches it when done.
"""

import enum
import errno
import os
import sys
import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Protocol

from hw_mocks.i2c import DevI2C, SimI2C, ioctl

_PI_4B_REVISION = "a03111"  # Raspberry Pi 4 Model B, 1 GB, revision 1.1
_HEADER_CHIP = Path("/dev/gpiochip0")


class Line(Protocol):
    """One GPIO line, as the host's pin controller touches it."""

    def drive(self, high: bool) -> None:
        """The host puts this level on the line."""

    def release(self) -> None:
        """The host lets go of the line and listens."""

    def level(self) -> bool:
        """The level on the line now; asking takes a moment of virtual time."""


class VirtualTime(threading.local):
    """Stands in for the module `time` inside adafruit_dht, which measures microseconds.

    It moves only by what is done in it, never by itself: a read costs the same virtual time on a
    slow and on a fast machine. Each thread has its own, so two threads never stretch each other's
    pulses.
    """

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        """Seconds; asking takes 0.3 µs."""
        self.now_s += 0.3e-6
        return self.now_s

    def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.now_s += seconds


class OpenLine:
    """A line with nothing on it but a pull-up."""

    def __init__(self, time: VirtualTime) -> None:
        self._time, self._high = time, True

    def drive(self, high: bool) -> None:
        """Hold it at that level."""
        self._high = high

    def release(self) -> None:
        """Let the pull-up have it."""
        self._high = True

    def level(self) -> bool:
        """High unless driven low; asking takes a millisecond, as nothing can happen here."""
        self._time.sleep(1e-3)
        return self._high


class Wires:
    """What hangs on the simulated board: parts by GPIO number, I2C buses by number."""

    def __init__(self) -> None:
        self.time = VirtualTime()
        self._lines: dict[int, Line] = {}
        self._open: dict[int, OpenLine] = {}
        self._buses: dict[int, SimI2C] = {}

    def attach_line(self, gpio: int, line: Line) -> None:
        """Put a part on GPIO `gpio` (BCM number).

        Raises:
            ValueError: Another part is there.
        """
        import adafruit_dht  # noqa: PLC0415  # only with a DHT part on the board

        adafruit_dht.time = self.time
        if self._lines.setdefault(gpio, line) is not line:
            raise ValueError(f"gpio{gpio} is taken")

    def detach_line(self, gpio: int) -> None:
        """Leave the line open; no error if it is."""
        self._lines.pop(gpio, None)

    def attach_i2c(self, number: int, bus: SimI2C) -> None:
        """Make `/dev/i2c-<number>` exist.

        Raises:
            ValueError: That bus exists.
        """
        if self._buses.setdefault(number, bus) is not bus:
            raise ValueError(f"i2c-{number} is taken")

    def detach_i2c(self, number: int) -> None:
        """Make `/dev/i2c-<number>` vanish; no error if there is none."""
        self._buses.pop(number, None)

    def line(self, gpio: int) -> Line:
        """The part on this line, or an open line."""
        return self._lines.get(gpio) or self._open.setdefault(gpio, OpenLine(self.time))

    def exists(self, path: str) -> bool:
        """Whether the simulated board has this device file."""
        return path in {f"/dev/i2c-{number}" for number in self._buses}

    def open(self, path: str, mode: str = "r+b", buffering: int = 0) -> DevI2C:
        """Open a simulated `/dev/i2c-N`, as the builtin `open` would.

        Raises:
            FileNotFoundError: No such bus is attached.
        """
        del mode, buffering
        for number, bus in self._buses.items():
            if path == f"/dev/i2c-{number}":
                return bus.open()
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


class Value(enum.Enum):
    """`gpiod.line.Value`."""

    INACTIVE = 0
    ACTIVE = 1


class Direction(enum.Enum):
    """`gpiod.line.Direction`."""

    AS_IS = 1
    INPUT = 2
    OUTPUT = 3


class Bias(enum.Enum):
    """`gpiod.line.Bias`."""

    AS_IS = 1
    UNKNOWN = 2
    DISABLED = 3
    PULL_UP = 4
    PULL_DOWN = 5


class LineSettings:
    """`gpiod.LineSettings`, as far as Blinka sets them."""

    direction = Direction.AS_IS
    bias = Bias.AS_IS
    output_value = Value.INACTIVE


class LineRequest:
    """`gpiod.LineRequest`. Does not imitate bias, edge events or a line that is in use."""

    def __init__(self, wires: Wires, gpios: list[int]) -> None:
        self._wires, self._gpios = wires, gpios

    def reconfigure_lines(self, config: Mapping[int, LineSettings]) -> None:
        """Drive or release the lines."""
        for gpio, settings in config.items():
            if settings.direction is Direction.OUTPUT:
                self._wires.line(gpio).drive(settings.output_value is Value.ACTIVE)
            elif settings.direction is Direction.INPUT:
                self._wires.line(gpio).release()

    def get_value(self, gpio: int) -> Value:
        """Sample one line."""
        return Value.ACTIVE if self._wires.line(gpio).level() else Value.INACTIVE

    def set_value(self, gpio: int, value: Value) -> None:
        """Drive one line."""
        self._wires.line(gpio).drive(value is Value.ACTIVE)

    def release(self) -> None:
        """Let go of the lines."""
        for gpio in self._gpios:
            self._wires.line(gpio).release()


class Chip:
    """`gpiod.Chip`: the controller of the 40-pin header."""

    def __init__(self, wires: Wires, path: str) -> None:
        self._wires, self._path = wires, path

    def get_info(self) -> SimpleNamespace:
        """Blinka finds the header's controller by this label."""
        return SimpleNamespace(label="pinctrl-bcm2711", num_lines=58, name=Path(self._path).name)

    def request_lines(
        self, config: Mapping[int, LineSettings | None], consumer: str | None = None
    ) -> LineRequest:
        """Take lines; Blinka configures them afterwards."""
        del consumer
        return LineRequest(self._wires, list(config))

    def close(self) -> None:
        """Nothing is held."""


class _SimGpiod(ModuleType):
    """The binding as a module; it carries the process's wires."""

    def __init__(self, wires: Wires) -> None:
        super().__init__("gpiod")
        self.wires = wires
        self.__version__ = "2.2.2"
        self.Chip, self.LineSettings = partial(Chip, wires), LineSettings
        self.line = ModuleType("gpiod.line")
        vars(self.line).update(Value=Value, Direction=Direction, Bias=Bias)


def install() -> Wires:
    """Put the simulated board under Blinka, once a process, before Blinka is first imported.

    Raises:
        RuntimeError: Blinka or gpiod was imported before, so real pins may already be open.
    """
    there = sys.modules.get("gpiod")
    if isinstance(there, _SimGpiod):
        return there.wires
    if there is not None or "adafruit_blinka" in sys.modules:
        raise RuntimeError("install the simulated wires before the first import of Blinka or gpiod")
    wires = Wires()
    gpiod = _SimGpiod(wires)
    sys.modules["gpiod"], sys.modules["gpiod.line"] = gpiod, gpiod.line
    os.environ["BLINKA_FORCECHIP"] = "BCM2XXX"
    os.environ["BLINKA_FORCEBOARD"] = "RASPBERRY_PI_4B"
    os.environ["BLINKA_SKIP_DEPENDENCY_CHECK"] = "1"  # else it asks on a terminal to run pip
    _graft(wires)
    return wires


def _graft(wires: Wires) -> None:
    """Replace the kernel's side in the modules that reach for it. Their order matters."""
    import adafruit_platformdetect.board  # noqa: PLC0415  # only in a simulation
    from Adafruit_PureIO import smbus  # noqa: PLC0415

    adafruit_platformdetect.board.Board._pi_rev_code = lambda _: _PI_4B_REVISION  # noqa: SLF001  # read from /proc/cpuinfo
    smbus.open, smbus.ioctl = wires.open, ioctl
    import adafruit_extended_bus  # noqa: PLC0415  # brings Blinka in, so after the above
    from adafruit_blinka.microcontroller.generic_linux import raspberry_pi_pin  # noqa: PLC0415

    raspberry_pi_pin._chip_paths = lambda: [_HEADER_CHIP]  # noqa: SLF001  # globs /dev
    adafruit_extended_bus.path = SimpleNamespace(exists=wires.exists)
