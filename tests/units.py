"""The units' files as systemd reads them, and what none of them may exceed."""

from dataclasses import dataclass
from pathlib import Path

SYSTEMD = Path(__file__).parents[1] / "systemd"
# of 10, by systemd-analyze: what a unit of ours may not exceed, unless it stands here
LIMIT = 1.5
EXPOSURE = {
    "haetae-access-point.service": 1.6,
    "haetae-app.service": 0.9,
    "haetae-apply.service": 0.8,
    "haetae-boot-cause.service": 0.8,
    "haetae-boot-report.service": 0.8,
    "haetae-confirm.service": 1.1,
    "haetae-first-boot.service": 1.8,
    "haetae-gateway.service": 1.1,
    "haetae-install.service": 1.2,
    "haetae-network-watch.service": 1.4,
    "haetae-perception.service": 0.6,
    "haetae-reboot.service": 0.8,
    "haetae-recovery.service": 0.8,
    "haetae-trial-deadline.service": 0.8,
    "haetae-wifi.service": 1.6,
    "haetae-wifi-reload.service": 1.3,
    "haetae-zram.service": 1.1,
}


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit's file as systemd reads it: sections, and of each key every value in its order."""

    name: str
    lines: tuple[tuple[str, str, str], ...]

    def all(self, key: str, section: str = "Service") -> list[str]:
        """Each value of a key; an empty one takes back those before it."""
        found: list[str] = []
        for where, name, value in self.lines:
            if (where, name) == (section, key):
                found = [*found, value] if value else []
        return found

    def one(self, key: str, default: str = "", section: str = "Service") -> str:
        """The last value of a key."""
        return (self.all(key, section) or [default])[-1]

    def words(self, key: str) -> list[str]:
        """All the words of all the values of a key."""
        return [word for value in self.all(key) for word in value.split()]


def read(path: Path) -> Unit:
    """A unit's file; what continues on a second line is one value."""
    lines, section = [], ""
    for line in path.read_text("utf-8").replace("\\\n", " ").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif "=" in line and not line.startswith(("#", ";")):
            key, _, value = line.partition("=")
            lines.append((section, key.strip(), value.strip()))
    return Unit(path.name, tuple(lines))


def services() -> list[Path]:
    """Every service of ours: of any machine, and of the image alone."""
    return sorted(
        (*SYSTEMD.glob("haetae-*.service"), *(SYSTEMD / "image").glob("haetae-*.service"))
    )
