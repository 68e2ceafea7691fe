"""Evidence of noise between floors for a mediator: numbers, a plot and verdicts, and no sound.

`python -m agent.noise_report RECORDING... --profile apartment-noise --out report.html` reads what a
device recorded (or a `microphone.wav`), judges it by the rule as the device does, and writes one
page in Korean and English that needs no network and prints as PDF.
"""

import argparse
import hashlib
import heapq
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent import config, noise_page, recording
from agent.cli import PROFILES
from agent.config import Config, ConfigError
from agent.detectors.calendar import Calendar
from agent.detectors.noise import UNKNOWN, NoiseConfig, NoiseDetector
from agent.detectors.noise_hour import Finding
from agent.detectors.noise_levels import Impact, percentile
from agent.detectors.noise_rule import HOUR_S, Instrument, Measure
from agent.instruments import instruments
from agent.recording import Recording, RecordingError
from agent.replay import calendar_of, media_of
from agent.values import Reading
from drivers.sensor import Quantity

BAD_INPUT = 65  # EX_DATAERR
_LEVELS = frozenset({Quantity.SOUND_LAF_DBA, Quantity.SOUND_LAEQ_DBA, Quantity.SOUND_LOST_PCT})


@dataclass(slots=True)
class Stretch:
    """One recording of one microphone, judged; times in seconds of the recording, levels in dB(A).

    `findings` are what the rule says of its last hour; `minutes` the end and level of each minute,
    `peaks` the highest F level of each ten seconds. `sha256` is of the levels as they were read.
    """

    title: str
    microphone: str
    calendar: Calendar
    instrument: Instrument
    ends: float = 0.0
    seconds: list[float] = field(default_factory=list)
    minutes: list[tuple[float, float]] = field(default_factory=list)
    peaks: dict[int, float] = field(default_factory=dict)
    impacts: list[Impact] = field(default_factory=list)
    lost_s: float = 0.0
    findings: list[Finding] = field(default_factory=list)
    sha256: str = ""

    def percentiles(self) -> dict[int, float]:
        """LA10, LA50 and LA90 of the equivalent levels of its seconds."""
        if not self.seconds:
            return {}
        return {pct: percentile(self.seconds, pct) for pct in (10, 50, 90)}


def judge(found: Recording, settings: Config, state: Path | None = None) -> list[Stretch]:
    """Each microphone of a recording, judged by the rule; of more than an hour, hour by hour.

    Raises:
        RecordingError: The recording cannot be used.
    """
    calendar, known = calendar_of(found, settings), instruments(settings, state)
    rows = heapq.merge(
        found.readings(), *(each.readings() for each in media_of(found, settings)), key=_time
    )
    done: list[Stretch] = []
    open_: dict[str, _Judging] = {}
    for reading in rows:
        if reading.quantity not in _LEVELS:
            continue
        name = reading.sensor
        judging = open_.get(name)
        if judging is not None and reading.at > judging.ends_at:
            done.append(judging.closed())
            judging = None
        if judging is None:
            stretch = Stretch(found.title, name, calendar, known.get(name, UNKNOWN))
            judging = open_[name] = _Judging(stretch, settings.noise or NoiseConfig(), reading.at)
        judging.take(reading)
    return done + [each.closed() for each in open_.values()]


class _Judging:
    """An hour of one microphone on its way through the detector."""

    def __init__(self, stretch: Stretch, rule: NoiseConfig, at: float) -> None:
        self._stretch, self._hash = stretch, hashlib.sha256()
        self._detector = NoiseDetector(
            rule, stretch.calendar, {stretch.microphone: stretch.instrument}
        )
        self.ends_at = (at // HOUR_S + 1) * HOUR_S + 1.0
        self._seen: set[Impact] = set()

    def take(self, reading: Reading) -> None:
        """Take a level in."""
        row = f"{reading.at:.3f},{reading.sensor},{reading.quantity},{reading.value!r}\n"
        self._hash.update(row.encode())
        self._detector.update(reading)
        self._detector.tick(reading.at)
        made, at = self._stretch, reading.at
        made.ends = at
        if reading.quantity is Quantity.SOUND_LAF_DBA:
            ten = int(at // 10)
            made.peaks[ten] = max(reading.value, made.peaks.get(ten, reading.value))
        elif reading.quantity is Quantity.SOUND_LAEQ_DBA:
            made.seconds.append(reading.value)
        else:
            made.lost_s += reading.value / 100

    def closed(self) -> Stretch:
        """What came of it."""
        made = self._stretch
        hour = self._detector.hour(made.microphone)
        made.impacts = list(hour.struck)
        made.minutes = [(each.ends, each.laeq_dba) for each in hour.means[Measure.IMPACT_LEQ]]
        made.findings = self._detector.findings(made.microphone, made.ends)
        made.sha256 = self._hash.hexdigest()
        return made


def _time(reading: Reading) -> float:
    return reading.at


def report(folders: Sequence[Path], settings: Config, state: Path | None = None) -> str:
    """The page of some recordings, in HTML.

    Raises:
        RecordingError: One cannot be used, or none holds levels of sound.
    """
    stretches = [
        each for folder in folders for each in judge(recording.load(folder), settings, state)
    ]
    if not stretches:
        raise RecordingError(f"{folders[0]}: no levels of sound: name what a microphone recorded")
    return noise_page.page(stretches, settings)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page; 65 if a recording cannot be used, 78 for a bad configuration."""
    parser = argparse.ArgumentParser(prog="agent.noise_report", description=__doc__.splitlines()[0])
    parser.add_argument("recordings", nargs="+", type=Path, metavar="RECORDING")
    given = parser.add_mutually_exclusive_group()
    given.add_argument("--config", type=Path, metavar="PATH")
    given.add_argument("--profile", default="apartment-noise", metavar="NAME")
    parser.add_argument("--state", type=Path, metavar="DIR", help="where calibrations are kept")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    args = parser.parse_args(argv)
    try:
        settings = config.load(args.config or PROFILES / f"{args.profile}.toml")
        args.out.write_text(report(args.recordings, settings, args.state), "utf-8")
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 78
    except (RecordingError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return BAD_INPUT
    return 0


if __name__ == "__main__":
    sys.exit(main())
