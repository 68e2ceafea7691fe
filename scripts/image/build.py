"""Makes the SD card's image: `PYTHONPATH=scripts python -m image.build [--rehearsal]`.

Needs root, Debian's archive and PyPI; what was fetched and installed once is kept under `--cache`.
Progress goes to stderr, one JSON object about the result to stdout.
"""

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from image import card, debian, kernel, rehearsal, release, root, sbom, wheels
from image.source import CHECKOUT, Source, take
from image.suites import MIRROR, SECURITY, SUITES, Suite
from image.tools import BuildError, keep_only, require_tools, run, step

FAILED = 1
_FIRMWARE_SUFFIXES = {".bin", ".elf", ".dat"}
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be built."""

    suite: Suite
    mirror: str
    security: str
    cache: Path
    output: Path
    rehearsal: bool
    compress: bool
    roots: Path | None


def build(order: Order) -> dict[str, object]:
    """Build the image and what lies beside it; what was built.

    Raises:
        BuildError: Something is missing or failed; the message says what to do.
    """
    require_tools()
    order.cache.mkdir(parents=True, exist_ok=True)
    sources = order.suite.sources(order.mirror, order.security)
    archive = debian.Archive(order.suite, sources, order.cache / "apt" / order.suite.name)
    packages = archive.packages()
    debs = archive.fetch_unpacked(packages, order.cache / "debs")
    tar = order.cache / f"root-{order.suite.name}-{packages.digest()[:16]}.tar"
    if not tar.exists():
        archive.make_root(packages, tar)
    with tempfile.TemporaryDirectory(prefix="haetae-image-") as scratch:
        work, python = Path(scratch), order.suite.python
        source = take(work)
        lock = source.folder / "requirements" / "device.lock"
        fetched = wheels.fetch_wheels(lock, python, order.cache / "wheels" / python)
        kernel.unpack(debs, work / "unpacked")
        tree = _base(order, tar, fetched, work)
        own = _finish(order, tree, work, source)
        parts = _parts(tree, work, source.epoch_s)
        with step("write the parts list"):
            parts_list = [*fetched, own]
            bill = sbom.bill(tree, packages, parts_list, source.epoch_s, order.rehearsal)
        return _write(order, parts, packages, bill, source)


def _base(order: Order, tar: Path, fetched: list[Path], work: Path) -> Path:
    """Debian, the kernel's modules and the locked wheels, compiled; kept by what it is made of."""
    key, unpacked = hashlib.sha256(), work / "unpacked"
    here = [_HERE / each for each in ("kernel.py", "suites.py", "wheels.py")]
    names = (path.name for path in fetched)
    for each in (tar.name, kernel.version_of(unpacked), sys.version, *names):
        key.update(each.encode() + b"\0")
    for path in here:
        key.update(path.read_bytes())
    kept = order.cache / f"base-{order.suite.name}-{key.hexdigest()[:16]}.tar"
    tree = work / "root"
    tree.mkdir(mode=0o755)
    if kept.exists():
        with step("lay out the root"):
            run("tar", "--extract", "--numeric-owner", "-f", kept, "-C", tree)
        return tree
    with step("lay out the root, its modules and its Python packages"):
        run("tar", "--extract", "--numeric-owner", "-f", tar, "-C", tree)
        kernel.install_modules(unpacked, tree)
        shutil.copytree(unpacked / "lib/firmware", tree / "usr/lib/firmware", dirs_exist_ok=True)
        wheels.install(fetched, tree, order.suite.python)
    with step("compile Python's files"):
        for folder in (f"usr/lib/python{order.suite.python}", "usr/lib/python3", "opt/haetae"):
            wheels.compile_all(tree / folder, tree, order.suite.python)
    part = kept.with_suffix(".part")
    run("tar", "--create", "--sort=name", "--numeric-owner", "-f", part, "-C", tree, ".")
    part.replace(kept)
    keep_only(kept, f"base-{order.suite.name}-*")
    return tree


def _finish(order: Order, tree: Path, work: Path, source: Source) -> Path:
    """What changes with every commit: our own wheel and the units."""
    with step("build and lay out this checkout's wheel"):
        own = wheels.build_wheel(source.folder, work)
        wheels.install([own], tree, order.suite.python)
        packages = tree / wheels.HOME / "lib" / f"python{order.suite.python}" / "site-packages"
        for name in ("agent", "drivers", "models", "provisioning"):
            wheels.compile_all(packages / name, tree, order.suite.python)
    with step("enable the units"):
        root.install_units(source.folder, tree, order.suite.name != "bookworm")
        if order.rehearsal:
            rehearsal.install(source.folder, tree, order.suite.python)
        release.describe(tree, source, order.suite.name, order.roots)
        release.install_boot_files(tree, work / "unpacked", work)
        root.settle(tree, source.epoch_s)
    return own


def _parts(tree: Path, work: Path, epoch_s: int) -> dict[str, Path]:
    """The partitions as files; the disk's signature comes from what they hold."""
    parts = {name: work / f"{name}.part" for name in ("boot", "root A", "data")}
    with step("pack the root"):
        card.make_squashfs(tree, parts["root A"], epoch_s)
    with step("make the boot and data partitions"):
        user = root.numbers_of(tree, "haetae")
        folders = {
            name: (mode, *(user if name == "state" else (0, 0)))
            for name, mode in root.DATA_FOLDERS.items()
        }
        digest = wheels.sha256_of(parts["root A"])
        signature = _signature(digest)
        files = _boot_files(tree, work / "unpacked", signature)
        card.make_fat(files, parts["boot"], signature, epoch_s, work)
        uuid = f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"
        card.make_data(folders, parts["data"], uuid, epoch_s)
    return parts


def _signature(digest: str) -> int:
    return int(digest[:8], 16) | 1


def _boot_files(tree: Path, unpacked: Path, signature: int) -> dict[str, bytes]:
    """All that the FAT partition holds, by name."""
    files = {"config.txt": (_HERE / "config.txt").read_bytes()}
    for path in sorted((unpacked / "usr/lib/raspi-firmware").iterdir()):
        if path.suffix in _FIRMWARE_SUFFIXES:
            files[path.name] = path.read_bytes()
    files.update(release.first_slot(tree, signature))
    files["haetae/README.txt"] = (_HERE / "seed-folder.txt").read_bytes()
    return files


def _write(
    order: Order, parts: dict[str, Path], packages: debian.Packages, bill: bytes, source: Source
) -> dict[str, object]:
    kind = "-rehearsal" if order.rehearsal else ""
    name = f"haetae-{order.suite.name}{kind}"
    order.output.mkdir(parents=True, exist_ok=True)
    target = order.output / f"{name}.img"
    with step(f"write {target}"):
        digest = wheels.sha256_of(parts["root A"])
        card.assemble(target, _signature(digest), parts)
        release.keep_root(parts["root A"], order.output / f"{name}.root.squashfs")
        whole = wheels.sha256_of(target)
    (order.output / f"{name}.img.sha256").write_text(f"{whole}  {target.name}\n", "ascii")
    (order.output / f"{name}.cdx.json").write_bytes(bill)
    about: dict[str, object] = {
        "image": str(target),
        "sha256": whole,
        "commit": source.commit,
        "epoch_s": source.epoch_s,
        "suite": order.suite.name,
        "packages": packages.digest(),
        "sources": packages.sources,
        "simulated": order.rehearsal,
        "sizes": {each: path.stat().st_size for each, path in sorted(parts.items())},
    }
    said = json.dumps({**about, "image": target.name}, indent=1) + "\n"
    (order.output / f"{name}.json").write_text(said, "utf-8")
    if order.compress:
        with step("compress"):
            run("xz", "--keep", "--force", "--threads=2", "-1", target)
    return about


def _order(arguments: list[str]) -> Order:
    parser = argparse.ArgumentParser(prog="image.build", description=(__doc__ or "").split("\n")[0])
    built = CHECKOUT / "build" / "image"
    parser.add_argument("--suite", choices=sorted(SUITES), default="bookworm")
    parser.add_argument("--mirror", default=MIRROR, help="such as a day of snapshot.debian.org")
    parser.add_argument("--security", default=SECURITY, help="the same for security updates")
    parser.add_argument("--cache", type=Path, default=built / "cache", metavar="DIR")
    parser.add_argument("--output", type=Path, default=built, metavar="DIR")
    parser.add_argument(
        "--rehearsal", action="store_true", help="with simulated wires: for emulated boards alone"
    )
    parser.add_argument("--xz", action="store_true", help="compress it, too")
    about = "who may sign updates: certificates of `haetae-release root`; without it, nobody"
    parser.add_argument("--release-roots", type=Path, metavar="PEM", help=about)
    args = parser.parse_args(arguments)
    return Order(
        suite=SUITES[args.suite],
        mirror=args.mirror,
        security=args.security,
        cache=args.cache,
        output=args.output,
        rehearsal=args.rehearsal,
        compress=args.xz,
        roots=args.release_roots,
    )


def main(arguments: list[str] | None = None) -> int:
    """Build as the command line says; 0, or 1 and what to do on stderr."""
    try:
        print(json.dumps(build(_order(sys.argv[1:] if arguments is None else arguments))))
    except BuildError as error:
        print(f"image: {error}", file=sys.stderr)
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
