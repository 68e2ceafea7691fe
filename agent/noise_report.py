"""Evidence of noise between floors for a mediator: numbers, a plot and verdicts, and no sound.

`python -m agent.noise_report RECORDING... --profile apartment-noise --out report.html` reads what a
device recorded (or a `microphone.wav`), judges it by the rule as the device does, and writes one
page in Korean and English that needs no network and prints as PDF.
"""

import argparse
import hashlib
import heapq
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from agent import config, noise_page, recording
from agent.cli import PROFILES
from agent.config import ConfigError
from agent.detectors.calendar import Calendar
from agent.detectors.noise import UNKNOWN, NoiseConfig, NoiseDetector
from agent.detectors.noise_hour import Finding
from agent.detectors.noise_levels import Background, Impact, percentile
from agent.detectors.noise_rule import HOUR_S, Instrument, Measure, Verdict
from agent.instruments import instruments
from agent.recording import Recording, RecordingError
from agent.replay import calendar_of, media_of
from agent.sections import Config
from agent.values import Reading
from drivers.sensor import Quantity

BAD_INPUT = 65  # EX_DATAERR
_OVER_S = 1.0  # a second that ends with the hour may come so much later
_LATE_S = 2.0  # by then every mean of the hour has ended
_ORDER = (Verdict.BELOW, Verdict.INDETERMINATE, Verdict.EXCEEDS)
_LEVELS = frozenset({Quantity.SOUND_LAF_DBA, Quantity.SOUND_LAEQ_DBA, Quantity.SOUND_LOST_PCT})


@dataclass(slots=True)
class Stretch:
    """A clock hour of a recording of one microphone; times in seconds of it, levels in dB(A).

    `findings` are what the rule says of it, for the highest level of any hour that ends in it;
    `minutes` the end and level of each minute, `peaks` the highest F level of each ten seconds.
    `sha256` is of the levels as they were read.
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
    """Each microphone of a recording, judged by the rule over the whole, shown hour by hour.

    The background is that of the whole recording, also for its first hour.

    Raises:
        RecordingError: The recording cannot be used.
    """
    calendar, known = calendar_of(found, settings), instruments(settings, state)
    heard: dict[str, list[Reading]] = {}
    rows = heapq.merge(
        found.readings(), *(each.readings() for each in media_of(found, settings)), key=_time
    )
    for reading in rows:
        if reading.quantity in _LEVELS:
            heard.setdefault(reading.sensor, []).append(reading)
    done: list[Stretch] = []
    for name, readings in heard.items():
        rule = _with_background(settings.noise or NoiseConfig(), readings)
        stretch = Stretch(found.title, name, calendar, known.get(name, UNKNOWN))
        done += _Judging(stretch, rule).all_of(readings)
    return sorted(done, key=lambda each: each.ends)


def _with_background(rule: NoiseConfig, readings: Sequence[Reading]) -> NoiseConfig:
    """The rule with the background of a whole recording, where it is long enough to tell."""
    background = Background(rule.background_dba)
    for reading in readings:
        if reading.quantity is Quantity.SOUND_LAEQ_DBA:
            background.add(reading.value, reading.at)
    return msgspec.structs.replace(rule, background_dba=background.level(readings[-1].at))


class _Judging:
    """One microphone's levels on their way through the one detector of a recording."""

    def __init__(self, first: Stretch, rule: NoiseConfig) -> None:
        self._stretch = first
        self._detector = NoiseDetector(rule, first.calendar, {first.microphone: first.instrument})
        self._hour = self._detector.hour(first.microphone)
        self._begin(0.0)

    def all_of(self, readings: Sequence[Reading]) -> Iterator[Stretch]:
        """Take all levels in, in order of time; give each clock hour that something is heard of."""
        self._begin(readings[0].at)
        for reading in readings:
            if reading.at > self._ends_at + _OVER_S:
                yield self._closed()
                old = self._stretch
                self._stretch = Stretch(old.title, old.microphone, old.calendar, old.instrument)
                self._begin(reading.at)
            self._take(reading)
        yield self._closed()

    def _begin(self, at: float) -> None:
        self._hash = hashlib.sha256()
        self._begins_at = at // HOUR_S * HOUR_S
        self._ends_at = self._begins_at + HOUR_S
        self._worst: Finding | None = None  # of the highest level, in any hour that ends here

    def _take(self, reading: Reading) -> None:
        """Take a level in."""
        row = f"{reading.at:.3f},{reading.sensor},{reading.quantity},{reading.value!r}\n"
        self._hash.update(row.encode())
        made, at = self._stretch, reading.at
        before = self._hour.struck[-1] if self._hour.struck else None
        self._detector.update(reading)
        self._detector.tick(at)
        made.ends = at
        if reading.quantity is Quantity.SOUND_LAF_DBA:
            ten = int(at // 10)
            made.peaks[ten] = max(reading.value, made.peaks.get(ten, reading.value))
            last = self._hour.struck[-1] if self._hour.struck else None
            if last is not None and last is not before:
                made.impacts.append(last)
                self._weigh(at)
        elif reading.quantity is Quantity.SOUND_LAEQ_DBA:
            made.seconds.append(reading.value)
        else:
            made.lost_s += reading.value / 100

    def _weigh(self, at: float) -> None:
        """Keep the worst that the highest level made of an hour so far."""
        found = self._hour.finding(Measure.IMPACT_MAX, at)
        if found is not None and (self._worst is None or _weight(found) >= _weight(self._worst)):
            self._worst = found

    def _closed(self) -> Stretch:
        """What came of the clock hour."""
        made = self._stretch
        if made.ends > self._ends_at:
            self._detector.tick(self._ends_at + _LATE_S)
        self._weigh(made.ends)
        for measure in Measure:
            found = (
                self._worst
                if measure is Measure.IMPACT_MAX
                else self._hour.finding(measure, made.ends, since=self._begins_at)
            )
            if found is not None:
                made.findings.append(found)
        minutes = self._hour.means[Measure.IMPACT_LEQ]
        made.minutes = [
            (each.ends, each.laeq_dba) for each in minutes if each.ends > self._begins_at
        ]
        made.sha256 = self._hash.hexdigest()
        return made


def _weight(found: Finding) -> tuple[int, int]:
    return _ORDER.index(found.verdict), found.count


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
