"""Labels are read by a phone's decoder, also badly printed, and give no secret away."""

import io
import json
import random
import re
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageFilter

from agent.values import Why
from provisioning import seed as seeds
from provisioning.batch_folder import BatchFolder, LabelData
from provisioning.label import LAYOUTS, Label
from provisioning.label_font import find_font
from provisioning.label_sheet import PNG_DPI, Pen, sheets
from provisioning.model import MODEL
from provisioning.remedy import ProvisioningError
from provisioning.seed import Seed
from tests.provisioning.desks import HEADER, Desk, stalls

PASSWORD = "behind-the-fish-42"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Desk, str]:
    """A hundred devices, made by a process that logs all it does; what it said."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    rows = [f"{row},시장 와이파이,{PASSWORD}" for row in stalls(100)]
    table = desk.table(*rows, header=HEADER + ",wifi_ssid,wifi_password")
    command = (sys.executable, "-m", "provisioning.cli", "batch", str(table))
    options = ("--city", desk.city, "--out", desk.out, "--journal", desk.journal, "--debug")
    done = subprocess.run(
        (*command, *map(str, options)), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return desk, done.stdout + done.stderr


def seeds_of(desk: Desk) -> Sequence[Seed]:
    return [seeds.read_seed(path) for path in desk.seeds()]


def secrets_of(seed: Seed) -> Iterator[str]:
    """What must stand on no label and in no log."""
    assert seed.claim is not None
    assert seed.wifi is not None
    yield from (seed.claim.code, seed.wifi.psk, seed.setup.psk, seed.setup.verifier, PASSWORD)


def read(picture: Image.Image) -> set[str]:
    return {each.text for each in zxingcpp.read_barcodes(picture)}


def pages_of(pdf: Path) -> Iterator[Image.Image]:
    """The pictures that a PDF of ours holds: one to a page, packed as CCITT group 4."""
    raw = pdf.read_bytes()
    for found in re.finditer(rb"/Width (\d+)\b.{0,400}?stream\r?\n", raw, re.DOTALL):
        end = raw.index(b"endstream", found.end())
        tall = re.search(rb"/Height (\d+)", found[0]) or re.search(rb"/Rows (\d+)", found[0])
        assert tall is not None
        yield unpacked(raw[found.end() : end], int(found[1]), int(tall[1]))


def unpacked(group_4: bytes, width: int, height: int) -> Image.Image:
    """Read a strip of CCITT group 4 by putting a TIFF around it."""
    tags = [(256, width), (257, height), (258, 1), (259, 4), (262, 0), (273, 8), (278, height)]
    tags.append((279, len(group_4)))
    padded = group_4 + b"\0" * (len(group_4) % 2)
    head = struct.pack("<2sHI", b"II", 42, 8 + len(padded))
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    tiff = head + padded + struct.pack("<H", len(tags)) + body + bytes(4)
    return Image.open(io.BytesIO(tiff)).convert("L")


def test_a_hundred_rows_are_a_hundred_identities(made: tuple[Desk, str]) -> None:
    desk, _ = made
    found = seeds_of(desk)
    claims = [seed.claim for seed in found if seed.claim is not None]
    for of in (
        [seed.device for seed in found],
        [claim.code for claim in claims],
        [seed.setup.salt for seed in found],
        [seed.setup.verifier for seed in found],
        [seed.setup.psk for seed in found],
        [seed.setup.ssid for seed in found],
        [data.code for data in BatchFolder(desk.out).labels()],
    ):
        assert len(set(of)) == 100


def test_every_label_of_the_sheets_is_read_and_names_its_own_device(
    made: tuple[Desk, str],
) -> None:
    desk, _ = made
    labels = [Label(data) for data in BatchFolder(desk.out).labels()]
    found: set[str] = set()
    for page in sheets(labels, LAYOUTS["2x5"], Pen(find_font(), PNG_DPI)):
        found |= read(page)
    assert found == {text for label in labels for text in label.qr_codes}
    assert len(found) == 200
    for seed in seeds_of(desk)[::20]:  # each takes a while, by design
        mine = [label for label in labels if label.data.device == seed.device]
        assert [seeds.verifier(each.data.code, seed.setup.salt) for each in mine] == [
            seed.setup.verifier
        ]
    for label in labels:
        assert label.wifi == f"WIFI:T:WPA;S:Haetae-{label.data.device};P:{label.data.code};;"
        assert label.page == f"https://haetae-{label.data.device}.local/#{label.data.code}"


def test_the_pdf_holds_the_same_labels(made: tuple[Desk, str]) -> None:
    desk, _ = made
    labels = [Label(data) for data in BatchFolder(desk.out).labels()][:20]
    said = desk.run("label", *[each.data.device for each in labels], "--out", desk.folder / "l.pdf")
    assert said.code == 0, said
    pages = list(pages_of(desk.folder / "l.pdf"))
    assert len(pages) == 2
    found = {text for page in pages for text in read(page.resize((2480, 3508)))}
    assert found == {text for label in labels for text in label.qr_codes}


def test_no_secret_is_on_any_label_or_in_any_log(made: tuple[Desk, str]) -> None:
    desk, said = made
    written = [text for data in BatchFolder(desk.out).labels() for text in Label(data).texts]
    coded = [text for data in BatchFolder(desk.out).labels() for text in Label(data).qr_codes]
    everything = "\n".join((*written, *coded))
    kept = "".join(path.read_text() for path in (desk.out / "labels").iterdir())
    pdf = (desk.out / "labels.pdf").read_bytes()
    journal = desk.journal.read_bytes()
    for seed in seeds_of(desk):
        for secret in secrets_of(seed):
            assert secret not in everything
            assert secret not in kept
            assert secret not in said
            assert secret.encode() not in pdf
            assert secret.encode() not in journal
    codes = [data.code for data in BatchFolder(desk.out).labels()]
    assert not [code for code in codes if code in said]


def a_label(device: str = "cheongnyangni-7k3fq") -> Label:
    place = Why("청량리 시장 17호 생선가게", "Cheongnyangni market, stall 17, fishmonger")
    return Label(
        LabelData(
            device=device, site="seoul", place=place, ssid=f"Haetae-{device}", code="0123ABCDWXYZ"
        )
    )


def blurred(picture: Image.Image) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(1.6))


def photographed(picture: Image.Image) -> Image.Image:
    """From further away, at an angle, in poor light."""
    small = picture.resize((picture.width * 3 // 4, picture.height * 3 // 4))
    return small.rotate(11, fillcolor=255, expand=True).point(lambda level: 60 + level // 3)


def badly_printed(picture: Image.Image) -> Image.Image:
    """Toner that bleeds, and white specks."""
    random.seed(7)
    noise = Image.frombytes("L", picture.size, random.randbytes(picture.width * picture.height))
    specks = noise.point(lambda level: 255 if level < 6 else 0)
    bled = picture.filter(ImageFilter.MinFilter(3))
    return ImageChops.lighter(bled, specks).filter(ImageFilter.GaussianBlur(0.8))


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
@pytest.mark.parametrize("harm", [blurred, photographed, badly_printed])
def test_a_label_is_read_after_what_printers_and_phones_do(layout: str, harm: object) -> None:
    drawn = Pen(find_font(), PNG_DPI).label(a_label(), LAYOUTS[layout])
    assert callable(harm)
    assert read(harm(drawn)) == set(a_label().qr_codes)


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
@pytest.mark.parametrize("device", ["a", "a" * 25])
def test_short_and_long_names_fit(layout: str, device: str) -> None:
    label = a_label(device)
    assert read(Pen(find_font(), PNG_DPI).label(label, LAYOUTS[layout])) == set(label.qr_codes)


def test_a_label_says_in_words_what_a_person_needs() -> None:
    texts = a_label().texts
    for words in (
        "청량리 시장 17호 생선가게",
        "cheongnyangni-7k3fq",
        "0123-ABCD-WXYZ",
        "seoul",
        MODEL,
    ):
        assert words in texts


def test_one_label_is_a_picture_of_its_own_and_many_are_sheets(made: tuple[Desk, str]) -> None:
    desk, _ = made
    devices = [path.stem for path in desk.seeds()]
    one = desk.ask("label", devices[0], "--out", desk.folder / "one.png")
    with Image.open(one.records[0]["labels"]) as picture:
        assert picture.size == (1170, 673)
    many = desk.ask("label", desk.out, "--out", desk.folder / "all.png", "--sheet", "3x7")
    names = [Path(each["labels"]).name for each in many.records]
    assert names == ["all.png", "all-2.png", "all-3.png", "all-4.png", "all-5.png"]
    with Image.open(desk.folder / "all.png") as picture:
        assert picture.size == (2480, 3508)


def test_a_laptop_without_hangul_is_told_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ProvisioningError, match="no-korean-font") as refusal:
        find_font([tmp_path])
    assert "fonts-nanum" in refusal.value.failure.remedy.ko


def test_a_font_without_hangul_is_refused(made: tuple[Desk, str]) -> None:
    desk, _ = made
    font = desk.folder / "none.ttf"
    font.write_bytes(b"no font")
    said = desk.ask("label", desk.out, "--out", desk.folder / "x.pdf", "--font", font)
    assert said.failure == "font-without-hangul"


def test_an_unknown_device_or_a_damaged_folder_has_a_remedy(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk.ask("label", "x9", "--out", tmp_path / "x.pdf").failure == "no-label"
    labels = tmp_path / "batch" / "labels"
    labels.mkdir(parents=True)
    (labels / "x9.json").write_text(json.dumps({"device": "x9"}))
    said = desk.ask("label", tmp_path / "batch", "--out", tmp_path / "x.pdf")
    assert said.failure == "label-data-damaged"


def test_labels_that_cannot_be_written_are_told(made: tuple[Desk, str]) -> None:
    desk, _ = made
    said = desk.ask("label", desk.out, "--out", "/dev/null/x.pdf")
    assert said.failure == "folder-unwritable"
