"""Fire from the readings of any subset of sensors: features, and a tiny int8 network over them.

The network is evaluated in plain Python from the int8 weights of the TFLite file, so neither a
runtime nor numpy is needed (docs/adr/0006). It knows no sensor by name: quantities in, a score out.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models import runtime

CLASSES = ("none", "cooking or steam", "smouldering", "flaming", "sensor fault")
FRESH_S = 120.0  # a channel that was not seen for longer counts as missing
RISES_S = (30.0, 240.0)  # over about so long rises are looked at


@dataclass(frozen=True, slots=True)
class Channel:
    """How a quantity is made a feature: a logarithm if `logarithmic`, then divided by `scale`."""

    quantity: str
    scale: float
    logarithmic: bool = False
    inverse: bool = False
    shows_level: bool = True

    def level(self, value: float) -> float:
        """The value on the feature's scale."""
        if self.inverse:
            value = 1 / max(value, 1e-3)
        if self.logarithmic:
            value = math.log1p(max(0.0, value))
        return value / self.scale


CHANNELS = (
    Channel("TEMPERATURE_C", 4.0, shows_level=False),
    Channel("SMOKE_OBSCURATION_PCT_PER_M", 2.0, logarithmic=True),
    Channel("PM2_5_UG_M3", 7.0, logarithmic=True),
    Channel("CO_PPM", 5.0, logarithmic=True),
    Channel("GAS_RS_R0", 3.0, inverse=True),
    Channel("TVOC_PPB", 9.0, logarithmic=True),
    Channel("VAPOUR_G_M3", 4.0, shows_level=False),  # made of temperature and humidity
)
FEATURES = len(CHANNELS) * (2 + len(RISES_S))  # is it there, its level, its rises


@dataclass(slots=True, eq=False)
class _Seen:
    """One channel's level and its leaky rises, exact for straight lines between readings."""

    level: float
    at: float
    rises: list[float] = field(default_factory=lambda: [0.0] * len(RISES_S))

    def update(self, level: float, at: float) -> None:
        passed_s = at - self.at
        if passed_s <= 0:
            self.level = level
            return
        slope = (level - self.level) / passed_s
        for index, tau_s in enumerate(RISES_S):
            kept = math.exp(-passed_s / tau_s)
            self.rises[index] = self.rises[index] * kept + slope * tau_s * (1 - kept)
        self.level, self.at = level, at


class Features:
    """The last minutes of every channel as numbers from about -2 to 2; a missing one is zeros.

    Of several sensors of one quantity the last to speak is seen, each with its own rise: the
    highest rise counts.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], _Seen] = {}
        self._air: dict[tuple[str, str], tuple[float, float]] = {}

    def update(self, sensor: str, quantity: str, value: float, at: float) -> None:
        """Take a reading in, `at` in seconds."""
        channel = _BY_QUANTITY.get(quantity)
        if channel is not None:
            self._update(sensor, channel, value, at)
        if quantity in {"TEMPERATURE_C", "RELATIVE_HUMIDITY_PCT"}:
            self._air[sensor, quantity] = value, at
            celsius = self._air.get((sensor, "TEMPERATURE_C"))
            humidity = self._air.get((sensor, "RELATIVE_HUMIDITY_PCT"))
            if celsius is not None and humidity is not None and celsius[1] == humidity[1]:
                water = _vapour_g_m3(celsius[0], humidity[0])
                self._update(sensor, _BY_QUANTITY["VAPOUR_G_M3"], water, at)

    def vector(self, now: float) -> list[float]:
        """Give the features as of `now` (seconds)."""
        found: list[float] = []
        for channel in CHANNELS:
            fresh = [
                seen
                for (_, quantity), seen in self._seen.items()
                if quantity == channel.quantity and now - seen.at <= FRESH_S
            ]
            if not fresh:
                found += [0.0] * (2 + len(RISES_S))
                continue
            level = max(seen.level for seen in fresh) if channel.shows_level else 0.0
            rises = (max(seen.rises[i] for seen in fresh) for i in range(len(RISES_S)))
            found += [1.0, _bounded(level), *map(_bounded, rises)]
        return found

    def _update(self, sensor: str, channel: Channel, value: float, at: float) -> None:
        level, key = channel.level(value), (sensor, channel.quantity)
        seen = self._seen.get(key)
        if seen is None:
            self._seen[key] = _Seen(level, at)
        else:
            seen.update(level, at)


_BY_QUANTITY = {channel.quantity: channel for channel in CHANNELS}


def _bounded(value: float) -> float:
    return max(-2.0, min(2.0, value))


def _vapour_g_m3(celsius: float, humidity_pct: float) -> float:
    """Water in the air (Magnus' formula over water, WMO-No. 8, annex 4.B)."""
    celsius = max(-40.0, min(100.0, celsius))
    pascal = 611.2 * math.exp(17.62 * celsius / (243.12 + celsius))
    return humidity_pct / 100 * 2.167 * pascal / (celsius + 273.15)


@dataclass(frozen=True, slots=True)
class Layer:
    """A fully connected int8 layer as TFLite's reference kernel computes it.

    `weights` are int8 rows, `bias` int32; `multiplier` is input scale x weight scale / output
    scale, one per row; `relu` clamps at the output's zero point.
    """

    weights: tuple[tuple[int, ...], ...]
    bias: tuple[int, ...]
    multiplier: tuple[float, ...]
    input_zero: int
    output_zero: int
    relu: bool

    def run(self, inputs: Sequence[int]) -> list[int]:
        """Give the layer's int8 output."""
        shifted = [value - self.input_zero for value in inputs]
        low = self.output_zero if self.relu else -128
        found = []
        for row, bias, multiplier in zip(self.weights, self.bias, self.multiplier, strict=True):
            total = bias + sum(map(int.__mul__, row, shifted))
            value = self.output_zero + math.floor(total * multiplier + 0.5)
            found.append(max(low, min(127, value)))
        return found


class Network:
    """The int8 network of a table made by `models/training/fire_sensors.py`."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._scale, self._zero = float(table["input_scale"]), int(table["input_zero"])
        self._out_scale, self._out_zero = float(table["output_scale"]), int(table["output_zero"])
        self._layers = [
            Layer(
                tuple(map(tuple, each["weights"])),
                tuple(each["bias"]),
                tuple(each["multiplier"]),
                each["input_zero"],
                each["output_zero"],
                each["relu"],
            )
            for each in table["layers"]
        ]

    def logits(self, features: Sequence[float]) -> list[float]:
        """Give one number for each class; the greatest is the likeliest."""
        values = [
            max(-128, min(127, math.floor(each / self._scale + 0.5) + self._zero))
            for each in features
        ]
        for layer in self._layers:
            values = layer.run(values)
        return [self._out_scale * (each - self._out_zero) for each in values]

    def classify(self, features: Sequence[float]) -> dict[str, float]:
        """Give the probability of each class."""
        found = self.logits(features)
        top = max(found)
        parts = [math.exp(each - top) for each in found]
        return {name: part / sum(parts) for name, part in zip(CLASSES, parts, strict=True)}


def fire_score(probabilities: Mapping[str, float]) -> float:
    """From 0 to 1: whether something burns, with or without flames."""
    return probabilities["smouldering"] + probabilities["flaming"]


def load(path: Path, sha256: str) -> Network:
    """Load a table whose hash is known.

    Raises:
        runtime.ModelError: The file is missing, or is not the one that was measured.
    """
    return Network(json.loads(runtime.verified(path, sha256)))
