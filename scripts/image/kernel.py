"""The kernel's part: itself, its modules and the first RAM disk."""

import gzip
import lzma
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from image.suites import FIRST_MODULES, MODULES
from image.tools import BuildError, run

_HERE = Path(__file__).parent


def unpack(debs: Iterable[Path], into: Path) -> None:
    """Lay the packages' files out, without running anything of theirs."""
    for deb in debs:
        run("dpkg-deb", "--extract", deb, into)


def version_of(unpacked: Path) -> str:
    """The kernel's version, as its modules' folder is named."""
    return next((_modules(unpacked)).iterdir()).name


def install_modules(unpacked: Path, root: Path) -> None:
    """Copy the modules that a device can need, with what they depend on."""
    version = version_of(unpacked)
    source, target = _modules(unpacked) / version, root / "usr/lib/modules" / version
    target.mkdir(parents=True)
    depends = dependencies(unpacked)
    for name in sorted(_closure((each for each in depends if _wanted(each)), depends)):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / name, target / name)
    for each in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        shutil.copy2(source / each, target / each)
    run("depmod", "--basedir", root, version)


def dependencies(unpacked: Path) -> dict[str, list[str]]:
    """Each module's file, and the files that it needs; the deepest first to be loaded last."""
    version = version_of(unpacked)
    (unpacked / "lib").mkdir(exist_ok=True)
    modules = unpacked / "lib/modules"
    if not modules.exists():
        modules.symlink_to("../usr/lib/modules")
    if not (_modules(unpacked) / version / "modules.dep").exists():
        run("depmod", "--basedir", unpacked, version)
    text = (_modules(unpacked) / version / "modules.dep").read_text("ascii")
    pairs = (line.partition(":") for line in text.splitlines())
    return {name: needs.split() for name, _, needs in pairs}


def first_ram_disk(unpacked: Path) -> bytes:
    """An initramfs of busybox, our own `init`, and the modules that lead to the root."""
    depends = dependencies(unpacked)
    by_name = {_module_name(each): each for each in depends}
    order: list[str] = []
    for name in FIRST_MODULES:
        if (file := by_name.get(name.replace("-", "_"))) is None:
            continue  # built into this suite's kernel
        for each in [*reversed(depends[file]), file]:
            if each not in order:
                order.append(each)
    source = _modules(unpacked) / version_of(unpacked)
    files: dict[str, tuple[int, bytes]] = {
        "bin/busybox": (0o755, _busybox(unpacked).read_bytes()),
        "init": (0o755, (_HERE / "init.sh").read_bytes()),
        "modules": (0o644, "".join(f"{_module_name(each)}.ko\n" for each in order).encode()),
    }
    for each in order:
        files[f"lib/{_module_name(each)}.ko"] = (0o644, _plain(source / each))
    return gzip.compress(cpio(files), compresslevel=6, mtime=0)


def image_of(unpacked: Path) -> bytes:
    """The kernel itself."""
    return (unpacked / "boot" / f"vmlinuz-{version_of(unpacked)}").read_bytes()


def cpio(files: Mapping[str, tuple[int, bytes]]) -> bytes:
    """An archive in the "newc" form, with the folders that the files need; no times, no owners."""
    folders = {str(up) for name in files for up in Path(name).parents if str(up) != "."}
    folders |= {"dev", "proc", "root", "run", "sys"}
    entries = [(name, 0o040755, b"") for name in sorted(folders)]
    entries += [(name, 0o100000 | mode, data) for name, (mode, data) in sorted(files.items())]
    parts = []
    for inode, (name, mode, data) in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1):
        fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % each for each in fields) + name.encode() + b"\0"
        parts += [head, bytes(-len(head) % 4), data, bytes(-len(data) % 4)]
    return b"".join(parts)


def _modules(unpacked: Path) -> Path:
    """Where the package keeps them: /lib in Debian 12, /usr/lib since."""
    for each in ("usr/lib/modules", "lib/modules"):
        if (unpacked / each).is_dir():
            return unpacked / each
    raise BuildError("the kernel's package holds no modules")


def _busybox(unpacked: Path) -> Path:
    places = [unpacked / each / "busybox" for each in ("bin", "usr/bin")]
    if (found := next((each for each in places if each.is_file()), None)) is None:
        raise BuildError("busybox-static holds no busybox")
    return found


def _wanted(file: str) -> bool:
    inside = file.removeprefix("kernel/")
    return any(
        inside.startswith((f"{each}/", f"{each}.", f"{each}-", f"{each}_"))
        or (os.sep in each and inside.startswith(each))
        for each in MODULES
    )


def _closure(wanted: Iterable[str], depends: Mapping[str, list[str]]) -> Iterator[str]:
    seen: set[str] = set()
    for name in wanted:
        for each in (name, *depends[name]):
            if each not in seen:
                seen.add(each)
                yield each


def _module_name(file: str) -> str:
    return Path(file).name.partition(".ko")[0].replace("-", "_")


def _plain(file: Path) -> bytes:
    data = file.read_bytes()
    return lzma.decompress(data) if file.suffix == ".xz" else data
