"""The wires of one simulated board; parts are put on them here."""

from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from drivers.board import Board
from drivers.pace import Pace
from drivers.stimulus import LineStimulus
from hw_mocks import blinka
from hw_mocks.dht import DhtLine, DhtPart
from hw_mocks.gpio import SimPins
from hw_mocks.gpiomem import SimGpioMem
from hw_mocks.i2c import I2CChip, SimI2C
from hw_mocks.perception import SimPerception
from hw_mocks.uart import SimPort, UartPart
from hw_mocks.w1 import SimW1

T = TypeVar("T")


class Wiring:
    """Pins, buses and converters, and what hangs on them.

    Blinka knows one board a process, so only one wiring with DHT or I2C parts can be at a time.
    `undo` is run by `close`: what outlives this board must come off again. `clock` is the agent's,
    in monotonic seconds, by which the simulated perception process lives.
    """

    def __init__(self, w1_root: Path, clock: Callable[[], float] | None = None) -> None:
        self.pins = SimPins()
        self.gpiomem = SimGpioMem(self.pins)
        self.w1 = SimW1(w1_root)
        self.buses: dict[int, SimI2C] = {}
        self.undo = ExitStack()
        self._wires = blinka.install()
        self.time = self._wires.time  # in which drivers wait and parts move
        self._shared: dict[str, Any] = {}
        self.devices, self.sysfs = w1_root.parent / "dev", w1_root.parent / "sys"
        self._serial: dict[str, SimPort] = {}
        self._run_dir = w1_root.parent
        self.perception = SimPerception(self._run_dir, clock)
        self.undo.callback(self.perception.close)

    def board(self, state: Path) -> Board:
        """Make a real board over these wires; what its drivers wait for passes at once."""
        return Board(
            pins=self.pins,
            gpiomem=self.gpiomem,
            w1_devices=self.w1.devices,
            devices=self.devices,
            sysfs=self.sysfs,
            state=state,
            run_dir=self._run_dir,
            clock=self.perception.clock,
            pace=Pace(self.time.monotonic, self.time.sleep),
        )

    def dht(self, gpio: int, part: DhtPart) -> None:
        """Hang a DHT part on a pin."""
        self._wires.attach_line(gpio, DhtLine(self._wires.time, part))
        self.undo.callback(self._wires.detach_line, gpio)

    def i2c(self, number: int, address: int, chip: I2CChip) -> None:
        """Put a chip on a bus.

        Raises:
            ValueError: Another chip has that address.
        """
        if number not in self.buses:
            self.buses[number] = SimI2C()
            self._wires.attach_i2c(number, self.buses[number])
            self.undo.callback(self._wires.detach_i2c, number)
            if number == 1:  # on any header
                self.buses[number].lead_to(sda=self.pins.wire(2), scl=self.pins.wire(3))
        if self.buses[number].chips.setdefault(address, chip) is not chip:
            raise ValueError(f"i2c-{number}: {address:#04x} is taken")

    def analog(self, place: Any, source: Callable[[], float]) -> None:
        """Lead a voltage to a converter's input, as an `adc = {...}` of the configuration says.

        The module of the converter's chip knows its wires: its `lead(wiring, place, source)`.
        """
        kind = type(place).__struct_config__.tag
        import_module(f"hw_mocks.chips.{kind}").lead(self, place, source)

    def lead_stimulus(self, at: LineStimulus, part: Any) -> None:
        """Lead the pin of a stimulus to a part, whose `provoked` says whether it acts on it."""

        def move(level: bool) -> None:
            part.provoked = level is at.active_high

        self.pins.wire(at.gpio).on_level.append(move)

    def uart(self, path: str, part: UartPart) -> SimPort:
        """Put a part on the serial port of this name.

        Raises:
            ValueError: Another part is there.
        """
        if path in self._serial:
            raise ValueError(f"{path} is taken")
        self._serial[path] = SimPort(self.devices, path, part)
        self.undo.callback(self._serial[path].close)
        return self._serial[path]

    def shared(self, place: str, make: Callable[[], T]) -> T:
        """The chip at a place that several parts share, made when the first one asks."""
        if place not in self._shared:
            self._shared[place] = make()
        found: T = self._shared[place]
        return found

    def close(self) -> None:
        """Take every part off the wires that outlive this board."""
        self.undo.close()
