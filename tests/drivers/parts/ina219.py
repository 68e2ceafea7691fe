from drivers.sensor import Quantity, WrongDeviceError
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

VOLTS, AMPERES, CELL = Quantity.SUPPLY_V, Quantity.SUPPLY_A, Quantity.BATTERY_V

PARTS = (
    Part(
        {"driver": "ina219", "battery": True, "address": 0x41},
        (({"volts": 3.7}, {CELL: 3.7}), ({"volts": 4.2}, {CELL: 4.2}), ({"volts": 0.0}, {CELL: 0})),
        {
            Fault.ABSENT: OSError,
            Fault.WRONG_CHIP: WrongDeviceError,
            Fault.SLOW: OSError,
            Fault.SATURATED: {CELL: 32.0},
        },
        within=0.0021,
        note="at a cell",
    ),
    Part(
        {"driver": "ina219"},
        (
            ({"volts": 5.1, "amperes": 0.6}, {VOLTS: 5.1, AMPERES: 0.6}),
            ({"volts": 26.0, "amperes": -3.2}, {VOLTS: 26.0, AMPERES: -3.2}),
            ({"volts": 0.0, "amperes": 0.0}, {VOLTS: 0.0, AMPERES: 0.0}),
        ),
        {
            Fault.ABSENT: OSError,
            Fault.WRONG_CHIP: WrongDeviceError,
            Fault.SLOW: OSError,
            Fault.SATURATED: {VOLTS: 32.0, AMPERES: 3.2},
        },
        within=0.0021,
    ),
)
