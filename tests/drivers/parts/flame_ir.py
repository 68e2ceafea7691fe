from drivers.sensor import Quantity
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

LIT, HZ = Quantity.FLAME_IR, Quantity.FLAME_FLICKER_HZ

PARTS = (
    Part(
        {"driver": "flame_ir", "gpio": 16},
        (
            ({"lit": 1}, {LIT: 1.0, HZ: 0.0}),
            ({"lit": 0}, {LIT: 0.0, HZ: 0.0}),
            ({"flicker_hz": 8.0, "lit": 1}, {LIT: 1.0, HZ: 8.0}),
        ),
        {Fault.ABSENT: {LIT: 0.0, HZ: 0.0}},
        within=0.05,
    ),
)
