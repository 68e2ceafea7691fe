"""A Bluetooth Low Energy tag that somebody carries: is it here, and how near?"""

from collections import deque
from collections.abc import Callable, Mapping
from statistics import median
from typing import Annotated, ClassVar

from msgspec import Meta

from drivers.ble_scanner import RSSI_UNKNOWN_DBM, BleScanner
from drivers.board import Board, SensorConfig
from drivers.sensor import NotReadyError, Quantity, Span
from drivers.sheet import Sheet

_KEPT = 256  # advertisements between two reads


class BleTagConfig(SensorConfig, frozen=True, kw_only=True, tag="ble_tag"):
    """A tag is known by its `address`, or by the name that it says (`tag_name`).

    `TAG_PRESENT` is 1.0 if it was heard since the last read, `every_s` ago: several times as long
    as its own interval, since every second advertisement may be lost.
    """

    address: Annotated[str, Meta(pattern=r"^([0-9A-F]{2}:){5}[0-9A-F]{2}\Z")] | None = None
    tag_name: Annotated[str, Meta(min_length=1, max_length=29)] | None = None
    every_s: Annotated[float, Meta(ge=5, le=3600)] = 30.0

    spans: ClassVar[Mapping[Quantity, Span]] = {
        Quantity.TAG_PRESENT: Span(0.0, 1.0),
        Quantity.TAG_RSSI_DBM: Span(-127.0, 20.0),  # HCI: a signed byte
    }
    library: ClassVar[str] = "bleak"
    sheet: ClassVar[Sheet] = Sheet(
        part="Bluetooth Low Energy tag (iBeacon, Eddystone, any that advertises)",
        purpose="presence",
        range="1 if heard since the last read; RSSI in dBm",
        accuracy="RSSI ±6 dB and ±10 dB by who stands between: no distance",
        rate="30 s",
        warm_up="none",
        price="€",
        wiring="the board's own radio, or a USB adapter; bluetoothd running",
        limits="a flat battery, a tag left at home and one wrapped in a coat read alike, as away: "
        "no alarm by it alone. Phones change their address and cannot be tags. Anybody can imitate "
        "a tag",
        library="bleak over BlueZ's D-Bus",
        source="Bluetooth Core 5.4, volume 4 part E 7.7.65.2; BlueZ org.bluez.Adapter, Device",
    )

    def __post_init__(self) -> None:
        """Refuse a tag that is known by nothing, or twice.

        Raises:
            ValueError: msgspec makes it an error that names the place.
        """
        if (self.address is None) is (self.tag_name is None):
            raise ValueError("give either `address` or `tag_name`")

    def wire(self) -> str:
        """All tags share the receiver."""
        return "bluetooth"

    def claims(self) -> frozenset[str]:
        """The tag."""
        return frozenset({f"ble:{self.address or self.tag_name}"})

    def build(self, board: Board) -> "BleTag":
        """Make the driver; listens to nothing yet."""
        scanner, note = board.bluetooth(), board.note
        return BleTag(scanner, address=self.address, name=self.tag_name, note=note)


class BleTag:
    """One tag, as the shared receiver hears it."""

    def __init__(
        self,
        scanner: BleScanner,
        *,
        address: str | None,
        name: str | None,
        note: Callable[[str, str], object] = lambda _place, _raw: None,
    ) -> None:
        self._scanner, self._address, self._name, self._note = scanner, address, name, note
        self._rssi_dbm: deque[int] = deque(maxlen=_KEPT)
        self._has_listened = False

    def open(self) -> None:
        """Have the receiver listen for it.

        Raises:
            OSError: No Bluetooth.
        """
        if self._hear not in self._scanner.ears:
            self._scanner.ears.append(self._hear)
            self._has_listened = False
        if self._scanner.start():
            self._has_listened = False

    def read(self) -> dict[Quantity, float]:
        """Whether it was heard since the last read, and the median of its RSSI in dBm.

        Raises:
            OSError: No Bluetooth, or none any more.
            NotReadyError: It was not heard, but listening has only just begun.
        """
        self._scanner.renew()
        heard = [self._rssi_dbm.popleft() for _ in range(len(self._rssi_dbm))]
        dbm = " ".join(map(str, heard))
        self._note("bluetooth", f"{self._address or self._name} heard {len(heard)} times {dbm}")
        had_listened, self._has_listened = self._has_listened, True
        if not heard and not had_listened:
            raise NotReadyError("bluetooth: has only just begun to listen")
        found = {Quantity.TAG_PRESENT: float(bool(heard))}
        if known := [each for each in heard if each != RSSI_UNKNOWN_DBM]:
            found[Quantity.TAG_RSSI_DBM] = float(median(known))
        return found

    def close(self) -> None:
        """Listen for it no longer; never raises. The board ends the receiver."""
        if self._hear in self._scanner.ears:
            self._scanner.ears.remove(self._hear)

    def _hear(self, address: str, name: str | None, rssi_dbm: int) -> None:
        """In the receiver's thread."""
        is_it = name == self._name if self._address is None else address.upper() == self._address
        if is_it:
            self._rssi_dbm.append(rssi_dbm)
