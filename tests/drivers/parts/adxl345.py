from drivers.board import Board, SensorConfig
from drivers.sensor import Quantity, WrongDeviceError
from hw_mocks.chips.adxl345 import commission
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

TILT, VIBRATION = Quantity.TILT_DEG, Quantity.VIBRATION_M_S2


def mount(board: Board, config: SensorConfig) -> None:
    commission(board.state, config, "2025-01-02T03:04:05Z")


PARTS = tuple(
    Part(
        {"driver": "adxl345", **table},
        (
            ({"roll_deg": 0.0, "shake_m_s2": 0.0}, {TILT: 0.0, VIBRATION: 0.0}),
            ({"roll_deg": 30.0, "shake_m_s2": 0.0}, {TILT: 30.0, VIBRATION: 0.0}),
            ({"roll_deg": 180.0, "shake_m_s2": 3.0}, {TILT: 180.0, VIBRATION: 3.0}),
        ),
        {
            Fault.ABSENT: OSError,
            Fault.WRONG_CHIP: WrongDeviceError,
            Fault.SLOW: OSError,
            # 16 g there and back in two axes; the library's 4 mg a step for the chip's 3.9
            Fault.SATURATED: {TILT: 0.0, VIBRATION: 2**0.5 * 4095 * 0.004 * 9.80665},
        },
        within=0.2,
        note=note,
        prepare=mount,
    )
    for note, table in (("with `up`", {"up": [0, 0, 1]}), ("", {}))
)
