"""Every driver with its simulated part: what `test_conformance` holds all of them to.

A new driver adds one `Part` here. `faults` names every fault that the simulated part can show,
`stuck` apart, with the error that it must raise or the reading that it must give; `stuck` must go
on giving the first vector, whatever the knobs say.
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from drivers import baseline
from drivers.baseline import Baseline
from drivers.board import Board, SensorConfig
from drivers.catalog import AnySensor
from drivers.co_cell import CoCellConfig
from drivers.dht11 import Dht11Config
from drivers.dht22 import Dht22Config
from drivers.door import DoorConfig
from drivers.ds18b20 import Ds18b20Config
from drivers.mcp3008 import Mcp3008Config
from drivers.mq2 import Mq2Config
from drivers.pmsa003i import Pmsa003iConfig
from drivers.sensor import ChecksumError, DisconnectedError, Quantity, WrongDeviceError
from drivers.smoke_relay import SmokeRelayConfig
from hw_mocks import blinka
from hw_mocks.chips.button import ButtonSim
from hw_mocks.chips.co_cell import CoCellSim
from hw_mocks.chips.contact import DoorSim, SmokeRelaySim
from hw_mocks.chips.dht import DhtSim
from hw_mocks.chips.ds18b20 import Ds18b20Sim
from hw_mocks.chips.mcp3008 import Mcp3008Sim
from hw_mocks.chips.mq2 import Mq2Sim
from hw_mocks.chips.pir import PirSim
from hw_mocks.chips.pmsa003i import ADDRESS, Pmsa003iSim
from hw_mocks.chips.voltage import VoltageSim
from hw_mocks.dht import DhtLine
from hw_mocks.faults import Fault
from hw_mocks.gpio import SimPins
from hw_mocks.i2c import SimI2C
from hw_mocks.spi import SpiWire
from hw_mocks.w1 import SimW1

Row = tuple[Mapping[str, float], Mapping[Quantity, float]]


class Rig:
    """Simulated wires and the real board over them; `folder` is empty and the test's own.

    `undo` is run at the end: what hangs on the process's one Blinka must come off again.
    """

    def __init__(self, folder: Path) -> None:
        self.undo = ExitStack()
        self.folder, self.pins = folder, SimPins()
        self.board = Board(pins=self.pins, w1_devices=folder / "w1", state=folder)


@dataclass(frozen=True)
class Part:
    """One way to configure one driver.

    `plug` hangs the simulated part on the rig's wires. `vectors` are knob settings and the reading
    that each must give, at least two that differ; `within` is half a step of the part.
    """

    table: dict[str, Any]
    plug: Callable[[Rig, Any], Any]
    vectors: tuple[Row, ...]
    faults: Mapping[Fault, type[Exception] | Mapping[Quantity, float]]
    within: float = 0.0
    note: str = ""
    config: SensorConfig = field(init=False)

    def __post_init__(self) -> None:
        converted = msgspec.convert(self.table | {"name": "under_test"}, AnySensor)
        object.__setattr__(self, "config", converted)

    def __str__(self) -> str:
        return f"{self.table['driver']} {self.note}".strip()


def on_adc(rig: Rig, channel: int, source: Callable[[], float]) -> None:
    """Put a voltage on one input of an MCP3008 on CE0."""
    chip = Mcp3008Sim()
    chip.sources[channel] = source
    SpiWire(rig.pins, chip)


def plug_voltage(rig: Rig, config: Mcp3008Config) -> VoltageSim:
    source = VoltageSim()
    on_adc(rig, config.channel, source.at_adc_v)
    return source


def plug_mq2(rig: Rig, config: Mq2Config) -> Mq2Sim:
    cell = Mq2Sim(clean_air_kohm=20.0, load_kohm=config.load_kohm, divider=config.divider)
    clean = Baseline(r0_kohm=20.0, taken_at="2025-01-02T03:04:05Z", burn_in_h=24.0)
    baseline.store(rig.board.state, config.name, clean)
    on_adc(rig, config.adc.channel, cell.at_adc_v)
    return cell


def plug_co_cell(rig: Rig, config: CoCellConfig) -> CoCellSim:
    cell = CoCellSim(na_per_ppm=config.na_per_ppm)
    on_adc(rig, config.adc.channel, cell.at_adc_v)
    return cell


def plug_door(rig: Rig, config: DoorConfig) -> DoorSim:
    return DoorSim(rig.pins.wire(config.gpio), normally_closed=config.normally_closed)


def plug_smoke_relay(rig: Rig, config: SmokeRelayConfig) -> SmokeRelaySim:
    return SmokeRelaySim(rig.pins.wire(config.gpio), normally_closed=config.normally_closed)


def plug_dht(rig: Rig, config: Dht22Config | Dht11Config) -> DhtSim:
    wires, part = blinka.install(), DhtSim(dht11=isinstance(config, Dht11Config))
    wires.attach_line(config.gpio, DhtLine(wires.time, part))
    rig.undo.callback(wires.detach_line, config.gpio)
    return part


def plug_pmsa003i(rig: Rig, config: Pmsa003iConfig) -> Pmsa003iSim:
    wires, chip = blinka.install(), Pmsa003iSim()
    wires.attach_i2c(config.bus, SimI2C({ADDRESS: chip}))
    rig.undo.callback(wires.detach_i2c, config.bus)
    return chip


def plug_ds18b20(rig: Rig, config: Ds18b20Config) -> Ds18b20Sim:
    return Ds18b20Sim(SimW1(rig.board.w1_devices), config.id)


CELSIUS, HUMIDITY = Quantity.TEMPERATURE_C, Quantity.RELATIVE_HUMIDITY_PCT
PM1_0, PM2_5, PM10 = Quantity.PM1_0_UG_M3, Quantity.PM2_5_UG_M3, Quantity.PM10_UG_M3
OPEN, SMOKE, PRESSED = Quantity.CONTACT_OPEN, Quantity.SMOKE_ALARM_CONTACT, Quantity.BUTTON
MOVED, RATIO, CO, VOLTS = Quantity.MOTION, Quantity.GAS_RS_R0, Quantity.CO_PPM, Quantity.ANALOG_V

PARTS = (
    Part(
        {"driver": "door", "gpio": 22},
        plug_door,
        (({"open": 0}, {OPEN: 0.0}), ({"open": 1}, {OPEN: 1.0})),
        {Fault.ABSENT: {OPEN: 1.0}},
        note="normally closed: a cut wire reads as open",
    ),
    Part(
        {"driver": "door", "gpio": 22, "normally_closed": False},
        plug_door,
        (({"open": 1}, {OPEN: 1.0}), ({"open": 0}, {OPEN: 0.0})),
        {Fault.ABSENT: {OPEN: 0.0}},
        note="normally open: a cut wire cannot be told",
    ),
    Part(
        {"driver": "smoke_relay", "gpio": 17},
        plug_smoke_relay,
        (({"alarm": 0}, {SMOKE: 0.0}), ({"alarm": 1}, {SMOKE: 1.0})),
        {Fault.ABSENT: {SMOKE: 1.0}},
        note="normally closed: a cut wire reads as smoke",
    ),
    Part(
        {"driver": "smoke_relay", "gpio": 17, "normally_closed": False},
        plug_smoke_relay,
        (({"alarm": 1}, {SMOKE: 1.0}), ({"alarm": 0}, {SMOKE: 0.0})),
        {Fault.ABSENT: {SMOKE: 0.0}},
        note="normally open: a cut wire cannot be told",
    ),
    Part(
        {"driver": "button", "gpio": 23},
        lambda rig, config: ButtonSim(rig.pins.wire(config.gpio)),
        (({"pressed": 1}, {PRESSED: 1.0}), ({"pressed": 0}, {PRESSED: 0.0})),
        {Fault.ABSENT: {PRESSED: 0.0}},
    ),
    Part(
        {"driver": "pir", "gpio": 27},
        lambda rig, config: PirSim(rig.pins.wire(config.gpio)),
        (({"motion": 1}, {MOVED: 1.0}), ({"motion": 0}, {MOVED: 0.0})),
        {Fault.ABSENT: {MOVED: 0.0}},
    ),
    Part(
        {"driver": "mcp3008", "channel": 5},
        plug_voltage,
        (
            ({"volts": 1.65}, {VOLTS: 1.65}),
            ({"volts": 0.05}, {VOLTS: 0.05}),
            ({"volts": 3.3}, {VOLTS: 3.3 * 1023 / 1024}),
        ),
        {Fault.ABSENT: DisconnectedError},
        within=3.3 / 2048,
    ),
    Part(
        {"driver": "mq2", "adc": {"chip": "mcp3008", "channel": 0}},
        plug_mq2,
        (
            ({"rs_over_r0": 1.0}, {RATIO: 1.0}),
            ({"rs_over_r0": 0.2}, {RATIO: 0.2}),
            ({"rs_over_r0": 1.7}, {RATIO: 1.7}),
        ),
        {Fault.ABSENT: DisconnectedError, Fault.SATURATED: {RATIO: 0.0028}},
        within=0.01,
    ),
    Part(
        {"driver": "co_cell", "adc": {"chip": "mcp3008", "channel": 1}, "na_per_ppm": 2.0},
        plug_co_cell,
        (
            ({"ppm": 0.0}, {CO: 0.0}),
            ({"ppm": 70.0}, {CO: 70.0}),
            ({"ppm": 400.0}, {CO: 400.0}),
            ({"ppm": -10.0}, {CO: -10.0}),
        ),
        {Fault.ABSENT: DisconnectedError, Fault.SATURATED: {CO: 1398.4}},
        within=3.3 / 2048 / 2e-3 + 0.1,
    ),
    Part(
        {"driver": "dht22", "gpio": 4},
        plug_dht,
        (
            ({"celsius": 35.1, "humidity_pct": 65.2}, {CELSIUS: 35.1, HUMIDITY: 65.2}),
            ({"celsius": -10.1, "humidity_pct": 0.0}, {CELSIUS: -10.1, HUMIDITY: 0.0}),
        ),
        {
            Fault.ABSENT: OSError,
            Fault.WRONG_CHIP: WrongDeviceError,
            Fault.CORRUPTED: ChecksumError,
            Fault.SLOW: ChecksumError,
            Fault.SATURATED: {CELSIUS: 80.0, HUMIDITY: 99.9},
        },
        within=0.05,
    ),
    Part(
        {"driver": "dht11", "gpio": 4},
        plug_dht,
        (
            ({"celsius": 24.4, "humidity_pct": 53.0}, {CELSIUS: 24.4, HUMIDITY: 53.0}),
            ({"celsius": 0.0, "humidity_pct": 20.0}, {CELSIUS: 0.0, HUMIDITY: 20.0}),
        ),
        {
            Fault.ABSENT: OSError,
            Fault.WRONG_CHIP: WrongDeviceError,
            Fault.CORRUPTED: ChecksumError,
            Fault.SLOW: ChecksumError,
            Fault.SATURATED: {CELSIUS: 50.0, HUMIDITY: 90.0},
        },
        within=0.5,
    ),
    Part(
        {"driver": "pmsa003i"},
        plug_pmsa003i,
        (
            ({"pm2_5_ug_m3": 13}, {PM1_0: 8.0, PM2_5: 13.0, PM10: 18.0}),
            ({"pm2_5_ug_m3": 900, "pm10_ug_m3": 999}, {PM1_0: 8.0, PM2_5: 900.0, PM10: 999.0}),
        ),
        {
            Fault.ABSENT: OSError,
            Fault.WRONG_CHIP: WrongDeviceError,
            Fault.CORRUPTED: ChecksumError,
            Fault.SLOW: OSError,
            Fault.SATURATED: {PM1_0: 1000.0, PM2_5: 1000.0, PM10: 1000.0},
        },
    ),
    Part(
        {"driver": "ds18b20", "id": "28-00000a1b2c3d"},
        plug_ds18b20,
        (({"celsius": 25.0625}, {CELSIUS: 25.0625}), ({"celsius": -55}, {CELSIUS: -55.0})),
        {
            Fault.ABSENT: OSError,
            Fault.WRONG_CHIP: WrongDeviceError,
            Fault.CORRUPTED: ChecksumError,
            Fault.SATURATED: {CELSIUS: 125.0},
        },
    ),
)
