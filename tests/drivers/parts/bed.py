from drivers.sensor import Quantity
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

FOUND = Quantity.BED_OCCUPIED

PARTS = (
    Part(
        {"driver": "bed", "gpio": 16, "normally_closed": True},
        (({"occupied": 0}, {FOUND: 0.0}), ({"occupied": 1}, {FOUND: 1.0})),
        {Fault.ABSENT: {FOUND: 1.0}},
        note="normally closed: a cut wire reads as 1",
    ),
    Part(
        {"driver": "bed", "gpio": 16},
        (({"occupied": 1}, {FOUND: 1.0}), ({"occupied": 0}, {FOUND: 0.0})),
        {Fault.ABSENT: {FOUND: 0.0}},
        note="normally open: a cut wire cannot be told",
    ),
)
