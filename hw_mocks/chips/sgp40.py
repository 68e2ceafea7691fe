"""A simulated SGP40: two-byte commands, humidity and temperature with the measurement."""

import math
from typing import TYPE_CHECKING, Any

from hw_mocks.chips import sht4x
from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.i2c import nack
from hw_mocks.registers import answer
from hw_mocks.senses import Sense
from hw_mocks.sensirion import Outbox, flipped, with_checksums

if TYPE_CHECKING:
    from hw_mocks.air import Room
    from hw_mocks.wiring import Wiring

ADDRESS = 0x59
_FEATURES, _MEASURE = 0x202F, 0x260F
KNOBS = ("ticks",)


def _ticks(room: "Room") -> float:
    """Clean air at 31,000; ten times the gas is 3000 less, as in the data sheet's figure 4."""
    return 31_000.0 - 3000.0 * math.log10(1.0 + max(0.0, room.reducing_ppm))


SENSES = (Sense("ticks", 5.0, 15.0, high=65_535.0, of=_ticks),)


def plug(wiring: "Wiring", config: Any) -> "Sgp40Sim":
    """Put it on its bus, with the SHT4x that it may have beside it."""
    part = Sgp40Sim()
    wiring.i2c(config.bus, ADDRESS, part)
    beside = config.sht4x
    if beside is not None and beside not in wiring.buses[config.bus].chips:
        part.beside = sht4x.plug(wiring, sht4x.Place(config.bus, beside))
    return part


class Sgp40Sim:
    """Knob `ticks`: its raw signal, about 31,000 in clean air and falling with gas.

    `told` is the humidity and temperature that came with the last measurement, in ticks. Faults:
    absent; wrong_chip (another feature set); corrupted (a bit of each measurement flips); stuck;
    slow (holds the clock). It is not saturated at once: no ticks at all become an index of 500 by
    and by. Does not imitate the 30 ms, heating up, or what humidity does to the signal.
    """

    fault = FaultKnob(*set(Fault) - {Fault.SATURATED}, then=lambda chip: chip.hold())

    def __init__(self, ticks: float = 31_000.0) -> None:
        self.ticks = self._held = ticks
        self.told = (0, 0)
        self.beside: sht4x.Sht4xSim | None = None
        self._out = Outbox()

    def hold(self) -> None:
        """Remember the signal at which a stuck part stays."""
        self._held = self.ticks

    def write(self, data: bytes) -> None:
        """Take a command, and refuse one whose words have wrong checksums."""
        answer(self.fault)
        command = int.from_bytes(data[:2], "big")
        if command == _FEATURES:
            wrong = self.fault is Fault.WRONG_CHIP
            self._out.put(with_checksums(0x0022 if wrong else 0x3220))
        elif command == _MEASURE:
            humidity, celsius = (int.from_bytes(data[at : at + 2], "big") for at in (2, 5))
            if data[2:] != with_checksums(humidity, celsius):
                raise nack()
            self.told = humidity, celsius
            sent = with_checksums(self._signal())
            self._out.put(flipped(sent) if self.fault is Fault.CORRUPTED else sent)

    def read(self, count: int) -> bytes:
        """Give the answer."""
        answer(self.fault)
        return self._out.take(count)

    def _signal(self) -> int:
        ticks = self._held if self.fault is Fault.STUCK else self.ticks
        return max(0, min(0xFFFF, round(ticks)))
