"""After a factory reset nothing of anybody is found on the raw partition, by whatever is looked."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from agent.values import Why
from drivers import kept
from hw_mocks.authority import Authority
from provisioning import seed as seeds
from provisioning.card_content import CARD_FILE
from provisioning.places import KEY, TAKEN_SEED
from provisioning.seed import Seed, SeedHub
from provisioning.setup_page.contacts import Contact, Contacts, keep
from provisioning.traces import Traces
from tests.disks import mounted
from tests.provisioning.bad_cards import looped
from tests.provisioning.desks import PEM, Desk
from tests.running import STALL, needs, running, until

MIB = 1 << 20
NAME, PHONE = "김철수-할아버지", "010-1234-5678"
PLACE = "청량리 17호 김철수네"
WIFI = "cheolsu-home-net"
LABELLED = "button_of_kim"  # a sensor that was named after somebody


@contextmanager
def data_partition(folder: Path, mib: int = 48) -> Iterator[Path]:
    """An ext4 file system as on the card: 4 MiB of journal, nothing reserved; mounted."""
    needs("mkfs.ext4", "-V")
    image = folder / "data.img"
    with image.open("wb") as file:
        file.truncate(mib * MIB)
    command = ("mkfs.ext4", "-q", "-b", "4096", "-m", "0", "-J", "size=4", str(image))
    subprocess.run(command, check=True)
    with looped(image) as device, mounted("ext4", str(device), folder / "data", "noatime") as data:
        for name in ("configuration", "state", "network", "systemd"):
            (data / name).mkdir()
        yield data


def lived_in(data: Path, folder: Path) -> list[str]:
    """Let the real agent and the real setup page leave all that they leave; who is in there."""
    configuration = data / "configuration"
    seed = Seed(
        device="stall-017",
        site="market",
        place=Why(PLACE, "Stall of Kim Cheolsu"),
        profile="market-stall",
        authority=seeds.Authority(url="https://ca.example", anchors=PEM),
        setup=seeds.setup_for("0123456789AB", "stall-017"),
        hub=SeedHub(host="hub.example"),
        wifi=seeds.Wifi(ssid=WIFI, psk="ab" * 32),
    )
    (configuration / TAKEN_SEED).write_text(seeds.seed_text(seed))
    people = Contacts([Contact(NAME, PHONE, date(2026, 1, 1), "손자")])
    keep(configuration, people, date(2026, 11, 1))
    keep(configuration, people, date(2026, 11, 2))  # again: the first copy is free space now
    _, key = Authority(folder / "authority").issue("stall-017")
    pair = configuration / "identity/pairs/first"
    pair.mkdir(parents=True)
    (pair / KEY).write_bytes(key.read_bytes())
    (configuration / "identity/current").symlink_to("pairs/first")
    (data / "network/wlan.conf").write_text(f'ssid="{WIFI}"')
    kept.store(data / "state/baselines" / f"{LABELLED}.json", people)
    text = STALL.replace('"sos"', f'"{LABELLED}"')
    (folder / "life").mkdir()
    with running(folder / "life", text, arguments=("--state", str(data / "state"))) as agent:
        until(agent.armed, 20, "it is armed")
        agent.set(f"{LABELLED}.pressed", 1)
        until(lambda: list((data / "state/recordings").glob("*/readings.csv*")), 20, "it records")
        agent.stop()
    key_lines = key.read_text().splitlines()[1:-1]
    return [NAME, PHONE, PLACE, WIFI, "ab" * 32, "Kim Cheolsu", LABELLED, *key_lines]


def raw(data: Path) -> bytes:
    return (data.parent / "data.img").read_bytes()


def test_nothing_that_anybody_left_is_found_on_the_raw_partition(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    card = tmp_path / "boot/haetae"
    card.mkdir(parents=True)
    (card / CARD_FILE).write_text(PLACE)
    with data_partition(tmp_path) as data:
        people = lived_in(data, tmp_path)
        os.sync()
        before = raw(data)
        assert all(text.encode() in before for text in people)
        outbox = (data / "state/outbox.db").read_bytes()[:4096]
        ledger = next((data / "state/ledger").glob("*.jsonl")).read_bytes()[:200]
        recording = next((data / "state/recordings").iterdir()).name
        said = desk.ask(
            "factory-reset", "--configuration", data / "configuration", "--state", data / "state",
            "--run", tmp_path / "run", "--also", data / "network", "--also", data / "systemd",
            "--boot", tmp_path / "boot", "--confirm", "stall-017",
        )  # fmt: skip
        assert said.code == 0, said
        left = sorted(str(p.relative_to(data)) for p in data.rglob("*") if p.name != "lost+found")
        assert left == ["configuration", "network", "state", "systemd"]
    after = raw(data)
    assert not [text for text in people if text.encode() in after]
    assert outbox not in after
    assert ledger not in after
    assert recording.encode() not in after
    proof = said.records[-1]
    assert proof["found"] == 0
    assert proof["keys_destroyed"] == 1
    assert proof["files"] > 8
    assert proof["sought"] > 20
    told = json.loads((card / "reset.json").read_text())
    assert told == proof
    assert not (card / CARD_FILE).exists()
    assert not [text for text in people if text in json.dumps(proof, ensure_ascii=False)]
    check = subprocess.run(
        ("fsck.ext4", "-fn", tmp_path / "data.img"), capture_output=True, check=False
    )
    assert check.returncode == 0, check.stdout


def test_traces_that_are_left_are_told_and_never_called_erased(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with data_partition(tmp_path) as data:
        (data / "state/contacts.json").write_text(NAME)
        os.sync()
        copy = tmp_path / "spare-blocks"  # what a card keeps aside, as it were
        copy.write_bytes(raw(data))
        words = ("--configuration", data / "configuration", "--state", data / "state")
        said = desk.ask("factory-reset", *words, "--also", data / "network", "--run",
                        tmp_path / "run", "--partition", copy, "--confirm", "reset")  # fmt: skip
    assert said.failure == "traces-left"


def test_nothing_is_erased_that_nobody_confirmed(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    state = tmp_path / "state"
    state.mkdir()
    (state / "outbox.db").write_text("events")
    words = (
        "factory-reset",
        "--configuration",
        tmp_path / "none",
        "--state",
        state,
        "--also",
        state,
    )
    assert desk.ask(*words, typed="yes\n").failure == "not-confirmed"
    assert (state / "outbox.db").read_text() == "events"


def test_a_device_at_work_is_not_reset(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "life").mkdir()
    with running(tmp_path / "life", STALL) as agent:
        until(agent.armed, 20, "it is armed")
        words = ("--configuration", tmp_path / "life", "--state", agent.state)
        said = desk.ask("factory-reset", *words, "--also", agent.state, "--partition",
                        "/dev/null", "--confirm", "reset")  # fmt: skip
        assert said.failure == "agent-running"
        assert (agent.state / "outbox.db").exists()


def test_without_the_partition_nothing_is_erased(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with mounted("tmpfs", "haetae-test", tmp_path / "memory", "size=1m") as memory:
        (memory / "contacts.json").write_text("{}")
        words = ("--configuration", memory, "--state", memory, "--also", memory)
        said = desk.ask("factory-reset", *words, "--confirm", "reset")
        assert said.failure == "no-data-partition"
        assert (memory / "contacts.json").exists()


@pytest.mark.parametrize("place", [0, 4096, 256 * 4096 - 3, 512 * 4096 - 700])
def test_a_trace_is_found_wherever_it_lies(tmp_path: Path, place: int) -> None:
    traces = Traces()
    traces.add_text("김철수")
    (tmp_path / "file").write_bytes(b"a block of a file" * 20)
    traces.add_file(tmp_path / "file")
    partition = tmp_path / "partition"
    partition.write_bytes(bytes(512 * 4096))
    assert traces.found_on(partition, lambda _: None) == []
    raw_bytes = bytearray(512 * 4096)
    raw_bytes[place : place + 9] = "김철수".encode()
    partition.write_bytes(raw_bytes[: 512 * 4096])
    assert traces.found_on(partition, lambda _: None)
    raw_bytes = bytearray(512 * 4096)
    block = place // 4096 * 4096
    raw_bytes[block : block + 340] = b"a block of a file" * 20
    partition.write_bytes(raw_bytes)
    assert traces.found_on(partition, lambda _: None) == [block]
