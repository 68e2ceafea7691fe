"""What a person does to a part to show that it senses, as knobs of its simulated self.

Each stimulus is a way up and a way back down, in steps that the part can follow one by one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

Turn = Mapping[str, float]  # knobs of one part, without its name


@dataclass(frozen=True, slots=True)
class Stimulus:
    """How the knobs stand at `rest`, and then one after the other; the last is rest again.

    What is not `is_gradual` is on or off, and tells of it at once.
    """

    rest: Turn
    steps: Sequence[Turn]
    is_gradual: bool = True

    def from_now(self, value: float | None) -> "Stimulus":
        """The same way up and down from `value`, where it is warmth: no room becomes warmer by it.

        A part that jumped to another rest would look like a fire for as long as that rest lasts.
        """
        if value is None or set(self.rest) != {"celsius"}:
            return self
        by = value - self.rest["celsius"]
        turns = [{"celsius": each["celsius"] + by} for each in (self.rest, *self.steps)]
        return Stimulus(turns[0], turns[1:], self.is_gradual)


def path(knob: str, *values: float) -> Stimulus:
    """One knob, from the first value over the others and back to the first."""
    turns = [{knob: each} for each in values]
    return Stimulus(turns[0], [*turns[1:], *reversed(turns[:-1])])


def _contact(knob: str) -> Stimulus:
    return Stimulus({knob: 0.0}, [{knob: 1.0}, {knob: 0.0}], is_gradual=False)


def _dust(*values: float) -> Stimulus:
    """Particles in the air, in their usual shares."""
    turns = [
        {"pm1_0_ug_m3": 0.7 * each, "pm2_5_ug_m3": each, "pm10_ug_m3": 1.3 * each}
        for each in values
    ]
    return Stimulus(turns[0], [*turns[1:], *reversed(turns[:-1])])


_BREATHED_ON = path("humidity_pct", 45.0, 60.0, 80.0)
_CO = path("ppm", 0.0, 24.0)  # a breath of test gas, too little for an alarm

STIMULI: Mapping[str, Stimulus] = MappingProxyType(
    {
        "adpd188bi": path("smoke_pct_per_m", 0.0, 3.0, 8.0, 15.0, 22.0),
        "ads1115": path("volts", 0.5, 1.0, 2.0),
        "adxl345": path("shake_m_s2", 0.0, 2.0, 6.0),
        "amg8833": path("hottest_celsius", 24.0, 30.0, 34.0),
        "analog_noise": path("level_db", 45.0, 70.0, 90.0),
        "bed": _contact("occupied"),
        "ble_tag": path("rssi_dbm", -75.0, -60.0, -45.0),  # held close
        "bme680": _BREATHED_ON,
        "button": _contact("pressed"),
        "camera": path("view", 0.0, 3.0),  # covered by a hand: drivers/view.py
        "co_cell": _CO,
        "dht11": _BREATHED_ON,
        "dht22": _BREATHED_ON,
        "door": _contact("open"),
        "ds18b20": path("celsius", 22.0, 24.0, 26.0),  # held in a hand
        "enclosure": _contact("open"),
        "flame_adc": Stimulus({"light": 0.0}, [{"light": 0.5, "flicker_hz": 8.0}, {"light": 0.0}]),
        "flame_ir": _contact("lit"),
        "flood": _contact("wet"),
        "hc_sr04": path("distance_m", 2.0, 1.0, 0.4),
        "i2s_mic": path("level_db", 40.0, 70.0, 90.0),  # a clap
        "ina219": Stimulus({}, []),  # nobody can provoke it
        "ld2410": _contact("present"),
        "lis3mdl": path("shift_ut", 0.0, 10.0, 25.0),  # an iron toolbox
        "mcp3008": path("volts", 0.5, 1.0, 2.0),
        "mlx90614": path("surface_celsius", 24.0, 30.0, 34.0),
        "mq2": path("rs_over_r0", 1.0, 0.7, 0.4),
        "mq5": path("rs_over_r0", 1.0, 0.7, 0.4),
        "pi_power": Stimulus({}, []),
        "pir": _contact("motion"),
        "pmsa003i": _dust(10.0, 40.0, 80.0),
        "scd41": path("co2_ppm", 600.0, 1200.0, 2500.0),  # breathed on
        "sgp40": path("ticks", 31_000.0, 29_000.0, 26_000.0),
        "sht4x": _BREATHED_ON,
        "smoke_relay": _contact("alarm"),
        "supply_lost": _contact("lost"),
        "water_meter": Stimulus({}, [{"litres": 20.0}, {"litres": 40.0}, {"litres": 60.0}]),
        "ze07_co": _CO,
    }
)
