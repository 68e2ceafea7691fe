"""What the board and the kernel tell of the boot before: panic, watchdog, power, low voltage."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from provisioning.recovery.reboots import Evidence

SYSFS = Path("/sys")
# what systemd-pstore.service has put away, and what it would have
PSTORE = (Path("/var/lib/systemd/pstore"), Path("/sys/fs/pstore"))
RSTS = Path("/sys/firmware/devicetree/base/chosen/bootloader/rsts")  # PM_RSTS at the start
MOST_PANICS = 32
_WATCHDOGS = "class/watchdog/watchdog*/bootstatus"
_FIRED = 0x20  # WDIOF_CARDRESET, <linux/watchdog.h>
_HAD_POWER_ON = 1 << 12  # PM_RSTS_HADPOR (bcm2835 power management)
# the firmware's word: bit 0 under-voltage now, bit 16 it has occurred; the kernel's own monitor
_THROTTLED = "bus/platform/drivers/raspberrypi-firmware/*/get_throttled"
_MONITORS = "class/hwmon/hwmon*/in0_lcrit_alarm"
_LOW = 1 << 0 | 1 << 16


def evidence(sysfs: Path = SYSFS, pstore: Sequence[Path] = PSTORE, rsts: Path = RSTS) -> Evidence:
    """Collect what there is; a board that says nothing of a thing leaves it open."""
    return Evidence(_panics(pstore), _watchdog(sysfs), _power(rsts))


def is_under_voltage(sysfs: Path = SYSFS) -> bool:
    """Whether the supply is too low now, or was since somebody last asked."""
    for path in sysfs.glob(_THROTTLED):
        with contextlib.suppress(OSError, ValueError):
            if int(path.read_text("ascii").strip(), 16) & _LOW:
                return True
    for path in sysfs.glob(_MONITORS):
        with contextlib.suppress(OSError):
            if path.read_text("ascii").strip() == "1":
                return True
    return False


def _panics(folders: Sequence[Path]) -> tuple[str, ...]:
    """Each by place and time: a name comes again with another panic, its time does not."""
    found = []
    for folder in folders:
        with contextlib.suppress(OSError):
            found += [
                f"{p.name} {p.stat().st_mtime_ns}" for p in folder.rglob("dmesg*") if p.is_file()
            ]
    return tuple(sorted(found)[-MOST_PANICS:])


def _watchdog(sysfs: Path) -> str:
    for path in sorted(sysfs.glob(_WATCHDOGS)):
        with contextlib.suppress(OSError, ValueError):
            if int(path.read_text("ascii").strip(), 0) & _FIRED:
                return f"{path.parent.name} says that it fired"
    return ""


def _power(rsts: Path) -> bool | None:
    try:
        word = int.from_bytes(rsts.read_bytes()[:4])
    except OSError:
        return None
    return bool(word & _HAD_POWER_ON)
