from drivers import baseline
from drivers.baseline import Baseline
from drivers.board import Board, SensorConfig
from drivers.sensor import DisconnectedError, Quantity
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

RATIO = Quantity.GAS_RS_R0


def take_baseline(board: Board, config: SensorConfig) -> None:
    clean = Baseline(r0_kohm=400.0, taken_at="2025-01-02T03:04:05Z", burn_in_h=24.0)
    baseline.store(board.state, config.name, clean)


PARTS = (
    Part(
        {"driver": "mq5", "adc": {"chip": "mcp3008", "channel": 0}},
        (
            ({"rs_over_r0": 1.0}, {RATIO: 1.0}),
            ({"rs_over_r0": 0.2}, {RATIO: 0.2}),
            ({"rs_over_r0": 1.7}, {RATIO: 1.7}),
        ),
        {Fault.ABSENT: DisconnectedError, Fault.SATURATED: {RATIO: 0.0006}},
        within=0.035,  # a step of the converter in clean air, where the cell has 20 times its load
        prepare=take_baseline,
    ),
)
