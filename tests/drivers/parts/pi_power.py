from drivers.sensor import Quantity, SensorError
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

LOW, SLOWED = Quantity.UNDER_VOLTAGE, Quantity.THROTTLED

PARTS = (
    Part(
        {"driver": "pi_power"},
        (
            ({"under_voltage": 0, "throttled": 0}, {LOW: 0.0, SLOWED: 0.0}),
            ({"under_voltage": 1}, {LOW: 1.0, SLOWED: 0.0}),
            ({"under_voltage": 0, "throttled": 1}, {LOW: 0.0, SLOWED: 1.0}),
        ),
        {Fault.ABSENT: OSError, Fault.CORRUPTED: SensorError},
    ),
)
