"""Writes the storms' figures and the plan into `docs/fleet.md`, and draws `docs/fleet/storm.svg`.

    PYTHONPATH=. python scripts/fleet_page.py [--check]

The storms are `docs/fleet/*.json`, each written by `python -m hw_mocks.fleet --write`. `--check`
writes nothing and fails where page or picture are not what they say.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fleet_picture import draw

from hw_mocks.figure import percentile

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "fleet.md"
STORMS = ROOT / "docs" / "fleet"
PICTURE = STORMS / "storm.svg"
DRAWN = "mosquitto-2000-30.json"
PLACES = ("storms", "plan", "cost")

SIZES = (100, 1_000, 10_000, 100_000, 1_000_000)
HEARTBEAT_S = 75.0
DAY_KB = 330.0  # measured, docs/uplink.md: an idle day, with every header
EVENT_KB = 1.1  # measured: one event and its confirmation, with every header
HANDSHAKE_MS = 1.7  # measured: processor time of mosquitto for a session that comes back
SESSION_KIB = 33.0  # measured: what mosquitto holds more for each session
CERTIFICATE_MS = 0.44  # measured: processor time to make one
MOST_AT_ONE = 10_000  # of one mosquitto: at this number it has all back within 17 s
DAYS = 30.4  # of a month
BAD_SHARE, BAD_EVENTS = 0.1, 10  # assumed: a tenth of the devices tell ten events in an hour
DARK_SHARE, DARK_S = 0.1, 10.0  # assumed: a tenth lose their supply within ten seconds
LIFE_DAYS = 365.0  # assumed, of a certificate; it is renewed at two thirds
MACHINE_YEAR_EUR, TARIFF_YEAR_EUR = 400.0, 12.0  # assumed

Row = Sequence[str]


def storms() -> Iterator[Row]:
    """One row for each storm."""
    yield ("hub", "sessions", "outage, s", "events", "lost", "sent again",
           "first alarm that waited: p50 / p99 / worst, s",
           "first alarm raised in the storm: p50 / p99 / worst, s",
           "all back, s", "CPU of a session: hub / device, ms", "load average")  # fmt: skip
    for path in sorted(STORMS.glob("*.json"), key=_order):
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        cost, count = found["cost"], found["sessions"]
        yield (
            path.stem.split("-")[0],
            f"{count:,}",
            f"{found['outage_s']:g}",
            f"{found['puts']:,}",
            f"{found['lost']}",
            f"{found['again']}",
            _spread(found["came"]),
            _spread(found["fresh"]),
            f"{max(found['back']):.0f}",
            f"{1000 * cost['hub_cpu_s'] / count:.1f} / {1000 * cost['devices_cpu_s'] / count:.0f}",
            f"{cost['load_before']:.0f} to {cost['load_after']:.0f}",
        )


def plan() -> Iterator[Row]:
    """What each size asks for."""
    yield ("", *(f"{n:,}" for n in SIZES))
    heart = [n / HEARTBEAT_S for n in SIZES]
    yield ("connections", *(f"{n:,}" for n in SIZES))
    yield ("heartbeats a second, idle", *map(_short, heart))
    bad = [n * BAD_SHARE * BAD_EVENTS / 3600 for n in SIZES]
    yield ("events a second, bad hour", *map(_short, bad))
    yield ("events a second, lights out", *(_short(n * DARK_SHARE / DARK_S) for n in SIZES))
    yield ("kB a second, idle", *(_short(n * DAY_KB / 86_400) for n in SIZES))
    yield ("GB a month, idle", *(_short(n * DAY_KB * DAYS / 1e6) for n in SIZES))
    yield ("GB of events in a bad hour", *(_short(n * BAD_SHARE * BAD_EVENTS * EVENT_KB / 1e6)
                                           for n in SIZES))  # fmt: skip
    yield ("core seconds to take all back", *(_short(n * HANDSHAKE_MS / 1000) for n in SIZES))
    yield ("mosquitto brokers in use", *(f"{_brokers(n)}" for n in SIZES))
    yield ("seconds until all are back", *(_short(n * HANDSHAKE_MS / 1000 / _brokers(n))
                                          for n in SIZES))  # fmt: skip
    yield ("GiB of sessions", *(_short(n * SESSION_KIB / 1024**2) for n in SIZES))
    renewed = [n / (LIFE_DAYS * 2 / 3) for n in SIZES]
    yield ("certificates a day", *map(_short, renewed))
    yield ("core seconds a day for them", *(_short(n * CERTIFICATE_MS / 1000) for n in renewed))


def cost() -> Iterator[Row]:
    """What a device costs in a year, in euros."""
    yield ("EUR for a device and year", *(f"{n:,}" for n in SIZES))
    machines = [2 * _brokers(n) + (2 if n > MOST_AT_ONE else 0) for n in SIZES]
    hub = [MACHINE_YEAR_EUR * each / n for each, n in zip(machines, SIZES, strict=True)]
    yield ("machines: brokers, as many in reserve, and two for gateway and console",
           *(f"{each}" for each in machines))  # fmt: skip
    yield ("machine-hours a year", *(f"{8760 * each:,}" for each in machines))
    yield ("the hub", *map(_short, hub))
    yield ("with a SIM of its own", *(_short(each + TARIFF_YEAR_EUR) for each in hub))


def picture() -> str:
    """Sessions and alarms over the seconds since the hub was back."""
    found = json.loads((STORMS / DRAWN).read_text("utf-8"))
    curves = (
        ("sessions back", "#036", found["back"]),
        ("first alarms that waited", "#c30", found["came"]),
    )
    return draw(curves, len(found["back"]))


def _order(path: Path) -> tuple[str, int, int, str]:
    hub, sessions, outage, *_ = path.stem.split("-")
    return hub, int(sessions), int(outage), path.stem


def _spread(values: list[float]) -> str:
    found = (percentile(values, share) for share in (0.5, 0.99, 1.0) if values)
    return " / ".join(f"{each:.1f}" for each in found) or "none"


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"


def _brokers(devices: int) -> int:
    return -(-devices // MOST_AT_ONE)


def _table(rows: Iterator[Row]) -> str:
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(each)} |\n" for each in lines)


def page() -> str:
    """The page with its tables made anew."""
    text = PAGE.read_text("utf-8")
    for name, made in zip(PLACES, (storms(), plan(), cost()), strict=True):
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
        before, _, rest = text.partition(begin)
        text = before + begin + _table(made) + end + rest.partition(end)[2]
    return text


def main() -> int:
    """Write, or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    made = {PAGE: page(), PICTURE: picture()}
    if parser.parse_args().check:
        return int(any(path.read_text("utf-8") != text for path, text in made.items()))
    for path, text in made.items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
