import math

from drivers.board import Board, SensorConfig
from drivers.sensor import Quantity, SensorError, WrongDeviceError
from hw_mocks.chips.lis3mdl import commission
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

SHIFT = Quantity.MAGNETIC_SHIFT_UT
END_UT = 0x7FFF / 68.42


def empty(board: Board, config: SensorConfig) -> None:
    commission(board.state, config, "2025-01-02T03:04:05Z")


PARTS = (
    Part(
        {"driver": "lis3mdl"},
        (({"shift_ut": 0.0}, {SHIFT: 0.0}), ({"shift_ut": 40.0}, {SHIFT: 40.0})),
        {
            Fault.ABSENT: OSError,
            Fault.WRONG_CHIP: WrongDeviceError,
            Fault.CORRUPTED: SensorError,
            Fault.SLOW: OSError,
            Fault.SATURATED: {SHIFT: math.dist((END_UT,) * 3, (30.0, 2.0, -40.0))},
        },
        within=0.04,
        prepare=empty,
    ),
)
