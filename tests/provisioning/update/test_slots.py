"""Which system bundles are taken, by RAUC's own judgement and by ours; and their boot files."""

import hashlib
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning.remedy import ProvisioningError
from provisioning.update import boot_files, slots
from provisioning.update.boot_slot import Slot
from provisioning.update.slot_record import SlotRecord, SlotTrial, SystemVersion
from provisioning.update.slots import OneStart, SystemBundle
from provisioning.update.system import pinned
from provisioning.update.words import error
from tests.hil.rigs.qemu_image import COMPATIBLE, ReleaseKeys, release_keys
from tests.provisioning.power import Supply

IMAGE = Path(__file__).parents[3] / "scripts" / "image"
CONFIGURATION = Path(__file__).parents[3] / "systemd" / "image" / "rauc.conf"
RUNNING = SystemVersion(version="0.2.0", compatible=COMPATIBLE)
MANIFEST = """\
[update]
compatible={compatible}
version={version}
[bundle]
format=verity
[image.rootfs]
filename=root.squashfs
"""
needs_rauc = pytest.mark.skipif(
    shutil.which("rauc") is None or shutil.which("mksquashfs") is None,
    reason="not installed: rauc, squashfs-tools",
)


def code(caught: pytest.ExceptionInfo[ProvisioningError]) -> str:
    return caught.value.failure.code


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> ReleaseKeys:
    return release_keys(tmp_path_factory.mktemp("keys"))


def a_bundle(folder: Path, signed_by: ReleaseKeys, version: str = "0.3.0") -> Path:
    content, target = folder / "content", folder / "system.raucb"
    content.mkdir(parents=True)
    (content / "root.squashfs").write_bytes(b"hsqs" + random.Random(1).randbytes(16_380))
    text = MANIFEST.format(compatible=COMPATIBLE, version=version)
    (content / "manifest.raucm").write_text(text)
    keys = (f"--cert={signed_by.certificate}", f"--key={signed_by.key}")
    command = ("rauc", "bundle", *keys, str(content), str(target))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def read(bundle: Path, roots: Path) -> SystemBundle:
    return slots.read_bundle(bundle, roots, CONFIGURATION)


@needs_rauc
def test_a_bundle_by_our_signer_is_read(tmp_path: Path, city: ReleaseKeys) -> None:
    assert read(a_bundle(tmp_path, city), city.roots) == SystemBundle("0.3.0", COMPATIBLE)


@needs_rauc
def test_rauc_reads_it_where_it_is_pinned(tmp_path: Path, city: ReleaseKeys) -> None:
    bundle = a_bundle(tmp_path, city)
    with pinned(bundle, is_trusted=False, folder=tmp_path / "run") as same:
        bundle.unlink()
        assert read(same, city.roots) == SystemBundle("0.3.0", COMPATIBLE)


@needs_rauc
def test_a_strangers_bundle_is_refused(tmp_path: Path, city: ReleaseKeys) -> None:
    stranger = release_keys(tmp_path / "stranger")
    with pytest.raises(ProvisioningError) as caught:
        read(a_bundle(tmp_path, stranger), city.roots)
    assert code(caught) == "release-untrusted"


@needs_rauc
@pytest.mark.parametrize("cut", ["its signature", "its end"])
def test_a_bundle_that_is_not_whole_is_refused(tmp_path: Path, city: ReleaseKeys, cut: str) -> None:
    bundle = a_bundle(tmp_path, city)
    raw = bytearray(bundle.read_bytes())
    if cut == "its end":
        raw = raw[:-4096]
    else:
        raw[-400] ^= 1
    bundle.write_bytes(raw)
    with pytest.raises(ProvisioningError) as caught:
        read(bundle, city.roots)
    assert code(caught) in {"release-untrusted", "release-damaged"}


@needs_rauc
def test_without_roots_nothing_is_taken(tmp_path: Path, city: ReleaseKeys) -> None:
    with pytest.raises(ProvisioningError) as caught:
        read(a_bundle(tmp_path, city), tmp_path / "none.pem")
    assert code(caught) == "roots-unusable"


@pytest.mark.parametrize(
    ("version", "compatible", "refused"),
    [
        ("0.3.0", "haetae-amd64-pc", "update-other-board"),
        ("0.2.0", COMPATIBLE, "update-not-newer"),
        ("0.1.9", COMPATIBLE, "update-not-newer"),
        ("0.2.0rc1", COMPATIBLE, "update-not-newer"),
        ("0.2.9", COMPATIBLE, "update-failed-before"),
        ("newest", COMPATIBLE, "release-unusable"),
    ],
)
def test_what_is_not_for_this_device_or_not_newer_is_refused(
    version: str, compatible: str, refused: str
) -> None:
    with pytest.raises(ProvisioningError) as caught:
        slots.check(SystemBundle(version, compatible), RUNNING, ("0.2.9",))
    assert code(caught) == refused
    slots.check(SystemBundle("0.3.0", COMPATIBLE), RUNNING, ("0.2.9",))


@pytest.mark.parametrize(
    ("last", "refused"),
    [
        (
            (
                "LastError: Installation error: Failed updating slot rootfs.1:"
                " Failed splicing data: Error reading from file: Input/output error"
            ),
            "release-damaged",
        ),
        (
            (
                "LastError: Installation error: Compatible mismatch:"
                " Expected 'haetae-arm64-rpi' but bundle manifest has 'other'"
            ),
            "update-other-board",
        ),
        (
            "signature verification failed: Verify error: self-signed certificate",
            "release-untrusted",
        ),
    ],
)
def test_why_rauc_refused_is_told_by_its_error_and_not_by_what_it_was_doing(
    last: str, refused: str
) -> None:
    before = "installing\nVerifying bundle signature... \nVerified inline signature by 'CN = X'\n"
    code, line = slots.refusal(f"{before}{last}\nInstalling `/x.raucb` failed\n")
    assert (code, line) == (refused, last)


def a_root(folder: Path, kernel: bytes = b"kernel 2") -> Path:
    folder.mkdir(parents=True)
    (folder / "vmlinuz").write_bytes(kernel)
    (folder / "initrd.img").write_bytes(b"disk" * 5000)
    (folder / "cmdline.txt").write_bytes((IMAGE / "cmdline.txt").read_bytes())
    return folder


def test_a_slots_folder_is_the_roots_boot_files_with_its_own_command_line(tmp_path: Path) -> None:
    boot = tmp_path / "boot"
    (boot / "b").mkdir(parents=True)
    (boot / "b" / "old.dtb").write_bytes(b"old")
    (boot / "a").mkdir()
    (boot / "a" / "vmlinuz").write_bytes(b"kernel 1")
    boot_files.lay_out(a_root(tmp_path / "root"), boot, Slot.B, 0x060B36B5)
    assert sorted(each.name for each in (boot / "b").iterdir()) == [
        "cmdline.txt", "initrd.img", "vmlinuz",
    ]  # fmt: skip
    words = (boot / "b" / "cmdline.txt").read_text().split()
    assert {"root=PARTUUID=060b36b5-03", "rauc.slot=B", "haetae.trial=0"} <= set(words)
    assert (boot / "a" / "vmlinuz").read_bytes() == b"kernel 1"


def test_a_root_whose_command_line_is_none_is_damaged(tmp_path: Path) -> None:
    root = a_root(tmp_path / "root")
    (root / "cmdline.txt").write_bytes("root=뿌리".encode())
    (tmp_path / "boot").mkdir()
    with pytest.raises(ProvisioningError) as caught:
        boot_files.lay_out(root, tmp_path / "boot", Slot.B, 0x060B36B5)
    assert code(caught) == "system-damaged"


def test_a_power_cut_while_they_are_written_leaves_the_slot_that_runs_as_it_is(
    tmp_path: Path,
) -> None:
    supply, root = Supply(), a_root(tmp_path / "root")
    step = 0
    while step <= supply.steps:
        boot = tmp_path / f"boot-{step}"
        (boot / "a").mkdir(parents=True)
        (boot / "a" / "vmlinuz").write_bytes(b"kernel 1")
        (boot / "config.txt").write_text("os_prefix=a/\n")
        with supply.cut_before(step, boot):
            boot_files.lay_out(root, boot, Slot.B, 1)
        assert (boot / "a" / "vmlinuz").read_bytes() == b"kernel 1"
        assert (boot / "config.txt").read_text() == "os_prefix=a/\n"
        boot_files.lay_out(root, boot, Slot.B, 1)  # tried again
        assert (boot / "b" / "vmlinuz").read_bytes() == b"kernel 2"
        step += 1
    assert step > 3


def test_a_root_that_reads_otherwise_than_it_was_written_is_not_started(tmp_path: Path) -> None:
    device = tmp_path / "root-b"
    device.write_bytes(b"hsqs" + bytes(100_000))
    wanted = hashlib.sha256(b"another").hexdigest()
    written = boot_files.Written(Slot.B, device, wanted, 50_000)
    with pytest.raises(ProvisioningError) as caught:
        boot_files.install(written, tmp_path / "boot", tmp_path / "states")
    assert code(caught) == "system-damaged"
    assert not (tmp_path / "boot").exists()


def test_what_rauc_has_written_is_told_by_its_words(tmp_path: Path) -> None:
    image = tmp_path / "root.squashfs"
    image.write_bytes(bytes(4096))
    words = {
        "RAUC_TARGET_SLOTS": "2",
        "RAUC_SLOT_BOOTNAME_2": "B",
        "RAUC_SLOT_DEVICE_2": "/dev/haetae/root-b",
        "RAUC_IMAGE_NAME_2": str(image),
        "RAUC_IMAGE_DIGEST_2": "ab" * 32,
    }
    found = boot_files.Written.told(words)
    assert found == boot_files.Written(Slot.B, Path("/dev/haetae/root-b"), "ab" * 32, 4096)
    with pytest.raises(ProvisioningError):
        boot_files.Written.told({**words, "RAUC_TARGET_SLOTS": "1 2"})


@pytest.mark.parametrize("fails", ["switch", "restart"])
@pytest.mark.parametrize("is_back", [True, False])
def test_a_trial_that_cannot_begin_is_forgotten_unless_the_next_start_is_the_other_slots(
    tmp_path: Path, fails: str, *, is_back: bool
) -> None:
    record, done = SlotRecord(tmp_path), list[str]()

    def hand(name: str, *, works: bool) -> Callable[[], None]:
        def move() -> None:
            done.append(name)
            if not works:
                raise error("release-unusable", name)

        return move

    start = OneStart(
        record,
        SlotTrial(slot=Slot.B, version="0.3.0", from_version="0.2.0"),
        switch=hand("switch", works=fails != "switch"),
        restart=hand("restart", works=False),
        back=hand("back", works=is_back),
    )
    if fails == "restart":
        start.begin()
    with pytest.raises(ProvisioningError, match=fails):
        (start.go if fails == "restart" else start.begin)()
    assert done == ["switch", *(["restart"] if fails == "restart" else []), "back"]
    assert (record.trial is None) is is_back
