"""A simulated MLX90614: SMBus words with a packet error code."""

from typing import TYPE_CHECKING, Any

from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.registers import answer
from hw_mocks.senses import Sense

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

_AMBIENT, _OBJECT, _ADDRESS = 0x06, 0x07, 0x2E
KNOBS = ("surface_celsius", "celsius", "flagged")
SENSES = (
    Sense("surface_celsius", 0.5, 0.1, low=-70.0, high=382.19, of=lambda room: room.temperature_c),
    Sense("celsius", 60.0, 0.05, low=-40.0, high=125.0),
)


def plug(wiring: "Wiring", config: Any) -> "Mlx90614Sim":
    """Put it on its bus."""
    part = Mlx90614Sim(config.address)
    wiring.i2c(config.bus, config.address, part)
    return part


class Mlx90614Sim:
    """Knobs `surface_celsius`, `celsius` (its own case); `flagged`: it says that it is wrong.

    Faults: absent; wrong_chip (an SMBus part with another address in its memory); corrupted (a
    bit flips); stuck; slow (holds the clock); saturated (the surface at its end). Does not imitate
    the cone, emissivity or writing.
    """

    fault = FaultKnob(*Fault, then=lambda chip: chip.hold())

    def __init__(self, address: int = 0x5A) -> None:
        self.surface_celsius, self.celsius, self.flagged = 21.0, 21.0, False
        self._address, self._pointer = address, 0
        self._held: dict[int, int] = {}

    def hold(self) -> None:
        """Remember the words at which a stuck part stays."""
        self._held = self._words()

    def write(self, data: bytes) -> None:
        """Take the command in."""
        answer(self.fault)
        self._pointer = data[0] if data else self._pointer

    def read(self, count: int) -> bytes:
        """Give the word and its code, which is computed bit by bit over all that was sent."""
        answer(self.fault)
        words = self._held if self.fault is Fault.STUCK else self._words()
        word = words.get(self._pointer, 0).to_bytes(2, "little")
        rest = int.from_bytes(
            bytes([self._address << 1, self._pointer, self._address << 1 | 1]) + word + b"\0", "big"
        )
        for bit in range(47, 7, -1):
            if rest >> bit & 1:
                rest ^= 0x107 << (bit - 8)
        sent = word + bytes([rest])
        if self.fault is Fault.CORRUPTED:
            sent = bytes([sent[0] ^ 0x04]) + sent[1:]
        return sent[:count]

    def _words(self) -> dict[int, int]:
        surface = 382.19 if self.fault is Fault.SATURATED else self.surface_celsius
        flag = 0x8000 if self.flagged else 0
        other = self.fault is Fault.WRONG_CHIP
        return {
            _OBJECT: max(0, min(0x7FFF, round((surface + 273.15) / 0.02))) | flag,
            _AMBIENT: max(0, min(0x7FFF, round((self.celsius + 273.15) / 0.02))),
            _ADDRESS: 0xBE00 | (0x33 if other else self._address),
        }
