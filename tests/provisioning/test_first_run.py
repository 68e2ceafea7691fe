"""Both of Raspberry Pi OS's first-run forms: what we write, and what we read of others'."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.values import Why
from provisioning import first_run
from provisioning.seed import Authority, Claim, Seed, SeedHub, Setup, Wifi
from provisioning.yaml_maps import read_maps

PEM = "-----BEGIN CERTIFICATE-----\n" + "A" * 64 + "\n-----END CERTIFICATE-----\n"
CODE, PSK = "Q7" * 13, "0123456789abcdef" * 4
STOCK = "console=serial0,115200 console=tty1 root=PARTUUID=1234-02 rootfstype=ext4 rootwait quiet"
# every character that can be in a network's name, and those that shells and YAML take as their own
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(
    lambda name: len(name.encode()) <= 32
) | st.text("'\"\\$`:#{}[]&*!|>% \n-", min_size=1, max_size=32)


def a_seed(ssid: str | None = "Market 17") -> Seed:
    return Seed(
        device="stall-017",
        site="cheongnyangni",
        place=Why("청량리 시장 17호", "Stall 17"),
        profile="market-stall",
        authority=Authority(url="https://ca.example:9443", anchors=PEM),
        claim=Claim(code=CODE, expires=datetime(2027, 1, 1, tzinfo=UTC)),
        setup=Setup(salt="0" * 32, verifier="1" * 64, ssid="Haetae-stall-017", psk="2" * 64),
        hub=SeedHub(host="hub.example"),
        wifi=Wifi(ssid=ssid, psk=PSK) if ssid else None,
    )


def write(folder: Path, seed: Seed) -> None:
    for name, text in first_run.cloud_init(seed).items():
        (folder / name).write_text(text, "utf-8")


@settings(deadline=None, max_examples=200)
@given(ssid=NAMES)
def test_either_form_gives_the_network_back_whatever_it_is_called(
    ssid: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    wanted = Wifi(ssid=ssid, psk=PSK)
    boot = tmp_path_factory.mktemp("card")
    write(boot, a_seed(ssid))
    assert first_run.wifi_of(boot) == wanted


@settings(deadline=None, max_examples=30)
@given(ssid=NAMES)
def test_a_shell_reads_the_networks_name_as_it_is(ssid: str) -> None:
    line = next(
        part for part in first_run.firstrun(a_seed(ssid)).split('"$custom" set_wlan ')[1:]
    ).split(f" {PSK}")[0]
    done = subprocess.run(("sh", "-c", f"printf %s {line}"), capture_output=True, check=True)
    assert done.stdout == ssid.encode()


def test_neither_form_has_the_claim_code_or_the_devices_own_key() -> None:
    seed = a_seed()
    for text in (*first_run.cloud_init(seed).values(), first_run.firstrun(seed)):
        assert CODE not in text
        assert seed.setup.psk not in text
        assert seed.setup.verifier not in text


def test_both_forms_say_the_same(tmp_path: Path) -> None:
    user_data = json.loads(first_run.cloud_init(a_seed())["user-data"].partition("\n")[2])
    script = first_run.firstrun(a_seed())
    assert f"set_hostname {user_data['hostname']}\n" in script
    assert f"set_timezone {user_data['timezone']}\n" in script
    assert user_data["ssh_pwauth"] is False
    assert "systemctl disable --now ssh" in script
    write(tmp_path, a_seed())
    of_cloud_init = first_run.wifi_of(tmp_path)
    (tmp_path / "network-config").unlink()
    (tmp_path / "firstrun.sh").write_text(script, "utf-8")
    assert first_run.wifi_of(tmp_path) == of_cloud_init == a_seed().wifi


def test_a_card_for_a_cable_names_no_network(tmp_path: Path) -> None:
    write(tmp_path, a_seed(None))
    (tmp_path / "firstrun.sh").write_text(first_run.firstrun(a_seed(None)))
    assert first_run.wifi_of(tmp_path) is None
    assert "set_wlan" not in first_run.firstrun(a_seed(None))


# As Raspberry Pi Imager writes them.
IMAGER_NETWORK = """\
network:
  version: 2
  wifis:
    renderer: networkd
    wlan0:
      dhcp4: true
      regulatory-domain: "KR"
      access-points:
        "Market 17":
          password: "correct horse battery"
      optional: true
"""
IMAGER_PLAIN = """\
# written by hand
version: 2
wifis:
  wlan0:
    access-points:
      Market-17:   # the stall
        auth:
          key-management: psk
          password: 'it''s secret'
"""
IMAGER_SCRIPT = """\
#!/bin/bash
set +e
if [ -f /usr/lib/raspberrypi-sys-mods/imager_custom ]; then
   /usr/lib/raspberrypi-sys-mods/imager_custom set_wlan 'Market 17' '{psk}' 'KR'
else
cat >/etc/wpa_supplicant/wpa_supplicant.conf <<'WPAEOF'
WPAEOF
fi
"""


def test_imagers_own_network_file_is_understood(tmp_path: Path) -> None:
    (tmp_path / "network-config").write_text(IMAGER_NETWORK)
    found = first_run.wifi_of(tmp_path)
    assert found is not None
    assert (found.ssid, found.country) == ("Market 17", "KR")
    # as wpa_passphrase has it
    assert found.psk == "5377859faba8f4a8cdff058ae9802922d24d4b7a88c83ca3c74fd23010cf7ef1"


def test_a_plain_network_file_is_understood(tmp_path: Path) -> None:
    (tmp_path / "network-config").write_text(IMAGER_PLAIN)
    found = first_run.wifi_of(tmp_path)
    assert found is not None
    assert found.ssid == "Market-17"


def test_imagers_own_script_is_understood(tmp_path: Path) -> None:
    (tmp_path / "firstrun.sh").write_text(IMAGER_SCRIPT.format(psk=PSK))
    assert first_run.wifi_of(tmp_path) == Wifi(ssid="Market 17", psk=PSK, country="KR")


@settings(deadline=None, max_examples=200)
@given(content=st.binary(max_size=300), name=st.sampled_from(["network-config", "firstrun.sh"]))
def test_what_makes_no_sense_is_no_network(
    content: bytes, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    boot = tmp_path_factory.mktemp("card")
    (boot / name).write_bytes(content)
    first_run.wifi_of(boot)


@settings(deadline=None, max_examples=200)
@given(
    maps=st.recursive(
        st.text(max_size=20),
        lambda inner: st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=3),
    )
)
def test_json_is_read_as_it_is(maps: object) -> None:
    text = json.dumps(maps, ensure_ascii=False)
    assert read_maps(text) == (maps if isinstance(maps, dict) else read_maps(text))


@pytest.mark.parametrize("text", ["[" * 60_000, "a:\n" * 20_001, "{" * 9_000])
def test_a_hostile_file_ends_in_an_error_or_in_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / "network-config").write_text(text)
    assert first_run.wifi_of(tmp_path) is None


def test_the_command_line_runs_the_script_once_and_is_as_before_after_it() -> None:
    line = first_run.with_firstrun(STOCK + "\n")
    assert "systemd.run=/boot/firmware/firstrun.sh" in line
    assert line.count("\n") == 1
    assert first_run.with_firstrun(line) == line
    assert first_run.without_firstrun(line) == STOCK


needs_mounts = pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run(("unshare", "-rm", "true"), capture_output=True, check=False).returncode != 0,
    reason="this machine lets nobody mount in a namespace",
)


@needs_mounts
@pytest.mark.parametrize("with_imager", [True, False])
def test_the_script_sets_up_a_prepared_root_and_removes_itself(
    tmp_path: Path, with_imager: bool
) -> None:
    """Over this machine's own /etc and /boot, in a mount namespace that ends with the script."""
    etc, boot, name = tmp_path / "etc", tmp_path / "boot", "시장 '17'"
    for folder in (etc / "wpa_supplicant", boot / "firmware", tmp_path / "lib"):
        folder.mkdir(parents=True)
    (etc / "hostname").write_text("raspberrypi\n")
    (etc / "hosts").write_text("127.0.0.1\tlocalhost\n127.0.1.1\traspberrypi\n")
    (boot / "firmware" / "firstrun.sh").write_text(first_run.firstrun(a_seed(name)), "utf-8")
    (boot / "firmware" / "cmdline.txt").write_text(first_run.with_firstrun(STOCK))
    custom = tmp_path / "lib" / "raspberrypi-sys-mods" / "imager_custom"
    if with_imager:
        custom.parent.mkdir()
        custom.write_text(f'#!/bin/sh\nprintf "%s|" "$@" >>{tmp_path}/asked\n')
        custom.chmod(0o755)
    script = (
        'mount -t tmpfs none /usr/lib/systemd && mount --bind "$1/etc" /etc && '
        'mount --bind "$1/boot" /boot && '
        '{ [ ! -d "$1/lib/raspberrypi-sys-mods" ] || '
        'mount -t overlay -o "lowerdir=$1/lib:/usr/lib" none /usr/lib; } && '
        "exec bash /boot/firmware/firstrun.sh"
    )
    done = subprocess.run(
        ("unshare", "-rm", "bash", "-c", script, "sh", str(tmp_path)),
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not (boot / "firmware" / "firstrun.sh").exists()
    line = (boot / "firmware" / "cmdline.txt").read_text()
    assert line == f"{STOCK} fsck.repair=yes panic=10\n"
    manager = (etc / "systemd" / "system.conf.d" / "90-haetae.conf").read_text()
    assert manager == "[Manager]\nRuntimeWatchdogSec=15s\nRebootWatchdogSec=15s\n"
    if with_imager:
        asked = (tmp_path / "asked").read_text("utf-8")
        assert asked == (
            f"set_hostname|haetae-stall-017|set_timezone|Asia/Seoul|set_wlan|{name}|{PSK}|KR|"
        )
        return
    assert (etc / "hostname").read_text() == "haetae-stall-017\n"
    assert "127.0.1.1\thaetae-stall-017\n" in (etc / "hosts").read_text()
    networks = (etc / "wpa_supplicant" / "wpa_supplicant.conf").read_text()
    assert f"ssid={name.encode().hex()}\n" in networks
    assert f"psk={PSK}\n" in networks


@needs_mounts
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("quiet", "quiet fsck.repair=yes panic=10"),
        ("panic=5 fsck.repair=no quiet", "panic=5 fsck.repair=no quiet"),
        ("overlayroot=tmpfs a", "overlayroot=tmpfs:recurse=0 a fsck.repair=yes panic=10"),
        ("a overlayroot=tmpfs", "a overlayroot=tmpfs:recurse=0 fsck.repair=yes panic=10"),
        (
            "overlayroot=tmpfs:swap=1 a",
            "overlayroot=tmpfs:recurse=0,swap=1 a fsck.repair=yes panic=10",
        ),
        (
            "overlayroot=tmpfs:swap=1,recurse=0",
            "overlayroot=tmpfs:swap=1,recurse=0 fsck.repair=yes panic=10",
        ),
    ],
)
def test_an_overlay_makes_no_other_partition_volatile_and_damage_is_repaired(
    tmp_path: Path, before: str, after: str
) -> None:
    user_data = json.loads(first_run.cloud_init(a_seed())["user-data"].partition("\n")[2])
    *_, command = user_data["runcmd"][0]
    (tmp_path / "etc").mkdir()
    (tmp_path / "boot" / "firmware").mkdir(parents=True)
    line = tmp_path / "boot" / "firmware" / "cmdline.txt"
    line.write_text(f"{before}\n")
    script = (
        'mount --bind "$1/etc" /etc && mount --bind "$1/boot" /boot && sh -c "$2" && sh -c "$2"'
    )
    subprocess.run(("unshare", "-rm", "sh", "-c", script, "sh", tmp_path, command), check=True)
    assert line.read_text() == f"{after}\n"


@pytest.mark.skipif(shutil.which("cloud-init") is None, reason="cloud-init is not installed")
@pytest.mark.parametrize("ssid", ["Market 17", None])
def test_cloud_init_itself_finds_the_settings_valid(tmp_path: Path, ssid: str | None) -> None:
    write(tmp_path, a_seed(ssid))
    command = ("cloud-init", "schema", "--config-file", str(tmp_path / "user-data"))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Valid" in done.stdout
