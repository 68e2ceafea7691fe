"""The first boot: the seed goes from the card to the device, whatever is wrong with the card."""

import functools
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from agent.values import Why
from provisioning import first_boot as first
from provisioning import seed as seeds
from provisioning.first_boot import Outcome, Places
from provisioning.first_boot_words import WORDS
from provisioning.places import FIRST_BOOT
from provisioning.seed import Authority, Claim, Seed, SeedHub, Wifi

PEM = "-----BEGIN CERTIFICATE-----\n" + "A" * 64 + "\n-----END CERTIFICATE-----\n"
CODE = "Q7" * 13
HERE = Path(__file__).parents[2]


setup_of = functools.cache(functools.partial(seeds.setup_for, "ABCDEFGH1234"))


def a_seed(device: str = "stall-017", code: str | None = CODE, wifi: Wifi | None = None) -> Seed:
    expires = datetime(2027, 1, 1, tzinfo=UTC)
    return Seed(
        device=device,
        site="cheongnyangni",
        place=Why("청량리 시장 17호", "Stall 17"),
        profile="market-stall",
        authority=Authority(url="https://ca.example:9443", anchors=PEM),
        claim=Claim(code=code, expires=expires) if code else None,
        setup=setup_of(device),
        hub=SeedHub(host="hub.example"),
        wifi=wifi,
    )


@pytest.fixture
def places(tmp_path: Path) -> Places:
    for name in ("boot/haetae", "etc", "run"):
        (tmp_path / name).mkdir(parents=True)
    return Places(tmp_path / "boot", tmp_path / "etc", tmp_path / "network", tmp_path / "run")


def card(places: Places) -> Path:
    return places.boot / "haetae" / "seed.toml"


def taken(places: Places) -> Seed:
    return seeds.read_seed(places.configuration / "seed.toml")


def insert(places: Places, seed: Seed) -> None:
    card(places).write_text(seeds.seed_text(seed), "utf-8")


def boot(places: Places, names: list[str] | None = None) -> Outcome:
    outcome = first.first_boot(places, (names if names is not None else []).append)
    first.tell(outcome, places)
    return outcome


def codes(outcome: Outcome) -> list[str]:
    return [each.code for each in outcome.failures]


def everything_said(places: Places) -> str:
    return "".join(
        path.read_text("utf-8")
        for path in (places.run / FIRST_BOOT, places.boot / "haetae" / FIRST_BOOT)
    )


def test_the_seed_is_taken_and_its_code_wiped_from_the_card(places: Places) -> None:
    insert(places, a_seed())
    names: list[str] = []
    outcome = boot(places, names)
    assert outcome == Outcome(state="taken", device="stall-017")
    assert taken(places) == a_seed()
    assert names == ["haetae-stall-017"]
    assert stat.S_IMODE((places.configuration / "seed.toml").stat().st_mode) == 0o600
    assert not card(places).exists()
    assert CODE not in everything_said(places)


def test_the_code_is_overwritten_where_it_lies_before_the_file_goes(places: Places) -> None:
    insert(places, a_seed())
    os.link(card(places), places.boot / "block")  # the same bytes under a second name
    length = card(places).stat().st_size
    boot(places)
    assert (places.boot / "block").read_bytes() == bytes(length)


def test_a_second_boot_changes_nothing(places: Places) -> None:
    insert(places, a_seed())
    boot(places)
    before = {path: path.stat().st_mtime_ns for path in places.configuration.iterdir()}
    names: list[str] = []
    assert boot(places, names) == Outcome(state="kept", device="stall-017")
    assert {path: path.stat().st_mtime_ns for path in places.configuration.iterdir()} == before
    assert names == ["haetae-stall-017"]


def test_a_card_without_a_seed_waits_and_says_what_to_do(places: Places) -> None:
    names: list[str] = []
    outcome = boot(places, names)
    assert (outcome.state, codes(outcome), names) == ("waiting", ["no-seed"], [])
    said = msgspec.json.decode((places.boot / "haetae" / FIRST_BOOT).read_bytes())
    assert "haetae-provision flash" in said["failures"][0]["remedy"]["ko"]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\xfe", b"version = 2\n", b"a=1\n" * 9])
def test_a_damaged_seed_fails_and_stays_where_it_is(places: Places, content: bytes) -> None:
    card(places).write_bytes(content)
    outcome = boot(places)
    assert (outcome.state, codes(outcome)) == ("failed", ["seed-damaged"])
    assert card(places).read_bytes() == content


def test_a_damaged_seed_on_the_card_does_not_stop_a_device_that_has_its_own(places: Places) -> None:
    insert(places, a_seed())
    boot(places)
    card(places).write_text("nonsense")
    outcome = boot(places)
    assert (outcome.state, outcome.device) == ("kept", "stall-017")
    assert codes(outcome) == ["seed-damaged"]


def test_a_damaged_own_seed_is_taken_again_from_the_card(places: Places) -> None:
    (places.configuration / "seed.toml").write_text("nonsense")
    insert(places, a_seed())
    outcome = boot(places)
    assert (outcome.state, codes(outcome)) == ("taken", ["seed-damaged"])
    assert taken(places) == a_seed()


def test_another_devices_seed_is_refused_and_left_untouched(places: Places) -> None:
    insert(places, a_seed())
    boot(places)
    other = a_seed("stall-018", "Z9" * 13)
    insert(places, other)
    names: list[str] = []
    outcome = boot(places, names)
    assert (outcome.state, outcome.device) == ("kept", "stall-017")
    assert codes(outcome) == ["card-of-another"]
    assert (taken(places), seeds.read_seed(card(places))) == (a_seed(), other)
    assert names == ["haetae-stall-017"]


def test_a_new_code_for_the_same_device_is_taken(places: Places) -> None:
    insert(places, a_seed())
    boot(places)
    insert(places, renewed := a_seed(code="Z9" * 13))
    assert boot(places).state == "taken"
    assert taken(places) == renewed
    assert not card(places).exists()


def test_a_used_code_that_is_still_on_the_card_is_wiped_and_not_taken_again(
    places: Places,
) -> None:
    insert(places, a_seed())
    boot(places)
    used = a_seed(code=None)  # as enrolment leaves it
    (places.configuration / "seed.toml").write_text(seeds.seed_text(used), "utf-8")
    insert(places, a_seed())
    assert boot(places).state == "kept"
    assert taken(places) == used
    assert not card(places).exists()


RUN_IN = """
import sys
from pathlib import Path
from provisioning.first_boot import Places, first_boot, tell
root = Path(sys.argv[1])
places = Places(root / "boot", root / "etc", root / "network", root / "run")
outcome = first_boot(places, lambda name: None)
tell(outcome, places)
print(outcome.state, *(each.code for each in outcome.failures))
"""
SMALL = 'mount -t tmpfs -o size=16k none "$1/etc"'
FILL = '(dd if=/dev/zero of="$1/etc/full" bs=1k count=64 2>/dev/null || true)'
needs_mounts = pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run(("unshare", "-rm", "true"), capture_output=True, check=False).returncode != 0,
    reason="this machine lets nobody mount in a namespace",
)


def run_with(mounting: str, root: Path) -> list[str]:
    """Boot in a mount namespace of its own, after `mounting`."""
    script = f'{mounting} && exec "{sys.executable}" -c "$RUN" "$1"'
    done = subprocess.run(
        ("unshare", "-rm", "sh", "-c", script, "sh", str(root)),
        env={**os.environ, "RUN": RUN_IN, "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@needs_mounts
def test_a_card_that_cannot_be_written_is_told_of_and_the_device_works(
    places: Places, tmp_path: Path
) -> None:
    insert(places, a_seed())
    mounting = 'mount --bind "$1/boot" "$1/boot" && mount -o remount,bind,ro "$1/boot"'
    assert run_with(mounting, tmp_path) == ["taken", "card-read-only"]
    assert taken(places) == a_seed()
    assert card(places).exists()
    assert boot(places) == Outcome(state="kept", device="stall-017")  # written now: made good
    assert not card(places).exists()


@needs_mounts
def test_a_full_data_partition_leaves_the_seed_on_the_card(places: Places, tmp_path: Path) -> None:
    insert(places, a_seed())
    assert run_with(f"{SMALL} && {FILL}", tmp_path) == ["failed", "storage-full"]
    assert seeds.read_seed(card(places)) == a_seed()
    assert boot(places).state == "taken"  # with room again


@needs_mounts
def test_a_broken_data_partition_is_told_of(places: Places, tmp_path: Path) -> None:
    insert(places, a_seed())
    mounting = 'mount -t tmpfs -o ro none "$1/etc"'
    assert run_with(mounting, tmp_path) == ["failed", "storage-full"]
    assert card(places).exists()


@needs_mounts
@pytest.mark.parametrize(
    "mounting",
    [
        'mount --bind "$1/etc" "$1/etc" && mount -o remount,bind,ro "$1/etc"',
        f'cp -r "$1/etc" "$1/kept" && {SMALL} && cp "$1/kept"/* "$1/etc" && {FILL}',
    ],
    ids=["read-only", "full"],
)
def test_a_new_code_that_cannot_be_taken_stays_on_the_card(
    places: Places, tmp_path: Path, mounting: str
) -> None:
    insert(places, a_seed())
    boot(places)
    insert(places, renewed := a_seed(code="Z9" * 13))
    assert run_with(mounting, tmp_path) == ["kept", "storage-full"]
    assert seeds.read_seed(card(places)) == renewed
    assert (boot(places).state, taken(places)) == ("taken", renewed)
    assert not card(places).exists()


CALLS = {"os.open", "open", "os.rename", "os.remove", "os.chmod", "os.mkdir", "os.truncate"}


def cut_at(number: int, places: Places) -> bool:
    """Boot until the `number`th change of a file, and end there; whether it came that far."""
    script = (
        "import os, sys\n"
        "seen = 0\n"
        "def audit(event, args):\n"
        "    global seen\n"
        f"    if event not in {sorted(CALLS)!r} or not str(args[0]).startswith(sys.argv[1]):\n"
        "        return\n"
        "    if event == 'open' and (args[2] or 0) & 3 == 0:\n"
        "        return\n"
        "    seen += 1\n"
        f"    if seen == {number}:\n"
        "        os._exit(9)\n"
        "sys.addaudithook(audit)\n" + RUN_IN
    )
    done = subprocess.run(
        (sys.executable, "-c", script, str(places.boot.parent)),
        env={**os.environ, "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, 9}, done.stderr
    return done.returncode == 9


@pytest.mark.parametrize("wifi", [None, Wifi(ssid="시장", psk="5" * 64)])
def test_a_power_cut_between_any_two_steps_is_made_good(
    tmp_path_factory: pytest.TempPathFactory, wifi: Wifi | None
) -> None:
    cuts = 0
    while True:
        root = tmp_path_factory.mktemp("cut")
        for name in ("boot/haetae", "etc", "run"):
            (root / name).mkdir(parents=True)
        places = Places(root / "boot", root / "etc", root / "network", root / "run")
        insert(places, a_seed(wifi=wifi))
        was_cut = cut_at(cuts + 1, places)
        outcome = boot(places)
        assert (outcome.state in {"taken", "kept"}, outcome.failures) == (True, [])
        assert taken(places) == a_seed(wifi=wifi)
        assert not card(places).exists()
        assert (places.network / "client.conf").exists() is (wifi is not None)
        if not was_cut:
            break
        cuts += 1
    assert cuts >= 8  # steps there are: two files kept, one wiped, two networks, two tellings


@pytest.mark.parametrize("length", [1, 40, 400])
def test_a_cut_while_the_card_is_wiped_is_made_good_without_a_word(
    places: Places, length: int
) -> None:
    insert(places, a_seed())
    content = card(places).read_bytes()
    boot(places)
    card(places).write_bytes(bytes(length) + content[length:])
    assert boot(places) == Outcome(state="kept", device="stall-017")
    assert not card(places).exists()


def test_the_networks_are_set_by_values_alone(places: Places) -> None:
    name = 'a"\n}\nnetwork={'
    insert(places, a_seed(wifi=Wifi(ssid=name, psk="5" * 64)))
    boot(places)
    client = (places.network / "client.conf").read_text()
    assert f"ssid={name.encode().hex()}\n" in client
    assert client.count("network={") == 1
    own = (places.network / "access-point.conf").read_text()
    assert f"ssid={b'Haetae-stall-017'.hex()}\n" in own
    assert f"psk={taken(places).setup.psk}\n" in own
    assert stat.S_IMODE((places.network / "client.conf").stat().st_mode) == 0o600
    assert stat.S_IMODE(places.network.stat().st_mode) == 0o700


def test_a_network_that_is_no_longer_on_the_card_is_forgotten(places: Places) -> None:
    insert(places, a_seed(wifi=Wifi(ssid="market", psk="5" * 64)))
    boot(places)
    insert(places, a_seed(code="Z9" * 13))
    boot(places)
    assert not (places.network / "client.conf").exists()


def test_the_taken_seed_is_the_devices_own_and_a_link_leads_nowhere(
    places: Places, tmp_path: Path
) -> None:
    insert(places, a_seed())
    trap = tmp_path / "trap"
    trap.write_text("root's own")
    (places.configuration / ".seed.toml.new").symlink_to(trap)
    boot(replace(places, owner=(os.getuid(), os.getgid())))
    assert trap.read_text() == "root's own"
    assert taken(places) == a_seed()


@pytest.mark.parametrize(
    ("device", "name"),
    [("stall-017", "haetae-stall-017"), ("a-", "haetae-a"), ("a" * 48, "haetae-" + "a" * 48)],
)
def test_the_name_in_the_network_is_a_host_name(device: str, name: str) -> None:
    assert first.hostname(device) == name
    assert len(first.hostname(device)) <= 63


def test_every_failure_says_in_both_languages_what_to_do() -> None:
    for code, (ko, en, remedy_ko, remedy_en) in WORDS.items():
        assert all((ko, en, remedy_ko, remedy_en)), code
        assert any("가" <= letter <= "힣" for letter in ko + remedy_ko)
        assert en.isascii()
        assert remedy_en.isascii()


def test_a_reset_asks_systemd_for_the_time_that_a_whole_card_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        try:
            first._go_on("overwriting free space: 10 %")
            own_s = signal.alarm(0)  # what is left of its own
        finally:
            signal.alarm(0)
        word, _, microseconds = systemd.recv(200).decode().partition("=")
    assert word == "EXTEND_TIMEOUT_USEC"
    assert int(microseconds) / 1e6 > own_s > 600
