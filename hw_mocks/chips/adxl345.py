"""A simulated ADXL345: registers, and a FIFO of samples behind them."""

import math
import struct
from typing import TYPE_CHECKING, Any

from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.registers import Registers, answer

if TYPE_CHECKING:
    from pathlib import Path

    from hw_mocks.wiring import Wiring

_DEVICE_ID, _POWER, _DATA, _FIFO_CONTROL, _FIFO_STATUS = 0x00, 0x2D, 0x32, 0x38, 0x39
_PER_G, _G_M_S2, _FULL = 256, 9.80665, 4095  # full resolution: 3.9 mg
_RESET = {_DEVICE_ID: b"\xe5", 0x2C: b"\x0a"}
KNOBS = ("roll_deg", "shake_m_s2", "entries")


def plug(wiring: "Wiring", config: Any) -> "Adxl345Sim":
    """Put it on its bus."""
    part = Adxl345Sim()
    wiring.i2c(config.bus, config.address, part)
    return part


def commission(state: "Path", config: Any, taken_at: str) -> None:
    """Store how it hangs as an installer would.

    Raises:
        OSError: The disk is full or read-only.
    """
    from drivers import kept  # noqa: PLC0415  # the simulation's installer
    from drivers.pose import Pose  # noqa: PLC0415

    kept.store(kept.path(state, config.name), Pose(up=(0.0, 0.0, 1.0), taken_at=taken_at))


class Adxl345Sim:
    """Knobs `roll_deg`: turned about its x axis; `shake_m_s2`: RMS along its y axis.

    `entries` is how many samples wait in its FIFO. Faults: absent, after which it stands by;
    wrong_chip (another id); stuck; slow (holds the clock); saturated (16 g to and fro). Does not
    imitate the rate, noise, offsets, or ranges without full resolution.
    """

    fault = FaultKnob(*set(Fault) - {Fault.CORRUPTED}, then=lambda chip: chip.hold())

    def __init__(self) -> None:
        self.roll_deg, self.shake_m_s2, self.entries = 0.0, 0.0, 32
        self._held, self._taken, self.registers = (0.0, 0.0), 0, Registers(_RESET)

    def hold(self) -> None:
        """Remember where a stuck part stays; an unplugged one forgets what it was told."""
        self._held = self.roll_deg, self.shake_m_s2
        if self.fault is Fault.ABSENT:
            self.registers = Registers(_RESET)

    def write(self, data: bytes) -> None:
        """Take a register in."""
        answer(self.fault)
        self.registers.write(data)

    def read(self, count: int) -> bytes:
        """Give registers; reading the data takes a sample off the FIFO."""
        answer(self.fault)
        told = self.registers.bytes
        measures = told[_POWER] & 0x08 and told[_FIFO_CONTROL] >> 6
        self.registers.put(_FIFO_STATUS, bytes([int(self.entries) if measures else 0]))
        self.registers.put(_DEVICE_ID, b"\xe5" if self.fault is not Fault.WRONG_CHIP else b"\x33")
        if self.registers.pointer == _DATA:
            self._taken += 1
            self.registers.put(_DATA, self._sample(1 if self._taken % 2 else -1))
        return self.registers.read(count)

    def _sample(self, sign: int) -> bytes:
        """Gravity, and half of the samples shaken one way and half the other."""
        stuck = self.fault is Fault.STUCK
        roll_deg, shake = self._held if stuck else (self.roll_deg, self.shake_m_s2)
        roll = math.radians(roll_deg)
        y, z = math.sin(roll) + sign * shake / _G_M_S2, math.cos(roll)
        if self.fault is Fault.SATURATED:
            y = z = 20.0 * sign
        counts = [max(-_FULL, min(_FULL, round(each * _PER_G))) for each in (0.0, y, z)]
        return struct.pack("<3h", *counts)
