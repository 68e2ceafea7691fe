"""An image as a builder makes it, in small, and whether a card holds it."""

import hashlib
import os
import subprocess
from pathlib import Path

from provisioning import seed as seeds
from tests.provisioning.test_flash_fat import run, volume

MIB = 1 << 20
BOOT_AT = 1 * MIB


def small_image(folder: Path) -> Path:
    """A partition table, a FAT volume, and a second partition of something."""
    boot = volume(folder / "boot.vfat", 16).read_bytes()
    rest = os.urandom(3 * MIB + 512)
    table = bytearray(512)
    for n, (kind, start, size) in enumerate(
        ((0x0C, BOOT_AT, len(boot)), (0x83, BOOT_AT + len(boot), len(rest)))
    ):
        at = 446 + 16 * n
        table[at + 4] = kind
        table[at + 8 : at + 16] = (start // 512).to_bytes(4, "little") + (size // 512).to_bytes(
            4, "little"
        )
    table[510:] = b"\x55\xaa"
    path = folder / "haetae.img"
    path.write_bytes(bytes(table).ljust(BOOT_AT, b"\0") + boot + rest)
    return path


def checked(image: Path) -> Path:
    digest = hashlib.sha256(image.read_bytes()).hexdigest()
    image.with_name(image.name + ".sha256").write_text(f"{digest}  {image.name}\n")
    return image


def is_written(path: Path, image: Path, device: str) -> bool:
    """Whether the card is the image but for the seed, by other means than those that wrote it."""
    raw, wanted = bytearray(path.read_bytes()[: image.stat().st_size]), image.read_bytes()
    end = BOOT_AT + 16 * MIB
    boot = path.parent / "read.vfat"
    boot.write_bytes(raw[BOOT_AT:end])
    checked_volume = subprocess.run(("fsck.vfat", "-n", boot), capture_output=True, check=False)
    seed = seeds.parse_seed(run("mtype", "-i", boot, "::haetae/seed.toml"))
    text = run("mtype", "-i", boot, "::haetae/card.txt")
    kept = run("mtype", "-i", boot, "::config.txt")
    rest = raw[:BOOT_AT] == wanted[:BOOT_AT] and raw[end:] == wanted[end:]
    named = seed.device == device and f"device = {device}" in text and "arm_64bit=1" in kept
    return rest and named and checked_volume.returncode == 0
