from drivers.sensor import ChecksumError, Quantity, WrongDeviceError
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

THERE, FAR = Quantity.PRESENCE, Quantity.DISTANCE_M

PARTS = (
    Part(
        {"driver": "ld2410", "port": "/dev/serial/by-id/usb-Silicon_Labs_CP2102N-if00-port0"},
        (
            ({"present": 1, "distance_m": 1.5}, {THERE: 1.0, FAR: 1.5}),
            ({"moving": 0, "distance_m": 4.2}, {THERE: 1.0, FAR: 4.2}),
            ({"present": 0}, {THERE: 0.0}),
        ),
        {
            Fault.ABSENT: OSError,
            Fault.WRONG_CHIP: WrongDeviceError,
            Fault.CORRUPTED: ChecksumError,
            Fault.SLOW: OSError,
        },
        within=0.001,
        note="on a USB adapter",
    ),
)
