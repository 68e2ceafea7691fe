"""The demonstration's live panel: readings, siren, network and outbox in a few lines."""

import time
from collections.abc import Sequence
from typing import Any

from hw_mocks import proof
from hw_mocks.terminal import COLUMNS

UNITS = {
    "TEMPERATURE_C": ("", "{:.1f} °C"),
    "RELATIVE_HUMIDITY_PCT": ("", "{:.0f} %"),
    "GAS_RS_R0": ("Rs/R0 ", "{:.2f}"),
    "CO_PPM": ("CO ", "{:z.0f} ppm"),
    "CO2_PPM": ("CO2 ", "{:.0f} ppm"),
    "SOUND_LAF_DBA": ("LAF ", "{:.0f} dB(A)"),
    "PERSON_COUNT": ("people ", "{:.0f}"),
    "FALL_SCORE": ("fall ", "{:.2f}"),
    "PM2_5_UG_M3": ("PM2.5 ", "{:.0f} µg/m³"),
    "VOC_INDEX": ("VOC ", "{:.0f}"),
    "WATER_L": ("water ", "{:.0f} L"),
    "DISTANCE_M": ("", "{:.2f} m"),
    "TILT_DEG": ("tilt ", "{:.1f}°"),
    "VIBRATION_M_S2": ("", "{:.1f} m/s²"),
}
STATES = {
    "SMOKE_ALARM_CONTACT": ("quiet", "SMOKE"),
    "MOTION": ("nobody", "somebody"),
    "CONTACT_OPEN": ("shut", "open"),
    "BED_OCCUPIED": ("empty", "occupied"),
    "TAG_PRESENT": ("GONE", "near"),
    "BUTTON": ("free", "PRESSED"),
    "WATER_PRESENT": ("dry", "WET"),
}
TELLING = frozenset(UNITS) - {"TEMPERATURE_C", "RELATIVE_HUMIDITY_PCT", "GAS_RS_R0"}
NAMED = frozenset({"CONTACT_OPEN", "BED_OCCUPIED", "TAG_PRESENT", "WATER_PRESENT"})
SIREN_S = 8.0
BAR = COLUMNS - 16


def reading(sensor: dict[str, Any]) -> str:
    """One sensor's values, or what is wrong with it, for people."""
    values = []
    for quantity, found in sensor["readings"].items():
        if quantity in UNITS:
            label, shape = UNITS[quantity]
            values.append(label + shape.format(found["value"]))
        elif quantity in STATES:
            values.append(STATES[quantity][found["value"] >= 0.5])
    said = " ".join(values)
    return f"{said} ({sensor['why']})" if sensor["why"] else said


def readings_line(status: dict[str, Any]) -> str:
    """What tells of a hazard, in one line."""
    parts = []
    for name, sensor in status["sensors"].items():
        for quantity, found in sensor["readings"].items():
            value = found["value"]
            if quantity == "TEMPERATURE_C":
                parts.append(f"{name} {value:.1f} °C")
            elif quantity in TELLING:
                label, shape = UNITS[quantity]
                parts.append(label + shape.format(value))
            elif quantity in NAMED:
                parts.append(f"{name} {STATES[quantity][value >= 0.5]}")
            elif quantity == "SMOKE_ALARM_CONTACT":
                parts.append(f"relay {STATES[quantity][value >= 0.5]}")
    return ", ".join(parts)


class Panel:
    """What it shows, and what it has shown before."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def first_of(self, word: str) -> bool:
        """Whether this was not asked before."""
        first = word not in self._told
        self._told.add(word)
        return first

    def lines(
        self,
        t_s: float,
        status: dict[str, Any],
        siren: Sequence[proof.Edge],
        cut: bool,
        heard: int,
    ) -> list[str]:
        """The panel `t_s` seconds after the ignition."""
        now = time.monotonic()
        waiting = status["outbox"]["pending"]
        network = "PULLED OUT" if cut else "up"
        cells = [f"{name} {reading(each)}" for name, each in status["sensors"].items()]
        half = COLUMNS // 2
        pairs = [
            cells[n].ljust(half)[: half - 1] + " " + "".join(cells[n + 1 : n + 2])
            for n in range(0, len(cells), 2)
        ]
        return [
            "─" * COLUMNS,
            *pairs,
            f"siren  {proof.drawn(siren, now - SIREN_S, now, BAR)}  {status['siren']}",
            f"{t_s:+.0f} s   network {network}   outbox {waiting} waiting   hub has {heard} events",
            "─" * COLUMNS,
        ]
