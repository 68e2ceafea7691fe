from drivers.sensor import Quantity
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

FOUND = Quantity.SUPPLY_LOST

PARTS = (
    Part(
        {"driver": "supply_lost", "gpio": 16},
        (({"lost": 0}, {FOUND: 0.0}), ({"lost": 1}, {FOUND: 1.0})),
        {Fault.ABSENT: {FOUND: 1.0}},
        note="normally closed: a cut wire reads as 1",
    ),
    Part(
        {"driver": "supply_lost", "gpio": 16, "normally_closed": False},
        (({"lost": 1}, {FOUND: 1.0}), ({"lost": 0}, {FOUND: 0.0})),
        {Fault.ABSENT: {FOUND: 0.0}},
        note="normally open: a cut wire cannot be told",
    ),
)
