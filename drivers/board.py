"""The board: every wire is opened here, once, and handed to the drivers that share it.

Libraries are imported when a wire is first asked for, so that a device pays in memory only for
the wires it has. Simulated wires replace what lies *below* the libraries, never this class.
"""

import errno
import mmap
import threading
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec
from msgspec import Meta

from drivers.pace import Pace
from drivers.sensor import Quantity, Sensor, Span
from drivers.sheet import Sheet
from drivers.sound_card import device_of
from drivers.stimulus import Answer, AnyStimulus

if TYPE_CHECKING:
    from busio import I2C
    from gpiozero.pins import Factory
    from microcontroller import Pin
    from serial import Serial
    from sounddevice import RawInputStream

    from drivers.ble_scanner import BleScanner
    from drivers.i2c_recovery import Registers
    from drivers.perception_link import PerceptionLink
    from drivers.trace import Trace

GpioNumber = Annotated[
    int, Meta(ge=2, le=27)
]  # BCM numbers on the 40-pin header (0, 1: HAT EEPROM)
W1_DEVICES = Path("/sys/bus/w1/devices")
DEVICES, SYSFS = Path("/dev"), Path("/sys")
RUN_DIR = Path("/run/haetae")
HEADER_LABELS = ("pinctrl-bcm", "pinctrl-rp1")  # Pi Zero to 4, and Pi 5


class Board:
    """One Raspberry Pi's wires. Thread-safe: each wire's own thread opens it."""

    def __init__(  # noqa: PLR0913  # one for each kind of wire
        self,
        *,
        pins: "Factory | None" = None,
        gpiomem: "Registers | None" = None,
        w1_devices: Path = W1_DEVICES,
        devices: Path = DEVICES,
        sysfs: Path = SYSFS,
        state: Path = Path("/var/lib/haetae"),
        run_dir: Path = RUN_DIR,
        pace: Pace = Pace(),  # noqa: B008  # frozen
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.w1_devices, self.devices, self.sysfs = w1_devices, devices, sysfs
        self.pace = pace
        self.state = state  # what a driver keeps over restarts, such as a clean-air baseline
        self._run_dir, self._clock = run_dir, clock  # where perception sends, and by which clock
        self.trace: Trace | None = None  # `haetae probe` keeps one, before any bus is open
        self._lock = threading.Lock()
        self._pins, self._gpiomem = pins, gpiomem
        self._i2c: dict[int, I2C] = {}
        self._bluetooth: BleScanner | None = None
        self._perception: PerceptionLink | None = None

    def pins(self) -> "Factory":
        """Give gpiozero's factory for the header's chip, which is found by label, never by number.

        Raises:
            OSError: No GPIO chip of a Raspberry Pi header is there.
        """
        with self._lock:
            if self._pins is None:
                self._pins = _header_pins()
            return self._pins

    def note(self, place: str, raw: str) -> None:
        """Have it known what was seen on a wire that is not a bus or a port of this board."""
        if self.trace is not None:
            self.trace.note(place, raw)

    def i2c(self, bus: int) -> "I2C":
        """The I2C bus `/dev/i2c-<bus>` as Blinka's `busio.I2C`.

        Raises:
            OSError: The kernel has no such bus.
        """
        with self._lock:
            if bus not in self._i2c:
                from adafruit_extended_bus import ExtendedI2C  # noqa: PLC0415  # only where used

                try:
                    opened: I2C = ExtendedI2C(bus, None)  # the kernel sets the speed
                except ValueError as error:  # its word for a missing device file
                    raise FileNotFoundError(errno.ENOENT, str(error)) from error
                name = f"i2c-{bus}"
                self._i2c[bus] = opened if self.trace is None else self.trace.i2c(opened, name)
            return self._i2c[bus]

    def forget_i2c(self, bus: int) -> None:
        """Let go of the bus; the next `i2c` opens it anew.

        It closes with the last driver that holds it: one that still does gets an `OSError` from a
        bus that hangs, and an `AttributeError`, which is a bug's, from one that was closed.
        """
        with self._lock:
            self._i2c.pop(bus, None)

    def gpiomem(self) -> "Registers":
        """The GPIO controller's registers, 32 bits each, on a Pi Zero to 4.

        Raises:
            OSError: They are not to be had, as on a Pi 5.
        """
        with self._lock:
            if self._gpiomem is None:
                with (self.devices / "gpiomem").open("r+b", buffering=0) as file:
                    self._gpiomem = memoryview(mmap.mmap(file.fileno(), 4096)).cast("I")
            return self._gpiomem

    def uart(self, port: str, baud: int) -> "Serial":
        """Open the serial port `port`, 8N1, for its caller alone, who closes it.

        `port` is a name that stays whatever number the kernel gives, such as `/dev/serial0`. A
        read waits 0.1 s for a byte at most.

        Raises:
            OSError: There is no such port, or somebody else has it.
        """
        from serial import Serial  # noqa: PLC0415  # only where used

        place = self.devices / port.removeprefix("/dev/")
        opened = Serial(str(place), baud, timeout=0.1, write_timeout=1.0, exclusive=True)
        return opened if self.trace is None else self.trace.port(opened, port)

    def microphone(
        self, card: str, *, rate_hz: int, channels: int, frames: int
    ) -> "RawInputStream":
        """The capture device of an ALSA card as sounddevice's stream of 32-bit samples, stopped.

        PortAudio lists the cards once; it is asked anew, so that one that came later is found. So
        a process has one microphone: asking ends all streams that are open.

        Raises:
            OSError: No PortAudio, or no such card.
            sounddevice.PortAudioError: The card is in use, or cannot do what is asked.
        """
        import sounddevice  # noqa: PLC0415  # only where one is wired

        sounddevice._terminate()  # noqa: SLF001  # its documented way to look again
        sounddevice._initialize()  # noqa: SLF001  # as above
        device = device_of(card, sounddevice.query_devices())
        return sounddevice.RawInputStream(
            device=device, samplerate=rate_hz, channels=channels, dtype="int32", blocksize=frames
        )

    def bluetooth(self) -> "BleScanner":
        """The receiver that all tags share; it listens when the first of them opens."""
        from drivers.ble_scanner import BleScanner  # noqa: PLC0415  # only where used

        with self._lock:
            if self._bluetooth is None:
                self._bluetooth = BleScanner()
            return self._bluetooth

    def perception(self) -> "PerceptionLink":
        """The socket on which the perception process sends its numbers; opened by who reads it."""
        from drivers.perception_link import PerceptionLink  # noqa: PLC0415  # only where used

        with self._lock:
            if self._perception is None:
                self._perception = PerceptionLink(self._run_dir / "perception.sock", self._clock)
            return self._perception

    def blinka_pin(self, gpio: int) -> "Pin":
        """GPIO `gpio` (BCM number) as the pin object that CircuitPython libraries take.

        Its number in `microcontroller`, not `board`: importing that costs 6 MB more, and Blinka
        then offers to run pip.

        Raises:
            OSError: The chip of this machine has no such pin.
        """
        from microcontroller import pin  # noqa: PLC0415  # only where a library drives a pin

        found: Pin | None = getattr(pin, f"D{gpio}", None)
        if found is None:
            raise FileNotFoundError(errno.ENOENT, f"no GPIO {gpio} on this machine")
        return found

    def close(self) -> None:
        """Release every wire."""
        if self._bluetooth is not None:
            self._bluetooth.close()
        if self._perception is not None:
            self._perception.close()
        for bus in self._i2c.values():
            bus.deinit()
        self._i2c.clear()
        if self._pins is not None:
            self._pins.close()
            self._pins = None


def _header_pins() -> "Factory":
    try:
        from gpiozero.pins.lgpio import LGPIOFactory  # noqa: PLC0415  # only where used
    except ImportError as error:
        where = "not on a Raspberry Pi? `python -m hw_mocks` has simulated pins"
        raise OSError(errno.ENODEV, f"no GPIO library here ({error}): {where}") from error
    return LGPIOFactory(chip=header_chip())


def header_chip(devices: Path = Path("/dev")) -> int:
    """The number of the GPIO chip behind the 40-pin header, found by its label.

    Raises:
        OSError: None of the chips carries a Raspberry Pi header's label.
    """
    import lgpio  # noqa: PLC0415  # only on a board

    for path in sorted(devices.glob("gpiochip*")):
        number = int(path.name.removeprefix("gpiochip"))
        handle = lgpio.gpiochip_open(number)
        try:
            _, _, _, label = lgpio.gpio_get_chip_info(handle)
        finally:
            lgpio.gpiochip_close(handle)
        if label.startswith(HEADER_LABELS):
            return number
    raise FileNotFoundError(errno.ENOENT, f"no {devices}/gpiochip* is labelled {HEADER_LABELS}")


class SensorConfig(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="driver"
):
    """One `[[sensors]]` table; each driver file has its own kind beside the driver."""

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]
    every_s: Annotated[float, Meta(ge=0.1, le=3600)] = 2.0
    installed: date | None = None  # for parts that wear out
    stimulus: AnyStimulus | None = None  # what provokes it on command: docs/selftest.md

    spans: ClassVar[Mapping[Quantity, Span]]  # every quantity that `read` returns
    sheet: ClassVar[Sheet]
    library: ClassVar[str] = "haetae"  # whose code speaks to the part
    warm_up_s: ClassVar[float] = 0.0  # no alarm from a cold sensor: readings count after this long
    ready_within_s: ClassVar[float] = 60.0  # so long it may say that it is not ready, no fault
    may_stand_alone: ClassVar[bool] = True  # False: its figures support, but no claim rests on it
    is_private: ClassVar[bool] = False  # what comes over its wire shows people: probe withholds it
    is_perceived: ClassVar[bool] = False  # its process is perception; only numbers come from there
    life_years: ClassVar[float | None] = None  # by its maker; None: it does not wear out
    own_stimulus: ClassVar[Answer | None] = None  # what it owes to the one inside; None: has none

    def muted_by(self) -> str | None:
        """The button or contact with which people switch it off, by name; None where none does."""
        return None

    def wire(self) -> str:
        """The wire it hangs on, for example `i2c-1`: sensors of one wire share one thread."""
        raise NotImplementedError

    def claims(self) -> frozenset[str]:
        """What it needs for itself alone, for example `gpio17` or `i2c-1:0x12`."""
        raise NotImplementedError

    def build(self, board: Board) -> Sensor:
        """Make the driver on this board's wires; opens nothing yet."""
        raise NotImplementedError
