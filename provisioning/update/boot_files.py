"""The boot files of the root that RAUC has just written, onto the card's first partition.

RAUC's post-install handler. The root brings its kernel, first RAM disk, device trees and a command
line without a disk's signature in /usr/lib/haetae/boot; they go into the slot's own folder, which
nothing starts from yet. Root and files are read again from the card, past the kernel's memory:
worn cards take what they do not keep.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.values import Why
from drivers.kept import replace, sync
from provisioning.boot_partition import writable
from provisioning.places import BOOT, BOOT_FILES, SLOTS, SLOTS_RUN, VERSION_FILE
from provisioning.remedy import Failure, ProvisioningError
from provisioning.update.boot_slot import COMMAND_LINE, TRYBOOT, Slot, command_line
from provisioning.update.slot_record import SlotRecord, running_version

_CHUNK = 1 << 20
_SIGNATURE_AT, _SIGNATURE_BYTES = 440, 4  # of the first sector of a disk with an MBR
_FAILED = 1


@dataclass(frozen=True, slots=True)
class Written:
    """What RAUC has written: which slot, where it lies, and the SHA-256 of so many bytes of it."""

    slot: Slot
    device: Path
    sha256: str
    size: int

    @classmethod
    def told(cls, environment: Mapping[str, str]) -> "Written":
        """From the words that RAUC gives its handlers.

        Raises:
            ProvisioningError: It wrote no slot, or several.
        """
        numbers = environment.get("RAUC_TARGET_SLOTS", "").split()
        try:
            (number,) = numbers
            name = environment[f"RAUC_IMAGE_NAME_{number}"]
            return cls(
                Slot(environment[f"RAUC_SLOT_BOOTNAME_{number}"]),
                Path(environment[f"RAUC_SLOT_DEVICE_{number}"]),
                environment[f"RAUC_IMAGE_DIGEST_{number}"],
                Path(name).stat().st_size,
            )
        except (KeyError, ValueError, OSError) as error:
            raise ProvisioningError(damaged(f"RAUC: slots {numbers}: {error}")) from error


def install(written: Written, boot: Path = BOOT, states: Path = SLOTS) -> None:
    """Read the root again, and lay out what its slot starts by.

    Raises:
        ProvisioningError: `system-damaged`, or the card cannot be written: nothing is switched.
    """
    found = sha256_read_back(written.device, written.size)
    if found != written.sha256:
        raise ProvisioningError(damaged(f"{written.device}: {found}, not {written.sha256}"))
    signature = disk_signature(written.device)
    with _mounted(written.device, SLOTS_RUN / "root") as root:
        source = root / BOOT_FILES.relative_to("/")
        with writable(boot):
            lay_out(source, boot, written.slot, signature)
        about = running_version(root / VERSION_FILE.relative_to("/"))
    try:
        SlotRecord(states).note_version(written.slot, about)
    except OSError as error:
        raise ProvisioningError(damaged(str(error))) from error


def lay_out(source: Path, boot: Path, slot: Slot, signature: int) -> None:
    """Write a slot's folder from a root's boot files, and read each file again.

    Raises:
        ProvisioningError: `system-damaged`: a file is not there, or not as it was written.
    """
    folder = boot / slot.folder
    try:
        (boot / TRYBOOT).unlink(missing_ok=True)  # it may name this very folder
        folder.mkdir(exist_ok=True)
        files = {path.name: path for path in sorted(source.iterdir())}
        for old in folder.iterdir():
            if old.name not in files:
                old.unlink()
        for name, path in files.items():
            if name != COMMAND_LINE:
                _copy(path, folder / name)
        line = command_line(files[COMMAND_LINE].read_text("ascii"), signature, slot, on_trial=False)
        replace(folder / COMMAND_LINE, line.encode("ascii"))
        sync(folder)
    except (OSError, KeyError, UnicodeDecodeError) as error:
        raise ProvisioningError(damaged(str(error))) from error


def sha256_read_back(path: Path, size: int) -> str:
    """SHA-256 of the first bytes of a file or device, from the card rather than from memory.

    Raises:
        ProvisioningError: `system-damaged`: it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb", buffering=0) as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            while size and (chunk := file.read(min(size, _CHUNK))):
                digest.update(chunk)
                size -= len(chunk)
    except OSError as error:
        raise ProvisioningError(damaged(str(error))) from error
    return digest.hexdigest()


def disk_signature(partition: Path, classes: Path = Path("/sys/class/block")) -> int:
    """The signature of the disk that a partition is on, which is in its partitions' names.

    Raises:
        ProvisioningError: `system-damaged`: it is no partition, or its disk cannot be read.
    """
    disk = (classes / partition.resolve().name).resolve().parent.name
    try:
        with (Path("/dev") / disk).open("rb") as file:
            file.seek(_SIGNATURE_AT)
            return int.from_bytes(file.read(_SIGNATURE_BYTES), "little")
    except OSError as error:
        raise ProvisioningError(damaged(f"the disk of {partition}: {error}")) from error


def damaged(detail: str) -> Failure:
    """A new system that is not as it was made, wherever that was noticed."""
    return Failure(
        "system-damaged",
        Why(
            "새 시스템이 카드에 온전히 적히지 않았습니다. 지금 시스템은 그대로 일합니다.",
            "The new system did not come onto the card whole. The present one goes on.",
        ),
        Why(
            "기기가 나중에 다시 시도합니다. 되풀이되면 새 카드로 바꿔 주세요.",
            "The device will try again. If it happens again, put in a new card.",
        ),
        detail,
    )


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as wanted:
        digest = hashlib.file_digest(wanted, "sha256").hexdigest()
    shutil.copyfile(source, target)
    sync(target)
    if (found := sha256_read_back(target, target.stat().st_size)) != digest:
        raise ProvisioningError(damaged(f"{target}: {found}, not {digest}"))


@contextmanager
def _mounted(device: Path, at: Path) -> Iterator[Path]:
    at.mkdir(parents=True, exist_ok=True)
    command = ("/bin/mount", "-t", "squashfs", "-o", "ro,nodev,nosuid,noexec", str(device), str(at))
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # ours
    if done.returncode:
        raise ProvisioningError(damaged(f"{device}: {done.stderr.strip()}"))
    try:
        yield at
    finally:
        subprocess.run(("/bin/umount", str(at)), check=False)  # noqa: S603  # ours


def main() -> int:
    """As RAUC calls it."""
    try:
        install(Written.told(os.environ))
    except ProvisioningError as error:
        sys.stderr.write(f"{error}\n")
        return _FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
