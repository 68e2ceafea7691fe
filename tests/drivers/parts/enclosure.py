from drivers.sensor import Quantity
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

FOUND = Quantity.ENCLOSURE_OPEN

PARTS = (
    Part(
        {"driver": "enclosure", "gpio": 16},
        (({"open": 0}, {FOUND: 0.0}), ({"open": 1}, {FOUND: 1.0})),
        {Fault.ABSENT: {FOUND: 1.0}},
        note="normally closed: a cut wire reads as 1",
    ),
    Part(
        {"driver": "enclosure", "gpio": 16, "normally_closed": False},
        (({"open": 1}, {FOUND: 1.0}), ({"open": 0}, {FOUND: 0.0})),
        {Fault.ABSENT: {FOUND: 0.0}},
        note="normally open: a cut wire cannot be told",
    ),
)
