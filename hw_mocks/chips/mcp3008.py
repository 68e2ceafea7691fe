"""A simulated MCP3008: eight voltages, one SPI bit at a time."""

from typing import TYPE_CHECKING, Any

from hw_mocks.chips.voltage import VoltageSim
from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.spi import SELECT, SpiWire

if TYPE_CHECKING:
    from collections.abc import Callable

    from hw_mocks.wiring import Wiring

KNOBS = ("volts",)
_NULL_CLOCK, _TOP = 5, 1023  # counted from the start bit (datasheet, figure 5-1)


def plug(wiring: "Wiring", config: Any) -> VoltageSim:
    """Lead a plain voltage to one of its inputs."""
    part = VoltageSim()
    lead(wiring, config, part.at_adc_v)
    return part


def lead(wiring: "Wiring", place: Any, source: "Callable[[], float]") -> None:
    """Lead a voltage to an input; its neighbours on the chip may have theirs."""

    def wired() -> Mcp3008Sim:
        chip = Mcp3008Sim(place.vref_v)
        wiring.pins.wire(SELECT[place.device]).drive(True)  # GPIO 7 and 8 boot pulled up
        SpiWire(wiring.pins, chip, place.device)
        return chip

    wiring.shared(f"spi0.{place.device}", wired).sources[place.channel] = source


class Mcp3008Sim:
    """`sources` are its inputs: what gives each one's voltage; None is an open input, at 0 V.

    Faults: absent (open data line); stuck (each input's last code again). Single-ended inputs
    only. Does not imitate the first bits in LSB order that follow, the charge that an open input
    keeps from the one before, noise, or errors of the conversion.
    """

    fault = FaultKnob(Fault.ABSENT, Fault.STUCK)

    def __init__(self, vref_v: float = 3.3) -> None:
        self.vref_v = vref_v
        self.sources: list[Callable[[], float] | None] = [None] * 8
        self._codes = [0] * 8
        self._taken: list[bool] = []
        self._code = 0

    def select(self) -> None:
        """Begin a transaction: wait for a start bit."""
        self._taken = []

    def rise(self, bit: bool) -> None:
        """Take a bit in: start, single-ended, three of the input's number, then anything."""
        if self._taken or bit:
            self._taken.append(bit)

    def fall(self) -> bool | None:
        """Give a null bit on the fifth clock after the start bit, then the code, MSB first."""
        clock = len(self._taken) - 1
        if clock < _NULL_CLOCK or self.fault is Fault.ABSENT:
            return None
        if clock == _NULL_CLOCK:
            _, _, d2, d1, d0 = self._taken[:5]
            self._code = self._convert(d2 << 2 | d1 << 1 | d0)
            return False
        return bool(self._code >> max(0, _NULL_CLOCK + 10 - clock) & 1)

    def _convert(self, channel: int) -> int:
        source = self.sources[channel]
        if self.fault is not Fault.STUCK:
            volts = 0.0 if source is None else source()
            self._codes[channel] = max(0, min(_TOP, round(volts / self.vref_v * (_TOP + 1))))
        return self._codes[channel]
