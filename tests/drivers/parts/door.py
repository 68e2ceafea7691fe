from drivers.sensor import Quantity
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

OPEN = Quantity.CONTACT_OPEN

PARTS = (
    Part(
        {"driver": "door", "gpio": 22},
        (({"open": 0}, {OPEN: 0.0}), ({"open": 1}, {OPEN: 1.0})),
        {Fault.ABSENT: {OPEN: 1.0}},
        note="normally closed: a cut wire reads as open",
    ),
    Part(
        {"driver": "door", "gpio": 22, "normally_closed": False},
        (({"open": 1}, {OPEN: 1.0}), ({"open": 0}, {OPEN: 0.0})),
        {Fault.ABSENT: {OPEN: 0.0}},
        note="normally open: a cut wire cannot be told",
    ),
)
