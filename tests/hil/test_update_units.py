"""An update by the device's own units and their few rights: one fetches, another installs."""

import json
from pathlib import Path

from tests.hil.device import status, wait
from tests.hil.rigs.nspawn import NspawnRig
from tests.hil.rigs.rig import CommandError
from tests.hil.test_application_update import (
    ENDS_S,
    NEXT,
    REPORT,
    UPDATE,
    bundles,
    device,
    release,
    software,
)
from tests.hil.units import AGENT, show

__all__ = ["device"]  # a fixture

FETCHED = "/var/lib/haetae-update/downloads/fetched.haetae"
REQUEST = "/run/haetae-update/install-wanted.json"
SOAK = "/run/systemd/system/haetae-install.service.d/soak.conf"  # a minute is long for a test


@bundles
def test_the_units_of_updates_can_do_what_they_are_for_and_only_that(
    device: NspawnRig,
    tmp_path: Path,
) -> None:
    rig, shipped = device, software(device)
    said = "{ journalctl --no-pager --lines=30 --unit=haetae-update.service; false; }"
    rig.run(f"systemctl start haetae-update.service || {said}", 60)
    assert show(rig, "haetae-update.service", "Result") == "success", "no list is named: no work"

    words = f"[Service]\nExecStart=\nExecStart={UPDATE} install --soak 5\n"
    rig.run(f"mkdir -p $(dirname {SOAK}) $(dirname {FETCHED})")
    rig.put(SOAK, words.encode())
    rig.run("systemctl daemon-reload")
    brought = release(rig, tmp_path, NEXT, {})
    rig.put(FETCHED, brought.read_bytes())
    rig.run("chown -R haetae-update:haetae-update /var/lib/haetae-update/downloads")
    request = json.dumps({"kind": "application", "version": NEXT, "file": "fetched.haetae"})
    rig.run(f"runuser -u haetae-update -- sh -c 'echo '\"'\"'{request}'\"'\"' >{REQUEST}'")
    wait(lambda: _state(rig) in {"good", "rolled-back", "refused"}, ENDS_S, "it is installed")
    assert (_state(rig), software(rig)) == ("good", f"haetae {NEXT}")
    wait(lambda: not rig.run(f"ls {REQUEST} || true").strip(), 30, "the request is seen to")
    assert rig.run("ls /var/lib/haetae-update/downloads").strip() == ""
    try:
        rig.run("rm /run/haetae-app/current && systemctl restart haetae-app.service", 60)
        rig.run(f"systemctl restart {AGENT}", 60)
        laid_out = "checked again, and laid out as at a start"
        wait(lambda: software(rig) == f"haetae {NEXT}", 30, laid_out)
    finally:
        rig.run(f"{UPDATE} rollback --soak 5", ENDS_S)
    assert software(rig) == shipped
    assert status(rig)["armed"]


def _state(rig: NspawnRig) -> str:
    """What the units say became of it; the last one, if it was another's, is no answer."""
    try:
        told = json.loads(rig.get(REPORT))
    except (CommandError, OSError, ValueError):
        return ""
    return str(told["state"]) if told["version"] == NEXT else ""
