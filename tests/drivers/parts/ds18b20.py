from drivers.sensor import ChecksumError, Quantity, WrongDeviceError
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

CELSIUS = Quantity.TEMPERATURE_C

PARTS = (
    Part(
        {"driver": "ds18b20", "id": "28-00000a1b2c3d"},
        (({"celsius": 25.0625}, {CELSIUS: 25.0625}), ({"celsius": -55}, {CELSIUS: -55.0})),
        {
            Fault.ABSENT: OSError,
            Fault.WRONG_CHIP: WrongDeviceError,
            Fault.CORRUPTED: ChecksumError,
            Fault.SATURATED: {CELSIUS: 125.0},
        },
    ),
)
