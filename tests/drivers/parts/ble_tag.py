from drivers.sensor import Quantity
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

HERE, RSSI = Quantity.TAG_PRESENT, Quantity.TAG_RSSI_DBM
VECTORS = (
    ({"near": 1, "rssi_dbm": -58}, {HERE: 1.0, RSSI: -58.0}),
    ({"near": 1, "rssi_dbm": -91}, {HERE: 1.0, RSSI: -91.0}),
    ({"near": 0}, {HERE: 0.0}),
)

PARTS = (
    Part(
        {"driver": "ble_tag", "address": "00:00:5E:00:53:AF"},
        VECTORS,
        {Fault.ABSENT: OSError},
        note="by address",
    ),
    Part(
        {"driver": "ble_tag", "tag_name": "grandfather"},
        VECTORS,
        {Fault.ABSENT: OSError},
        note="by name",
    ),
)
