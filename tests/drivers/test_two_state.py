"""What is special to contacts, buttons and motion sensors; the rest is in test_conformance."""

import threading

import pytest

from drivers.bed import BedConfig
from drivers.board import Board
from drivers.button import ButtonConfig
from drivers.door import DoorConfig
from drivers.enclosure import EnclosureConfig
from drivers.flood import FloodConfig
from drivers.pir import PirConfig
from drivers.sensor import EdgeSensor, Quantity
from drivers.smoke_relay import SmokeRelayConfig
from drivers.supply_lost import SupplyLostConfig
from hw_mocks.chips.button import ButtonSim
from hw_mocks.gpio import SimPins

CONFIGS = (
    ButtonConfig(name="sos", gpio=23),
    DoorConfig(name="door", gpio=22),
    PirConfig(name="motion", gpio=27),
    SmokeRelayConfig(name="smoke_alarm", gpio=17),
    BedConfig(name="bed", gpio=16),
    EnclosureConfig(name="lid", gpio=16),
    FloodConfig(name="floor", gpio=16),
    SupplyLostConfig(name="mains", gpio=16),
)
every_input = pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
Config = (
    ButtonConfig
    | DoorConfig
    | PirConfig
    | SmokeRelayConfig
    | BedConfig
    | EnclosureConfig
    | FloodConfig
    | SupplyLostConfig
)


@every_input
def test_it_is_event_driven_on_the_wire_that_edges_wake(config: Config) -> None:
    assert isinstance(config.build(Board(pins=SimPins())), EdgeSensor)
    assert config.wire() == "gpio"
    assert set(config.claims()) == {f"gpio{config.gpio}"}


@every_input
def test_an_edge_wakes_the_sampler_and_waits_to_be_read(config: Config) -> None:
    pins, woken = SimPins(), threading.Event()
    sensor = config.build(Board(pins=pins))
    sensor.on_edge(woken.set)
    sensor.open()
    before = sensor.read()
    pins.wire(config.gpio).drive(not pins.wire(config.gpio).level)
    assert woken.is_set()
    assert sensor.pending()
    assert sensor.read() != before
    sensor.close()


def test_a_short_press_between_two_polls_gives_press_and_release() -> None:
    pins = SimPins()
    button = ButtonSim(pins.wire(23))
    sensor = CONFIGS[0].build(Board(pins=pins))
    sensor.open()
    sensor.read()
    button.pressed = True
    button.pressed = False
    levels = [sensor.read()[Quantity.BUTTON]]
    while sensor.pending():
        levels.append(sensor.read()[Quantity.BUTTON])
    assert levels == [1.0, 0.0]
    sensor.close()
