from drivers.sensor import ChecksumError, Quantity, WrongDeviceError
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

CELSIUS, HUMIDITY = Quantity.TEMPERATURE_C, Quantity.RELATIVE_HUMIDITY_PCT

PARTS = (
    Part(
        {"driver": "dht22", "gpio": 4},
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
)
