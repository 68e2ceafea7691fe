"""A simulated LIS3MDL: identity, settings, and a field that a car moves."""

import struct
from typing import TYPE_CHECKING, Any

from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.registers import Registers, answer

if TYPE_CHECKING:
    from pathlib import Path

    from hw_mocks.wiring import Wiring

_WHO_AM_I, _CTRL_1, _CTRL_3, _STATUS, _OUT = 0x0F, 0x20, 0x22, 0x27, 0x28
_RESET = {_WHO_AM_I: b"\x3d", _CTRL_1: b"\x10", _CTRL_3: b"\x03"}  # at power-on it is switched off
_PER_UT, _END = 68.42, 0x7FFF
_EMPTY_UT = (30.0, 2.0, -40.0)  # Seoul's 50 µT, as one lies in the ground
KNOBS = ("shift_ut",)


def plug(wiring: "Wiring", config: Any) -> "Lis3mdlSim":
    """Put it on its bus."""
    part = Lis3mdlSim()
    wiring.i2c(config.bus, config.address, part)
    return part


def commission(state: "Path", config: Any, taken_at: str) -> None:
    """Store the field of the empty place as an installer would.

    Raises:
        OSError: The disk is full or read-only.
    """
    from drivers import kept  # noqa: PLC0415  # the simulation's installer
    from drivers.field import Field  # noqa: PLC0415

    kept.store(kept.path(state, config.name), Field(empty=_EMPTY_UT, taken_at=taken_at))


class Lis3mdlSim:
    """Knob `shift_ut`: how far a car moves the field, straight up; each sample dithers by one step.

    Faults: absent, after which it is switched off; wrong_chip (another id); corrupted (no field at
    all); stuck; slow (holds the clock); saturated (all axes at their end). Does not imitate noise,
    temperature, offsets or the other ranges.
    """

    fault = FaultKnob(*Fault, then=lambda chip: chip.hold())

    def __init__(self) -> None:
        self.shift_ut = self._held_ut = 0.0
        self._taken, self.registers = 0, Registers(_RESET)

    def hold(self) -> None:
        """Remember where a stuck part stays; an unplugged one forgets what it was told."""
        self._held_ut = self.shift_ut
        if self.fault is Fault.ABSENT:
            self.registers = Registers(_RESET)

    def write(self, data: bytes) -> None:
        """Take a register in; its highest bit says whether the next bytes go on from there."""
        answer(self.fault)
        self.registers.write(bytes([data[0] & 0x7F]) + data[1:])

    def read(self, count: int) -> bytes:
        """Give registers, with a new sample where it measures."""
        answer(self.fault)
        measures = not self.registers.bytes[_CTRL_3] & 0x03
        self.registers.put(_STATUS, b"\x0f" if measures else b"\x00")
        self.registers.put(_WHO_AM_I, b"\x33" if self.fault is Fault.WRONG_CHIP else b"\x3d")
        self.registers.put(_OUT, self._sample())
        return self.registers.read(count)

    def _sample(self) -> bytes:
        if self.fault is Fault.CORRUPTED:
            return bytes(6)
        if self.fault is Fault.SATURATED:
            return struct.pack("<3h", _END, _END, _END)
        stuck = self.fault is Fault.STUCK
        self._taken += not stuck
        x, y, z = _EMPTY_UT
        z += self._held_ut if stuck else self.shift_ut
        counts = [round(each * _PER_UT) for each in (x, y, z)]
        counts[1] += self._taken % 2
        return struct.pack("<3h", *(max(-_END - 1, min(_END, each)) for each in counts))
