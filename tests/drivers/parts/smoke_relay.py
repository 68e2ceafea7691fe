from drivers.sensor import Quantity
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

SMOKE = Quantity.SMOKE_ALARM_CONTACT

PARTS = (
    Part(
        {"driver": "smoke_relay", "gpio": 17},
        (({"alarm": 0}, {SMOKE: 0.0}), ({"alarm": 1}, {SMOKE: 1.0})),
        {Fault.ABSENT: {SMOKE: 1.0}},
        note="normally closed: a cut wire reads as smoke",
    ),
    Part(
        {"driver": "smoke_relay", "gpio": 17, "normally_closed": False},
        (({"alarm": 1}, {SMOKE: 1.0}), ({"alarm": 0}, {SMOKE: 0.0})),
        {Fault.ABSENT: {SMOKE: 0.0}},
        note="normally open: a cut wire cannot be told",
    ),
)
