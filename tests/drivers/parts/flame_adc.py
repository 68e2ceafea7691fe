from drivers.sensor import DisconnectedError, Quantity
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

LIT, HZ = Quantity.FLAME_IR, Quantity.FLAME_FLICKER_HZ

PARTS = (
    Part(
        {"driver": "flame_adc", "adc": {"chip": "mcp3008", "channel": 2}},
        (
            ({"light": 0.5, "flicker_hz": 8.0}, {LIT: 0.485, HZ: 8.0}),
            ({"light": 0.5, "flicker_hz": 0.0}, {LIT: 0.485, HZ: 0.0}),
            ({"light": 0.0, "flicker_hz": 8.0}, {LIT: 0.0, HZ: 0.0}),
        ),
        {Fault.ABSENT: DisconnectedError, Fault.SATURATED: {LIT: 0.97, HZ: 0.0}},
        within=0.01,
    ),
    Part(
        {"driver": "flame_adc", "adc": {"chip": "ads1115", "channel": 2}},
        (
            ({"light": 0.5, "flicker_hz": 8.0}, {LIT: 0.485, HZ: 8.0}),
            ({"light": 0.5, "flicker_hz": 0.0}, {LIT: 0.485, HZ: 0.0}),
        ),
        {Fault.ABSENT: DisconnectedError, Fault.SATURATED: {LIT: 0.97, HZ: 0.0}},
        within=0.01,
        note="on an ADS1115",
    ),
)
