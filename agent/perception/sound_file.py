"""`microphone.wav` of a recording: its samples, and what the device's own ear makes of them."""

import logging
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from agent.detectors.derived import Derived
from agent.perception.a_weighting import Samples
from agent.perception.ear import Ear
from agent.perception.sound_level import LEAST_RATE_HZ, percentile
from agent.recording import RecordingError
from agent.values import Reading

log = logging.getLogger(__name__)

FULL_SCALE_DB = 120.0  # an INMP441's and SPH0645's: -26 dBFS at 94 dB
NAME = "microphone.wav"
SENSOR = "microphone"
PERCENTILES = (10, 50, 90)
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_FORMATS = {(_PCM, 16): "<i2", (_PCM, 24): "", (_PCM, 32): "<i4", (_FLOAT, 32): "<f4"}
_FORMATS[_FLOAT, 64] = "<f8"
_MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class _Wave:
    """Where the samples stand in the file, in bytes, and how they are written."""

    rate_hz: int
    kind: int
    bits: int
    begin: int
    length: int


def readings_of_wav(
    path: Path, *, full_scale_db: float = FULL_SCALE_DB, sensor: str = SENSOR
) -> Iterator[Reading]:
    """What the device would have read of this sound; `at` is seconds from the first sample.

    Args:
        path: A WAV file, mono, 16 kHz or more; 16, 24 or 32 bits, or float.
        full_scale_db: The level in dB re 20 µPa of a sine that just reaches full scale.
        sensor: The name that the readings carry.

    Raises:
        RecordingError: The file cannot be used.
    """
    for found in sounds_of_wav(path, full_scale_db=full_scale_db, sensor=sensor):
        if isinstance(found, Reading):
            yield found


def sounds_of_wav(
    path: Path, *, full_scale_db: float = FULL_SCALE_DB, sensor: str = SENSOR
) -> Iterator[Reading | Derived]:
    """As `readings_of_wav`, and among them what the meter knows but never sends.

    That is `LAS_MAX_DBA` of each half second, and of each minute and of the whole `LAEQ_DBA`,
    `LAF_MAX_DBA`, `LA10_DBA`, `LA50_DBA` and `LA90_DBA` (of the F level each 0.125 s), the whole's
    with `_WHOLE` behind.

    Raises:
        RecordingError: The file cannot be used.
    """
    wave = _parse(path)
    ear = _ear(path, wave, full_scale_db)
    minute, whole = _Summary(sensor, ""), _Summary(sensor, "_WHOLE")
    frames, at, is_heard = 0, 0.0, False
    for block in _blocks(path, wave, ear.block_frames):
        frames += ear.block_frames
        numbers, levels = ear.hear(block), ear.levels
        if not numbers or levels is None:
            continue
        at = frames / wave.rate_hz
        is_heard = True
        yield from (Reading(sensor, quantity, value, at) for quantity, value in numbers.items())
        if math.isfinite(levels.las_dba):
            yield Derived(sensor, "LAS_MAX_DBA", levels.las_dba, at)
        for each in (minute, whole):
            each.laf_dba += [db for db in levels.stored_laf_dba if math.isfinite(db)]
            each.highest_dba = max(each.highest_dba, levels.laf_dba)
            if levels.second is not None:
                each.seconds_dba.append(levels.second.laeq_dba)
        if len(minute.seconds_dba) == _MINUTE_S:
            yield from minute.told(at)
            minute = _Summary(sensor, "")
    if not is_heard:
        raise RecordingError(f"{path}: no sound in it, or less than 0.5 s: copy the file again")
    yield from whole.told(at)


class _Summary:
    """Levels over a stretch of time, in dB."""

    def __init__(self, sensor: str, suffix: str) -> None:
        self._sensor, self._suffix = sensor, suffix
        self.laf_dba: list[float] = []
        self.seconds_dba: list[float] = []
        self.highest_dba = -math.inf

    def told(self, at: float) -> Iterator[Derived]:
        """The levels, as far as there are any."""
        if not self.laf_dba:
            return
        levels = np.array(self.laf_dba)
        named = {f"LA{pct}_DBA": percentile(levels, pct) for pct in PERCENTILES}
        named["LAF_MAX_DBA"] = self.highest_dba
        if self.seconds_dba and math.isfinite(max(self.seconds_dba)):
            energy = np.mean(10 ** (np.array(self.seconds_dba) / 10))
            named["LAEQ_DBA"] = 10 * math.log10(float(energy))
        for name, value in named.items():
            yield Derived(self._sensor, name + self._suffix, value, at)


def _ear(path: Path, wave: _Wave, full_scale_db: float) -> Ear:
    try:
        return Ear(wave.rate_hz, full_scale_db)
    except ValueError as error:
        raise RecordingError(f"{path}: {error}: resample it to 16000 or 48000 Hz") from None


def _blocks(path: Path, wave: _Wave, frames: int) -> Iterator[Samples]:
    """Blocks of samples, full scale 1; what is left at the end and fills none is not heard."""
    width = wave.bits // 8
    try:
        with path.open("rb") as file:
            file.seek(wave.begin)
            for _ in range(wave.length // (frames * width)):
                block = _samples(file.read(frames * width), wave)
                if not np.isfinite(block).all():
                    raise RecordingError(f"{path}: a sample is no number: write the file again")
                yield block
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error}: copy the file again") from None


def _samples(raw: bytes, wave: _Wave) -> Samples:
    if wave.kind == _FLOAT:
        return np.frombuffer(raw, _FORMATS[wave.kind, wave.bits]).astype(np.float64)
    if wave.bits == 24:
        padded = np.zeros((len(raw) // 3, 4), dtype=np.uint8)
        padded[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        whole = padded.view("<i4").reshape(-1)
        return whole.astype(np.float64) / 2**31
    return np.frombuffer(raw, _FORMATS[wave.kind, wave.bits]) / float(2 ** (wave.bits - 1))


def _parse(path: Path) -> _Wave:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            return _chunks(path, file, size)
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error}: copy the file again") from None
    except struct.error:
        raise RecordingError(f"{path}: cut short: copy the file again") from None


def _chunks(path: Path, file: BinaryIO, size: int) -> _Wave:
    riff, _, wave = struct.unpack("<4sI4s", file.read(12))
    if riff != b"RIFF" or wave != b"WAVE":
        raise RecordingError(f"{path}: no WAV file: convert it to one")
    found: tuple[int, int, int] | None = None  # kind, rate, bits
    while file.tell() < size:
        name, length = struct.unpack("<4sI", file.read(8))
        begin = file.tell()
        if name == b"fmt ":
            found = _format(path, file.read(length))
        if name == b"data":
            if found is None:
                raise RecordingError(f"{path}: no format before its data: write it again")
            kind, rate_hz, bits = found
            # a recorder that was cut off leaves a length of 0 or one beyond the end
            left = size - begin
            if length > left:
                bytes_s = rate_hz * bits // 8
                says, has = (f"{count / bytes_s:.1f} s" for count in (length, left))
                log.warning("%s: cut off: it says %s of sound and has %s", path, says, has)
            return _Wave(rate_hz, kind, bits, begin, min(length or left, left))
        file.seek(begin + length + length % 2)
    raise RecordingError(f"{path}: no sound in it: copy the file again")


def _format(path: Path, raw: bytes) -> tuple[int, int, int]:
    """The kind, rate in Hz and bits of the samples."""
    kind, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", raw)
    if kind == _EXTENSIBLE:
        (kind,) = struct.unpack_from("<H", raw, 24)
    if channels != 1:
        raise RecordingError(f"{path}: {channels} channels: make it mono")
    if rate_hz < LEAST_RATE_HZ:
        raise RecordingError(f"{path}: {rate_hz} Hz: {LEAST_RATE_HZ} Hz is the least: record anew")
    if (kind, bits) not in _FORMATS:
        raise RecordingError(f"{path}: {bits} bits of kind {kind}: use 16, 24, 32 bits or float")
    return kind, rate_hz, bits
