"""A simulated DHT22."""

from typing import TYPE_CHECKING, Any

from hw_mocks.chips.dht import DhtSim
from hw_mocks.senses import Sense

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

KNOBS = ("celsius", "humidity_pct")
# a bead in a vented case in still air; AM2302's datasheet gives 2 s between new values
SENSES = (
    Sense("celsius", 12.0, 0.1, low=-40.0, high=80.0),
    Sense("humidity_pct", 8.0, 0.3, high=100.0),
)


def plug(wiring: "Wiring", config: Any) -> DhtSim:
    """Hang it on its pin."""
    part = DhtSim()
    wiring.dht(config.gpio, part)
    return part
