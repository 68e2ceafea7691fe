from drivers.sensor import Quantity
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

PRESSED = Quantity.BUTTON

PARTS = (
    Part(
        {"driver": "button", "gpio": 23},
        (({"pressed": 1}, {PRESSED: 1.0}), ({"pressed": 0}, {PRESSED: 0.0})),
        {Fault.ABSENT: {PRESSED: 0.0}},
    ),
)
