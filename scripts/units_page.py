"""Writes the table of `docs/units.md`: each unit, and what it may, as its file says.

    PYTHONPATH=. python scripts/units_page.py [--check]

The exposures are bounds that `tests/test_systemd.py` holds by systemd's own measure. `--check`
writes nothing and fails where the page is out of date.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.units import EXPOSURE, LIMIT, Unit, read, services

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "units.md"
BEGIN, END = "<!-- units -->\n", "<!-- end of units -->\n"
HEAD = (
    "| unit | user | may, which is what stops a lower figure "
    "| exposure | OOM | memory | watchdog | again |"
)
_COMMANDS = ("ExecStartPre", "ExecStart", "ExecStartPost", "ExecStop", "ExecStopPost")


def rights(unit: Unit) -> Iterator[str]:
    """What a unit may, of all that it might be kept from."""
    if caps := unit.words("CapabilityBoundingSet"):
        yield " ".join(caps)
    elif not unit.all("CapabilityBoundingSet") and "CapabilityBoundingSet" not in _keys(unit):
        yield "all capabilities"
    if unit.one("PrivateNetwork") != "yes":
        families = {"AF_INET": "IP", "AF_NETLINK": "netlink", "AF_PACKET": "packets"}
        open_to = [
            families[each] for each in unit.words("RestrictAddressFamilies") if each in families
        ]
        only = unit.words("IPAddressAllow")
        yield f"the network ({', '.join(open_to)}{', of its own network' if only else ''})"
    if unit.one("PrivateDevices") != "yes":
        devices = [value.split()[0].removeprefix("/dev/") for value in unit.all("DeviceAllow")]
        yield ", ".join(devices) or "no device"
    for key, words in (
        ("ReadWritePaths", "writes "),
        ("StateDirectory", "keeps /var/lib/"),
        ("LoadCredential", "is given "),
    ):
        if found := unit.words(key):
            yield words + " ".join(each.partition(":")[0].lstrip("-") for each in found)
    off = ("ProtectHostname", "ProtectKernelModules", "ProtectKernelTunables")
    yield from (f"no {key}" for key in off if unit.one(key) == "no")
    if any(
        value.startswith("+") for key in ("ExecStart", "ExecStopPost") for value in unit.all(key)
    ):
        yield "one fixed command as PID 1 would"


def row(unit: Unit) -> str:
    """One line of the table."""
    kind, ends = unit.one("Type", "simple"), unit.one("TimeoutStartSec")
    restart = unit.one("Restart", "no")
    again = {"always": "always", "on-failure": "if it fails"}.get(restart, "at the next boot")
    if restart != "no":
        again += f" after {_time(unit.one('RestartSec', '100ms'))}"
    if kind == "oneshot" and ends:
        again += f"; ended after {_time(ends)}"
    watched = unit.one("WatchdogSec")
    cells = (
        unit.name.removesuffix(".service").removeprefix("haetae-"),
        unit.one("User", "root"),
        "; ".join(rights(unit)) or "nothing but its own memory",
        f"<= {EXPOSURE.get(unit.name, LIMIT)}",
        unit.one("OOMScoreAdjust", "0"),
        unit.one("MemoryMax", "any").removesuffix("M"),
        f"{watched} s" if watched else "",
        again,
    )
    return f"| {' | '.join(cells)} |"


def table() -> str:
    """The whole of it."""
    head = [HEAD, f"|{'---|' * HEAD.count(' | ')}---|"]
    return "\n".join([*head, *(row(read(path)) for path in services())]) + "\n"


def page() -> str:
    """The page with the table as it should be."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    return f"{before}{BEGIN}{table()}{END}{rest.partition(END)[2]}"


def main() -> int:
    """Write the page, or look whether it is up to date."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        return int(PAGE.read_text("utf-8") != page())
    PAGE.write_text(page(), "utf-8")
    return 0


def _time(value: str) -> str:
    """A time as people write it: `15min`, `6h`, `30` are 15 min, 6 h, 30 s."""
    number = value.rstrip("abcdefghijklmnopqrstuvwxyz")
    return f"{number} {value.removeprefix(number) or 's'}"


def _keys(unit: Unit) -> set[str]:
    return {key for _, key, _ in unit.lines}


if __name__ == "__main__":
    sys.exit(main())
