"""A simulated infrared flame module's comparator output."""

import itertools
from typing import TYPE_CHECKING, Any

from hw_mocks.chips.two_state import Flag, wire_fault
from hw_mocks.faults import Fault
from hw_mocks.gpio import SimPin

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

KNOBS = ("lit", "flicker_hz")
_LOOK_S = 2.0


def plug(wiring: "Wiring", config: Any) -> "FlameIrSim":
    """Hang it on its pin."""
    return FlameIrSim(wiring.pins.wire(config.gpio))


class FlameIrSim:
    """Knobs `lit` (0 or 1) and `flicker_hz`: 0 for a steady light.

    Its time is its own: between two looks at its pin two seconds pass, and the edges that fall into
    them come at once, each with its time. Faults: absent (a cut wire), stuck (the level stays).
    Does not imitate the comparator's dance at its threshold, the glitch filter of lgpio, or the
    irregularity of flames.
    """

    fault, lit = wire_fault(), Flag()

    def __init__(self, pin: SimPin) -> None:
        self._pin, self._now_s, self.flicker_hz = pin, 0.0, 0.0
        pin.on_look.append(self.show)
        self.show()

    def show(self) -> None:
        """Let two seconds pass, and be there as knobs and fault have it."""
        began, hz = self._now_s, self.flicker_hz
        self._now_s += _LOOK_S
        if self.fault is Fault.STUCK:
            return
        if not self.lit or self.fault is Fault.ABSENT:
            self._pin.drive(None, began)
        elif hz <= 0:
            self._pin.drive(False, began)
        else:
            for n in itertools.takewhile(lambda n: n < _LOOK_S * hz, itertools.count()):
                self._pin.drive(False, began + n / hz)
                self._pin.drive(None, began + (n + 0.5) / hz)
