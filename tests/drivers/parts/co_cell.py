from drivers.sensor import DisconnectedError, Quantity
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

CO = Quantity.CO_PPM

PARTS = (
    Part(
        {"driver": "co_cell", "adc": {"chip": "mcp3008", "channel": 1}, "na_per_ppm": 2.0},
        (
            ({"ppm": 0.0}, {CO: 0.0}),
            ({"ppm": 70.0}, {CO: 70.0}),
            ({"ppm": 400.0}, {CO: 400.0}),
            ({"ppm": -10.0}, {CO: -10.0}),
        ),
        {Fault.ABSENT: DisconnectedError, Fault.SATURATED: {CO: 1398.4}},
        within=3.3 / 2048 / 2e-3 + 0.1,
    ),
)
