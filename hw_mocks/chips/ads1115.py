"""A simulated ADS1115: words behind a pointer, four voltages, one conversion at a time."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.registers import answer

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

_CONVERSION, _CONFIGURATION, _POWER_ON = 0, 1, 0x8583
_FULL_SCALE_V = (6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256)
KNOBS = ("volts",)


def plug(wiring: "Wiring", config: Any) -> "InputSim":
    """Put a plain voltage on an input of a converter."""
    part = InputSim(_on(wiring, config))
    lead(wiring, config, lambda: part.volts)
    return part


def lead(wiring: "Wiring", place: Any, source: Callable[[], float]) -> None:
    """Lead a voltage to an input of the converter at this address, which is put there once."""
    _on(wiring, place).sources[place.channel] = source


def _on(wiring: "Wiring", place: Any) -> "Ads1115Sim":
    def make() -> Ads1115Sim:
        chip = Ads1115Sim()
        wiring.i2c(place.bus, place.address, chip)
        return chip

    return wiring.shared(f"i2c-{place.bus}:{place.address:#04x}", make)


class Ads1115Sim:
    """`sources` are its four inputs: what gives each one's voltage; None is an open input, at 0 V.

    Faults: absent, after which it has forgotten what it was told; wrong_chip (keeps 8 bits of
    what it is told); stuck; slow (a conversion never ends); saturated (the highest code). Does not
    imitate differences, the comparator, continuous conversion, noise, or how long one takes.
    """

    fault = FaultKnob(*set(Fault) - {Fault.CORRUPTED}, then=lambda chip: chip.hold())

    def __init__(self) -> None:
        self.sources: list[Callable[[], float] | None] = [None] * 4
        self.configuration, self._pointer, self._code = _POWER_ON, 0, 0
        self._held: dict[int, int] = {}

    def hold(self) -> None:
        """Remember the codes at which a stuck part stays."""
        self._held = {channel: self._converted(channel) for channel in range(4)}
        if self.fault is Fault.ABSENT:
            self.configuration = _POWER_ON

    def write(self, data: bytes) -> None:
        """Take the pointer in, and the configuration, which may begin a conversion."""
        answer(Fault.NONE if self.fault is Fault.SLOW else self.fault)
        if data:
            self._pointer = data[0]
        if len(data) == 3 and data[0] == _CONFIGURATION:
            told = int.from_bytes(data[1:], "big")
            self.configuration = told & 0x00FF if self.fault is Fault.WRONG_CHIP else told
            if told & 0x8000:
                channel = (told >> 12 & 7) - 4
                stuck = self.fault is Fault.STUCK
                self._code = self._held[channel] if stuck else self._converted(channel)

    def read(self, count: int) -> bytes:
        """Give the word; the top bit of the configuration says that nothing is under way."""
        answer(Fault.NONE if self.fault is Fault.SLOW else self.fault)
        idle = 0 if self.fault is Fault.SLOW else 0x8000
        word = self._code if self._pointer == _CONVERSION else self.configuration & 0x7FFF | idle
        return (word & 0xFFFF).to_bytes(2, "big")[:count]

    def _converted(self, channel: int) -> int:
        source = self.sources[channel]
        volts = 0.0 if source is None else source()
        full_scale_v = _FULL_SCALE_V[self.configuration >> 9 & 7]
        code = 32767 if self.fault is Fault.SATURATED else round(volts / full_scale_v * 32768)
        return max(-32768, min(32767, code))


class InputSim:
    """Knob `volts`: a plain voltage at one input. Its faults are those of the whole converter."""

    fault = FaultKnob(*set(Fault) - {Fault.CORRUPTED}, then=lambda part: part.pass_on())

    def __init__(self, chip: Ads1115Sim, volts: float = 1.0) -> None:
        self.volts, self.chip = volts, chip

    def pass_on(self) -> None:
        """Let the converter have the fault."""
        self.chip.fault = self.fault
