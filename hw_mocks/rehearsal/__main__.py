"""Rehearse an installation without a board: from an empty folder to a fire that reaches the hub.

    python -m hw_mocks.rehearsal [--folder build/rehearsal] [--board raspi3b] [--board virt]

The image is built, written to files as to cards, and booted in emulated boards. Each enrols at a
city on loopback, is set up through its page by a browser, and then has a fire on simulated wires.
"""

import argparse
import contextlib
import csv
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import zxingcpp
from PIL import Image
from selenium.common.exceptions import WebDriverException

from hw_mocks.card_image import EmulationError, first_partition
from hw_mocks.child import TooLateError, until
from hw_mocks.emulated_pi import HOST, MACHINES, EmulatedPi
from hw_mocks.rehearsal.city import City, Heard, unix_now
from hw_mocks.rehearsal.knobs import Knobs
from hw_mocks.rehearsal.phone import phone, serves_page
from hw_mocks.rehearsal.report import Report, Step
from hw_mocks.setup_walk import Installer, SetupWalk
from provisioning.seed import parse_seed

ROOT = Path(__file__).parents[2]
SITE = "cheongnyangni"
BOOT_S, ENROL_S, PATIENCE_S, FIRE_S = (
    900.0,
    300.0,
    300.0,
    300.0,
)  # on a machine that something else keeps busy
PAGE, KNOBS, SHELL = 443, 5555, 5556  # ports of the guest
PROFILE = {"raspi3b": "market-stall", "virt": "single-room"}
BOOT_BYTES = 256 << 20  # of the card, from its first partition on
FIRE = {"smoke_alarm.alarm": 1}


@dataclass(frozen=True, slots=True)
class Card:
    """A device to be: its card, and what its label says."""

    device: str
    board: str
    file: Path
    url: str
    name: str
    code: str
    secrets: tuple[str, ...]


class RehearsalError(Exception):
    """A step did not do what it must; the message says what was seen instead."""


_EXPECTED = (
    RehearsalError,
    EmulationError,
    TooLateError,
    WebDriverException,
    subprocess.CalledProcessError,
)


def main() -> int:
    """Rehearse, print each step, and write the report; 0 if every step was good."""
    args = _parser().parse_args()
    folder: Path = args.folder.resolve()
    report = Report(folder, _say)
    boards = args.board or list(MACHINES)
    try:
        _rehearse(folder, boards, report, args.image)
    except _EXPECTED as error:
        _say(f"FAILED after {report.seconds:.0f} s: {error}")
        return 1
    _say(f"{len(boards)} boards protected in {report.seconds:.0f} s: {folder}/index.html")
    return 0


def _rehearse(folder: Path, boards: Sequence[str], report: Report, image: Path | None) -> None:
    work = folder / "work"
    if work.exists():
        raise RehearsalError(f"{work} is there: name an empty folder, or remove it")
    work.mkdir(parents=True)
    with report.step("build the image") as step:
        image = image or _build(step)
    with report.step("found a city on loopback: root, issuer, broker"):
        city = City(work / "city", HOST)
        city.start()
    try:
        with report.step("make seeds and labels by batch") as step:
            cards = _batch(work, boards, city, step)
        for card in cards:
            with report.step(f"flash the card of {card.device}") as step:
                _flash(card, image, work, step)
        with report.step("register the claims at the authority") as step:
            step.saw(_provision(work, "sync", "--city", city.file).strip().splitlines()[-1])
        for card in cards:
            _install(card, city, folder, report)
        with report.step("look for secrets in what was logged") as step:
            _search(cards, city, folder, step)
    finally:
        city.stop()


def _build(step: Step) -> Path:
    done = subprocess.run(
        [sys.executable, "-m", "image.build", "--rehearsal"],
        cwd=ROOT / "scripts",
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    about = json.loads(done.stdout)
    step.saw(f"{about['image']}: SHA-256 {about['sha256']}")
    step.saw(f"from commit {about['commit']}, {about['suite']}, with simulated wires beside it")
    return Path(about["image"])


def _batch(work: Path, boards: Sequence[str], city: City, step: Step) -> list[Card]:
    """A table of sites to seeds; what the labels say is read from their picture, as by a phone."""
    table, out, sheet = work / "sites.csv", work / "batch", work / "labels.png"
    with table.open("w", newline="", encoding="utf-8-sig") as file:
        rows = csv.writer(file)
        rows.writerow(("device", "site", "place_ko", "place_en", "profile"))
        for board in boards:
            rows.writerow((f"{board}-1", SITE, f"{board} 점포", f"{board} stall", PROFILE[board]))
    _provision(work, "batch", table, "--out", out, "--city", city.file)
    _provision(work, "label", out, "--out", sheet)
    found = [each.text for each in zxingcpp.read_barcodes(Image.open(sheet))]
    step.saw(f"{len(found)} QR codes read from the picture of the labels")
    cards = []
    for board in boards:
        name = f"haetae-{board}-1.local"
        url = next((each for each in found if each.startswith(f"https://{name}/#")), None)
        if url is None:
            raise RehearsalError(f"no label with https://{name}/: {found}")
        code = url.partition("#")[2]
        seed = parse_seed((out / "seeds" / f"{board}-1.toml").read_text("utf-8"))
        secrets = (seed.setup.psk, *([] if seed.claim is None else [seed.claim.code]))
        if any(each in text for each in secrets for text in found):
            raise RehearsalError("a secret is on a label")
        card = work / f"card-{board}.img"
        cards.append(Card(f"{board}-1", board, card, url, name, code, secrets))
    return cards


def _flash(card: Card, image: Path, work: Path, step: Step) -> None:
    seed = work / "batch" / "seeds" / f"{card.device}.toml"
    said = _provision(work, "flash", "--image", image, "--seed", seed, card.file)
    step.saw(said.strip().splitlines()[-1])


def _install(card: Card, city: City, folder: Path, report: Report) -> None:
    """One board from power-on to a fire at the hub."""
    machine, pictures = MACHINES[card.board], folder / card.board
    pictures.mkdir(exist_ok=True)
    ports = (PAGE, KNOBS, SHELL)
    with EmulatedPi(card.file, machine, forwards=ports, clock_s=unix_now()) as pi:
        try:
            _commission(card, city, folder, report, pi)
        finally:
            (pictures / "console.log").write_text(pi.console, "utf-8")
            with contextlib.suppress(EmulationError):
                journal = pi.shell("journalctl --boot --no-pager --output=short-monotonic")
                (pictures / "journal.log").write_text(journal, "utf-8")


def _commission(card: Card, city: City, folder: Path, report: Report, pi: EmulatedPi) -> None:
    with report.step(f"{card.board}: boot, and serve the setup page") as step:
        port = pi.ports[PAGE]
        until(lambda: serves_page(port) or None, BOOT_S, "the setup page's port")
        step.saw(f"kernel and systemd on {card.board}; the page answers")
    with report.step(f"{card.board}: enrol at the city's authority") as step:
        wanted = f"{card.device} {SITE} enrolled"
        until(lambda: wanted in city.devices() or None, ENROL_S, wanted)
        step.saw(next(each for each in city.devices().splitlines() if card.device in each))
    knobs = Knobs(pi.ports[KNOBS])
    with report.step(f"{card.board}: walk through the setup page") as step:
        _walk(card, port, folder, knobs, step)
    with report.step(f"{card.board}: a fire, seen at the hub") as step:
        at_hub = _burn(card, city, knobs)
        step.saw(f"{at_hub.topic}: {at_hub.body['why']['ko']}")
        step.saw(f"simulated: {at_hub.attributes.get('simulated') or at_hub.body.get('simulated')}")
        if not city.user_of(card.device):
            raise RehearsalError("the broker did not see the certificate's name")
        step.saw(f"the broker let it in as {card.device}, by its certificate")


def _walk(card: Card, port: int, folder: Path, knobs: Knobs, step: Step) -> None:
    taken: list[str] = []
    with phone(folder / "work" / f"phone-{card.board}", card.name, port) as browser:

        def picture(name: str) -> None:
            file = f"{card.board}/{len(taken) + 1:02d}-{name}.png"
            browser.save_screenshot(str(folder / file))
            taken.append(file)

        walk = SetupWalk(
            browser,
            card.url.partition("/#")[0],
            card.code,
            Installer(PROFILE[card.board]),
            knobs.turn,
            seen=picture,
            patience_s=PATIENCE_S,
        )
        try:
            walk.walk()
        finally:
            step.pictures.extend(taken)
            step.saw(f"sensors: {walk.outcomes}")
    if untried := [name for name, outcome in walk.outcomes.items() if outcome != "passed"]:
        raise RehearsalError(f"sensors that did not pass their trial: {', '.join(untried)}")


def _burn(card: Card, city: City, knobs: Knobs) -> Heard:
    known = len(city.heard())
    knobs.turn(FIRE)
    return city.event(card.device, "fire", "alarm", FIRE_S, behind=known)


def _search(cards: Sequence[Card], city: City, folder: Path, step: Step) -> None:
    """No claim code, key of a network or private key where it does not belong."""
    logs = {"authority and broker": city.logs.encode()}
    for path in (folder / "work" / "journal.sqlite", *folder.glob("*/*.log")):
        logs[path.name] = path.read_bytes()
    for card in cards:
        with card.file.open("rb") as file:
            file.seek(first_partition(card.file))
            logs[f"boot partition of {card.device}"] = file.read(BOOT_BYTES)
    for where, text in logs.items():
        claims = [each for card in cards for each in card.secrets[1:]]
        if b"PRIVATE KEY" in text or any(each.encode() in text for each in claims):
            raise RehearsalError(f"{where}: a claim code or a private key")
    step.saw(f"no claim code and no private key in: {', '.join(logs)}")


def _provision(work: Path, *words: object) -> str:
    command = [sys.executable, "-m", "provisioning.cli", "--lang", "en", "--journal",
               work / "journal.sqlite", "--installer", "rehearsal", *words]  # fmt: skip
    done = subprocess.run(
        [str(each) for each in command], capture_output=True, text=True, check=False, cwd=ROOT
    )
    if done.returncode:
        raise RehearsalError(f"haetae-provision {words[0]}: {done.stderr.strip()}")
    return done.stdout


def _parser() -> argparse.ArgumentParser:
    words = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m hw_mocks.rehearsal", description=words)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "rehearsal")
    parser.add_argument("--board", action="append", choices=sorted(MACHINES))
    parser.add_argument("--image", type=Path, help="built before, with simulated wires")
    return parser


def _say(line: str) -> None:
    sys.stdout.write(f"rehearsal: {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
