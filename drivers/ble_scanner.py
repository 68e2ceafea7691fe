"""The Bluetooth receiver that all tags of a device share, through bleak and BlueZ."""

import asyncio
import errno
import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bleak import BleakScanner
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

Ear = Callable[[str, str | None, int], None]
_PATIENCE_S = 10.0  # for BlueZ to answer; it asks the controller itself
RSSI_UNKNOWN_DBM = -127  # BlueZ's word for it


class BleScanner:
    """Listens all the time, in a thread with a loop of its own. Thread-safe.

    `ears` are called in that thread with address, name and RSSI in dBm of every advertisement;
    those of strangers are told to nobody else and kept nowhere.
    """

    def __init__(self, patience_s: float = _PATIENCE_S) -> None:
        self.ears: list[Ear] = []
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._scanner: BleakScanner | None = None

    def start(self) -> bool:
        """Begin to listen; tell whether that is news.

        Raises:
            OSError: No D-Bus, no BlueZ, no adapter, or it is switched off.
        """
        with self._lock:
            if self._scanner is not None:
                return False
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="bluetooth", daemon=True
                )
                self._thread.start()
            self._await(self._begin())
            return True

    def renew(self) -> None:
        """Stop and begin again at once, which shows whether anybody still listens.

        A restarted bluetoothd, or an adapter that was switched off, ends the search without a
        word, and all tags would seem to have left.

        Raises:
            OSError: Nobody listens, or can be made to.
        """
        with self._lock:
            if self._scanner is None:
                raise OSError(errno.ENODEV, "bluetooth: not listening")
            self._await(self._again())

    def close(self) -> None:
        """End it all; never raises."""
        with self._lock:
            loop, self._loop = self._loop, None
            if loop is None or self._thread is None:
                return
            asyncio.run_coroutine_threadsafe(self._end(), loop)
            self._thread.join(self._patience_s)
            if not loop.is_running():
                loop.close()

    def _await(self, what: Coroutine[Any, Any, None]) -> None:
        from bleak.exc import BleakError  # noqa: PLC0415  # only where a tag is configured

        if self._loop is None:
            return
        future = asyncio.run_coroutine_threadsafe(what, self._loop)
        try:
            future.result(self._patience_s)
        except TimeoutError as error:
            future.cancel()
            self._scanner = None
            raise OSError(errno.ETIMEDOUT, "bluetooth: BlueZ does not answer") from error
        except (BleakError, OSError, EOFError) as error:
            self._scanner = None
            raise OSError(errno.EIO, f"bluetooth: {str(error) or type(error).__name__}") from error

    async def _begin(self) -> None:
        from bleak import BleakScanner  # noqa: PLC0415  # only where a tag is configured

        scanner = BleakScanner(detection_callback=self._heard)
        await scanner.start()
        self._scanner = scanner

    async def _again(self) -> None:
        if self._scanner is not None:
            await self._scanner.stop()
            await self._scanner.start()

    async def _end(self) -> None:
        from bleak.exc import BleakError  # noqa: PLC0415  # only where a tag is configured

        scanner, self._scanner = self._scanner, None
        try:
            if scanner is not None:
                await scanner.stop()
        except (BleakError, OSError, EOFError):
            pass  # it has ended already
        finally:
            rest = asyncio.all_tasks() - {asyncio.current_task()}  # bleak's watch over the bus
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
            asyncio.get_running_loop().stop()

    def _heard(self, device: "BLEDevice", advertisement: "AdvertisementData") -> None:
        name = advertisement.local_name or device.name
        for ear in self.ears:
            ear(device.address, name, advertisement.rssi)
