from drivers.sensor import Quantity
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

MOVED = Quantity.MOTION

PARTS = (
    Part(
        {"driver": "pir", "gpio": 27},
        (({"motion": 1}, {MOVED: 1.0}), ({"motion": 0}, {MOVED: 0.0})),
        {Fault.ABSENT: {MOVED: 0.0}},
    ),
)
