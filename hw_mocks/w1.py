"""Simulated 1-Wire buses: the files that the kernel's w1 and w1_therm drivers show in sysfs.

A chip's files are plain files under a folder that stands for `/sys/bus/w1/devices`, written anew
whenever the chip's knobs move, each replaced in one step so that no reader sees half a file.

Not imitated: the 750 ms for which reading `w1_slave` blocks while the chip converts, the search
that takes some ten seconds to notice a chip that came or went, bulk reads, writing to any file.
"""

import shutil
from pathlib import Path


def crc8(data: bytes) -> int:
    """The 1-Wire checksum: x^8 + x^5 + x^4 + 1, least significant bit first."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8C if crc & 1 else 0)
    return crc


class SimW1:
    """The thermometers of one board, as folders under `devices`.

    `judges`: whether the kernel refuses a scratchpad with a wrong checksum, as w1_therm does since
    Linux 5.8: `w1_slave` is then empty, and `resolution` holds the error's number. Older kernels
    print the bytes and the word NO.
    """

    def __init__(self, devices: Path, *, judges: bool = True) -> None:
        self.devices, self.judges = devices, judges
        self._written: dict[Path, str] = {}
        devices.mkdir(parents=True, exist_ok=True)

    def show(self, chip_id: str, scratchpad: bytes) -> None:
        """Let the kernel find a chip and read these nine bytes from it."""
        millidegrees = int(int.from_bytes(scratchpad[:2], "little", signed=True) * 1000 / 16)
        crc = crc8(scratchpad[:8])
        right = crc == scratchpad[8]
        resolution = str(9 + (scratchpad[4] >> 5 & 3))
        if self.judges and not right:
            self._write(chip_id, "", "-5")  # EIO
            return
        shown = scratchpad.hex(" ")
        verdict = "YES" if right else "NO"
        text = f"{shown} : crc={crc:02x} {verdict}\n{shown} t={millidegrees}\n"
        self._write(chip_id, text, resolution)

    def silence(self, chip_id: str) -> None:
        """No presence pulse, but the kernel has not yet noticed that the chip is gone."""
        self._write(chip_id, "", "-19")  # ENODEV

    def drop(self, chip_id: str) -> None:
        """The kernel has noticed that the chip is gone."""
        folder = self.devices / chip_id
        shutil.rmtree(folder, ignore_errors=True)
        self._written = {
            path: text for path, text in self._written.items() if path.parent != folder
        }

    def _write(self, chip_id: str, w1_slave: str, resolution: str) -> None:
        folder = self.devices / chip_id
        folder.mkdir(exist_ok=True)
        files = {"name": f"{chip_id}\n", "resolution": f"{resolution}\n", "w1_slave": w1_slave}
        for name, text in files.items():
            if self._written.get(folder / name) != text:
                new = folder / f".{name}"
                new.write_text(text, "ascii")
                new.replace(folder / name)
                self._written[folder / name] = text
