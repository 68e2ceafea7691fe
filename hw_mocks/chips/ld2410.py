"""A simulated LD2410 in basic mode."""

import struct
from typing import TYPE_CHECKING, Any

from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.senses import Sense
from hw_mocks.uart import UartPart

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

KNOBS = ("present", "moving", "distance_m")
SENSES = (Sense("present", 0.0, of=lambda room: float(room.person)),)
_SOMETHING_ELSE = b"$GNTXT,01,01,02,u-blox AG - www.u-blox.com*4E\r\n"


def plug(wiring: "Wiring", config: Any) -> "Ld2410Sim":
    """Put it on its port."""
    part = Ld2410Sim()
    wiring.uart(config.port, part)
    return part


class Ld2410Sim(UartPart):
    """Knobs `present`, `moving` (0 or 1) and `distance_m`, of somebody before it.

    Faults: absent; wrong_chip (a GNSS receiver); corrupted (the end of each of many frames is
    spoilt); stuck (the last report again); slow (so late that nobody listens any more: not sent).
    Does not imitate commands, engineering mode, the 5 s after the last sign, or ghosts.
    """

    fault = FaultKnob(*(set(Fault) - {Fault.SATURATED}), then=lambda part: part.hold())

    def __init__(
        self, *, present: float = 0.0, moving: float = 1.0, distance_m: float = 2.0
    ) -> None:
        super().__init__()
        self.present, self.moving, self.distance_m = present, moving, distance_m
        self._held = b""

    def hold(self) -> None:
        """Remember the report at which a stuck part stays."""
        self._held = self._report()

    def flushed(self) -> bytes:
        """The next report."""
        if self.fault in {Fault.ABSENT, Fault.SLOW}:
            return b""
        if self.fault is Fault.WRONG_CHIP:
            return _SOMETHING_ELSE
        report = self._held if self.fault is Fault.STUCK else self._report()
        return 3 * (report[:-1] + b"\0") if self.fault is Fault.CORRUPTED else report

    def _report(self) -> bytes:
        """State; distance and energy of a moving and a still target; distance (table 12)."""
        moves, cm = self.moving >= 0.5, round(max(0.0, min(6.75, self.distance_m)) * 100)
        state = 0 if self.present < 0.5 else 1 if moves else 2
        moving = (cm, 60) if state == 1 else (0, 0)
        still = (cm, 60) if state == 2 else (0, 0)
        data = struct.pack("<BBBHBHBHBB", 2, 0xAA, state, *moving, *still, cm, 0x55, 0)
        return b"\xf4\xf3\xf2\xf1" + struct.pack("<H", len(data)) + data + b"\xf8\xf7\xf6\xf5"
