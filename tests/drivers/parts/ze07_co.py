from collections.abc import Mapping

from drivers.sensor import ChecksumError, Quantity, WrongDeviceError
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

CO = Quantity.CO_PPM
VECTORS = (
    ({"ppm": 3.7}, {CO: 3.7}),
    ({"ppm": 0.0}, {CO: 0.0}),
    ({"ppm": 400.0}, {CO: 400.0}),
)
FAULTS: Mapping[Fault, type[Exception] | Mapping[Quantity, float]] = {
    Fault.ABSENT: OSError,
    Fault.WRONG_CHIP: WrongDeviceError,
    Fault.CORRUPTED: ChecksumError,
    Fault.SLOW: OSError,
    Fault.SATURATED: {CO: 500.0},
}

PARTS = (
    Part({"driver": "ze07_co"}, VECTORS, FAULTS, within=0.05, note="on the header"),
    Part(
        {"driver": "ze07_co", "port": "/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0"},
        VECTORS,
        FAULTS,
        within=0.05,
        note="on a USB adapter",
    ),
)
