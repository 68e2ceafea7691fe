"""A reset that was asked for from a laptop or on the setup page is done at the next start."""

import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from provisioning import first_boot as first
from provisioning import reset_request
from provisioning.card_content import CARD_FILE
from provisioning.first_boot import Outcome, Places
from provisioning.places import FIRST_BOOT
from provisioning.seed import seed_text
from tests.provisioning.bad_cards import looped
from tests.provisioning.card_images import BOOT_AT, checked, small_image
from tests.provisioning.desks import Desk, stalls
from tests.provisioning.power import Supply
from tests.provisioning.test_factory_reset import data_partition, lived_in, raw
from tests.provisioning.test_first_boot import a_seed
from tests.provisioning.test_flash_fat import run

NAME = "김철수-할아버지"


@contextmanager
def a_device(root: Path, mib: int = 48) -> Iterator[Places]:
    """A card's two partitions: the first a folder here, the second a real file system."""
    (root / "boot/haetae").mkdir(parents=True)
    (root / "boot/haetae" / CARD_FILE).write_text("청량리 17호 김철수네\ndevice = stall-017\n")
    with data_partition(root, mib) as data:
        yield Places(
            root / "boot", data / "configuration", data / "network", root / "run",
            state=data / "state", system=data / "systemd",
        )  # fmt: skip


def inhabit(places: Places) -> None:
    """Leave what a device has of people, in short."""
    (places.configuration / "seed.toml").write_text(seed_text(a_seed(code=None)))
    (places.configuration / "contacts.json").write_text(json.dumps({"name": NAME}))
    (places.configuration / "device.key").write_text("a private key")
    (places.state / "outbox.db").write_text("events of " + NAME)


def boot(places: Places, names: list[str] | None = None) -> Outcome:
    outcome = first.first_boot(places, (names if names is not None else []).append)
    first.tell(outcome, places)
    return outcome


def codes(outcome: Outcome) -> list[str]:
    return [each.code for each in outcome.failures]


def on_card(places: Places) -> list[str]:
    return sorted(each.name for each in (places.boot / "haetae").iterdir())


def ask_by_card(places: Places, device: str) -> None:
    text = reset_request.request_text(device)
    (places.boot / "haetae" / reset_request.ON_CARD).write_text(text)


def ask_on_page(places: Places, device: str) -> None:
    reset_request.ask_on_device(places.configuration, device)


def files(places: Places) -> list[Path]:
    folders = (places.configuration, places.state, places.network, places.system)
    return [each for folder in folders for each in folder.rglob("*")]


def test_what_a_lived_in_device_holds_is_gone_after_the_next_start(tmp_path: Path) -> None:
    told: list[str] = []
    with a_device(tmp_path) as places:
        people = lived_in(places.configuration.parent, tmp_path)
        ask_by_card(places, "stall-017")
        os.sync()
        before = raw(places.configuration.parent)
        assert all(text.encode() in before for text in people)
        names: list[str] = []
        outcome = first.first_boot(places, names.append, told.append)
        first.tell(outcome, places)
        assert (outcome.state, codes(outcome), names) == ("waiting", ["was-reset"], [])
        assert files(places) == []
    after = raw(places.configuration.parent)
    assert not [text for text in people if text.encode() in after]
    assert on_card(places) == [FIRST_BOOT, "reset.json"]
    proof = json.loads((places.boot / "haetae/reset.json").read_text())
    assert (proof["device"], proof["found"], proof["resumed"]) == ("stall-017", 0, False)
    assert proof["keys_destroyed"] == 1
    assert proof["sought"] > 20
    said = json.loads((places.boot / "haetae" / FIRST_BOOT).read_text())
    assert "--new-label" in said["failures"][0]["remedy"]["ko"]
    assert "looking for traces: 100 %" in "\n".join(told)


@pytest.mark.parametrize("ask", [ask_by_card, ask_on_page])
def test_either_request_is_done_once_and_its_end_is_told_at_every_start(
    tmp_path: Path, ask: object
) -> None:
    assert callable(ask)
    with a_device(tmp_path, 16) as places:
        inhabit(places)
        ask(places, "stall-017")
        assert codes(boot(places)) == ["was-reset"]
        proof = (places.boot / "haetae/reset.json").read_bytes()
        assert codes(boot(places)) == ["was-reset"]
        assert (places.boot / "haetae/reset.json").read_bytes() == proof
        assert files(places) == []
        (places.boot / "haetae/seed.toml").write_text(seed_text(a_seed()))
        assert boot(places) == Outcome(state="taken", device="stall-017")


@pytest.mark.parametrize("ask", [ask_by_card, ask_on_page])
def test_a_request_for_another_device_erases_nothing_and_is_told(
    tmp_path: Path, ask: object
) -> None:
    assert callable(ask)
    with a_device(tmp_path, 16) as places:
        inhabit(places)
        before = {each: each.read_bytes() for each in files(places) if each.is_file()}
        ask(places, "stall-018")
        names: list[str] = []
        outcome = boot(places, names)
        assert (outcome.state, outcome.device) == ("kept", "stall-017")
        assert codes(outcome) == ["reset-of-another"]
        assert names == ["haetae-stall-017"]
        assert all(path.read_bytes() == content for path, content in before.items())


@pytest.mark.parametrize("content", ["", "device = \n", "nonsense", "device = ../../etc\n"])
def test_a_request_that_names_nobody_erases_nothing(tmp_path: Path, content: str) -> None:
    with a_device(tmp_path, 16) as places:
        inhabit(places)
        (places.boot / "haetae" / reset_request.ON_CARD).write_text(content)
        assert codes(boot(places)) == ["reset-of-another"]
        assert (places.state / "outbox.db").exists()


def test_a_device_that_lost_its_name_is_reset_by_the_card_that_is_its_own(tmp_path: Path) -> None:
    with a_device(tmp_path, 16) as places:
        inhabit(places)
        (places.configuration / "seed.toml").write_text("nonsense")
        ask_by_card(places, "stall-018")
        assert "reset-of-another" in codes(boot(places))
        ask_by_card(places, "stall-017")
        assert "was-reset" in codes(boot(places))
        assert files(places) == []


def test_traces_that_are_left_are_told_and_the_device_is_not_used_again(tmp_path: Path) -> None:
    with a_device(tmp_path, 16) as places:
        inhabit(places)
        os.sync()
        copy = tmp_path / "spare-blocks"  # what a card keeps aside, as it were
        copy.write_bytes(raw(places.configuration.parent))
        aside = Places(
            places.boot, places.configuration, places.network, places.run,
            state=places.state, system=places.system, partition=copy,
        )  # fmt: skip
        ask_by_card(places, "stall-017")
        for _ in range(2):
            outcome = boot(aside)
            assert (outcome.state, codes(outcome)) == ("failed", ["reset-traces"])
        assert json.loads((places.boot / "haetae/reset.json").read_text())["found"] > 0


@pytest.fixture(scope="module")
def supply() -> Supply:
    return Supply()


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory, where there is one: a reset waits for its disk a thousand times."""
    shared = Path("/dev/shm")  # a folder of its own in it
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as made_here:
        yield Path(made_here)


def steps_to_cut(count: int, offset: int) -> list[int]:
    """Some steps of a reset; few of those of which it has many of a kind."""
    steps = [*range(24), *range(24, count - 24, count // 6), *range(count - 24, count)]
    return steps[offset::4]


@pytest.mark.parametrize(("ask", "offset"), [(ask_by_card, 0), (ask_on_page, 2)])
def test_a_power_cut_between_any_two_steps_of_a_reset_is_made_good(
    memory: Path, supply: Supply, ask: object, offset: int
) -> None:
    assert callable(ask)
    with a_device(memory / "whole", 12) as places:
        inhabit(places)
        ask(places, "stall-017")
        with supply.cut_before(1 << 30, memory):
            boot(places)
    for step in steps_to_cut(supply.steps, offset):
        root = memory / "cut"
        with a_device(root, 12) as places:
            inhabit(places)
            ask(places, "stall-017")
            with supply.cut_before(step, root):
                boot(places)
            assert codes(boot(places)) == ["was-reset"], step
            assert files(places) == [], step
        assert on_card(places) == [FIRST_BOOT, "reset.json"], step
        assert NAME.encode() not in raw(places.configuration.parent), step
        proof = json.loads((places.boot / "haetae/reset.json").read_text())
        assert (proof["device"], proof["found"]) == ("stall-017", 0), step
        shutil.rmtree(root)


def made(desk: Desk, target: Path) -> None:
    """A card as `flash` makes it."""
    image = checked(small_image(desk.folder))
    table = desk.table(*stalls(1))
    assert desk.batch(table).code == 0
    device = desk.seeds()[0].stem
    said = desk.ask("flash", target, "--image", image, "--device", device)
    assert said.code == 0, said


def card_of(path: Path) -> str:
    """Whose card it is, by mtools."""
    boot_volume = path.with_suffix(".vfat")
    boot_volume.write_bytes(path.read_bytes()[BOOT_AT : BOOT_AT + (16 << 20)])
    found = re.search(r"device = (\S+)", run("mtype", "-i", boot_volume, "::haetae/card.txt"))
    assert found is not None
    return found[1]


def test_a_laptop_puts_the_request_on_the_card_and_nothing_else(tmp_path: Path) -> None:
    desk, card = Desk(tmp_path), tmp_path / "card.img"
    made(desk, card)
    before, device = card.read_bytes(), card_of(card)
    said = desk.ask("factory-reset", "--card", card, typed=f"{device}\n")
    assert said.code == 0, said
    assert said.records[-1] == {"device": device, "card": str(card), "requested": True}
    assert card_of(card) == device
    text = run("mtype", "-i", card.with_suffix(".vfat"), "::haetae/reset.txt")
    assert text == f"device = {device}\n"
    sound = subprocess.run(
        ("fsck.vfat", "-n", card.with_suffix(".vfat")), capture_output=True, check=False
    )
    assert sound.returncode == 0, sound.stdout
    after = card.read_bytes()
    assert after[:BOOT_AT] == before[:BOOT_AT]
    assert after[BOOT_AT + (16 << 20) :] == before[BOOT_AT + (16 << 20) :]


def test_a_card_that_is_a_device_gets_the_request_too(tmp_path: Path) -> None:
    desk, file = Desk(tmp_path), tmp_path / "card.img"
    made(desk, file)
    device = card_of(file)
    with looped(file) as card:
        said = desk.ask("factory-reset", "--card", card, "--confirm", device, "--confirm",
                        card.name)  # fmt: skip
        assert said.code == 0, said
    card_of(file)
    assert device in run("mtype", "-i", file.with_suffix(".vfat"), "::haetae/reset.txt")


def test_no_card_is_asked_that_nobody_confirmed_or_that_is_no_devices(tmp_path: Path) -> None:
    desk, card = Desk(tmp_path), tmp_path / "card.img"
    made(desk, card)
    before = card.read_bytes()
    assert desk.ask("factory-reset", "--card", card, typed="yes\n").failure == "reset-not-typed"
    assert card.read_bytes() == before
    other = tmp_path / "other.img"
    other.write_bytes(small_image(tmp_path).read_bytes())
    assert desk.ask("factory-reset", "--card", other).failure == "no-devices-card"
    none = tmp_path / "none.img"
    assert desk.ask("factory-reset", "--card", none).failure == "no-such-card"
    assert not none.exists()


def test_the_request_on_the_device_is_its_own_and_can_be_withdrawn(tmp_path: Path) -> None:
    reset_request.ask_on_device(tmp_path, "stall-017")
    path = tmp_path / reset_request.ON_DEVICE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert reset_request.device_in(path) == "stall-017"
    reset_request.withdraw(tmp_path)
    assert not reset_request.is_asked_on_device(tmp_path)


def test_a_link_is_no_request(tmp_path: Path) -> None:
    (tmp_path / "else").write_text("device = stall-017\n")
    (tmp_path / reset_request.ON_DEVICE).symlink_to(tmp_path / "else")
    assert reset_request.device_in(tmp_path / reset_request.ON_DEVICE) is None
