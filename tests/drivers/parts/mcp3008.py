from drivers.sensor import DisconnectedError, Quantity
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

VOLTS = Quantity.ANALOG_V

PARTS = (
    Part(
        {"driver": "mcp3008", "channel": 5},
        (
            ({"volts": 1.65}, {VOLTS: 1.65}),
            ({"volts": 0.05}, {VOLTS: 0.05}),
            ({"volts": 3.3}, {VOLTS: 3.3 * 1023 / 1024}),
        ),
        {Fault.ABSENT: DisconnectedError},
        within=3.3 / 2048,
    ),
)
