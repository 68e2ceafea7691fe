from drivers.sensor import Quantity, WrongDeviceError
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

CELSIUS, HUMIDITY = Quantity.TEMPERATURE_C, Quantity.RELATIVE_HUMIDITY_PCT
PRESSURE, GAS = Quantity.PRESSURE_HPA, Quantity.GAS_KOHM


def row(
    celsius: float, humidity: float, hpa: float, gas: float
) -> tuple[dict[str, float], dict[Quantity, float]]:
    knobs = {"celsius": celsius, "humidity_pct": humidity, "hpa": hpa, "gas_kohm": gas}
    return knobs, {CELSIUS: celsius, HUMIDITY: humidity, PRESSURE: hpa, GAS: gas}


PARTS = (
    Part(
        {"driver": "bme680"},
        (row(25.0, 50.0, 1013.25, 100.0), row(-20.0, 10.0, 700.0, 20.0), row(60.0, 90.0, 1050, 50)),
        {
            Fault.ABSENT: OSError,
            Fault.WRONG_CHIP: WrongDeviceError,
            Fault.SLOW: OSError,
            Fault.SATURATED: {CELSIUS: 85.0, HUMIDITY: 100.0, PRESSURE: 1100.0, GAS: 10_000.0},
        },
        within=0.2,
    ),
)
