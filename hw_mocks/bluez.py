"""A simulated BlueZ on a D-Bus of its own, under the real bleak and dbus-fast.

`dbus-daemon` runs as a private system bus, and `org.bluez` on it is played here: one adapter, and
a device for each tag. Each tag that is near is heard once as a search begins, so that tests need
not wait for its next advertisement. Not imitated: pairing, GATT, filters, duplicates, adapters that
come and go, and the time that anything takes.
"""

import asyncio
import os
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

_CONFIGURATION = """<busconfig>
  <type>system</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/><allow user="*"/>
  </policy>
</busconfig>"""
_ADDRESS = "DBUS_SYSTEM_BUS_ADDRESS"
_ADAPTER, _DEVICE1, _ADAPTER1 = "/org/bluez/hci0", "org.bluez.Device1", "org.bluez.Adapter1"
_OBJECTS, _PROPERTIES = "org.freedesktop.DBus.ObjectManager", "org.freedesktop.DBus.Properties"
_START_S = 10.0


class SimTag:
    """What a tag says, if `is_near`; `rssi_dbm` is what the adapter measures."""

    def __init__(self, address: str, name: str | None) -> None:
        self.address, self.name = address, name
        self.is_near, self.rssi_dbm = False, -60

    def properties(self) -> dict[str, Variant]:
        """Its org.bluez.Device1."""
        named = {"Name": Variant("s", self.name)} if self.name is not None else {}
        return named | {
            "Address": Variant("s", self.address),
            "AddressType": Variant("s", "public"),
            "Alias": Variant("s", self.name or self.address.replace(":", "-")),
            "Adapter": Variant("o", _ADAPTER),
            "RSSI": Variant("n", self.rssi_dbm),
        }


class SimBluez:
    """The bus, the service on it, and the environment that leads there, until `close`.

    `is_powered`: False as after `rfkill block bluetooth`. `hangs`: it answers nothing any more.
    """

    def __init__(self) -> None:
        self.tags: list[SimTag] = []
        self.is_powered, self.hangs = True, False
        self._known: set[str] = set()
        self._folder = tempfile.TemporaryDirectory(prefix="bluez-")  # a socket's path must be short
        self._before = os.environ.get(_ADDRESS)
        self._daemon = self._start_daemon(Path(self._folder.name))
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._bus: MessageBus | None = None
        self._thread = threading.Thread(target=self._serve, name="bluez", daemon=True)
        self._thread.start()
        if not self._ready.wait(_START_S):
            raise TimeoutError("the simulated BlueZ did not start")

    def _start_daemon(self, folder: Path) -> "subprocess.Popen[bytes]":
        conf, socket = folder / "bus.conf", folder / "bus"
        conf.write_text(_CONFIGURATION.format(socket=socket))
        command = ("dbus-daemon", f"--config-file={conf}", "--nofork", "--nopidfile")
        daemon = subprocess.Popen((*command, "--print-address=1"), stdout=subprocess.PIPE)
        if daemon.stdout is None or not daemon.stdout.readline():  # printed when it listens
            raise OSError(f"dbus-daemon did not start: {daemon.wait()}")
        os.environ[_ADDRESS] = f"unix:path={socket}"
        return daemon

    def close(self) -> None:
        """End the bus."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._daemon.terminate()
        self._daemon.communicate()
        self._folder.cleanup()
        if self._before is None:
            del os.environ[_ADDRESS]
        else:
            os.environ[_ADDRESS] = self._before

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._appear())
        self._ready.set()
        self._loop.run_forever()
        if self._bus is not None:
            self._bus.disconnect()
            self._loop.run_until_complete(self._bus.wait_for_disconnect())  # type: ignore[no-untyped-call]  # dbus_fast's

    async def _appear(self) -> None:
        bus = MessageBus(bus_type=BusType.SYSTEM)
        self._bus = await bus.connect()
        bus.add_message_handler(self._asked)
        await bus.request_name("org.bluez")

    def _asked(self, message: Message) -> Message | bool | None:
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        if self.hangs:
            return True  # taken, and never answered
        if message.member == "GetManagedObjects":
            adapter = {
                "Address": Variant("s", "00:00:5E:00:53:01"),
                "Powered": Variant("b", True),
                "Roles": Variant("as", ["central", "peripheral"]),
            }
            objects = {_ADAPTER: {_ADAPTER1: adapter}}
            return Message.new_method_return(message, "a{oa{sa{sv}}}", [objects])
        if message.path != _ADAPTER:
            return None
        if message.member in {"StartDiscovery", "StopDiscovery"} and not self.is_powered:
            return Message.new_error(message, "org.bluez.Error.NotReady", "Resource Not Ready")
        if message.member == "StartDiscovery":
            self._advertise()
        return Message.new_method_return(message)

    def _advertise(self) -> None:
        """Tell of each tag that is near: of a new one as a new object, else of its RSSI."""
        for tag in self.tags:
            if not tag.is_near or self._bus is None:
                continue
            path = f"{_ADAPTER}/dev_{tag.address.replace(':', '_')}"
            signal: tuple[str, str, str, str, list[Any]]
            if path in self._known:
                rssi = {"RSSI": Variant("n", tag.rssi_dbm)}
                signal = (path, _PROPERTIES, "PropertiesChanged", "sa{sv}as", [_DEVICE1, rssi, []])
            else:
                self._known.add(path)
                added = [path, {_DEVICE1: tag.properties()}]
                signal = ("/", _OBJECTS, "InterfacesAdded", "oa{sa{sv}}", added)
            self._bus.send(Message.new_signal(*signal))
