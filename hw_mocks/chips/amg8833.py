"""A simulated AMG8833: registers, and 64 pixels behind them."""

from typing import TYPE_CHECKING, Any

from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.registers import Registers, answer
from hw_mocks.senses import Sense

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

_PIXELS = 0x80
KNOBS = ("hottest_celsius", "celsius", "pixel", "framed")
SENSES = (
    Sense("hottest_celsius", 0.5, 0.3, high=80.0, of=lambda room: room.temperature_c),
    Sense("celsius", 0.5, 0.3, high=80.0),
)


def plug(wiring: "Wiring", config: Any) -> "Amg8833Sim":
    """Put it on its bus."""
    part = Amg8833Sim()
    wiring.i2c(config.bus, config.address, part)
    return part


class Amg8833Sim:
    """Knobs `hottest_celsius` at pixel number `pixel`, `celsius` at all others; `framed`.

    `framed` is whether there is a frame since its reset. Faults: absent; stuck; slow (holds the
    clock); saturated (every pixel at 80 °C). It has no identity and no checksum. Does not imitate
    the thermistor, interrupts, averaging or noise.
    """

    fault = FaultKnob(
        Fault.ABSENT, Fault.STUCK, Fault.SLOW, Fault.SATURATED, then=lambda chip: chip.hold()
    )

    def __init__(self) -> None:
        self.hottest_celsius, self.celsius, self.pixel, self.framed = 24.0, 22.0, 27, True
        self._held, self._registers = b"", Registers()

    def hold(self) -> None:
        """Remember the frame at which a stuck part stays."""
        self._held = self._frame()

    def write(self, data: bytes) -> None:
        """Take a register in."""
        answer(self.fault)
        self._registers.write(data)

    def read(self, count: int) -> bytes:
        """Give registers or pixels."""
        answer(self.fault)
        frame = self._held if self.fault is Fault.STUCK else self._frame()
        self._registers.put(_PIXELS, frame if self.framed else bytes(128))
        return self._registers.read(count)

    def _frame(self) -> bytes:
        at = 80.0 if self.fault is Fault.SATURATED else None
        pixels = [self.celsius if at is None else at] * 64
        pixels[int(self.pixel) % 64] = self.hottest_celsius if at is None else at
        return b"".join((round(each * 4) & 0xFFF).to_bytes(2, "little") for each in pixels)
