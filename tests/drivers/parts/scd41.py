from drivers.sensor import ChecksumError, Quantity
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

CO2, CELSIUS = Quantity.CO2_PPM, Quantity.TEMPERATURE_C
HUMIDITY = Quantity.RELATIVE_HUMIDITY_PCT

PARTS = (
    Part(
        {"driver": "scd41"},
        (
            (
                {"co2_ppm": 500, "celsius": 25.0, "humidity_pct": 37.0},
                {CO2: 500.0, CELSIUS: 25.0, HUMIDITY: 37.0},
            ),
            (
                {"co2_ppm": 4987, "celsius": -10.0, "humidity_pct": 95.0},
                {CO2: 4987.0, CELSIUS: -10.0, HUMIDITY: 95.0},
            ),
        ),
        {
            Fault.ABSENT: OSError,
            Fault.WRONG_CHIP: ChecksumError,  # put in while running; at start the wrong device
            Fault.CORRUPTED: ChecksumError,
            Fault.SLOW: OSError,
            Fault.SATURATED: {CO2: 40_000.0, CELSIUS: 25.0, HUMIDITY: 37.0},
        },
        within=0.0015,
    ),
)
