"""A new application beside what runs: kept if it detects as well, else back; nothing is lost."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from provisioning.update import bundle
from provisioning.update.manifest import About
from tests.hil.device import haetae, status, wait
from tests.hil.rigs.nspawn import NspawnRig
from tests.hil.rigs.rig import Capability, CommandError, Rig, needs
from tests.hil.units import AGENT, configured, is_armed, main_pid, show
from tests.running import REPOSITORY

bundles = needs(Capability.BUNDLES, Capability.ROOT, Capability.INIT, Capability.HUB)
NEXT = "0.9.0"
REPORT = "/run/haetae-update/report.json"
# as the units have it: always by what was shipped
UPDATE = "/opt/haetae/bin/python -B -m provisioning.update.cli_update"
AT = "/run/brought.haetae"
ENDS_S = 120.0
CANCEL = 'buttons = ["sos"]\ncancel_hold_s = 3.0'  # held for so long, a call is taken back
Change = Callable[[str], str]


def appended(text: str) -> Change:
    return lambda before: f"{before}\n{text}\n"


WORSE: Mapping[str, tuple[dict[str, Change], str]] = {
    "crashes": ({"agent/app.py": appended("raise SystemExit(3)")}, "it ended"),
    "is deaf": (
        {
            "agent/detectors/fire.py": appended(
                "FireDetector.update = lambda self, reading: []  # type: ignore"
            )
        },
        "fire",
    ),
}


@pytest.fixture
def device(rig: Rig) -> NspawnRig:
    if not isinstance(rig, NspawnRig):
        pytest.skip(f"rig {rig.name} has no release keys of this run")
    return rig


def release(rig: NspawnRig, folder: Path, version: str, changed: Mapping[str, Change]) -> Path:
    """This checkout's application under another version, with some of it changed, signed."""
    tree = folder / "tree"
    about = json.loads(rig.get("/usr/lib/haetae/version.json"))
    for package in ("agent", "drivers", "models", "provisioning"):
        for path in sorted((REPOSITORY / package).rglob("*")):
            name = path.relative_to(REPOSITORY).as_posix()
            if path.is_file() and _is_program(name):
                target = tree / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
    renamed = {"agent/__init__.py": _renamed(version)}
    for name, change in {**renamed, **changed}.items():
        before = (tree / name).read_text("utf-8")
        (tree / name).write_text(change(before), "utf-8")
    said: dict[str, Any] = {"kind": "application", "version": version, "lock": about["lock"]}
    signer = rig.release_keys.signer()
    made_at = signer.certificate.not_valid_before_utc  # an hour ago
    terms = About(**said, boards=(about["board"],), made=made_at)
    made = folder / f"{version}.haetae"
    made.write_bytes(bundle.make(tree, terms, signer))
    return made


def _is_program(name: str) -> bool:
    data = ("models/weights/", "models/cards/", "models/training/")  # what was shipped stays
    return "__pycache__" not in name and not name.startswith(data)


def _renamed(version: str) -> Change:
    return lambda text: f'{text.partition("__version__")[0]}__version__ = "{version}"\n'


def install(rig: NspawnRig, brought: Path) -> str:
    """What `haetae-update install` says of a bundle that somebody brought, and its exit code."""
    rig.put(AT, brought.read_bytes())
    words = f"{UPDATE} install --soak 5 --json --lang en {AT}"
    try:
        return f"0 {rig.run(words, ENDS_S)}"
    except CommandError as error:
        return f"{error.code} {error.said}"


def kept(rig: Rig) -> dict[str, str]:
    """What no update may touch."""
    _, events = haetae(rig, "events")
    return {
        "identity and configuration": rig.run(
            "sha256sum /etc/haetae/*.toml /etc/haetae/identity/*"
        ),
        "events": " ".join(each["id"] for each in events),
        "ledger": rig.run("head -n 2 /var/lib/haetae/ledger/*1.jsonl"),
    }


def software(rig: Rig) -> str:
    return str(status(rig).get("software"))


@bundles
def test_a_new_application_is_kept_and_can_be_taken_back(device: NspawnRig, tmp_path: Path) -> None:
    rig, shipped = device, software(device)
    _have_an_event(rig)
    before, pid = kept(rig), main_pid(rig)
    assert before["events"]
    said = install(rig, release(rig, tmp_path, NEXT, {}))
    assert said.startswith("0 "), said
    assert software(rig) == f"haetae {NEXT}"
    assert main_pid(rig) != pid
    assert kept(rig)["ledger"] == before["ledger"]
    assert kept(rig)["events"].startswith(before["events"])
    assert kept(rig)["identity and configuration"] == before["identity and configuration"]

    rig.reboot()
    assert software(rig) == f"haetae {NEXT}"
    assert kept(rig)["events"].startswith(before["events"])

    rig.run(f"{UPDATE} rollback --soak 5", ENDS_S)
    assert software(rig) == shipped
    assert kept(rig)["events"].startswith(before["events"])


@bundles
@pytest.mark.parametrize("worse", WORSE)
def test_one_that_is_worse_is_taken_back_and_the_hub_hears_why(
    device: NspawnRig, tmp_path: Path, worse: str
) -> None:
    rig, shipped, known = device, software(device), len(device.hub.states())
    changed, why = WORSE[worse]
    before = kept(rig)
    said = install(rig, release(rig, tmp_path, NEXT, changed))
    assert said.startswith("1 "), said
    report = json.loads(rig.get(REPORT))
    assert (report["state"], report["version"]) == ("rolled-back", NEXT)
    assert why in report["why"]
    wait(lambda: software(rig) == shipped and status(rig)["armed"], 60, "what was before runs")
    assert show(rig, AGENT, "ActiveState") == "active"

    def is_told() -> bool:
        told = [each.get("update", "") for each in rig.hub.states()[known:]]
        return any("rolled back" in each and NEXT in each and why in each for each in told)

    assert rig.hub.wait(is_told, 30)
    assert kept(rig)["events"] == before["events"]
    assert kept(rig)["identity and configuration"] == before["identity and configuration"]


@bundles
def test_nothing_is_installed_while_there_is_an_alarm(device: NspawnRig, tmp_path: Path) -> None:
    rig, known, before = device, len(device.hub.events()), main_pid(device)
    text = rig.get(rig.at.config).decode()
    with configured(rig, text.replace('buttons = ["sos"]', CANCEL)):
        wait(lambda: main_pid(rig) not in {0, before} and is_armed(rig), 30, "by that")
        rig.set({"sos.pressed": 1})
        rig.set({"sos.pressed": 0})  # at once: only a short press can be taken back
        rig.hub.event("sos", "alarm", within_s=20, behind=known)
        shipped, pid = software(rig), main_pid(rig)
        rig.put(AT, release(rig, tmp_path, NEXT, {}).read_bytes())
        rig.run(f"systemd-run --quiet --unit=brought {UPDATE} install --soak 5 {AT}")
        wait(lambda: _report(rig).get("state") == "waiting", 60, "it waits")
        assert "sos under way" in _report(rig)["why"]
        assert (main_pid(rig), software(rig)) == (pid, shipped)
        rig.set({"sos.pressed": 1})  # held: a mistake
        begun = status(rig)["at"]
        wait(lambda: status(rig)["at"] > begun + 4.0, 30, "it was held")
        rig.set({"sos.pressed": 0})
        rig.hub.event("sos", "cleared", within_s=30, behind=known)
        wait(lambda: _report(rig).get("state") == "good", ENDS_S, "it is installed afterwards")
        assert software(rig) == f"haetae {NEXT}"


def _report(rig: Rig) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(rig.get(REPORT))
    except CommandError:
        return {}
    return found


def _have_an_event(rig: Rig) -> None:
    """A fault that came and went: an event that nobody waits for."""
    known = len(rig.hub.events())
    rig.set({"particles.fault": "absent"})
    rig.hub.event("fault", "alarm", within_s=60, behind=known, of="particles")
    rig.set({"particles.fault": "none"})
    rig.hub.event("fault", "cleared", within_s=60, behind=known, of="particles")
