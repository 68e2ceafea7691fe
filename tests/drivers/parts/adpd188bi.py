from drivers.board import Board, SensorConfig
from drivers.sensor import Quantity, WrongDeviceError
from hw_mocks.chips.adpd188bi import commission
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

SMOKE = Quantity.SMOKE_OBSCURATION_PCT_PER_M


def air(board: Board, config: SensorConfig) -> None:
    commission(board.state, config, "2025-01-02T03:04:05Z")


PARTS = (
    Part(
        {"driver": "adpd188bi"},
        (
            ({"smoke_pct_per_m": 0.0}, {SMOKE: 0.0}),
            ({"smoke_pct_per_m": 10.0}, {SMOKE: 10.0}),
            ({"smoke_pct_per_m": 50.0}, {SMOKE: 50.0}),
            ({"smoke_pct_per_m": 1.0}, {SMOKE: 1.0}),
        ),
        {
            Fault.ABSENT: OSError,
            Fault.WRONG_CHIP: WrongDeviceError,
            Fault.SLOW: OSError,
            Fault.SATURATED: {SMOKE: 100.0},
        },
        within=0.25,  # a blue code is 0.23 %/m
        prepare=air,
    ),
)
