"""The whole board of simulated parts that a configuration asks for, wired up."""

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agent.config import Config
from drivers.board import Board, SensorConfig
from drivers.mcp3008_input import Mcp3008Adc
from hw_mocks import blinka
from hw_mocks.chips.button import ButtonSim
from hw_mocks.chips.co_cell import CoCellSim
from hw_mocks.chips.contact import DoorSim, SmokeRelaySim
from hw_mocks.chips.dht import DhtSim
from hw_mocks.chips.ds18b20 import Ds18b20Sim
from hw_mocks.chips.mcp3008 import Mcp3008Sim
from hw_mocks.chips.mq2 import Mq2Sim
from hw_mocks.chips.pir import PirSim
from hw_mocks.chips.pmsa003i import ADDRESS as PMSA003I_ADDRESS
from hw_mocks.chips.pmsa003i import Pmsa003iSim
from hw_mocks.chips.voltage import VoltageSim
from hw_mocks.dht import DhtLine
from hw_mocks.gpio import SimPins
from hw_mocks.i2c import SimI2C
from hw_mocks.spi import SELECT, SpiWire
from hw_mocks.w1 import SimW1


class Wiring:
    """The wires of one simulated board; parts are put on them here.

    Blinka knows one board a process, so only one wiring with DHT or I2C parts can be at a time.
    """

    def __init__(self, w1_root: Path) -> None:
        self.pins = SimPins()
        self.w1 = SimW1(w1_root)
        self._wires = blinka.install()
        self._adcs: dict[int, Mcp3008Sim] = {}
        self._buses: dict[int, SimI2C] = {}
        self._lines: list[int] = []

    def dht(self, gpio: int, part: DhtSim) -> None:
        """Hang a DHT part on a pin."""
        self._wires.attach_line(gpio, DhtLine(self._wires.time, part))
        self._lines.append(gpio)

    def i2c(self, number: int, address: int, chip: Any) -> None:
        """Put a chip on a bus."""
        if number not in self._buses:
            self._buses[number] = SimI2C()
            self._wires.attach_i2c(number, self._buses[number])
        self._buses[number].chips[address] = chip

    def analog(self, place: Mcp3008Adc, source: Callable[[], float]) -> None:
        """Lead a voltage to a converter's input."""
        if place.device not in self._adcs:
            self._adcs[place.device] = Mcp3008Sim(place.vref_v)
            self.pins.wire(SELECT[place.device]).drive(True)  # GPIO 7 and 8 boot pulled up
            SpiWire(self.pins, self._adcs[place.device], place.device)
        self._adcs[place.device].sources[place.channel] = source

    def close(self) -> None:
        """Take every part off the wires that outlive this board."""
        for gpio in self._lines:
            self._wires.detach_line(gpio)
        for number in self._buses:
            self._wires.detach_i2c(number)


def _dht(wiring: Wiring, config: Any) -> DhtSim:
    part = DhtSim(dht11=_driver(config) == "dht11")
    wiring.dht(config.gpio, part)
    return part


def _pmsa003i(wiring: Wiring, config: Any) -> Pmsa003iSim:
    part = Pmsa003iSim()
    wiring.i2c(config.bus, PMSA003I_ADDRESS, part)
    return part


def _mq2(wiring: Wiring, config: Any) -> Mq2Sim:
    part = Mq2Sim(supply_v=config.supply_v, load_kohm=config.load_kohm, divider=config.divider)
    wiring.analog(config.adc, part.at_adc_v)
    return part


def _co_cell(wiring: Wiring, config: Any) -> CoCellSim:
    part = CoCellSim(
        na_per_ppm=config.na_per_ppm, feedback_kohm=config.feedback_kohm, bias_v=config.bias_v
    )
    wiring.analog(config.adc, part.at_adc_v)
    return part


def _voltage(wiring: Wiring, config: Any) -> VoltageSim:
    part = VoltageSim()
    place = Mcp3008Adc(channel=config.channel, device=config.device, vref_v=config.vref_v)
    wiring.analog(place, part.at_adc_v)
    return part


def _contact(kind: type[DoorSim | SmokeRelaySim]) -> Callable[[Wiring, Any], Any]:
    return lambda wiring, config: kind(
        wiring.pins.wire(config.gpio), normally_closed=config.normally_closed
    )


@dataclass(frozen=True, slots=True)
class Part:
    """How a driver's part is made and wired, and the knobs it has beside `fault`."""

    make: Callable[[Wiring, Any], Any]
    knobs: tuple[str, ...]


PARTS: Mapping[str, Part] = {
    "button": Part(lambda wiring, config: ButtonSim(wiring.pins.wire(config.gpio)), ("pressed",)),
    "co_cell": Part(_co_cell, ("ppm",)),
    "dht11": Part(_dht, ("celsius", "humidity_pct")),
    "dht22": Part(_dht, ("celsius", "humidity_pct")),
    "door": Part(_contact(DoorSim), ("open",)),
    "ds18b20": Part(
        lambda wiring, config: Ds18b20Sim(wiring.w1, config.id), ("celsius", "converted")
    ),
    "mcp3008": Part(_voltage, ("volts",)),
    "mq2": Part(_mq2, ("rs_over_r0",)),
    "pir": Part(lambda wiring, config: PirSim(wiring.pins.wire(config.gpio)), ("motion",)),
    "pmsa003i": Part(_pmsa003i, ("pm1_0_ug_m3", "pm2_5_ug_m3", "pm10_ug_m3")),
    "smoke_relay": Part(_contact(SmokeRelaySim), ("alarm",)),
}


def _driver(config: SensorConfig) -> str:
    return str(type(config).__struct_config__.tag)


class Bench:
    """Simulated parts for every sensor of a configuration, and a real `Board` on their wires.

    Knobs are named `<sensor>.<knob>`; each part has a knob `fault`. A knob that was `set` is held
    against the scenario until it is released.
    """

    def __init__(self, config: Config, *, w1_root: Path, state: Path) -> None:
        self._wiring = Wiring(w1_root)
        self.drivers = {each.name: _driver(each) for each in config.sensors}
        self.parts = {
            each.name: PARTS[_driver(each)].make(self._wiring, each) for each in config.sensors
        }
        self.board = Board(pins=self._wiring.pins, w1_devices=w1_root, state=state)
        self._outputs = {"siren": config.annunciator.siren.gpio}
        if config.annunciator.lamp is not None:
            self._outputs["lamp"] = config.annunciator.lamp.gpio
        self._held: set[str] = set()
        self._turning = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the board and take the parts off the wires."""
        self.board.close()
        self._wiring.close()

    def knobs(self) -> dict[str, Any]:
        """Every knob and where it stands."""
        return {
            f"{name}.{knob}": getattr(self.parts[name], knob)
            for name, driver in self.drivers.items()
            for knob in (*PARTS[driver].knobs, "fault")
        }

    def outputs(self) -> list[str]:
        """The output pins that can be watched."""
        return list(self._outputs)

    def set(self, knob: str, value: Any) -> float:
        """Turn a knob and hold it; monotonic seconds just before the wire moved.

        Raises:
            ValueError: There is no such knob, or the part has no such value.
        """
        part, name = self._find(knob)
        value = _checked(getattr(part, name), value)
        with self._turning:
            self._held.add(knob)
            at = time.monotonic()
            setattr(part, name, value)
        return at

    def follow(self, knob: str, value: float | str) -> None:
        """Turn a knob for the scenario, unless it is held by hand or stands there already.

        Raises:
            ValueError: There is no such knob, or the part has no such value.
        """
        part, name = self._find(knob)
        value = _checked(getattr(part, name), value)
        with self._turning:
            if knob not in self._held and getattr(part, name) != value:
                setattr(part, name, value)

    def release(self, knob: str) -> float:
        """Let the scenario have a knob again; monotonic seconds."""
        with self._turning:
            self._held.discard(knob)
        return time.monotonic()

    def edges(self, output: str) -> list[tuple[float, bool]]:
        """The last changes of an output pin: monotonic seconds and the new level."""
        return list(self._wiring.pins.wire(self._outputs[output]).moves)

    def _find(self, knob: str) -> tuple[Any, str]:
        sensor, _, name = knob.partition(".")
        if sensor not in self.parts or name not in (*PARTS[self.drivers[sensor]].knobs, "fault"):
            raise ValueError(f"no knob {knob!r}")
        return self.parts[sensor], name


def _checked(now: object, value: object) -> Any:
    """The value in the knob's own kind.

    Raises:
        ValueError: It is not of that kind.
    """
    if isinstance(now, str):
        if isinstance(value, str):
            return value
        raise ValueError(f"{value!r} is no fault; write its name")
    try:
        number = float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        number = math.inf
    if isinstance(now, bool):
        if number in {0.0, 1.0}:
            return bool(number)
        raise ValueError(f"{value!r} is neither 0 nor 1")
    if math.isfinite(number):
        return number
    raise ValueError(f"{value!r} is no finite number")
