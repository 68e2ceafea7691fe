"""Tags through the real bleak and dbus-fast, on a private D-Bus with a simulated BlueZ."""

import threading
from collections.abc import Iterator

import msgspec
import pytest

from drivers import catalog
from drivers.ble_scanner import BleScanner
from drivers.ble_tag import BleTag
from drivers.board import Board
from drivers.sensor import NotReadyError, Quantity
from hw_mocks.bluez import SimBluez, SimTag

HERE, RSSI = Quantity.TAG_PRESENT, Quantity.TAG_RSSI_DBM
ADDRESS = "00:00:5E:00:53:AF"


@pytest.fixture
def bluez() -> Iterator[SimBluez]:
    made = SimBluez()
    yield made
    made.close()


@pytest.fixture
def scanner(bluez: SimBluez) -> Iterator[BleScanner]:
    made = BleScanner(patience_s=2.0)
    yield made
    made.close()


def near(bluez: SimBluez, address: str, name: str | None = None, rssi_dbm: int = -60) -> SimTag:
    tag = SimTag(address, name)
    tag.is_near, tag.rssi_dbm = True, rssi_dbm
    bluez.tags.append(tag)
    return tag


def opened(scanner: BleScanner, address: str | None = ADDRESS, name: str | None = None) -> BleTag:
    tag = BleTag(scanner, address=address, name=name)
    tag.open()
    return tag


def test_a_tag_not_heard_yet_is_not_said_to_be_away(bluez: SimBluez, scanner: BleScanner) -> None:
    sensor = opened(scanner)
    with pytest.raises(NotReadyError, match="has only just begun to listen"):
        sensor.read()
    assert sensor.read() == {HERE: 0.0}


def test_two_tags_share_the_receiver_and_strangers_are_nobody(
    bluez: SimBluez, scanner: BleScanner
) -> None:
    near(bluez, "00:00:5E:00:53:01", "stranger", -40)
    near(bluez, ADDRESS, None, -70)
    left = near(bluez, "00:00:5E:00:53:02", "grandfather", -80)
    first, second = opened(scanner), opened(scanner, None, "grandfather")
    assert first.read() == {HERE: 1.0, RSSI: -70.0}
    assert second.read() == {HERE: 1.0, RSSI: -80.0}
    left.is_near = False
    assert first.read() == {HERE: 1.0, RSSI: -70.0}
    second.read()  # what it heard before the tag left
    assert second.read() == {HERE: 0.0}
    assert sum(thread.name == "bluetooth" for thread in threading.enumerate()) == 1


def test_a_tag_whose_strength_the_adapter_does_not_know_is_here_all_the_same(
    bluez: SimBluez, scanner: BleScanner
) -> None:
    near(bluez, ADDRESS, None, -127)
    assert opened(scanner).read() == {HERE: 1.0}


def test_an_adapter_switched_off_is_an_oserror_and_never_an_absence(
    bluez: SimBluez, scanner: BleScanner
) -> None:
    near(bluez, ADDRESS)
    sensor = opened(scanner)
    sensor.read()
    bluez.is_powered = False
    with pytest.raises(OSError, match=r"bluetooth: .*NotReady"):
        sensor.read()
    with pytest.raises(OSError, match="bluetooth: not listening"):
        sensor.read()
    with pytest.raises(OSError, match="NotReady"):
        sensor.open()
    bluez.is_powered = True
    sensor.open()
    assert sensor.read()[HERE] == 1.0


def test_a_bluez_that_hangs_is_an_oserror(bluez: SimBluez) -> None:
    scanner = BleScanner(patience_s=0.3)
    sensor = opened(scanner)
    bluez.hangs = True
    with pytest.raises(OSError, match="bluetooth: BlueZ does not answer"):
        sensor.read()
    bluez.hangs = False
    scanner.close()


def test_no_d_bus_is_an_oserror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    scanner = BleScanner(patience_s=2.0)
    with pytest.raises(OSError, match="bluetooth: "):
        opened(scanner)
    scanner.close()


def test_a_closed_tag_hears_nothing_and_the_board_ends_the_receiver(bluez: SimBluez) -> None:
    near(bluez, ADDRESS)
    board = Board()
    config = catalog.decode({"driver": "ble_tag", "name": "key", "address": ADDRESS})
    sensor = config.build(board)
    sensor.open()
    sensor.close()
    sensor.close()
    assert board.bluetooth().ears == []
    board.close()
    assert not any(thread.name == "bluetooth" for thread in threading.enumerate())


@pytest.mark.parametrize(
    "key",
    [
        {},
        {"address": ADDRESS, "tag_name": "grandfather"},
        {"address": "00:00:5e:00:53:af"},
        {"tag_name": ""},
    ],
)
def test_a_tag_is_known_by_one_thing_and_rightly_spelt(key: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError):
        catalog.decode({"driver": "ble_tag", "name": "key", **key})
