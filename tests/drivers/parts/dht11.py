from drivers.sensor import ChecksumError, Quantity, WrongDeviceError
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

CELSIUS, HUMIDITY = Quantity.TEMPERATURE_C, Quantity.RELATIVE_HUMIDITY_PCT

PARTS = (
    Part(
        {"driver": "dht11", "gpio": 4},
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
)
