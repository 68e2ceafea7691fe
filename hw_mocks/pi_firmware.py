"""What the Pi's firmware does with a card before the kernel, as far as two slots need it.

It reads config.txt, or tryboot.txt once where the restart asked for it, and takes kernel, first RAM
disk, device tree and command line from the folder that `os_prefix` names, and writes into the tree
which board it is.

Not imitated: start.elf and the boot loader in the EEPROM, autoboot.txt, `include`, overlays,
filters but for `[all]`, `[none]` and those given, the search for a kernel elsewhere where
the one that is named is missing, and whatever else config.txt sets.
"""

import subprocess
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from hw_mocks.card_image import EmulationError, read_from_card

CONFIG, TRYBOOT = "config.txt", "tryboot.txt"
# what the kernel says as it restarts, where somebody has asked for a single start of the other one
ASKED_ONCE = "reboot: Restarting system with command '0 tryboot'"


@dataclass(frozen=True, slots=True)
class Board:
    """What the firmware knows of its board.

    `tree` is the device tree's file (None: it has none on the card), `revision` the code that says
    which board it is (raspberrypi.com, "Raspberry Pi revision codes"), and `filters` are the
    sections of config.txt that are for it.
    """

    tree: str | None = None
    revision: int = 0
    filters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Start:
    """What a start takes from the card: `folder` as `a/`, `once` by tryboot.txt, and its files."""

    folder: str
    once: bool
    kernel: Path
    first_ram_disk: Path
    words: tuple[str, ...]  # the kernel's command line
    tree: Path | None


def read_config(text: str, filters: Collection[str] = ()) -> dict[str, str]:
    """The settings that hold; the last of several counts. `filters` are those that are on."""
    found: dict[str, str] = {}
    holds = True
    for line in (each.partition("#")[0].strip() for each in text.splitlines()):
        if line.startswith("["):
            holds = line.strip("[]").lower() in {"all", *filters}
        elif holds and line:
            key, parted, value = line.partition("=")
            if not parted:
                key, _, value = line.partition(" ")  # as `initramfs FILE followkernel`
            found[key.strip()] = value.strip()
    return found


def start(card: Path, folder: Path, board: Board, *, once: bool) -> Start:
    """Read the card, and lay what it starts by into a folder.

    Raises:
        EmulationError: A file is missing, or the tree is none; the Pi would blink its light.
    """
    name = TRYBOOT if once else CONFIG
    (folder / name).unlink(missing_ok=True)
    read_from_card(card, [name], folder, prefix="")
    config = read_config((folder / name).read_text("ascii"), board.filters)
    prefix = config.get("os_prefix", "")
    kernel, disk = config.get("kernel", "kernel8.img"), config.get("initramfs", "").split()
    line = config.get("cmdline", "cmdline.txt")
    if not disk:
        raise EmulationError(f"{name}: no initramfs")
    names = [kernel, disk[0], line, *([board.tree] if board.tree else [])]
    for each in names:
        (folder / each).unlink(missing_ok=True)
    read_from_card(card, names, folder, prefix)
    words = tuple((folder / line).read_text("ascii").split())
    tree = folder / board.tree if board.tree else None
    if tree is not None:
        _describe(tree, board.revision)
    return Start(prefix, once, folder / kernel, folder / disk[0], words, tree)


def _describe(tree: Path, revision: int) -> None:
    """Write the board's revision where programs look for it: gpiozero finds its header by that."""
    words = ("-p", "-t", "x", str(tree), "/system", "linux,revision", f"{revision:x}")
    done = subprocess.run(("fdtput", *words), capture_output=True, text=True, check=False)
    if done.returncode:
        raise EmulationError(f"{tree.name}: {done.stderr.strip()}")
