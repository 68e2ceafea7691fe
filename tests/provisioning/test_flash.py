"""A card is written whole, read back whole, and refused in words where it cannot be."""

import errno
import gzip
import lzma
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from agent.values import Why
from provisioning import seed as seeds
from provisioning.card_content import content_of
from provisioning.fat import FatVolume
from tests.disks import mounted, small_disk
from tests.provisioning.bad_cards import inserted, looped
from tests.provisioning.card_images import BOOT_AT, MIB, checked, is_written, small_image
from tests.provisioning.desks import HEADER, Desk
from tests.provisioning.test_flash_fat import FileMedium, run, volume

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def plain_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_image(tmp_path_factory.mktemp("image"))


@pytest.fixture
def image(plain_image: Path) -> Path:
    return checked(plain_image)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk where two devices were made."""
    made = Desk(tmp_path_factory.mktemp("desk"))
    rows = (f"market,시장 {n}호,Market {n},market-stall,stall-{n}" for n in (1, 2))
    assert made.batch(made.table(*rows, header=HEADER + ",device")).code == 0
    return made


@pytest.fixture
def desk(prepared: Desk, tmp_path: Path) -> Iterator[Desk]:
    """The same desk for each test, with its seeds and its journal; `folder` is the test's own."""
    kept = tmp_path / "kept"
    shutil.copytree(prepared.out / "seeds", kept)
    shutil.copyfile(prepared.journal, tmp_path / "journal")
    before = prepared.folder
    prepared.folder, prepared.system = tmp_path, Path("/")
    yield prepared
    prepared.folder = before
    shutil.copytree(kept, prepared.out / "seeds", dirs_exist_ok=True)
    shutil.copyfile(tmp_path / "journal", prepared.journal)


@pytest.mark.parametrize("packed", ["plain", "xz", "gz"])
def test_an_image_and_a_seed_are_written_to_a_file(
    desk: Desk, image: Path, packed: str, tmp_path: Path
) -> None:
    source = image
    if packed == "xz":
        source = tmp_path / "haetae.img.xz"
        source.write_bytes(lzma.compress(image.read_bytes(), preset=0))
    if packed == "gz":
        source = tmp_path / "haetae.img.gz"
        source.write_bytes(gzip.compress(image.read_bytes(), 1))
    out = tmp_path / "card.img"
    said = desk.ask("flash", out, "--image", checked(source), "--device", "stall-1")
    assert said.code == 0, said
    assert said.records[-1]["verified"] is True
    assert is_written(out, image, "stall-1")


def test_a_seed_leaves_the_laptop_once_it_is_on_its_card(desk: Desk, image: Path) -> None:
    seed = desk.out / "seeds" / "stall-1.toml"
    kept = desk.ask("flash", desk.folder / "a.img", "--image", image, "--seed", seed, "--keep")
    assert kept.code == 0
    assert seed.exists()
    assert desk.ask("flash", desk.folder / "a.img", "--image", image, "--seed", seed).code == 0
    assert not seed.exists()
    again = desk.ask("flash", desk.folder / "a.img", "--image", image, "--device", "stall-1")
    assert again.failure == "seed-gone"
    assert "--remake stall-1" in again.records[-1]["error"]["remedy"]["en"]


def test_flashing_twice_gives_the_same_card_and_asks_nothing(desk: Desk, image: Path) -> None:
    words = ("flash", desk.folder / "a.img", "--image", image, "--device", "stall-1", "--keep")
    assert desk.ask(*words).code == 0
    first = (desk.folder / "a.img").read_bytes()
    assert desk.ask(*words).code == 0
    assert (desk.folder / "a.img").read_bytes() == first


def test_progress_shows_rate_and_remaining_time(desk: Desk, image: Path) -> None:
    said = desk.run(
        "flash", desk.folder / "a.img", "--image", image, "--device", "stall-1", bar=True, lang="ko"
    )
    assert said.code == 0
    for words in ("MB/s", "남은 시간", "쓰는 중", "다시 읽어 확인", "\r", "이제 빼도 됩니다"):
        assert words in said.err + said.out


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Path]:
    """A block device of 64 MB."""
    with (tmp_path / "medium").open("wb") as file:
        file.truncate(64 * MIB)
    with looped(tmp_path / "medium") as device:
        yield device


def test_a_card_is_written_and_verified(desk: Desk, image: Path, card: Path) -> None:
    words = ("flash", card, "--image", image, "--device", "stall-1", "--confirm", card.name)
    said = desk.ask(*words)
    assert said.code == 0, said
    medium = desk.folder / "medium"
    assert is_written(medium, image, "stall-1")
    assert not any(medium.read_bytes()[image.stat().st_size :])  # no mark of the writer is left


def test_a_disk_that_cannot_be_taken_out_is_asked_about(
    desk: Desk, image: Path, card: Path
) -> None:
    words = ("flash", card, "--image", image, "--device", "stall-1")
    assert desk.ask(*words).failure == "not-a-card"
    assert desk.ask(*words, typed="yes\n").failure == "not-a-card"
    assert not any((desk.folder / "medium").read_bytes())
    assert desk.ask(*words, typed=f"{card.name}\n").code == 0


def test_a_mounted_card_is_never_written(desk: Desk, image: Path, card: Path) -> None:
    run("mkfs.ext4", "-q", card)
    words = ("flash", card, "--image", image, "--device", "stall-1", "--confirm", card.name)
    before = (desk.folder / "medium").read_bytes()
    with mounted("ext4", str(card), desk.folder / "media", "ro"):
        said = desk.ask(*words)
        assert said.failure == "card-mounted"
        assert "umount" in said.records[-1]["error"]["remedy"]["ko"]
        # the system itself refuses, too, where its list of mounts is not seen
        desk.system = desk.folder / "blind"
        folder = desk.system / "sys/block" / card.name
        folder.mkdir(parents=True)
        (folder / "size").write_text("131072\n")
        assert desk.ask(*words).failure == "card-in-use"
    assert (desk.folder / "medium").read_bytes() == before


def test_another_devices_card_is_asked_about_by_that_devices_name(desk: Desk, image: Path) -> None:
    out = desk.folder / "a.img"
    assert desk.ask("flash", out, "--image", image, "--device", "stall-1").code == 0
    before = out.read_bytes()
    words = ("flash", out, "--image", image, "--device", "stall-2")
    refused = desk.ask(*words, "--confirm", "a.img", typed="stall-2\n")
    assert refused.failure == "another-devices-card"
    assert out.read_bytes() == before
    assert desk.ask(*words, typed="stall-1\n").code == 0
    assert is_written(out, image, "stall-2")


@pytest.mark.parametrize("kind", ["fat", "ext4", "text"])
def test_somebodys_data_is_asked_about(desk: Desk, image: Path, kind: str) -> None:
    out = desk.folder / "somebody.img"
    if kind == "fat":
        shutil.copyfile(volume(desk.folder / "v.img", 16), out)
    elif kind == "ext4":
        out.write_bytes(bytes(8 * MIB))
        run("mkfs.ext4", "-q", out)
    else:
        out.write_text("my thesis\n" * 400)
    words = ("flash", out, "--image", image, "--device", "stall-1")
    before = out.read_bytes()
    assert desk.ask(*words).failure == "card-has-data"
    assert out.read_bytes() == before
    assert desk.ask(*words, "--confirm", "somebody.img").code == 0


def test_a_new_cards_empty_volume_is_not_asked_about(desk: Desk, image: Path) -> None:
    out = desk.folder / "new.img"
    out.write_bytes(bytes(16 * MIB))
    run("mkfs.vfat", "-F", 16, "-n", "NEW", out)
    assert content_of(FileMedium(out)).has_data is False
    assert desk.ask("flash", out, "--image", image, "--device", "stall-1").code == 0


def test_a_card_that_is_too_small_is_told_before_anything_is_written(
    desk: Desk, image: Path
) -> None:
    medium = desk.folder / "small"
    medium.write_bytes(bytes(4 * MIB))
    with looped(medium) as device:
        words = ("flash", device, "--image", image, "--device", "stall-1")
        said = desk.ask(*words, "--confirm", device.name)
    assert said.failure == "card-too-small"
    assert not any(medium.read_bytes())


def test_a_full_disk_is_told(desk: Desk, image: Path) -> None:
    with small_disk(desk.folder / "full", 4096) as full:
        said = desk.ask("flash", full / "a.img", "--image", image, "--device", "stall-1")
    assert said.failure == "card-too-small"
    assert desk.seeds()  # the seed stays for the next try


@pytest.mark.parametrize("number", [errno.EIO, errno.ENXIO, errno.ENODEV])
@pytest.mark.parametrize("takes", [0, 5 * MIB, 20 * MIB])
def test_a_card_pulled_out_is_told_and_its_seed_stays(
    desk: Desk, image: Path, number: int, takes: int
) -> None:
    with inserted(desk.folder, 64 * MIB, takes=takes, number=number) as device:
        words = ("flash", device, "--image", image, "--device", "stall-1")
        said = desk.ask(*words, "--confirm", device.name)
    assert said.failure == "card-pulled"
    assert (desk.out / "seeds" / "stall-1.toml").exists()


@pytest.mark.parametrize("holds", [8 * MIB, 32 * MIB, 64 * MIB, 65 * MIB, 131_072_512, 255 * MIB])
def test_a_card_that_is_smaller_than_it_says_is_found_out(
    desk: Desk, image: Path, holds: int
) -> None:
    with inserted(desk.folder, 256 * MIB, holds=holds) as device:
        words = ("flash", device, "--image", image, "--device", "stall-1")
        said = desk.ask(*words, "--confirm", device.name)
    assert said.failure == "card-lies"


def test_an_honest_card_of_that_kind_passes(desk: Desk, image: Path) -> None:
    with inserted(desk.folder, 256 * MIB) as device:
        words = ("flash", device, "--image", image, "--device", "stall-1")
        assert desk.ask(*words, "--confirm", device.name).code == 0


def test_a_bad_image_never_touches_the_card(desk: Desk, plain_image: Path, tmp_path: Path) -> None:
    out = tmp_path / "card.img"
    image = tmp_path / "bad.img"
    words = ("flash", out, "--image", image, "--device", "stall-1")
    assert desk.ask(*words).failure == "image-missing"
    shutil.copyfile(plain_image, image)
    assert desk.ask(*words).failure == "image-unchecked"
    checked(image)
    raw = bytearray(image.read_bytes())
    raw[5 * MIB] ^= 1
    image.write_bytes(raw)
    assert desk.ask(*words).failure == "image-damaged"
    packed = tmp_path / "cut.img.xz"
    packed.write_bytes(lzma.compress(plain_image.read_bytes(), preset=0)[:-5000])
    cut = desk.ask("flash", out, "--image", checked(packed), "--device", "stall-1")
    assert cut.failure == "image-damaged"
    assert not out.exists()


def test_an_image_of_something_else_is_refused(desk: Desk, tmp_path: Path) -> None:
    image = tmp_path / "other.img"
    image.write_bytes(os.urandom(MIB))
    said = desk.ask("flash", tmp_path / "o.img", "--image", checked(image), "--device", "stall-1")
    assert said.failure == "image-foreign"


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/dev/full", "no-such-card"),
        ("/dev/sdz9", "no-such-card"),
        ("/dev/null/x", "no-such-card"),
        ("/sys/kernel/notes", "not-allowed"),
        ("/tmp", "no-such-card"),
    ],
)
def test_a_target_that_is_no_card_is_refused(
    desk: Desk, image: Path, target: str, code: str
) -> None:
    assert desk.ask("flash", target, "--image", image, "--device", "stall-1").failure == code


def test_a_locked_card_is_told(desk: Desk, image: Path) -> None:
    medium = desk.folder / "locked"
    medium.write_bytes(bytes(32 * MIB))
    with looped(medium) as device:
        subprocess.run(("blockdev", "--setro", device), check=True)
        words = ("flash", device, "--image", image, "--device", "stall-1")
        assert desk.ask(*words, "--confirm", device.name).failure == "card-locked"
        subprocess.run(("blockdev", "--setrw", device), check=True)


def test_it_must_be_said_whose_card_it_is(desk: Desk, image: Path) -> None:
    words = ("flash", desk.folder / "a.img", "--image", image)
    assert desk.ask(*words).failure == "which-device"
    assert desk.ask(*words, "--device", "stall-9").failure == "device-not-made"
    assert desk.ask(*words, "--seed", desk.folder / "no.toml").failure == "seed-unusable"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"profile": "no-such"}, "profile-unknown"),
        ({"claim": None}, "claim-spent"),
        (
            {"claim": seeds.Claim(code="A" * 26, expires=LONG_AGO)},
            "claim-spent",
        ),
    ],
)
def test_a_seed_that_no_device_could_use_is_refused(
    desk: Desk, image: Path, change: dict[str, object], code: str
) -> None:
    path = desk.folder / "changed.toml"
    path.write_text(
        seeds.seed_text(msgspec.structs.replace(seeds.read_seed(desk.seeds()[0]), **change))
    )
    said = desk.ask("flash", desk.folder / "a.img", "--image", image, "--seed", path)
    assert said.failure == code


def test_no_secret_is_in_what_is_said_or_kept(
    desk: Desk, image: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    seed = seeds.read_seed(desk.out / "seeds" / "stall-1.toml")
    assert seed.claim is not None
    words = ("flash", desk.folder / "a.img", "--image", image, "--device", "stall-1", "--debug")
    said = desk.run(*words)
    assert said.code == 0
    everything = said.out + said.err + caplog.text + str(desk.journal.read_bytes())
    for secret in (seed.claim.code, seed.setup.psk, seed.setup.verifier):
        assert secret not in everything


def test_a_card_says_whose_it_is_in_words(desk: Desk, image: Path) -> None:
    out = desk.folder / "a.img"
    desk.ask("flash", out, "--image", image, "--device", "stall-2")
    found = content_of(FileMedium(out))
    assert found.device == "stall-2"
    text = FatVolume(FileMedium(out), BOOT_AT).read_file("haetae", "card.txt")
    assert text is not None
    assert Why("시장 2호", "Market 2").ko in text.decode("utf-8-sig")
