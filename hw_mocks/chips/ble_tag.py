"""A simulated Bluetooth Low Energy tag, heard by a simulated BlueZ."""

from typing import TYPE_CHECKING, Any

from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.senses import Sense

if TYPE_CHECKING:
    from hw_mocks.bluez import SimBluez, SimTag
    from hw_mocks.wiring import Wiring

KNOBS = ("near", "rssi_dbm")
SENSES = (Sense("near", 0.0, of=lambda room: float(room.person)),)
_PREFIX = "00:00:5E:00:53:"


def plug(wiring: "Wiring", config: Any) -> "BleTagSim":
    """Have the board's BlueZ hear it."""
    from hw_mocks.bluez import SimBluez, SimTag  # noqa: PLC0415  # starts a D-Bus

    def started() -> SimBluez:
        bluez = SimBluez()
        wiring.undo.callback(bluez.close)
        return bluez

    bluez = wiring.shared("bluez", started)
    own = f"{_PREFIX}{0xAF - len(bluez.tags):02X}"  # two with one address would be one tag
    return BleTagSim(bluez, SimTag(config.address or own, config.tag_name))


class BleTagSim:
    """Knobs `near` (0 or 1) and `rssi_dbm`. Faults: absent (the board's Bluetooth is off)."""

    fault = FaultKnob(Fault.ABSENT, then=lambda part: part.switch())

    def __init__(self, bluez: "SimBluez", tag: "SimTag") -> None:
        self._bluez, self._tag = bluez, tag
        bluez.tags.append(tag)

    def switch(self) -> None:
        """Have the adapter be on or off."""
        self._bluez.is_powered = self.fault is not Fault.ABSENT

    @property
    def near(self) -> float:
        """Whether it can be heard."""
        return float(self._tag.is_near)

    @near.setter
    def near(self, value: float) -> None:
        self._tag.is_near = value >= 0.5

    @property
    def rssi_dbm(self) -> float:
        """How strong it is heard."""
        return float(self._tag.rssi_dbm)

    @rssi_dbm.setter
    def rssi_dbm(self, value: float) -> None:
        self._tag.rssi_dbm = round(value)
