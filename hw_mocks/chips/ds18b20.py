"""A simulated DS18B20: a temperature in a 9-byte scratchpad, as the kernel shows it."""

from typing import TYPE_CHECKING, Any

from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.senses import Sense
from hw_mocks.w1 import SimW1, crc8

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

_POWER_ON = bytes.fromhex("50 05 4b 46 7f ff 0c 10")  # 85 °C, and 0c where none was converted
_DS18S20 = "10"
_HEATED_C = 30.0  # by its stimulus, a resistor beside it, at once

KNOBS = ("celsius", "converted")
SENSES = (Sense("celsius", 15.0, 0.1, low=-55.0, high=125.0),)  # in its stainless sleeve


def plug(wiring: "Wiring", config: Any) -> "Ds18b20Sim":
    """Put it on the kernel's bus."""
    return Ds18b20Sim(wiring.w1, config.id)


class Ds18b20Sim:
    """Knobs `celsius`, held within -55 to 125, and `converted`: False as after power-on.

    Faults: absent (its folder is gone); wrong_chip (a DS18S20 with its serial number is there);
    corrupted (a bit flips on the wire); stuck (the last scratchpad again); saturated. Does not
    imitate clones, resolutions below 12 bits or the time that a conversion takes.
    """

    fault = FaultKnob(*(set(Fault) - {Fault.SLOW}), then=lambda chip: chip.show())
    _bus: SimW1
    _id: str
    celsius: float
    converted: bool
    provoked: bool

    def __init__(self, bus: SimW1, chip_id: str, celsius: float = 21.0) -> None:
        vars(self).update(_bus=bus, _id=chip_id, celsius=celsius, converted=True, provoked=False)
        self._shown = self._scratchpad()
        self.show()

    def __setattr__(self, name: str, value: Any) -> None:
        """The reader opens files, so every turn of a knob must reach them."""
        super().__setattr__(name, value)
        if name in {"celsius", "converted", "provoked"}:
            self.show()

    def show(self) -> None:
        """Have the kernel's files say what it now answers."""
        other = _DS18S20 + self._id[2:]
        if self.fault is not Fault.STUCK:
            self._shown = self._scratchpad()
        if self.fault is Fault.WRONG_CHIP:
            self._bus.show(other, self._shown)
        else:
            self._bus.drop(other)
        if self.fault in {Fault.ABSENT, Fault.WRONG_CHIP}:
            self._bus.drop(self._id)
        else:
            flipped = 0x04 if self.fault is Fault.CORRUPTED else 0
            self._bus.show(self._id, bytes([self._shown[0] ^ flipped]) + self._shown[1:])

    def _scratchpad(self) -> bytes:
        """Temperature, alarms, configuration, reserved bytes, checksum (DS18B20, "Memory")."""
        celsius = self.celsius + (_HEATED_C if self.provoked else 0.0)
        felt = 125.0 if self.fault is Fault.SATURATED else max(-55.0, min(125.0, celsius))
        raw = round(felt * 16) & 0xFFFF
        data = raw.to_bytes(2, "little") + _POWER_ON[2:6] + bytes([0x10 - (raw & 0x0F), 0x10])
        data = data if self.converted else _POWER_ON
        return data + bytes([crc8(data)])
