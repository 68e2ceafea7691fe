from drivers.sensor import Quantity
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

FAR = Quantity.DISTANCE_M

PARTS = (
    Part(
        {"driver": "hc_sr04", "trigger": 20, "echo": 21},
        (
            ({"distance_m": 1.25}, {FAR: 1.25}),
            ({"distance_m": 0.02}, {FAR: 0.02}),
            ({"distance_m": 3.99}, {FAR: 3.99}),
            ({"distance_m": 9.0}, {FAR: 4.0}),
        ),
        {Fault.ABSENT: OSError, Fault.SLOW: OSError, Fault.SATURATED: {FAR: 4.0}},
        within=0.0001,
    ),
)
