from drivers.sensor import ChecksumError, Quantity, WrongDeviceError
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

SURFACE, CELSIUS = Quantity.SURFACE_TEMPERATURE_C, Quantity.TEMPERATURE_C

PARTS = (
    Part(
        {"driver": "mlx90614"},
        (
            ({"surface_celsius": 37.0, "celsius": 25.0}, {SURFACE: 37.0, CELSIUS: 25.0}),
            ({"surface_celsius": -70.0, "celsius": -40.0}, {SURFACE: -70.0, CELSIUS: -40.0}),
            ({"surface_celsius": 382.19, "celsius": 125.0}, {SURFACE: 382.19, CELSIUS: 125.0}),
        ),
        {
            Fault.ABSENT: OSError,
            Fault.WRONG_CHIP: WrongDeviceError,
            Fault.CORRUPTED: ChecksumError,
            Fault.SLOW: OSError,
            Fault.SATURATED: {SURFACE: 382.19, CELSIUS: 25.0},
        },
        within=0.0101,
    ),
)
