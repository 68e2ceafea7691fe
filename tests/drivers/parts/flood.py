from drivers.sensor import Quantity
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

FOUND = Quantity.WATER_PRESENT

PARTS = (
    Part(
        {"driver": "flood", "gpio": 16, "normally_closed": True},
        (({"wet": 0}, {FOUND: 0.0}), ({"wet": 1}, {FOUND: 1.0})),
        {Fault.ABSENT: {FOUND: 1.0}},
        note="normally closed: a cut wire reads as 1",
    ),
    Part(
        {"driver": "flood", "gpio": 16},
        (({"wet": 1}, {FOUND: 1.0}), ({"wet": 0}, {FOUND: 0.0})),
        {Fault.ABSENT: {FOUND: 0.0}},
        note="normally open: a cut wire cannot be told",
    ),
)
