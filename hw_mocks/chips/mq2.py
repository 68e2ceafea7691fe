"""A simulated MQ-2."""

from typing import TYPE_CHECKING, Any

from hw_mocks.chips.mq_cell import MqCellSim
from hw_mocks.senses import Sense

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

KNOBS = ("rs_over_r0",)
SENSES = (Sense("rs_over_r0", 10.0, share=0.01),)


def plug(wiring: "Wiring", config: Any) -> MqCellSim:
    """Lead its divider to the converter."""
    return MqCellSim.led(wiring, config, clean_air_kohm=20.0)
