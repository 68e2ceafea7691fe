from drivers.sensor import Quantity, WrongDeviceError
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

VOLTS = Quantity.ANALOG_V

PARTS = (
    Part(
        {"driver": "ads1115", "channel": 2},
        (
            ({"volts": 1.65}, {VOLTS: 1.65}),
            ({"volts": 0.05}, {VOLTS: 0.05}),
            ({"volts": 3.3}, {VOLTS: 3.3}),
        ),
        {
            Fault.ABSENT: OSError,
            Fault.WRONG_CHIP: WrongDeviceError,
            Fault.SLOW: OSError,
            Fault.SATURATED: {VOLTS: 4.096},
        },
        within=4.096 / 32768,
    ),
)
