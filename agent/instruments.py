"""What the verdict on noise must know of the configured microphones."""

from pathlib import Path
from typing import TYPE_CHECKING

from agent.detectors.noise_rule import Instrument
from drivers import calibration
from drivers.sensor import NotReadyError, Quantity

if TYPE_CHECKING:
    from agent.sections import Config


def instruments(config: "Config", state: Path | None = None) -> dict[str, Instrument]:
    """Each microphone that measures by the rule, by name.

    `state` is where calibrations are kept; without it none is believed to be calibrated.
    """
    measuring = [each for each in config.sensors if Quantity.SOUND_LAEQ_DBA in each.spans]
    if not measuring:
        return {}
    from drivers.i2s_mic import I2sMicConfig  # noqa: PLC0415  # the configuration has named it

    return {
        each.name: Instrument(each.self_noise_dba(), _is_calibrated(state, each.name))
        for each in measuring
        if isinstance(each, I2sMicConfig)
    }


def _is_calibrated(state: Path | None, name: str) -> bool:
    """Whether there is a record; one that cannot be used is a fault of the sensor, told by it."""
    if state is None:
        return False
    try:
        return calibration.load(state, name) is not None
    except (NotReadyError, OSError):
        return False
