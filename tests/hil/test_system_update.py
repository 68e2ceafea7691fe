"""The other slot: a new system is written, tried by one start, and kept only if it detects."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.hil.device import haetae, status, wait
from tests.hil.rigs.qemu import QemuRig
from tests.hil.rigs.qemu_image import release_keys
from tests.hil.rigs.rig import Capability, CommandError, Rig, needs

slots = needs(Capability.SLOTS, Capability.IMAGE, Capability.ROOT)
REPORT = "/run/haetae-update/report.json"
WANTED = "/run/haetae-update/install-wanted.json"
AT = "/var/lib/haetae-update/downloads/system.raucb"
INSTALLS_S, ENDS_S = 900.0, 900.0
COMMAND = "/opt/haetae/bin/python -B -m provisioning.update.cli_update"
OLDER, NEWER = "0.0.1", "1.0.{}"
LEDGER = "head -n 3 /var/lib/haetae/ledger/*1.jsonl"
DEAF = "\n\nFireDetector.update = lambda self, reading: []\n"


@dataclass
class Releases:
    """Versions of this checkout's system, each newer than all before it, as signed bundles."""

    rig: QemuRig
    folder: Path
    count: int = 0
    made: list[Path] = field(default_factory=list)

    def bundle(self, change: Any = None) -> tuple[str, Path]:
        """A whole system; `change` is done to the tree of its root."""
        self.count += 1
        version = NEWER.format(self.count)
        root = self.folder / f"{version}.squashfs"
        self.rig.image.changed_root(version, root, change)
        target = self.rig.image.bundle(root, version, self.folder / f"{version}.raucb")
        root.unlink()
        return version, target

    def small(self, version: str, **changes: Any) -> Path:
        """A signed bundle with hardly anything in it, for what is refused before it is written."""
        root = self.folder / "small.squashfs"
        root.write_bytes(b"hsqs" + random.Random(1).randbytes(16_380))
        return self.rig.image.bundle(root, version, self.folder / "small.raucb", **changes)


@pytest.fixture
def qemu(rig: Rig) -> QemuRig:
    if not isinstance(rig, QemuRig):
        pytest.skip(f"rig {rig.name} has no card of ours")
    return rig


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    return {"count": 0}


@pytest.fixture
def releases(qemu: QemuRig, tmp_path: Path, shelf: dict[str, int]) -> Iterator[Releases]:
    made = Releases(qemu, tmp_path, shelf["count"])
    yield made
    shelf["count"] = made.count


def booted(rig: Rig) -> tuple[str, str]:
    """The slot and the version that run."""
    words = rig.run("cat /proc/cmdline").split()
    slot = next(each for each in words if each.startswith("rauc.slot=")).partition("=")[2]
    return slot, json.loads(rig.get("/usr/lib/haetae/version.json"))["version"]


def next_slot(rig: Rig) -> str:
    """The slot that config.txt names."""
    lines = rig.run("cat /boot/firmware/config.txt").splitlines()
    return next(each[10] for each in lines if each.startswith("os_prefix=")).upper()


def install(rig: QemuRig, bundle: Path) -> str:
    """What `haetae-update install` says of a bundle that was brought; its exit code before it."""
    bring(rig, bundle)
    try:
        said = rig.run(f"{COMMAND} install --json --lang en {AT}", INSTALLS_S)
    except CommandError as error:
        return f"{error.code} {error.said}"
    return f"0 {said}"


def bring(rig: QemuRig, bundle: Path) -> None:
    """Lay a bundle where the updates' own user would have fetched it."""
    rig.run(f"install -d -o haetae-update {Path(AT).parent}")
    rig.bring(bundle, AT)
    rig.run(f"chown haetae-update:haetae-update {AT}")


def install_by_unit(rig: QemuRig, bundle: Path, version: str) -> None:
    """Ask for it as the updates' own user does: the unit installs it that is there for that."""
    bring(rig, bundle)
    wanted = {"kind": "system", "version": version, "file": Path(AT).name}
    rig.put(f"{WANTED}.new", json.dumps(wanted).encode())
    rig.run(f"chown haetae-update {WANTED}.new && mv {WANTED}.new {WANTED}")


def told(rig: Rig, version: str, state: str) -> dict[str, Any]:
    """The report about that version, once it says so."""

    def look() -> dict[str, Any] | None:
        found = json.loads(rig.run(f"cat {REPORT} 2>/dev/null || echo '{{}}'"))
        return found if (found.get("version"), found.get("state")) == (version, state) else None

    return dict(wait(look, ENDS_S, f"system {version} {state}"))


def burning(rig: Rig) -> set[str]:
    """The hazards that are under way."""
    return {each["hazard"] for each in status(rig)["active"]}


def belongings(rig: Rig) -> dict[str, str]:
    """What is the user's: identity and configuration by their sums, the ledger's first records."""
    code, _ = haetae(rig, "ledger verify", 240)
    sums = rig.run("cd /etc/haetae && sha256sum device.toml identity/*")
    return {"files": sums, "ledger": rig.run(LEDGER), "unbroken": str(code == 0)}


def are_kept(mine: dict[str, str], rig: Rig) -> bool:
    """Whether what is the user's is as it was, but for what the ledger has taken in since."""
    now = belongings(rig)
    same = mine == now | {"ledger": mine["ledger"]}
    return same and bool(mine["ledger"]) and now["ledger"].startswith(mine["ledger"])


@slots
def test_a_bundle_for_another_board_an_older_one_and_a_strangers_are_refused(
    qemu: QemuRig, releases: Releases, tmp_path: Path
) -> None:
    before = booted(qemu)
    refused = install(qemu, releases.small("9.0.0", compatible="haetae-arm64-toaster"))
    assert "update-other-board" in refused
    assert "update-not-newer" in install(qemu, releases.small(OLDER))
    stranger = release_keys(tmp_path / "stranger")
    assert "release-untrusted" in install(qemu, releases.small("9.0.0", signer=stranger))
    assert booted(qemu) == before
    assert next_slot(qemu) == before[0]


@slots
def test_a_system_that_detects_is_kept_with_everything_that_is_the_users(
    qemu: QemuRig, releases: Releases
) -> None:
    slot, old = booted(qemu)
    version, bundle = releases.bundle()
    damaged = bytearray(bundle.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    tampered = bundle.with_name("tampered.raucb")
    tampered.write_bytes(damaged)
    install_by_unit(qemu, tampered, version)
    assert "release-damaged" in told(qemu, version, "refused")["why"]
    assert (booted(qemu), next_slot(qemu)) == ((slot, old), slot)
    known = len(qemu.hub.events())
    qemu.hub.go()  # the hub hears of this fire from the new system
    qemu.set({"smoke_alarm.alarm": 1})
    wait(lambda: status(qemu)["outbox"]["pending"], 120, "an event waits in the outbox")
    qemu.set({"smoke_alarm.alarm": 0})
    wait(lambda: status(qemu) and "fire" not in burning(qemu), 240, "the alarm is over")
    mine, starts = belongings(qemu), len(qemu.board.starts)
    install_by_unit(qemu, bundle, version)
    qemu.wait_for_starts(starts + 1)
    assert booted(qemu) == ({"A": "B", "B": "A"}[slot], version)
    told(qemu, version, "good")
    assert next_slot(qemu) == booted(qemu)[0]
    assert are_kept(mine, qemu)
    qemu.hub.come()
    qemu.hub.event("fire", "alarm", within_s=240, behind=known)
    qemu.reboot()
    assert booted(qemu)[1] == version


@slots
def test_a_system_whose_detection_fails_its_test_goes_back_and_says_why(
    qemu: QemuRig, releases: Releases
) -> None:
    before, mine, starts = booted(qemu), belongings(qemu), len(qemu.board.starts)
    version, bundle = releases.bundle(deaf)
    qemu.run("touch /dev/vcio")  # Raspberry Pi's kernel has it: then the firmware is asked, tryboot
    install_by_unit(qemu, bundle, version)
    trial = qemu.board.wait_for_starts(starts + 1, ENDS_S)
    assert trial.once
    assert trial.folder == {"A": "b/", "B": "a/"}[before[0]]
    qemu.wait_for_starts(starts + 2)
    assert booted(qemu) == before
    assert "fire" in told(qemu, version, "rolled-back")["why"]
    assert are_kept(mine, qemu)
    assert version in json.loads(qemu.get("/data/slots/failed.json"))  # not taken by itself again


@slots
def test_a_system_that_never_comes_up_is_gone_back_from(qemu: QemuRig, releases: Releases) -> None:
    before, starts = booted(qemu), len(qemu.board.starts)
    version, bundle = releases.bundle(lifeless)
    install_by_unit(qemu, bundle, version)
    qemu.board.wait_for_starts(starts + 2, ENDS_S)
    assert qemu.board.starts[starts].folder != qemu.board.starts[starts + 1].folder
    assert "Kernel panic" in qemu.board.console
    qemu.wait_for_starts(starts + 2)
    assert booted(qemu) == before
    assert "did not come up" in told(qemu, version, "rolled-back")["why"]


def deaf(tree: Path) -> None:
    """A defective release: its detector of fire sees nothing in any reading."""
    (found,) = tree.glob("opt/haetae/lib/python3*/site-packages/agent/detectors/fire.py")
    found.write_text(found.read_text("utf-8") + DEAF, "utf-8")
    for compiled in found.parent.glob("__pycache__/fire.*.pyc"):
        compiled.unlink()


def lifeless(tree: Path) -> None:
    """A defective release: there is no first program in its root."""
    (tree / "usr/sbin/init").unlink()
