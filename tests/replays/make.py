"""Make the recordings of this folder again: `python -m tests.replays.make`. All are simulated.

Each is what one page of a notebook would say, sampled as our sensors sample. `expected.txt` beside
each is what they must give; `tests/agent/test_replay.py` compares.
"""

import math
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
Course = Callable[[float], float]
EVERY_S = 5.0


def ramp(from_s: float, per_s: float, base: float, top: float = math.inf) -> Course:
    """Give a course that stands at `base` and climbs to `top` from `from_s` on."""
    return lambda t: min(top, base + per_s * max(0.0, t - from_s))


def growth(from_s: float, tau_s: float, base: float, top: float) -> Course:
    """Give a course that doubles and doubles from `from_s` on, towards `top`."""
    return lambda t: min(top, base + math.expm1(max(0.0, t - from_s) / tau_s))


@dataclass(frozen=True)
class Page:
    """One recording. A channel is its course, its noise and its decimals; the dead say nothing."""

    name: str
    title: str
    until_s: float
    channels: Mapping[tuple[str, str], tuple[Course, float, int]]
    labels: Mapping[str, float] = field(default_factory=dict)
    source: str = "simulated by tests/replays/make.py"
    dead: Callable[[str, float], bool] = lambda _sensor, _t: False

    def write(self) -> None:
        """Write its folder."""
        noise, folder = random.Random(self.name), HERE / self.name
        folder.mkdir(exist_ok=True)
        lines = [f'title = "{self.title}"', 'scenario = "simulated"', f'source = "{self.source}"']
        lines += [f"{key} = {value}" for key, value in self.labels.items()]
        (folder / "recording.toml").write_text("\n".join(lines) + "\n", "utf-8")
        rows = ["t_s,sensor,quantity,value"]
        for step in range(int(self.until_s / EVERY_S) + 1):
            rows += self._rows(step * EVERY_S, noise)
        (folder / "readings.csv").write_text("\n".join(rows) + "\n", "utf-8")

    def _rows(self, t: float, noise: random.Random) -> Iterable[str]:
        for (sensor, quantity), (course, sigma, decimals) in self.channels.items():
            value = max(0.0, round(course(t) + noise.gauss(0, sigma), decimals))
            if not self.dead(sensor, t):
                yield f"{t},{sensor},{quantity},{value}"


CEILING, PARTICLES = ("ceiling", "TEMPERATURE_C"), ("particles", "PM2_5_UG_M3")
SMOKE, CO = ("smoke", "SMOKE_OBSCURATION_PCT_PER_M"), ("co", "CO_PPM")
PAGES = [
    Page(
        "flaming-stall",
        "A stall's canvas burns",
        420,
        {
            CEILING: (growth(120, 40, 21, 140), 0.1, 1),
            SMOKE: (growth(100, 35, 0, 80), 0.05, 2),
            CO: (growth(150, 50, 0, 300), 0.5, 1),
        },
        {"ignition_t_s": 100.0},
    ),
    Page(
        "frying-at-noon",
        "Frying for half an hour under the sensors",
        2400,
        {
            CEILING: (ramp(300, 0.003, 24, 28), 0.1, 1),
            PARTICLES: (growth(300, 60, 20, 950), 5, 0),
            ("gas", "GAS_RS_R0"): (lambda t: 1.0 if t < 300 else 0.4, 0.01, 2),
        },
    ),
    Page(
        "smouldering-cable",
        "A cable smoulders behind a shelf",
        1800,
        {
            CEILING: (lambda _: 21.0, 0.1, 1),
            SMOKE: (ramp(200, 0.005, 0, 6), 0.05, 2),
            CO: (ramp(150, 0.06, 0, 90), 0.5, 1),
        },
        {"ignition_t_s": 120.0},
    ),
    Page(
        "sensor-dies-in-the-fire",
        "The smoke alarm's wire burns through, the room cools, nothing is over",
        900,
        {
            CEILING: (lambda t: 21 + 30 * math.exp(-(((t - 220) / 60) ** 2)), 0.1, 1),
            ("smoke_alarm", "SMOKE_ALARM_CONTACT"): (lambda t: float(t > 180), 0.0, 0),
        },
        {"ignition_t_s": 100.0},
        source="haetae recorder",
        dead=lambda sensor, t: sensor == "smoke_alarm" and t > 230,
    ),
    Page(
        "one-wrong-value",
        "A wrong value that passed its checksum, then a second",
        600,
        {CEILING: (lambda t: 128.4 if t in (200, 400) else 21.0, 0.1, 1)},
    ),
    Page(
        "fall-unanswered",
        "Somebody falls before the camera, stays down and answers nobody",
        300,
        {
            ("eyes", "FALL_SCORE"): (lambda t: 0.0 if t < 100 else 0.93, 0.01, 2),
            ("eyes", "LYING_SCORE"): (lambda t: 0.0 if t < 100 else 0.9, 0.02, 2),
            ("eyes", "BODY_MOTION"): (lambda t: 0.4 if t < 100 else 0.0, 0.02, 2),
            ("eyes", "PERSON_COUNT"): (lambda _: 1.0, 0.0, 0),
        },
        {"fall_t_s": 97.0},
    ),
    Page(
        "fire-seen-first",
        "A camera sees flames before the smoke reaches the ceiling",
        400,
        {
            ("eyes", "FIRE_SCORE"): (lambda t: 0.04 if t < 100 else 0.94, 0.01, 2),
            ("eyes", "FLAME_AREA_PCT"): (growth(95, 40, 0, 30), 0.02, 2),
            SMOKE: (ramp(200, 0.04, 0, 4.2), 0.02, 2),
        },
        {"ignition_t_s": 90.0},
    ),
]


if __name__ == "__main__":
    for page in PAGES:
        page.write()
