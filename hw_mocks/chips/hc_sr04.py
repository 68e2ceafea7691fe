"""A simulated HC-SR04: a ping on one pin, its echo on another."""

from typing import TYPE_CHECKING, Any

from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.gpio import SimPin

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

KNOBS = ("distance_m",)
_GIVES_UP_S, _M_PER_S, _REACH_M = 0.038, 343.2, 4.5


def plug(wiring: "Wiring", config: Any) -> "HcSr04Sim":
    """Hang it on its two pins."""
    return HcSr04Sim(wiring.pins.wire(config.trigger), wiring.pins.wire(config.echo))


class HcSr04Sim:
    """Knob `distance_m` of what is before it; farther than 4.5 m is nothing at all.

    Its echo comes at once, and its edges carry the times of a real one. Faults: absent, stuck (the
    last echo again), saturated (it hears nothing), slow (so late that nobody listens: no echo).
    Does not imitate the cone, the temperature of the air, or clones that hold the line for 200 ms.
    """

    fault = FaultKnob(
        Fault.ABSENT, Fault.STUCK, Fault.SATURATED, Fault.SLOW, then=lambda part: part.hold()
    )

    def __init__(self, trigger: SimPin, echo: SimPin, distance_m: float = 2.0) -> None:
        self.distance_m = self._held_m = distance_m
        self._echo, self._now_s, self._is_armed = echo, 0.0, False
        echo.drive(False)
        trigger.on_output.append(self._triggered)

    def hold(self) -> None:
        """Remember the distance at which it sticks; without it the pin is at its pull."""
        self._held_m = self.distance_m
        self._echo.drive(None if self.fault is Fault.ABSENT else False)

    def _triggered(self, high: bool) -> None:
        pinged, self._is_armed = self._is_armed and not high, high
        if not pinged or self.fault in {Fault.ABSENT, Fault.SLOW}:
            return
        metres = self._held_m if self.fault is Fault.STUCK else self.distance_m
        is_heard = 0 <= metres <= _REACH_M and self.fault is not Fault.SATURATED
        self._now_s += 0.06
        self._echo.drive(True, self._now_s)
        self._echo.drive(False, self._now_s + (2 * metres / _M_PER_S if is_heard else _GIVES_UP_S))
