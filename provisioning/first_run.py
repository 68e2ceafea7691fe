"""The two forms in which Raspberry Pi OS takes its settings at the first start.

For a card with stock Raspberry Pi OS: `cloud_init` (Trixie and later) and `firstrun` (before), with
the same content; the seed lies beside them in any case. Our own image needs neither, and of a card
that has one it takes the wireless network (`wifi_of`): somebody has set it in Raspberry Pi Imager.
"""

import itertools
import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from provisioning.seed import Seed, Wifi
from provisioning.wifi import WifiProblemError, wifi_for
from provisioning.yaml_maps import read_maps

TIMEZONE, COUNTRY = "Asia/Seoul", "KR"
USER_DATA, NETWORK, META_DATA, FIRSTRUN = "user-data", "network-config", "meta-data", "firstrun.sh"
_PROVISION = "/opt/haetae/bin/haetae-provision"
_START = " systemd.run=/boot/{where}firstrun.sh systemd.run_success_action=reboot"
_UNIT = " systemd.unit=kernel-command-line.target"

_FIRSTRUN = """\
#!/bin/bash
# Written by haetae-provision; runs once, at the first start of Raspberry Pi OS, and removes itself.
set +e
here=$(dirname "$(readlink -f "$0")")
custom=/usr/lib/raspberrypi-sys-mods/imager_custom

if [ -x "$custom" ]; then
  "$custom" set_hostname {hostname}
  "$custom" set_timezone {timezone}
else
  old=$(tr -d " \\t\\n\\r" </etc/hostname)
  echo {hostname} >/etc/hostname
  sed -i "s/127.0.1.1.*$old/127.0.1.1\\t"{hostname}"/g" /etc/hosts
  ln -snf /usr/share/zoneinfo/{timezone} /etc/localtime
  echo {timezone} >/etc/timezone
fi
{wifi}
{lasting}
systemctl disable --now ssh >/dev/null 2>&1
[ -x {provision} ] && {provision} first-boot

rm -f "$here/firstrun.sh"
sed -i 's| systemd\\.run[^ ]*||g; s| systemd\\.unit=kernel[^ ]*||g' "$here/cmdline.txt"
exit 0
"""
_WIFI = """
if [ -x "$custom" ]; then
  "$custom" set_wlan {ssid} {psk} {country}
else
  umask 077
  cat >/etc/wpa_supplicant/wpa_supplicant.conf <<'END'
country={country}
ctrl_interface=DIR=/var/run/wpa_supplicant GROUP=netdev
update_config=1
network={{
	ssid={hexadecimal}
	psk={psk}
}}
END
  umask 022
  rfkill unblock wifi
fi
"""
# What our own image has in its root (systemd/system.conf.d, scripts/image/cmdline.txt): damage is
# repaired without a question, a panic starts again, the board's timer watches systemd, and where
# the overlay file system is on it makes nothing volatile but the root itself.
_LASTING = r"""
line="$here/cmdline.txt"
if [ -f "$line" ]; then
  for word in fsck.repair=yes panic=10; do
    grep -q "\(^\| \)${word%%=*}=" "$line" || sed -i "1s/ *\$/ $word/" "$line"
  done
  grep -q 'overlayroot=tmpfs[^ ]*recurse=' "$line" || sed -i \
    -e 's/overlayroot=tmpfs:/overlayroot=tmpfs:recurse=0,/' \
    -e 's/overlayroot=tmpfs\( \|$\)/overlayroot=tmpfs:recurse=0\1/' "$line"
fi
mkdir -p /etc/systemd/system.conf.d
printf '%s\n' '[Manager]' RuntimeWatchdogSec=15s RebootWatchdogSec=15s \
  >/etc/systemd/system.conf.d/90-haetae.conf
"""
_COUNTRY = re.compile(r"[A-Z]{2}")


def cloud_init(seed: Seed) -> Mapping[str, str]:
    """The three files of cloud-init, by name; JSON, which is YAML, so nothing can be misread."""
    name = f"haetae-{seed.device}"
    user_data = {
        "hostname": name,
        "manage_etc_hosts": True,
        "timezone": TIMEZONE,
        "ssh_pwauth": False,
        "disable_root": True,
        "runcmd": [
            ["sh", "-c", f"here=/boot/firmware\n{_LASTING}"],
            ["sh", "-c", f"[ ! -x {_PROVISION} ] || {_PROVISION} first-boot"],
        ],
    }
    network: dict[str, object] = {
        "version": 2,
        "ethernets": {"eth0": {"dhcp4": True, "optional": True}},
    }
    if seed.wifi:
        network["wifis"] = {
            "wlan0": {
                "dhcp4": True,
                "optional": True,
                "regulatory-domain": seed.wifi.country,
                "access-points": {seed.wifi.ssid: {"password": seed.wifi.psk}},
            }
        }
    return {
        USER_DATA: "#cloud-config\n" + _as_text(user_data),
        NETWORK: _as_text({"network": network}),
        META_DATA: _as_text({"instance-id": name, "local-hostname": name}),
    }


def firstrun(seed: Seed) -> str:
    """The script for Raspberry Pi OS before Trixie, with the same content."""
    wifi = ""
    if seed.wifi:
        wifi = _WIFI.format(
            ssid=shlex.quote(seed.wifi.ssid),
            hexadecimal=seed.wifi.ssid.encode().hex(),
            psk=seed.wifi.psk,
            country=seed.wifi.country,
        )
    return _FIRSTRUN.format(
        hostname=f"haetae-{seed.device}",
        timezone=TIMEZONE,
        wifi=wifi,
        lasting=_LASTING,
        provision=_PROVISION,
    )


def with_firstrun(command_line: str, folder: str = "firmware/") -> str:
    """The kernel's command line of a stock card, so that it runs the script once.

    `folder` is where the boot partition lies under /boot: "firmware/" since Bookworm, else "".
    """
    kept = without_firstrun(command_line)
    return kept + _START.format(where=folder) + _UNIT + "\n"


def without_firstrun(command_line: str) -> str:
    """The same as it was before, in one line without its end."""
    words = [
        word for word in command_line.split()
        if not word.startswith(("systemd.run=", "systemd.run_", "systemd.unit=kernel-command-line"))
    ]  # fmt: skip
    return " ".join(words)


def wifi_of(boot: Path) -> Wifi | None:
    """The wireless network that either form on a card names; None without one that can be read."""
    readers = ((NETWORK, _wifi_of_network), (FIRSTRUN, _wifi_of_firstrun))
    for name, reader in readers:
        try:
            found = reader((boot / name).read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if found is not None:
            return found
    return None


def _wifi_of_network(text: str) -> Wifi | None:
    """Of netplan's form: network, wifis, any interface, access-points, name, password."""
    maps = read_maps(text)
    network = _map(maps.get("network", maps))
    for interface in _map(network.get("wifis")).values():
        for ssid, point in _map(_map(interface).get("access-points")).items():
            password = _map(point).get("password") or _map(_map(point).get("auth")).get("password")
            country = str(_map(interface).get("regulatory-domain") or COUNTRY)
            return _wifi(ssid, password, country)
    return None


def _wifi_of_firstrun(text: str) -> Wifi | None:
    """Of Imager's script: set_wlan [-h] [-p] name key [country]."""
    _, found, rest = text.partition(" set_wlan ")
    if not found:
        return None
    lexer = shlex.shlex(rest, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.commenters = True, ""
    words = [each for each in itertools.islice(lexer, 5) if each not in {"-h", "-p"}]
    ssid, password, country = [*words, "", "", ""][:3]
    return _wifi(ssid, password, country if _COUNTRY.fullmatch(country) else COUNTRY)


def _wifi(ssid: str, password: object, country: str) -> Wifi | None:
    try:
        return wifi_for(ssid, str(password), country.upper())
    except WifiProblemError:
        return None


def _map(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _as_text(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
