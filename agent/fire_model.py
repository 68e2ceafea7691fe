"""The sensors' model as a virtual sensor: believed readings in, a score now and then.

It imports no runtime: the network is evaluated from its table (docs/adr/0006).
"""

import logging
from collections import deque
from collections.abc import Collection

from agent.detectors.fire import SENSORS_MODEL
from agent.values import Reading
from drivers.sensor import Quantity
from models import fire_sensors, runtime
from models.fire_sensors import Features, Network

log = logging.getLogger(__name__)

EVERY_S = 5.0  # between two scores, as it was trained
_FED = frozenset(
    [Quantity[c.quantity] for c in fire_sensors.CHANNELS if c.quantity in Quantity.__members__]
    + [Quantity.RELATIVE_HUMIDITY_PCT]
)


class FireModel:
    """One model, one room: every believed reading of it, in order of time."""

    def __init__(self, network: Network, outdoors: Collection[str] = ()) -> None:
        self._network, self._features = network, Features()
        self._outdoors = frozenset(outdoors)
        self._last: dict[tuple[str, Quantity], deque[float]] = {}
        self._due: float | None = None

    def update(self, reading: Reading) -> Reading | None:
        """Take a believed reading in; give a FIRE_SCORE when one is due."""
        if reading.quantity not in _FED or reading.sensor in self._outdoors:
            return None
        at = reading.at
        score: Reading | None = None
        if self._due is None:
            self._due = at + EVERY_S
        elif at >= self._due:
            self._due = at + EVERY_S
            chances = self._network.classify(self._features.vector(at))
            score = Reading(
                SENSORS_MODEL, Quantity.FIRE_SCORE, fire_sensors.fire_score(chances), at
            )
        self._features.update(reading.sensor, reading.quantity, self._confirmed(reading), at)
        return score

    def _confirmed(self, reading: Reading) -> float:
        """The median of the last three: one wrong value never shows in it."""
        source = reading.sensor, reading.quantity
        last = self._last.setdefault(source, deque([reading.value] * 2, maxlen=3))
        last.append(reading.value)
        return sorted(last)[1]


def load(outdoors: Collection[str] = ()) -> list[FireModel]:
    """Give the model, or nothing if it cannot be used: the detectors do without it.

    What the sensors `outdoors` say is not shown to it.
    """
    try:
        known = runtime.manifest()["fire_sensors"]
        network = fire_sensors.load(runtime.FOLDER / known["table"], known["table_sha256"])
    except (runtime.ModelError, KeyError, ValueError) as error:
        log.error("fire model: not used: %s", error)  # noqa: TRY400  # the remedy is in the line
        return []
    return [FireModel(network, outdoors)]


def versions() -> dict[str, str]:
    """The version of each model that decides here, for what leaves; none if it cannot be used."""
    try:
        return {name: str(each["version"]) for name, each in runtime.manifest().items()}
    except (runtime.ModelError, KeyError):
        return {}
