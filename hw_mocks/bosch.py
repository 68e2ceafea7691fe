"""The arithmetic of a BME680 backwards: which counts it must show for a temperature, and so on.

The forward formulas are those of the data sheet's floating-point code (BST-BME680-DS001, 3.3),
written down apart from the library's, which has the integer ones.
"""

import struct
from collections.abc import Callable

# of one part; as 5.3.1 names them
_T1, _T2, _T3 = 26125, 26370, 3
_P1, _P2, _P3, _P4, _P5, _P6 = 36673, -10515, 88, 6888, -97, 30
_P7, _P8, _P9, _P10 = 44, -3328, -2456, 30
_H1, _H2, _H3, _H4, _H5, _H6, _H7 = 775, 1012, 0, 45, 20, 120, -100
_G1, _G2, _G3 = -30, -5969, 18
_SWITCHING_ERROR = 1
_GAS_RANGES = 16
# what each range is short of, in percent (table 16): constant and divisor
_K1 = (0, 0, 0, 0, 0, -1.0, 0, -0.8, 0, 0, -0.2, -0.5, 0, -1.0, 0, 0)
_K2 = (0, 0, 0, 0, 0.1, 0.7, 0, -0.8, -0.1, 0, 0, 0, 0, 0, 0, 0)

_FROM_89 = struct.pack(
    "<BhbxHhbxhhbbxxhhB", 0, _T2, _T3, _P1, _P2, _P3, _P4, _P5, _P7, _P6, _P8, _P9, _P10
).ljust(25, b"\0")
_FROM_E1 = (
    bytes([_H2 >> 4, (_H2 & 15) << 4 | _H1 & 15, _H1 >> 4])
    + struct.pack("<bbbBb", _H3, _H4, _H5, _H6, _H7)
    + struct.pack("<Hhbb", _T1, _G2, _G1, _G3)
).ljust(16, b"\0")
CALIBRATION = {
    0x89: _FROM_89,
    0xE1: _FROM_E1,
    0x00: b"\x2d",  # res_heat_val
    0x02: b"\x10",  # res_heat_range 1
    0x04: bytes([_SWITCHING_ERROR << 4]),
}


def counts(
    celsius: float, humidity_pct: float, hpa: float, gas_kohm: float
) -> tuple[int, int, int, tuple[int, int]]:
    """Counts of temperature, humidity, pressure, and gas with its range."""
    raw_t = _invert(lambda count: fine(count) / 5120, celsius, 1 << 20)
    t_fine = fine(raw_t)
    raw_h = _invert(lambda count: humidity(count, t_fine / 5120), humidity_pct, 1 << 16)
    raw_p = _invert(lambda count: pressure(count, t_fine), hpa, 1 << 20)
    return raw_t, raw_h, raw_p, _gas(gas_kohm)


def _invert(measured: Callable[[int], float], wanted: float, end: int) -> int:
    """The count whose value comes nearest, found by halving; falling values are turned round."""
    low, high = 0, end - 1
    rises = measured(high) > measured(low)
    while low < high:
        middle = (low + high) // 2
        if (measured(middle) < wanted) == rises:
            low = middle + 1
        else:
            high = middle
    return min((max(0, low - 1), low), key=lambda count: abs(measured(count) - wanted))


def fine(raw: int) -> float:
    """`t_fine`: 5120ths of a degree."""
    first = (raw / 16384 - _T1 / 1024) * _T2
    second = (raw / 131072 - _T1 / 8192) ** 2 * _T3 * 16
    return first + second


def pressure(raw: int, t_fine: float) -> float:
    """HPa."""
    v1 = t_fine / 2 - 64000
    v2 = v1 * v1 * _P6 / 131072
    v2 = (v2 + v1 * _P5 * 2) / 4 + _P4 * 65536
    v1 = (_P3 * v1 * v1 / 16384 + _P2 * v1) / 524288
    v1 = (1 + v1 / 32768) * _P1
    pascal = (1048576 - raw - v2 / 4096) * 6250 / v1
    v1 = _P9 * pascal * pascal / 2147483648
    v2 = pascal * _P8 / 32768
    v3 = (pascal / 256) ** 3 * _P10 / 131072
    return (pascal + (v1 + v2 + v3 + _P7 * 128) / 16) / 100


def humidity(raw: int, celsius: float) -> float:
    """% of relative humidity, not cropped."""
    v1 = raw - (_H1 * 16 + _H3 / 2 * celsius)
    v2 = v1 * (_H2 / 262144 * (1 + _H4 / 16384 * celsius + _H5 / 1048576 * celsius * celsius))
    return v2 + (_H6 / 16384 + _H7 / 2097152 * celsius) * v2 * v2


def gas_ohm(raw: int, gas_range: int) -> float:
    """Ω."""
    v1 = 1340 + 5 * _SWITCHING_ERROR
    v2 = v1 * (1 + _K1[gas_range] / 100)
    v3 = 1 + _K2[gas_range] / 100
    return 1 / (v3 * 0.000000125 * (1 << gas_range) * ((raw - 512) / v2 + 1))


def _gas(kohm: float) -> tuple[int, int]:
    """The range in which the count stands nearest its middle, as the chip chooses."""
    found = [
        (_invert(lambda count, at=at: gas_ohm(count, at), kohm * 1000, 1 << 10), at)  # type: ignore[misc]
        for at in range(_GAS_RANGES)
    ]
    return min(found, key=lambda each: abs(each[0] - 512))
