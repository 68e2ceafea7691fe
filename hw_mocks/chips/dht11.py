"""A simulated DHT11."""

from typing import TYPE_CHECKING, Any

from hw_mocks.chips.dht import DhtSim
from hw_mocks.senses import Sense

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

KNOBS = ("celsius", "humidity_pct")
SENSES = (Sense("celsius", 20.0, 1.0, high=50.0), Sense("humidity_pct", 8.0, 1.0, high=90.0))


def plug(wiring: "Wiring", config: Any) -> DhtSim:
    """Hang it on its pin."""
    part = DhtSim(dht11=True)
    wiring.dht(config.gpio, part)
    return part
