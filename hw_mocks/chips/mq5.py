"""A simulated MQ-5."""

from typing import TYPE_CHECKING, Any

from hw_mocks.air import Room
from hw_mocks.chips.mq_cell import MqCellSim
from hw_mocks.senses import Sense

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

KNOBS = ("rs_over_r0",)


def _ratio(room: Room) -> float:
    """Its CO curve over its line for air: 0.60 at 200 ppm, 0.44 at 1000; a cold cell insulates."""
    return (1 + room.reducing_ppm / 13) ** -0.185 if room.mains_v > 0 else 3.0


SENSES = (Sense("rs_over_r0", 10.0, share=0.01, of=_ratio),)


def plug(wiring: "Wiring", config: Any) -> MqCellSim:
    """Lead its divider to the converter."""
    return MqCellSim.led(wiring, config, clean_air_kohm=400.0)
