"""Register code for the Analog Devices ADPD188BI: set-up, fuses and FIFO (data sheet, revision C).

The settings are those that the data sheet recommends for smoke (table 26): four pulses of 3 µs,
slot A the blue LED 1, slot B the infrared LED 3, 200 kΩ; the sum of each slot goes into the FIFO
as 32 bits, once a second, and nothing there is overwritten.
"""

from collections.abc import Sequence

from drivers.i2c_chip import I2cChip
from drivers.sensor import ChecksumError, NotReadyError, SensorError, WrongDeviceError

_STATUS, _DEVICE_ID, _RESET, _MODE, _RATE = 0x00, 0x08, 0x0F, 0x10, 0x12
_CLOCK_32K, _CLOCK_32M, _FUSES_ON, _DATA_ACCESS = 0x4B, 0x4D, 0x57, 0x5F
_FIFO, _FUSE_STATE, _FUSES, _FUSE_CODE = 0x60, 0x67, 0x70, 0x7E
_PROGRAM, _NORMAL = 1, 2
_ADPD188BI = 0x16  # low byte of 0x0916; the other is the revision
_CLEAR_FIFO, _FIFO_FULL = 0x8000, 120  # bytes, of 128
_SAMPLE_BYTES = 8
_ONE_A_SECOND = 0x1F40  # 32 kHz / (4 x 1 Hz)
# by register, as pairs: number and word
_SETTINGS = """
12 1f40  11 30a9  14 011d  15 0000  17 0009  1d 0009
18 0000  19 3fff  1a 3fff  1b 3fff  1e 0000  1f 3fff  20 3fff  21 3fff
22 3539  23 3536  24 1530  25 630c
30 0320  31 040e  35 0320  36 040e  39 22f0  3b 22f0  3c 31c6
42 1c34  43 ada5  44 1c34  45 ada5  58 0544
"""
_SLOTS = 4  # words in the FIFO for each sample: blue low and high, infrared low and high
_SLOT_PULSES = {0x31: 0x0E, 0x36: 0x0E}  # by register: low byte, the period in µs; high: pulses
_PULSES, _NA_PER_CODE = 4, 0.41  # table 2, 200 kΩ and 3 µs
# coarse x fine: (50.3 + 19.8 x code) x (0.74 + 0.022 x code)
BLUE_MA = (50.3 + 19.8 * 6) * (0.74 + 0.022 * 12)
IR_MA = (50.3 + 19.8 * 9) * (0.74 + 0.022 * 12)
# W at a nominal LED for each A, with what a blue one loses at this current; A at the diode for
# each W (ADI's CN0537 reference code)
_BLUE_LOSS = 0.98976 - 5.1448e-3 * BLUE_MA + 2.0287e-5 * BLUE_MA**2 - 2.9645e-8 * BLUE_MA**3
_BLUE_W_PER_A, _IR_W_PER_A = 0.38 * _BLUE_LOSS, 0.22
_BLUE_A_PER_W, _IR_A_PER_W = 0.26, 0.41
RAIL = 32_000  # codes: four pulses of 8191 are all that the converter can tell
_PARITY_PLACES = [place for place in range(3, 120) if place & (place - 1)]


class Adpd188bi:
    """The chip: raw sums of its two slots, and what one code of each is in nW/mW."""

    def __init__(self, chip: I2cChip) -> None:
        self._chip, self.place = chip, chip.place
        self.nw_mw_per_code: tuple[float, float] | None = None  # blue, infrared

    def open(self) -> None:
        """See whether it is one, and set it up unless it measures already.

        Raises:
            OSError: No such bus, or nobody answers.
            SensorError: Another chip answers, or its fuses cannot be read.
        """
        if (found := self.word(_DEVICE_ID)) & 0xFF != _ADPD188BI:
            raise WrongDeviceError(f"{self.place}: device id {found:#06x}, not 0x0916")
        running = self.word(_MODE) == _NORMAL and self.word(_RATE) == _ONE_A_SECOND
        if running and self.nw_mw_per_code is not None:
            return
        self.nw_mw_per_code = None
        self.tell(_RESET, 1)
        self.tell(_CLOCK_32K, 0x2692)  # 32 kHz on
        self.tell(_MODE, _PROGRAM)
        calibration = calibrated(self._fuses(), self.place)
        words = [int(each, 16) for each in _SETTINGS.split()]
        for register, word in zip(words[::2], words[1::2], strict=True):
            self.tell(register, word)
        self.tell(_MODE, _NORMAL)
        self.nw_mw_per_code = calibration

    def samples(self) -> list[tuple[int, int]]:
        """Blue and infrared codes since the last time, oldest first, one pair a second.

        Raises:
            OSError: Nobody answers, or the bus is locked.
            SensorError: There is none yet, what there is is old, or it makes no sense.
        """
        if (waiting := self.word(_STATUS) >> 8) >= _FIFO_FULL:
            self.tell(_STATUS, _CLEAR_FIFO)
            raise NotReadyError(f"{self.place}: {waiting} bytes waited, so the newest are missing")
        if waiting < _SAMPLE_BYTES:
            raise NotReadyError(f"{self.place}: no sample yet")
        try:
            words = [self.word(_FIFO) for _ in range(waiting // _SAMPLE_BYTES * _SLOTS)]
        except OSError:
            self.nw_mw_per_code = None  # to be set up anew, with an empty FIFO
            raise
        if any(words[1::2]):  # no sum of four pulses is that large
            self.nw_mw_per_code = None
            raise SensorError(f"{self.place}: the FIFO is out of step")
        return list(zip(words[::4], words[2::4], strict=True))

    def flash(self, times: int) -> None:
        """Have both LEDs flash so many times as often for each sample: 1 is as ever.

        What a sample says is `times` as much light: to the chip, a chamber that scatters so.

        Raises:
            OSError: Nobody answers, or the bus is locked.
        """
        self.tell(_MODE, _PROGRAM)
        for register, period_us in _SLOT_PULSES.items():
            self.tell(register, _PULSES * times << 8 | period_us)
        self.tell(_MODE, _NORMAL)

    def word(self, register: int) -> int:
        """Read a register."""
        return int.from_bytes(self._chip.exchange(bytes([register]), 2), "big")

    def tell(self, register: int, word: int) -> None:
        """Write a register."""
        self._chip.write(bytes([register]) + word.to_bytes(2, "big"))

    def _fuses(self) -> list[int]:
        """The fifteen bytes that the factory burnt in (AN-2033)."""
        access = self.word(_DATA_ACCESS)
        self.tell(_DATA_ACCESS, access | 1)
        self.tell(_FUSES_ON, 7)
        for _ in range(100):  # each look takes a third of a millisecond
            if self.word(_FUSE_STATE) == 4:
                break
        else:
            raise NotReadyError(f"{self.place}: its fuses do not come up")
        fuses = [self.word(register) & 0xFF for register in range(_FUSES, _FUSE_CODE + 1)]
        if fuses[0] == 33:  # this kind brings its clocks' trim along
            trims = self.word(0x77), self.word(0x78)
            self.tell(_CLOCK_32K, 0x2680 | trims[0] & 0x3F)
            self.tell(_CLOCK_32M, self.word(_CLOCK_32M) & ~0xFF | trims[1] & 0xFF)
        self.tell(_FUSES_ON, 0)
        self.tell(_DATA_ACCESS, access)
        return fuses


def mended(fuses: Sequence[int], place: str) -> list[int]:
    """Give the fourteen bytes before the code, with one flipped bit put right.

    Raises:
        ChecksumError: More than one bit is wrong.
    """
    data, code = list(fuses[:14]), fuses[14]
    bits = [byte >> bit & 1 for byte in data for bit in range(8)]
    hamming = 0
    for each, at in zip(bits, _PARITY_PLACES, strict=False):
        hamming ^= at if each else 0
    parity = (sum(bits) + (code & 0x7F).bit_count()) & 1
    syndrome, odd = (hamming ^ code) & 0x7F, parity ^ code >> 7
    if not odd and syndrome:
        raise ChecksumError(f"{place}: fuses {bytes(fuses).hex(' ')} fail their code")
    if odd and syndrome & (syndrome - 1):  # else the code itself has the flipped bit
        if syndrome not in _PARITY_PLACES[: len(bits)]:
            raise ChecksumError(f"{place}: fuses {bytes(fuses).hex(' ')} fail their code")
        at = _PARITY_PLACES.index(syndrome)
        data[at // 8] ^= 1 << at % 8
    return data


def calibrated(fuses: Sequence[int], place: str) -> tuple[float, float]:
    """What one code of the blue and the infrared sum is, in nW/mW, for this very part (AN-2033).

    Raises:
        SensorError: The fuses are spoilt, or of a kind of module that nobody knows.
    """
    kind, blue_gain, ir_gain, blue_offset, ir_offset = mended(fuses, place)[:5]
    if kind in {30, 31}:
        slopes, offset, nominal = (17.0, 34.0), 128, (622.0, 128.0)
    elif kind == 33:
        slopes, offset, nominal = (21.0, 42.0), 80, (753.0, 156.0)
    else:
        raise SensorError(f"{place}: module of kind {kind}: its calibration is not known")
    current = _NA_PER_CODE / _PULSES
    scales = []
    for gain, start, slope, step, typical, ma in (
        (blue_gain, blue_offset, slopes[0], 8.0, nominal[0], BLUE_MA),
        (ir_gain, ir_offset, slopes[1], 5.0, nominal[1], IR_MA),
    ):
        own = (slope / 256 * (gain - 112) + slope) * ma + step * (start - offset)
        scales.append(own / (slope * ma + typical))
    if min(scales) < 0.25:
        raise SensorError(f"{place}: fuses say that an LED has {min(scales):.0%} of its light")
    return (
        current / BLUE_MA / _BLUE_A_PER_W / (_BLUE_W_PER_A * scales[0]),
        current / IR_MA / _IR_A_PER_W / (_IR_W_PER_A * scales[1]),
    )
