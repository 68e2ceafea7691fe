"""A simulated Raspberry Pi's firmware node, as a file of the kernel."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hw_mocks.chips.two_state import Flag
from hw_mocks.faults import Fault, FaultKnob

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

KNOBS = ("under_voltage", "throttled")
_DRIVER = "bus/platform/drivers/raspberrypi-firmware"


def plug(wiring: "Wiring", config: Any) -> "PiPowerSim":  # noqa: ARG001  # as all plugs
    """Put its node where the firmware's driver has bound its device."""
    device = wiring.sysfs / "devices/platform/soc/soc:firmware"
    device.mkdir(parents=True, exist_ok=True)
    (wiring.sysfs / _DRIVER).mkdir(parents=True, exist_ok=True)
    bound = wiring.sysfs / _DRIVER / "soc:firmware"
    bound.unlink(missing_ok=True)  # of an agent that has run here before
    bound.symlink_to(device)
    return PiPowerSim(device / "get_throttled")


class PiPowerSim:
    """Knobs `under_voltage` and `throttled`. What has occurred is kept, until the board restarts.

    Faults: absent (no such driver), corrupted (no number), stuck. Does not imitate bits 1 and 3
    (capped frequency, soft limit) or kernels that clear what has occurred.
    """

    fault = FaultKnob(Fault.ABSENT, Fault.CORRUPTED, Fault.STUCK, then=lambda node: node.show())
    under_voltage, throttled = Flag(), Flag()

    def __init__(self, node: Path) -> None:
        self._node, self._word = node, 0
        self.show()

    def show(self) -> None:
        """Have the file say what the firmware knows."""
        if self.fault is Fault.STUCK:
            return
        now = self.under_voltage | self.throttled << 2
        self._word = (self._word & ~0xFFFF) | now | now << 16
        if self.fault is Fault.ABSENT:
            self._node.unlink(missing_ok=True)
            return
        fresh = self._node.with_suffix(".new")
        fresh.write_text("?\n" if self.fault is Fault.CORRUPTED else f"{self._word:x}\n")
        fresh.replace(self._node)
