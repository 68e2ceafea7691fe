"""System updates: a signed RAUC bundle into the slot that does not run, and a trial of it.

RAUC checks signature, board and every block (dm-verity), and writes; what it does not know is
refused here: a version that is not newer, or that was tried on this device and not kept.
Root's; nothing here waits for calm or asks the agent: that is the caller's (`device`).
"""

import contextlib
import json
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from drivers.kept import replace
from provisioning.places import RELEASE_ROOTS, SLOTS_RUN
from provisioning.remedy import ProvisioningError
from provisioning.update.boot_slot import TRYBOOT, BootPlaces, BootSlots, Slot
from provisioning.update.slot_record import SlotRecord, SlotTrial, SystemVersion, running_version
from provisioning.update.system_signer import check_system_signer
from provisioning.update.versions import is_newer
from provisioning.update.words import error

KEYRING = "release-roots.pem"  # in SLOTS_RUN, as system.conf has it
TRYBOOT_ARGUMENT = "0 tryboot"  # of the restart: Raspberry Pi's kernel passes it to the firmware
_INSTALL_S, _ASK_S, _TRIES = 1800, 120, 4
_LATE = "Timeout was reached"  # the bus waits for 25 s
# what RAUC says, and whose code it is; the first that is found
_SAID = (
    ("compatible", "update-other-board"),
    ("signature", "release-untrusted"),
    ("certificate", "release-untrusted"),
    ("verify", "release-untrusted"),
)


@dataclass(frozen=True, slots=True)
class SystemBundle:
    """What a bundle says of itself, once its signature holds."""

    version: str
    compatible: str


def read_bundle(
    bundle: Path, roots: Path = RELEASE_ROOTS, configuration: Path | None = None
) -> SystemBundle:
    """What a bundle is, if it was signed by somebody who may.

    Its payload is not read here: that is held to the signed digests as it is installed.
    `configuration` is RAUC's where this is no device, and has none in /etc/rauc.

    Raises:
        ProvisioningError: `release-untrusted`, `release-damaged`, `roots-unusable`.
    """
    if not roots.is_file():
        raise error("roots-unusable", f"there is no {roots}")
    other = () if configuration is None else (f"--conf={configuration}",)
    words = (*other, "info", f"--keyring={roots}", "--output-format=json", str(bundle))
    try:
        found = json.loads(_rauc(words, _ASK_S))
        said = SystemBundle(found["version"], found["compatible"])
    except (ValueError, KeyError, TypeError) as problem:
        raise error("release-damaged", f"{bundle.name}: {problem}") from None
    check_system_signer(bundle, roots)
    return said


def check(bundle: SystemBundle, running: SystemVersion, failed: Sequence[str]) -> None:
    """See that a bundle is for this device, newer, and was not tried here in vain.

    Raises:
        ProvisioningError: `no-slots`, `update-other-board`, `update-not-newer`,
            `update-failed-before`.
    """
    if bundle.compatible != running.compatible:
        raise error("update-other-board", f"for {bundle.compatible}, not {running.compatible}")
    try:
        if not is_newer(bundle.version, running.version):
            raise error("update-not-newer", f"{bundle.version}; running: {running.version}")
    except ValueError as problem:
        raise error("release-unusable", str(problem)) from None
    if bundle.version in failed:
        raise error("update-failed-before", bundle.version)


def install(bundle: Path, roots: Path = RELEASE_ROOTS, *, by_hand: bool = False) -> SystemBundle:
    """Write a bundle into the slot that does not run; the present one goes on, and starts next.

    `by_hand`: what was tried here and not kept may be tried again.

    Raises:
        ProvisioningError: It is refused, or the card does not take it.
    """
    slots, record = BootSlots(), SlotRecord()
    other = slots.booted.other
    about = read_bundle(bundle, roots)
    check(about, running_version(), () if by_hand else record.failed)
    keyring = SLOTS_RUN / KEYRING
    keyring.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    replace(keyring, roots.read_bytes())
    _serve()
    _rauc(("install", str(bundle)), _INSTALL_S)
    written = record.version_in(other)
    if written is None or written.version != about.version:
        raise error("release-unusable", f"its root says {written}, the bundle {about.version}")
    return about


@dataclass(frozen=True, slots=True)
class OneStart:
    """The one start that a slot is given: written down first, then switched to, then restarted.

    Where a step fails nothing is left of it; where even the way `back` fails it stays written down:
    the next start, whichever slot's it is, sees to it. Methods raise ProvisioningError where the
    card cannot be written or there is no restart, OSError where the data partition takes nothing.
    """

    record: SlotRecord
    going: SlotTrial
    switch: Callable[[], None]
    restart: Callable[[], None]
    back: Callable[[], None]

    def begin(self) -> None:
        """Have the slot started next, whenever that is."""
        self.record.begin(self.going)
        self._or_call_off(self.switch)

    def go(self) -> None:
        """Restart into it."""
        self._or_call_off(self.restart)

    def call_off(self) -> None:
        """Have the slot that runs started next after all."""
        self.back()
        self.record.end()

    def _or_call_off(self, step: Callable[[], None]) -> None:
        try:
            step()
        except (ProvisioningError, OSError):
            with contextlib.suppress(ProvisioningError, OSError):
                self.call_off()
            raise


def one_start(
    claims: Mapping[str, str], sha256: str, restart: Sequence[str] = ("/bin/systemctl", "reboot")
) -> OneStart:
    """The start of the slot that was just written, from the bundle of this digest.

    `claims` is what the agent claims per hazard now; the new system must not claim less.

    Raises:
        ProvisioningError: Nothing was written.
    """
    record, other = SlotRecord(), BootSlots().booted.other
    if (written := record.version_in(other)) is None:
        raise error("release-unusable", f"nothing was written into slot {other}")
    going = SlotTrial(
        slot=other,
        version=written.version,
        from_version=running_version().version,
        sha256=sha256,
        claims=dict(claims),
    )
    return OneStart(
        record,
        going,
        switch=lambda: _ask(("status", "mark-active", "other")),
        restart=lambda: _restart(restart),
        back=lambda: mark(other, good=False),
    )


def _restart(command: Sequence[str]) -> None:
    # tryboot.txt is there where the firmware is to be asked for a single start
    is_asked = (BootPlaces().boot / TRYBOOT).exists()
    words = (*command, *([f"--reboot-argument={TRYBOOT_ARGUMENT}"] if is_asked else []))
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603  # ours
    if done.returncode:
        raise error("release-unusable", done.stderr.strip())


def mark(slot: Slot, *, good: bool) -> None:
    """Have RAUC keep a slot, or give it up.

    Raises:
        ProvisioningError: The card cannot be written.
    """
    which = "booted" if slot is BootSlots().booted else "other"
    _ask(("status", f"mark-{'good' if good else 'bad'}", which))


def _ask(words: Sequence[str]) -> None:
    """Have RAUC's service do something short; a busy board may be late for the bus, so again."""
    _serve()
    for left in reversed(range(_TRIES)):
        try:
            _rauc(words, _ASK_S)
        except ProvisioningError as problem:
            if not left or _LATE not in problem.failure.detail:
                raise
        else:
            return


def _serve() -> None:
    """Have RAUC's service up: a slow board takes longer than the bus would wait for it."""
    command = ("/bin/systemctl", "start", "rauc.service")
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # ours
    if done.returncode:
        raise error("release-unusable", done.stderr.strip())


def _rauc(words: Sequence[str], within_s: float) -> str:
    """What RAUC says.

    Raises:
        ProvisioningError: It refused; or it is not here.
    """
    program = shutil.which("rauc")
    if program is None:
        raise error("release-unusable", "there is no rauc on this system")
    try:
        done = subprocess.run(  # noqa: S603  # the words are ours, the bundle a path
            (program, *words), capture_output=True, text=True, check=False, timeout=within_s
        )
    except subprocess.TimeoutExpired:
        raise error("release-unusable", f"rauc {words[0]}: not within {within_s} s") from None
    if done.returncode:
        raise error(*refusal(done.stdout + done.stderr))
    return done.stdout


def refusal(said: str) -> tuple[str, str]:
    """Why RAUC refused, of all that it prints: a failure's code, and the line that tells it.

    What it was doing is passed by: it says that it verifies a signature, too, where a block of
    the payload is damaged.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    wrong = [line for line in lines if "rror" in line] or [
        line for line in lines if "ailed" in line
    ]
    low = "\n".join(wrong).lower()
    code = next((code for mark, code in _SAID if mark in low), "release-damaged")
    return code, (wrong or lines or ["it said nothing"])[-1][:400]
