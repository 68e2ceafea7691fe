from drivers.sensor import Quantity
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

LITRES = Quantity.WATER_L

PARTS = (
    Part(
        {"driver": "water_meter", "gpio": 16, "litres_per_pulse": 2.5},
        (
            ({"litres": 0}, {LITRES: 0.0}),
            ({"litres": 12.5}, {LITRES: 12.5}),
            ({"litres": 100}, {LITRES: 100.0}),
        ),
        {Fault.ABSENT: {LITRES: 0.0}},
    ),
)
