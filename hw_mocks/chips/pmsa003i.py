"""A simulated PMSA003I: particle concentrations in a 32-byte frame."""

import struct
from typing import TYPE_CHECKING, Any

from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.i2c import nack, timed_out
from hw_mocks.senses import Sense

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

ADDRESS = 0x12
_MOST_UG_M3 = 1000.0  # the least that the datasheet promises as its maximum
_SOMETHING_ELSE = bytes(range(0x60, 0x80))

KNOBS = ("pm1_0_ug_m3", "pm2_5_ug_m3", "pm10_ug_m3")
SENSES = tuple(Sense(knob, 4.0, 1.0, 0.03, high=_MOST_UG_M3) for knob in KNOBS)


def plug(wiring: "Wiring", config: Any) -> "Pmsa003iSim":
    """Put it on its bus."""
    part = Pmsa003iSim()
    wiring.i2c(config.bus, ADDRESS, part)
    return part


class Pmsa003iSim:
    """Knobs `pm1_0_ug_m3`, `pm2_5_ug_m3`, `pm10_ug_m3`: air as it is, held within 0 to 1000.

    Faults: absent; wrong_chip (no start characters); corrupted (a bit flips); stuck (the last frame
    again); slow (holds the clock until the controller gives up); saturated. Does not imitate the
    fan's 30 s, the averaging, the true ratio of both columns (here 1.5) or counts that fit them.
    """

    fault = FaultKnob(*Fault, then=lambda chip: chip.hold())

    def __init__(
        self, pm2_5_ug_m3: float = 12.0, *, pm1_0_ug_m3: float = 8.0, pm10_ug_m3: float = 18.0
    ) -> None:
        self.pm1_0_ug_m3, self.pm2_5_ug_m3, self.pm10_ug_m3 = pm1_0_ug_m3, pm2_5_ug_m3, pm10_ug_m3
        self._held = b""

    def hold(self) -> None:
        """Remember the frame at which a stuck part stays."""
        self._held = self._frame()

    def write(self, data: bytes) -> None:  # noqa: ARG002  # the bus's word
        """It has no registers to write; a probe is acknowledged."""
        self._answer()

    def read(self, count: int) -> bytes:
        """The frame, always from its start."""
        return self._answer()[:count]

    def _answer(self) -> bytes:
        if self.fault in {Fault.ABSENT, Fault.SLOW}:
            raise nack() if self.fault is Fault.ABSENT else timed_out()
        if self.fault is Fault.WRONG_CHIP:
            return _SOMETHING_ELSE
        frame = self._held if self.fault is Fault.STUCK else self._frame()
        if self.fault is Fault.CORRUPTED:
            return frame[:13] + bytes([frame[13] ^ 0x10]) + frame[14:]
        return frame

    def _frame(self) -> bytes:
        """Start, length, two columns of masses, six counts, version, error, sum of all before."""
        knobs = (self.pm1_0_ug_m3, self.pm2_5_ug_m3, self.pm10_ug_m3)
        if self.fault is Fault.SATURATED:
            knobs = (_MOST_UG_M3,) * 3
        air = [round(max(0.0, min(_MOST_UG_M3, value))) for value in knobs]
        metal = [round(1.5 * value) for value in air]
        counts = [min(65535, 100 * air[1] // part) for part in (1, 3, 15, 150, 400, 900)]
        frame = struct.pack(">2sH12HBB", b"BM", 28, *metal, *air, *counts, 0x97, 0)
        return frame + sum(frame).to_bytes(2, "big")
