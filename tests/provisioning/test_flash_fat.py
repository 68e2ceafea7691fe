"""Files that are written into a FAT volume are what every other program finds there."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.fat import FatError, FatVolume, VolumeFullError
from provisioning.medium import Overlay
from provisioning.partitions import partitions
from tests.running import needs

PLANS = st.lists(
    st.tuples(
        st.sampled_from(["haetae", "HAETAE", "a folder of a long name, really", "b"]),
        st.sampled_from(["seed.toml", "card.txt", "SEED.TOM", "한글 이름.txt", "13-characters"]),
        st.integers(0, 9_000),
    ),
    min_size=1,
    max_size=12,
)


class FileMedium:
    """A volume in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, at: int, count: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(at)
            return file.read(count)

    def write(self, at: int, content: bytes) -> None:
        with self.path.open("r+b") as file:
            file.seek(at)
            file.write(content)


def run(*command: object) -> str:
    done = subprocess.run([str(each) for each in command], capture_output=True, check=False)
    assert done.returncode == 0, done
    return done.stdout.decode()


def volume(path: Path, kind: int, mib: int | None = None) -> Path:
    """A fresh volume of FAT16 or FAT32, with a file from somebody else in it."""
    needs("mkfs.vfat")
    needs("mcopy")
    size = mib or {16: 16, 32: 40}[kind]
    with path.open("wb") as file:
        file.truncate(size << 20)
    run("mkfs.vfat", "-F", kind, "-n", "BOOT", "-s", 1, path)
    (path.parent / "config.txt").write_text("arm_64bit=1\n" * 200)
    run("mcopy", "-i", path, path.parent / "config.txt", "::config.txt")
    return path


@pytest.fixture(scope="module", params=[16, 32])
def fresh(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return volume(tmp_path_factory.mktemp("fat") / "fresh.img", request.param)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=PLANS)
def test_what_is_written_is_found_by_mtools_and_the_volume_is_sound(
    fresh: Path, tmp_path: Path, plan: list[tuple[str, str, int]]
) -> None:
    path = tmp_path / "volume.img"
    shutil.copyfile(fresh, path)
    written: dict[tuple[str, str], tuple[str, str, bytes]] = {}
    for n, (folder, name, size) in enumerate(plan):
        content = bytes([n + 1]) * size
        FatVolume(FileMedium(path)).write_file(folder, name, content)
        first = written.get((folder.upper(), name.upper()), (folder, name, b""))
        written[folder.upper(), name.upper()] = (first[0], first[1], content)
    check = subprocess.run(("fsck.vfat", "-n", path), capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stdout
    for folder, name, content in written.values():
        out = tmp_path / "out"
        run("mcopy", "-n", "-o", "-i", path, f"::{folder}/{name}", out)
        assert out.read_bytes() == content
        assert FatVolume(FileMedium(path)).read_file(folder, name) == content
    run("mcopy", "-o", "-i", path, "::config.txt", tmp_path / "config.txt")
    assert (tmp_path / "config.txt").read_bytes() == (fresh.parent / "config.txt").read_bytes()


def test_names_are_read_as_mtools_wrote_them(fresh: Path, tmp_path: Path) -> None:
    path = tmp_path / "volume.img"
    shutil.copyfile(fresh, path)
    run("mmd", "-i", path, "::haetae")
    for name in ("seed.toml", "SHORT.TXT", "한글.txt", "lower.txt"):
        (tmp_path / name).write_text(name)
        run("mcopy", "-i", path, tmp_path / name, f"::haetae/{name}")
    found = FatVolume(FileMedium(path))
    assert set(found.names("haetae")) == {"seed.toml", "SHORT.TXT", "한글.txt", "lower.txt"}
    assert found.read_file("HAETAE", "Seed.Toml") == b"seed.toml"
    assert set(found.names()) == {"config.txt", "haetae"}


def test_what_a_file_held_before_is_gone_once_it_is_replaced(fresh: Path, tmp_path: Path) -> None:
    path = tmp_path / "volume.img"
    shutil.copyfile(fresh, path)
    FatVolume(FileMedium(path)).write_file("haetae", "seed.toml", b"CLAIM-CODE" * 300)
    FatVolume(FileMedium(path)).write_file("haetae", "seed.toml", b"another")
    assert b"CLAIM-CODE" not in path.read_bytes()


def test_a_full_volume_is_told(fresh: Path, tmp_path: Path) -> None:
    path = tmp_path / "volume.img"
    shutil.copyfile(fresh, path)
    with pytest.raises(VolumeFullError):
        FatVolume(FileMedium(path)).write_file("haetae", "seed.toml", bytes(64 << 20))


@pytest.mark.parametrize("raw", [b"", bytes(512), b"\xeb" * 510 + b"\x55\xaa", b"\x55\xaa" * 256])
def test_what_is_no_volume_is_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "volume.img"
    path.write_bytes(raw)
    with pytest.raises(FatError):
        FatVolume(FileMedium(path))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=st.lists(st.tuples(st.integers(0, 300 * 512), st.binary(min_size=1, max_size=8))))
def test_a_damaged_volume_raises_what_is_named_and_nothing_else(
    fresh: Path, damage: list[tuple[int, bytes]]
) -> None:
    medium = Overlay(FileMedium(fresh).read)
    for at, raw in damage:
        medium.write(at, raw)
    try:
        found = FatVolume(medium)
        found.write_file("haetae", "seed.toml", b"content")
        assert found.read_file("haetae", "seed.toml") is not None
    except FatError:
        pass


@given(st.lists(st.tuples(st.integers(0, 4000), st.binary(min_size=1, max_size=1200)), max_size=8))
def test_an_overlay_reads_as_if_it_were_written_and_leaves_what_is_below(
    changes: list[tuple[int, bytes]],
) -> None:
    below = bytes(range(256)) * 24
    overlay, model = Overlay(lambda at, count: below[at : at + count]), bytearray(below)
    for at, content in changes:
        overlay.write(at, content)
        model[at : at + len(content)] = content
    assert overlay.read(0, len(below)) == bytes(model[: len(below)])
    assert overlay.read(700, 33) == bytes(model[700:733])
    assert all(below[at : at + 512] == raw for at, raw in overlay.old.items())
    patched = bytearray(below)
    for at, raw in overlay.new.items():
        patched[at : at + 512] = raw
    assert patched == model


def test_partitions_are_found_in_every_table(tmp_path: Path) -> None:
    needs("sfdisk", "--version")
    path = tmp_path / "disk.img"
    for kind, guid in (("dos", "c"), ("gpt", "U")):
        with path.open("wb") as file:
            file.truncate(64 << 20)
        plan = f"label: {kind}\nstart=2048, size=32768, type={guid}\nstart=65536, type=linux\n"
        subprocess.run(("sfdisk", "-q", path), input=plan, text=True, check=True)
        found = partitions(FileMedium(path))
        assert [each.start for each in found] == [2048 * 512, 65536 * 512]
        assert found[0].size == 32768 * 512
    assert partitions(FileMedium(volume(tmp_path / "whole.img", 16)))[0].start == 0
    path.write_bytes(bytes(4096))
    assert partitions(FileMedium(path)) == []
