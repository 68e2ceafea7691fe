from drivers.sensor import Quantity
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

SURFACE = Quantity.SURFACE_TEMPERATURE_C

PARTS = (
    Part(
        {"driver": "amg8833"},
        (
            ({"hottest_celsius": 36.5, "pixel": 0}, {SURFACE: 36.5}),
            ({"hottest_celsius": 80.0, "pixel": 63}, {SURFACE: 80.0}),
            ({"hottest_celsius": -1.25, "celsius": -20.0}, {SURFACE: -1.25}),
        ),
        {Fault.ABSENT: OSError, Fault.SLOW: OSError, Fault.SATURATED: {SURFACE: 80.0}},
    ),
)
