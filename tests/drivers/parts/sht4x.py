from drivers.sensor import ChecksumError, Quantity, WrongDeviceError
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

CELSIUS, HUMIDITY = Quantity.TEMPERATURE_C, Quantity.RELATIVE_HUMIDITY_PCT

PARTS = tuple(
    Part(
        {"driver": "sht4x", "address": address},
        (
            ({"celsius": 25.0, "humidity_pct": 50.0}, {CELSIUS: 25.0, HUMIDITY: 50.0}),
            ({"celsius": -40.0, "humidity_pct": 0.0}, {CELSIUS: -40.0, HUMIDITY: 0.0}),
            ({"celsius": 125.0, "humidity_pct": 104.0}, {CELSIUS: 125.0, HUMIDITY: 100.0}),
        ),
        {
            Fault.ABSENT: OSError,
            Fault.WRONG_CHIP: WrongDeviceError,
            Fault.CORRUPTED: ChecksumError,
            Fault.SLOW: OSError,
            Fault.SATURATED: {CELSIUS: 130.0, HUMIDITY: 100.0},
        },
        within=0.0015,
        note=hex(address),
    )
    for address in (0x44, 0x46)
)
