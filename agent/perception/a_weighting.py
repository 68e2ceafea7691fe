"""Frequency weighting A of IEC 61672-1:2013, Annex E, as a filter of blocks of samples.

The filter is the analogue curve itself, sampled in frequency and made a finite impulse response:
other than one by the bilinear transform it does not sag towards half the sampling rate, so a file
of 16 kHz is right up to 7.8 kHz. Nothing but numpy: `scipy.signal` would cost 74 MB of memory.
"""

import numpy as np
from numpy.typing import NDArray

_F1, _F2, _F3, _F4 = 20.598997, 107.65265, 737.86223, 12194.217  # in Hz, E.4.1
_GAIN_DB = 2.000  # A1000 of E.4.2: the curve is 0 dB at 1 kHz
_LASTS_S = 0.17  # by then the slowest pole, at 20.6 Hz, has fallen by 190 dB
_DELAY_FRAMES = 256  # what precedes the response, as the curve ends at half the rate

Samples = NDArray[np.float64]


def response(frequency_hz: Samples) -> NDArray[np.complex128]:
    """The complex gain of weighting A at each frequency in Hz."""
    s = 1j * np.asarray(frequency_hz, dtype=np.float64)
    poles = (s + _F1) ** 2 * (s + _F2) * (s + _F3) * (s + _F4) ** 2
    gain: NDArray[np.complex128] = 10 ** (_GAIN_DB / 20) * _F4**2 * s**4 / poles
    return gain


def _impulse(rate_hz: int) -> Samples:
    """The response to one sample, delayed; its gain is the curve's from 10 Hz to 0.98 of the half.

    The delay has a fraction that makes the gain at half the rate a real number, as that of samples
    must be: else the curve would break off there and be wrong everywhere.
    """
    taps = 1 << int(np.ceil(np.log2(_LASTS_S * rate_hz)))
    frequency_hz = np.fft.rfftfreq(taps, 1 / rate_hz)
    curve = response(frequency_hz)
    frames = _DELAY_FRAMES + np.angle(curve[-1]) / np.pi % 1
    impulse = np.fft.irfft(curve * np.exp(-2j * np.pi * frequency_hz * frames / rate_hz), taps)
    rises, falls = _DELAY_FRAMES // 2, taps // 8
    impulse[:rises] *= np.sin(np.linspace(0, np.pi / 2, rises)) ** 2
    impulse[-falls:] *= np.cos(np.linspace(0, np.pi / 2, falls)) ** 2
    return impulse


class AWeighting:
    """Weights successive blocks of `block_frames` samples each, without a seam between them.

    What comes out is 256 samples late: 5 ms at 48 kHz.
    """

    def __init__(self, rate_hz: int, block_frames: int) -> None:
        impulse = _impulse(rate_hz)
        self._size = 1 << int(np.ceil(np.log2(len(impulse) + block_frames)))
        self._gain = np.fft.rfft(impulse, self._size)
        self._past = np.zeros(len(impulse) - 1)
        self._is_fresh = True

    def reset(self) -> None:
        """Forget what was before, as after a gap: the next block's first value counts as old."""
        self._is_fresh = True

    def weight(self, block: Samples) -> Samples:
        """Weight the next block; as many samples come back."""
        if self._is_fresh:
            self._past[:], self._is_fresh = block[0], False
        both = np.concatenate((self._past, block))
        weighted: Samples = np.fft.irfft(np.fft.rfft(both, self._size) * self._gain, self._size)
        self._past = both[len(block) :]
        return weighted[len(self._past) : len(both)]
