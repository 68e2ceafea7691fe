"""A simulated ADPD188BI in its chamber: words, fuses, and a FIFO of two slots."""

import math
from collections import deque
from typing import TYPE_CHECKING, Any

from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.registers import answer
from hw_mocks.senses import Sense

if TYPE_CHECKING:
    from pathlib import Path

    from hw_mocks.wiring import Wiring

_STATUS, _ID, _RESET, _MODE, _FUSES_ON, _ACCESS, _FIFO, _FUSE_STATE = (
    *(0x00, 0x08, 0x0F, 0x10, 0x57),
    *(0x5F, 0x60, 0x67),
)
_BACKGROUND = (0.40, 0.25)  # nW/mW of the clean chamber, blue and infrared
# nW/mW of one code at the recommended settings and a nominal module, blue and infrared
NOMINAL = (0.1025 / 169.78 / 0.26 / (0.38 * 0.55595), 0.1025 / 229.41 / 0.41 / 0.22)
_MOST = 4 * 8191  # codes
_SLOT_A, _USUAL = 0x31, 0x040E
# kind 30, gains, offsets of a part that is as bright as the mean; the rest is not looked at
_FUSES = (30, 112, 112, 206, 154, 0, 0x5A, 0, 0, 0, 0, 0, 0, 0)
KNOBS = ("smoke_pct_per_m", "dust", "light", "samples")
SENSES = (
    # into the chamber through its insect screen
    Sense("smoke_pct_per_m", 8.0, 0.15, high=99.0, of=lambda room: room.obscuration_pct_per_m),
)


def plug(wiring: "Wiring", config: Any) -> "Adpd188biSim":
    """Put it on its bus."""
    part = Adpd188biSim(config.blue_at_10, config.ir_at_10)
    wiring.i2c(config.bus, config.address, part)
    return part


def commission(state: "Path", config: Any, taken_at: str) -> None:
    """Store the clean chamber as an installer would.

    Raises:
        OSError: The disk is full or read-only.
    """
    from drivers import kept  # noqa: PLC0415  # the simulation's installer
    from drivers.smoke_chamber import CleanChamber  # noqa: PLC0415

    blue, ir = _BACKGROUND
    kept.store(kept.path(state, config.name), CleanChamber(blue=blue, ir=ir, taken_at=taken_at))


class Adpd188biSim:
    """Knobs `smoke_pct_per_m`; `dust`: light that settled dust adds, as a share of 10 %/m smoke.

    `light`: what is left of its LEDs' brightness; `samples`: how many wait at each read. Faults:
    absent, after which it stands by; wrong_chip (another id); stuck; slow (holds the clock);
    saturated (the converter at its end). Does not imitate registers' effects, the colours of
    smoke, temperature or noise.
    """

    fault = FaultKnob(*set(Fault) - {Fault.CORRUPTED}, then=lambda chip: chip.hold())

    def __init__(self, blue_at_10: float = 0.5, ir_at_10: float = 0.5) -> None:
        self.smoke_pct_per_m, self.dust, self.light, self.samples = 0.0, 0.0, 1.0, 2
        self.fuses = with_code(_FUSES)
        self.words: dict[int, int] = {}
        self._at_10 = blue_at_10, ir_at_10
        self._fifo: deque[int] = deque()
        self._held, self._pointer = (0, 0), 0

    def hold(self) -> None:
        """Remember the sums at which a stuck part stays; an unplugged one forgets all."""
        self._held = self._sums()
        if self.fault is Fault.ABSENT:
            self.words = {}
            self._fifo.clear()

    def write(self, data: bytes) -> None:
        """Take the pointer in, and a word."""
        answer(self.fault)
        self._pointer = data[0] if data else self._pointer
        if len(data) == 3:
            self.words[data[0]] = int.from_bytes(data[1:], "big")
        if data[:1] == bytes([_RESET]):
            self.words = {}
        if data[0:1] in {bytes([_RESET]), bytes([_STATUS])} and len(data) == 3:
            self._fifo.clear()

    def read(self, count: int) -> bytes:
        """Give the word."""
        answer(self.fault)
        return (self._word() & 0xFFFF).to_bytes(2, "big")[:count]

    def _flashes(self) -> float:
        """How often its LEDs flash for a sample, of the times that are usual."""
        return (self.words.get(_SLOT_A, _USUAL) >> 8) / (_USUAL >> 8)

    def _word(self) -> int:
        at = self._pointer
        fuses = self.words.get(_FUSES_ON) == 7 and self.words.get(_ACCESS, 0) & 1
        if at == _ID:
            return 0x0A18 if self.fault is Fault.WRONG_CHIP else 0x0916
        if at == _FUSE_STATE and fuses:
            return 4
        if 0x70 <= at <= 0x7E and fuses:
            return self.fuses[at - 0x70]
        if at == _FIFO:
            return self._fifo.popleft() if self._fifo else 0
        if at == _STATUS:
            self._fill()
            return 2 * len(self._fifo) << 8
        return self.words.get(at, 0)

    def _fill(self) -> None:
        """Let the samples come that have come since the last look."""
        if self.words.get(_MODE) == 2 and not self._fifo:
            blue, ir = self._held if self.fault is Fault.STUCK else self._sums()
            for _ in range(int(self.samples)):
                self._fifo.extend((blue, 0, ir, 0))

    def _sums(self) -> tuple[int, int]:
        """What four pulses of each LED bring back."""
        if self.fault is Fault.SATURATED:
            return _MOST, _MOST
        level = math.log(1 - min(99.9, self.smoke_pct_per_m) / 100) / math.log(0.9)
        blue, ir = (
            round(self._flashes() * self.light * (clean + (self.dust + level) * at_10) / per_code)
            for clean, at_10, per_code in zip(_BACKGROUND, self._at_10, NOMINAL, strict=True)
        )
        return max(0, min(_MOST, blue)), max(0, min(_MOST, ir))


def with_code(data: tuple[int, ...]) -> list[int]:
    """Fourteen bytes and their code: Hamming over the bits' places, and a parity over all."""
    places = (place for place in range(3, 128) if place.bit_count() > 1)
    code = 0
    for byte in data:
        for bit in range(8):
            code ^= next(places) * (byte >> bit & 1)
    ones = sum(byte.bit_count() for byte in data) + code.bit_count()
    return [*data, code | (ones & 1) << 7]
