"""Sounds made for tests: tones, bursts, pink noise, alarms, rooms and walls; samples of -1 to 1."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]


def times(rate_hz: int, seconds: float) -> Samples:
    found: Samples = np.arange(round(rate_hz * seconds)) / rate_hz
    return found


def tone(rate_hz: int, hz: float, seconds: float, peak: float = 0.1) -> Samples:
    found: Samples = peak * np.sin(2 * np.pi * hz * times(rate_hz, seconds))
    return found


def pink(rate_hz: int, seconds: float, rms: float, seed: int = 1) -> Samples:
    """The same power in each octave."""
    count = round(rate_hz * seconds)
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=count))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0
    noise = np.fft.irfft(spectrum, count)
    found: Samples = noise / noise.std() * rms
    return found


def pulses(
    rate_hz: int,
    hz: float,
    seconds: float,
    cadence: tuple[float, float, int, float] = (0.5, 0.5, 3, 1.5),
    *,
    begins_s: float = 1.0,
    is_square: bool = False,
    peak: float = 0.1,
) -> Samples:
    """Groups of pulses: on, off, how many, pause (ISO 8201's T3 by default)."""
    on_s, off_s, count, pause_s = cadence
    at, sounds, begin = times(rate_hz, seconds), np.zeros(round(rate_hz * seconds)), begins_s
    while begin < seconds:
        for _ in range(count):
            sounds[(at >= begin) & (at < begin + on_s)] = 1.0
            begin += on_s + off_s
        begin += pause_s - off_s
    ramp = np.hanning(round(0.005 * rate_hz))
    sounds = np.convolve(sounds, ramp / ramp.sum(), "same")
    orders = range(1, 12, 2) if is_square else (1, 2)
    wave = sum(np.sin(2 * np.pi * hz * n * at) / n**2 for n in orders if n * hz < 0.45 * rate_hz)
    found: Samples = peak * sounds * wave
    return found


def in_room(sound: Samples, rate_hz: int, rt60_s: float, seed: int = 2) -> Samples:
    """With the room's own ring, which falls by 60 dB in `rt60_s`."""
    at = times(rate_hz, rt60_s)
    ring = np.random.default_rng(seed).normal(size=len(at)) * np.exp(-6.91 * at / rt60_s)
    ring /= np.sqrt((ring**2).sum())
    ring[0] += 0.3
    size = 1 << int(np.ceil(np.log2(len(sound) + len(ring))))
    both = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(ring, size), size)
    found: Samples = both[: len(sound)]
    return found


def through_wall(sound: Samples, rate_hz: int, loss_db: float = 25.0) -> Samples:
    """Lower by so much, and from 500 Hz on by 6 dB more an octave."""
    hz = np.fft.rfftfreq(len(sound), 1 / rate_hz)
    gain = 10 ** (-loss_db / 20) / np.maximum(1.0, hz / 500)
    found: Samples = np.fft.irfft(np.fft.rfft(sound) * gain, len(sound))
    return found


def write_wav(path: Path, sound: Samples, rate_hz: int, kind: str = "i2") -> None:
    """A mono file; `kind` is i2, i3, i4 (whole numbers of so many bytes), f4 or f8."""
    width = int(kind[1])
    if kind[0] == "f":
        raw = sound.astype(f"<f{width}").tobytes()
    else:
        whole = np.round(np.clip(sound, -1, 1) * (2.0 ** (8 * width - 1) - 1)).astype("<i4")
        raw = whole.view(np.uint8).reshape(-1, 4)[:, :width].tobytes()
    form = (3 if kind[0] == "f" else 1).to_bytes(2, "little") + (1).to_bytes(2, "little")
    form += rate_hz.to_bytes(4, "little") + (rate_hz * width).to_bytes(4, "little")
    form += width.to_bytes(2, "little") + (8 * width).to_bytes(2, "little")
    chunks = b"fmt " + len(form).to_bytes(4, "little") + form
    chunks += b"data" + len(raw).to_bytes(4, "little") + raw
    path.write_bytes(b"RIFF" + (4 + len(chunks)).to_bytes(4, "little") + b"WAVE" + chunks)


def write_recording(folder: Path, sound: Samples, rate_hz: int, text: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    write_wav(folder / "microphone.wav", sound, rate_hz)
    (folder / "recording.toml").write_text(f'title = "a sound"\nscenario = "test"\n{text}\n')
    return folder
