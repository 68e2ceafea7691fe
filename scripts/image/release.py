"""What makes a root one that can be replaced: what it is, who may sign the next, what starts it."""

import configparser
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from image import device_trees, kernel, wheels
from image.source import Source
from image.tools import BuildError
from provisioning.places import BOOT_FILES, RELEASE_ROOTS, VERSION_FILE
from provisioning.update.boot_slot import COMMAND_LINE, Slot, command_line

COMPATIBLE = "haetae-arm64-rpi"  # as systemd/image/rauc.conf has it
_HERE = Path(__file__).parent


def describe(tree: Path, source: Source, suite: str, roots: Path | None) -> None:
    """Say in the root what it is, and who may sign what comes after it.

    Raises:
        BuildError: There is no such file of release roots.
    """
    _write(tree, VERSION_FILE, _about(source, suite))
    if roots is None:
        sys.stderr.write("image: no --release-roots: its devices take no updates\n")
        return
    try:
        _write(tree, RELEASE_ROOTS, roots.read_bytes())
    except OSError as error:
        raise BuildError(f"release roots: {error}") from None


def install_boot_files(tree: Path, unpacked: Path, work: Path) -> None:
    """Put into the root what its slot starts by: a bundle is one file system, and no more."""
    trees = work / "trees"
    trees.mkdir()
    files = {
        COMMAND_LINE: (_HERE / COMMAND_LINE).read_bytes(),
        "vmlinuz": kernel.image_of(unpacked),
        "initrd.img": kernel.first_ram_disk(unpacked),
        **device_trees.device_trees(unpacked, trees),
    }
    for name, data in files.items():
        _write(tree, BOOT_FILES / name, data)


def first_slot(tree: Path, signature: int) -> Mapping[str, bytes]:
    """What slot A of a new card starts by: the root's own boot files, and a filled command line."""
    folder = tree / BOOT_FILES.relative_to("/")
    files = {f"a/{path.name}": path.read_bytes() for path in sorted(folder.iterdir())}
    template = files[f"a/{COMMAND_LINE}"].decode("ascii")
    line = command_line(template, signature, Slot.A, on_trial=False)
    return {**files, f"a/{COMMAND_LINE}": line.encode("ascii")}


def keep_root(packed: Path, target: Path) -> None:
    """Lay the packed root beside the image: what a bundle for devices in the field is made of."""
    part = target.with_suffix(".part")
    shutil.copyfile(packed, part)
    part.replace(target)


def _about(source: Source, suite: str) -> bytes:
    config = configparser.ConfigParser()
    config.read(source.folder / "setup.cfg", "utf-8")
    about = {
        "version": config["metadata"]["version"],
        "compatible": COMPATIBLE,
        "board": COMPATIBLE,
        "suite": suite,
        "commit": source.commit,
        "lock": wheels.sha256_of(source.folder / "requirements" / "device.lock"),
    }
    return json.dumps(about, indent=1).encode() + b"\n"


def _write(tree: Path, place: Path, data: bytes) -> None:
    target = tree / place.relative_to("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    target.chmod(0o644)
