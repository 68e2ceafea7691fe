"""A simulated ZE07-CO: nine bytes a second, or one answer a question."""

from typing import TYPE_CHECKING, Any

from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.senses import Sense
from hw_mocks.uart import UartPart

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

KNOBS = ("ppm",)
SENSES = (Sense("ppm", 26.0, 0.3, high=500.0),)  # 90 % within 60 s
_UPLOAD, _ASK, _READ = b"\x78\x40", b"\x78\x41", b"\x86\0"


def plug(wiring: "Wiring", config: Any) -> "Ze07CoSim":
    """Put it on its port."""
    part = Ze07CoSim()
    wiring.uart(config.port, part)
    return part


class Ze07CoSim(UartPart):
    """Knob `ppm`, held within 0 to 500. It uploads after power-on.

    Faults: absent; wrong_chip (the ZE08-CH2O, for formaldehyde); corrupted (a bit flips in each of
    many); stuck; slow (so late that nobody listens any more: not sent at all); saturated. Does not
    imitate what it answers to a change of mode, if anything, or a command cut in two.
    """

    fault = FaultKnob(*Fault, then=lambda part: part.changed())

    def __init__(self, ppm: float = 0.0) -> None:
        super().__init__()
        self.ppm = self._held = ppm
        self._asked = False

    def changed(self) -> None:
        """Remember where it stands; without power it forgets its mode."""
        self._held, self._asked = self.ppm, self._asked and self.fault is not Fault.ABSENT

    def heard(self, data: bytes) -> bytes:
        """Take commands of nine bytes: change the mode, or answer."""
        return b"".join(self._obeyed(data[at + 2 : at + 4]) for at in range(0, len(data), 9))

    def _obeyed(self, word: bytes) -> bytes:
        was_asked, self._asked = self._asked, word == _ASK or (self._asked and word != _UPLOAD)
        if word == _READ and was_asked:
            return self._sent(bytes([0xFF, 0x86]) + self._tenths() + bytes(4))
        return self.flushed() if was_asked else b""

    def flushed(self) -> bytes:
        """The upload: gas, unit, decimals, value, full range (5000 tenths)."""
        kind = b"\xff\x17\x04\x00" if self.fault is Fault.WRONG_CHIP else b"\xff\x04\x03\x01"
        return b"" if self._asked else self._sent(kind + self._tenths() + b"\x13\x88")

    def _tenths(self) -> bytes:
        ppm = {Fault.STUCK: self._held, Fault.SATURATED: 500.0}.get(self.fault, self.ppm)
        return round(10 * max(0.0, min(500.0, ppm))).to_bytes(2, "big")

    def _sent(self, frame: bytes) -> bytes:
        if self.fault in {Fault.ABSENT, Fault.SLOW}:
            return b""
        frame += bytes([-sum(frame[1:]) & 0xFF])
        if self.fault is Fault.CORRUPTED:
            return 3 * (frame[:5] + bytes([frame[5] ^ 0x10]) + frame[6:])
        return frame
