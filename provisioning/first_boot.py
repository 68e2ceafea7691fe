"""The start of a device: take the seed from the card, name the device, set its network.

    python -m provisioning.first_boot

`haetae-first-boot.service` runs it as root at every boot; a boot with nothing new changes nothing.
A power cut between any two steps is made good at the next boot: the seed is on the card until it
is safely on the data partition, and the card's is wiped only then. What came of it is said on the
console, in `RUN/first-boot.json` for the setup page, and on the card for whoever looks there with
a laptop. No secret is in what is said.
"""

import contextlib
import hashlib
import os
import pwd
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from agent.sdnotify import notify
from drivers.kept import sync
from provisioning import first_run, radio
from provisioning.boot_partition import writable
from provisioning.factory_reset import Ground
from provisioning.first_boot_words import failure
from provisioning.places import (
    BOOT,
    CONFIGURATION,
    FIRST_BOOT,
    RUN,
    SEED_FILE,
    SEED_FOLDER,
    STATE,
    TAKEN_SEED,
)
from provisioning.private_file import write_privately
from provisioning.remedy import Failure, ProvisioningError
from provisioning.reset_at_boot import ResetAtBoot
from provisioning.seed import Seed, parse_seed, seed_text

CLAIM_SEEN = "claim-seen"  # in CONFIGURATION: the digest of the claim code that was taken
NETWORK = Path("/data/network")  # root's own, since what lies there tells wpa_supplicant what to do
SYSTEM = Path("/data/systemd")  # what systemd keeps: the last time, seeds of randomness
FAILED = 1
_WITHIN_S = 120  # a start that takes longer hangs, and is ended: the device guards without it
_RESET_STEP_S = 1800  # a step of a reset takes as long as a slow card needs

State = Literal["taken", "kept", "waiting", "failed"]
_TAKEN: State = "taken"
_KEPT: State = "kept"


@dataclass(frozen=True, slots=True)
class Places:
    """Where the card and the device's own files are; `owner` is the user number of the latter.

    `partition` is the device that the latter lie on (None: it is found).
    """

    boot: Path = BOOT
    configuration: Path = CONFIGURATION
    network: Path = NETWORK
    run: Path = RUN
    owner: tuple[int, int] | None = None
    state: Path = STATE
    system: Path = SYSTEM
    partition: Path | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: `taken` now, `kept` from before, `waiting` for a seed, or `failed`."""

    state: State
    device: str | None = None
    failures: list[Failure] = []


def first_boot(
    places: Places,
    set_hostname: Callable[[str], None],
    working: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """All the steps, in their order; each may have been done before.

    `working` is told how far a reset is, where one was asked for.
    """
    failures: list[Failure] = []
    kept = _kept(places, failures)
    reset = _reset(places, working)
    is_over, told = reset.run(kept.device if kept is not None else None)
    if is_over:
        return _after_reset(told)
    failures += told
    fresh = _on_card(places, kept, failures)
    seed, state = kept, _KEPT
    is_left = False  # on the card, which alone has it
    if fresh is not None and _is_new(places, fresh, kept, failures):
        try:
            _take(places, fresh)
        except OSError as error:
            failures.append(failure("storage-full", str(error)))
            is_left = True
        else:
            seed, state = fresh, _TAKEN
    if seed is None:
        return _without_seed(failures, reset)
    _own(places)
    if not is_left and (fresh is None or fresh.device == seed.device):
        _wipe(places, failures)
    _set_network(places, seed, failures)
    set_hostname(hostname(seed.device))
    return Outcome(state=state, device=seed.device, failures=failures)


def hostname(device: str) -> str:
    """What the device is called in its network: the name in the label's address."""
    return f"haetae-{device}".rstrip("-")[:63]


def tell(outcome: Outcome, places: Places) -> None:
    """Leave the outcome where the setup page and a laptop find it."""
    said = msgspec.json.format(msgspec.json.encode(outcome)) + b"\n"
    places.run.mkdir(parents=True, exist_ok=True)
    _write_for_all(places.run / FIRST_BOOT, said)
    folder = places.boot / SEED_FOLDER
    with contextlib.suppress(OSError):  # a card that cannot be written has been told of already
        if folder.is_dir() and _read(folder / FIRST_BOOT) != said:
            (folder / FIRST_BOOT).write_bytes(said)
            sync(folder)


def _write_for_all(path: Path, content: bytes) -> None:
    """Write a new file that everybody may read, in a folder that is another user's."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o644)
        file.write(content)


def _kept(places: Places, failures: list[Failure]) -> Seed | None:
    """The seed that was taken before; a damaged one is told of, and as good as none."""
    if (content := _read(places.configuration / TAKEN_SEED)) is None:
        return None
    try:
        return parse_seed(content.decode())
    except ValueError as error:
        failures.append(failure("seed-damaged", f"{TAKEN_SEED}: {error}"))
        return None


def _on_card(places: Places, kept: Seed | None, failures: list[Failure]) -> Seed | None:
    """The card's seed; what is left of one that was being wiped is none."""
    content = _read(_card_seed(places))
    if content is None or (kept is not None and b"\0" in content):
        return None
    try:
        return parse_seed(content.decode())
    except ValueError as error:
        failures.append(failure("seed-damaged", f"{SEED_FILE}: {error}"))
        return None


def _is_new(places: Places, fresh: Seed, kept: Seed | None, failures: list[Failure]) -> bool:
    """Whether the card's seed is to be taken: the first, or a new claim for the same device."""
    if kept is None:
        return True
    if fresh.device != kept.device:
        failures.append(failure("card-of-another", f"{fresh.device}, not {kept.device}"))
        return False
    if fresh.claim is None or fresh.claim == kept.claim:
        return False
    seen = _read(places.configuration / CLAIM_SEEN) or b""
    return _claim_digest(fresh) != seen.decode("ascii", "replace").strip()


def _take(places: Places, seed: Seed) -> None:
    write_privately(places.configuration / TAKEN_SEED, seed_text(seed).encode())
    if seed.claim is not None:
        write_privately(places.configuration / CLAIM_SEEN, _claim_digest(seed).encode() + b"\n")


def _own(places: Places) -> None:
    """See that the device's user may read what was taken, and nobody else."""
    for name in (TAKEN_SEED, CLAIM_SEEN):
        path = places.configuration / name
        if places.owner and path.exists():
            os.chown(path, *places.owner, follow_symlinks=False)


def _wipe(places: Places, failures: list[Failure]) -> None:
    """Overwrite the card's seed where it lies, then remove it.

    A card's own controller may keep the old block for a while; the code in it is used up by then.
    """
    path = _card_seed(places)
    if not path.exists():
        return
    try:
        with path.open("r+b") as file:
            length = file.seek(0, os.SEEK_END)
            file.seek(0)
            file.write(bytes(length))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        sync(path.parent)
    except OSError as error:
        failures.append(failure("card-read-only", str(error)))


def _set_network(places: Places, seed: Seed, failures: list[Failure]) -> None:
    """The stall's wireless network, if the card names one, and the device's own for a phone."""
    try:
        wifi = seed.wifi or first_run.wifi_of(places.boot)
        places.network.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in radio.files(seed.setup, wifi).items():
            path = places.network / name
            if text is None:
                path.unlink(missing_ok=True)
            elif _read(path) != text.encode():
                write_privately(path, text.encode())
    except OSError as error:
        failures.append(failure("storage-full", str(error)))


def _reset(places: Places, working: Callable[[str], None]) -> ResetAtBoot:
    folders = [places.configuration, places.state, places.network, places.system]
    return ResetAtBoot(
        places.boot, Ground(folders, places.state, places.run, places.partition), working
    )


def _after_reset(failures: list[Failure]) -> Outcome:
    is_done = all(each.code == "was-reset" for each in failures)
    return Outcome(state="waiting" if is_done else "failed", failures=failures)


def _without_seed(failures: list[Failure], reset: ResetAtBoot) -> Outcome:
    if failures:
        return Outcome(state="failed", failures=failures)
    if (told := reset.outcome()) is not None:
        return _after_reset([told])
    return Outcome(state="waiting", failures=[failure("no-seed")])


def _claim_digest(seed: Seed) -> str:
    code = seed.claim.code if seed.claim else ""
    return hashlib.sha256(code.encode()).hexdigest()


def _card_seed(places: Places) -> Path:
    return places.boot / SEED_FOLDER / SEED_FILE


def _read(path: Path) -> bytes | None:
    """A file's content; None where it is missing or cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def main() -> int:
    """Run on the device; 0, or 1 where somebody has to do what is said."""
    with contextlib.suppress(KeyError):
        user = pwd.getpwnam("haetae")
        places = Places(owner=(user.pw_uid, user.pw_gid))
        return _run(places)
    return _run(Places())


def _run(places: Places) -> int:
    signal.alarm(_WITHIN_S)
    with writable(places.boot):
        try:
            outcome = first_boot(places, socket.sethostname, _go_on)
        except ProvisioningError as error:
            outcome = Outcome(state="failed", failures=[error.failure])
        tell(outcome, places)
    name = f" {outcome.device}" if outcome.device else ""
    sys.stdout.write(f"haetae: first boot: {outcome.state}{name}\n")
    for each in outcome.failures:
        sys.stdout.write("".join(f"haetae: {line}\n" for line in each.lines()))
    signal.alarm(0)
    return FAILED if outcome.state == "failed" else 0


def _go_on(told: str) -> None:
    """Give a reset its time, step by step, and say on the console how far it is.

    systemd counts, too (TimeoutStartSec of the unit), and is asked for the same time.
    """
    signal.alarm(_RESET_STEP_S)
    notify(f"EXTEND_TIMEOUT_USEC={(_RESET_STEP_S + _WITHIN_S) * 1_000_000}")
    if told:
        sys.stdout.write(f"haetae: {told}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
