"""The root's tree: Debian's files, the kernel's modules, our environment, and how it all starts."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from image.suites import MASKED
from image.tools import run

IMAGE_UNITS = "image"  # in systemd/: what only the image needs
_HUB_SIDE = "haetae-gateway"
PLACES = {
    "fstab": "etc/fstab",
    "modprobe.conf": "etc/modprobe.d/haetae.conf",
    "modules.conf": "etc/modules-load.d/haetae.conf",
    "resolved.conf": "etc/systemd/resolved.conf.d/haetae.conf",
    "timesyncd.conf": "etc/systemd/timesyncd.conf.d/haetae.conf",
    "boot-report": "usr/lib/haetae/boot-report",
    "one-wire": "usr/lib/haetae/one-wire",
    "rauc.conf": "etc/rauc/system.conf",
    "rauc-backend": "usr/lib/haetae/rauc-backend",
    "rauc-post-install": "usr/lib/haetae/rauc-post-install",
    "zram": "usr/lib/haetae/zram",
}
_UNIT_KINDS = {".service", ".timer", ".path", ".socket", ".target", ".mount"}
# Of the data partition: what is bound over the root's own folders (systemd/image/fstab).
DATA_FOLDERS = {
    "application": 0o755,
    "configuration": 0o755,
    "network": 0o700,
    "recovery": 0o755,
    "slots": 0o700,
    "state": 0o750,
    "systemd": 0o755,
    "update": 0o755,
}
_EMPTY = ("boot", "run", "tmp", "var/cache", "var/lib/apt", "var/lib/systemd", "var/log", "var/tmp")
_FOLDERS = (
    "data",
    "boot/firmware",
    "etc/haetae",
    "var/lib/bluetooth",
    "var/lib/haetae",
    "var/lib/haetae-app",
    "var/lib/haetae-recovery",
    "var/lib/haetae-update",
)
_STEPS = "steps.conf"  # words of systemd 254 and later


def install_units(checkout: Path, root: Path, systemd_is_new: bool) -> list[str]:
    """Lay out units, users, folders, rules and journal; the names of the units that are enabled."""
    source, units = checkout / "systemd", root / "etc/systemd/system"
    for unit in _units(source):
        _copy(unit, units / unit.name)
        if systemd_is_new and (steps := source / f"{unit.name}.d" / _STEPS).exists():
            _copy(steps, units / f"{unit.name}.d" / _STEPS)
    for folder, target in (
        ("journald.conf.d", "etc/systemd/journald.conf.d"),
        ("sysctl.d", "etc/sysctl.d"),
        ("system.conf.d", "etc/systemd/system.conf.d"),
        ("tmpfiles.d", "etc/tmpfiles.d"),
        ("sysusers.d", "etc/sysusers.d"),
        ("udev", "etc/udev/rules.d"),
    ):
        for file in sorted((source / folder).iterdir()):
            if not file.name.startswith(_HUB_SIDE):
                _copy(file, root / target / file.name)
    _install_image_files(source / IMAGE_UNITS, root, systemd_is_new)
    run("systemd-sysusers", f"--root={root}")
    return _enable(root, [unit.name for unit in (*_units(source), *_units(source / IMAGE_UNITS))])


def settle(root: Path, epoch_s: int) -> None:
    """What a root that is never written must have in it, and what it must not."""
    for name in _EMPTY:
        _empty(root / name)
    for name in _FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "var/cache/private").mkdir(mode=0o700)
    _link(root / "var/lib/dbus/machine-id", "/etc/machine-id")
    (root / "etc/machine-id").write_text("")  # the first RAM disk binds one over it
    (root / "etc/hostname").write_text("haetae\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost ip6-localhost\n")
    _link(root / "etc/resolv.conf", "/run/systemd/resolve/stub-resolv.conf")
    _link(root / "etc/localtime", "/usr/share/zoneinfo/Asia/Seoul")
    (root / "etc/timezone").write_text("Asia/Seoul\n")
    # no clock of its own: never earlier than this image
    (root / "usr/lib/clock-epoch").touch()
    os.utime(root / "usr/lib/clock-epoch", (epoch_s, epoch_s))
    (root / "etc/hostname").chmod(0o644)
    for each in ("etc/.pwd.lock", "etc/passwd-", "etc/group-", "etc/shadow-", "etc/gshadow-"):
        (root / each).unlink(missing_ok=True)
    lock_passwords(root / "etc/shadow", epoch_s)


def numbers_of(root: Path, user: str) -> tuple[int, int]:
    """A user's and its group's number in the new root."""
    for line in (root / "etc/passwd").read_text("utf-8").splitlines():
        name, _, uid, gid, *_ = line.split(":")
        if name == user:
            return int(uid), int(gid)
    return 0, 0


def _units(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.glob("haetae-*")):
        if path.suffix in _UNIT_KINDS and not path.name.startswith(_HUB_SIDE):
            yield path


def _install_image_files(source: Path, root: Path, systemd_is_new: bool) -> None:
    units = root / "etc/systemd/system"
    for unit in _units(source):
        _copy(unit, units / unit.name)
    for drop_in in sorted(source.glob("*.d/*.conf")):
        if drop_in.name == _STEPS and not systemd_is_new:
            continue
        _copy(drop_in, units / drop_in.parent.name / drop_in.name)
    for network in sorted((source / "network").iterdir()):
        _copy(network, root / "etc/systemd/network" / network.name)
    for name, target in PLACES.items():
        _copy(source / name, root / target)
        if target.startswith("usr/lib/haetae/"):
            (root / target).chmod(0o755)


def _enable(root: Path, names: list[str]) -> list[str]:
    """Enable what has an [Install] section; mask what nobody needs here."""
    units = root / "etc/systemd/system"
    enabled = [each for each in names if "[Install]" in (units / each).read_text("utf-8")]
    debian = ("systemd-networkd.service", "systemd-resolved.service", "systemd-timesyncd.service")
    run("systemctl", f"--root={root}", "--quiet", "enable", *debian, *enabled)
    run("systemctl", f"--root={root}", "--quiet", "mask", *MASKED)
    run("systemctl", f"--root={root}", "--quiet", "set-default", "multi-user.target")
    return enabled


def lock_passwords(shadow: Path, epoch_s: int) -> None:
    """Nobody logs in by a password, and the day of the last change is the image's."""
    lines = []
    for line in shadow.read_text("utf-8").splitlines():
        name, password, _, *rest = line.split(":")
        locked = password if password.startswith(("*", "!")) and password != "" else "!*"
        lines.append(":".join([name, locked, str(epoch_s // 86_400), *rest]))
    shadow.write_text("\n".join(lines) + "\n", "utf-8")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o644)


def _link(path: Path, target: str) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _empty(folder: Path) -> None:
    for each in folder.iterdir() if folder.is_dir() else ():
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink()
