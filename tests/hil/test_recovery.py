"""Why a device started, and who may have it start again: root's units under a real systemd."""

import json
from typing import Any

from tests.hil.device import haetae, status, wait
from tests.hil.rigs.rig import Capability, Rig, RigError, needs
from tests.hil.units import Journal

booted = needs(Capability.INIT, Capability.ROOT, Capability.REBOOT)
LEDGER = "/var/lib/haetae-recovery/reboots.json"


def ledger(rig: Rig) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(rig.get(LEDGER))
    return found


def ask(rig: Rig, why: str) -> None:
    """As the agent would, at an instant at which nothing rings."""
    wait(lambda: (found := status(rig)).get("armed") and found["siren"] == "quiet", 30, "quiet")
    now = float(rig.run(f'{rig.at.python} -c "import time; print(time.monotonic())"'))
    boot = ledger(rig)["cause"]["boot"]
    asked = {"by": "agent", "reason": why, "boot": boot, "monotonic_s": now}
    rig.put(f"{rig.at.run_dir}/reboot-wanted.json", json.dumps(asked).encode())


def made_old(rig: Rig) -> None:
    """Have this boot have begun an hour ago, by the ledger."""
    book = ledger(rig)
    rig.put(LEDGER, json.dumps(book | {"began_s": book["began_s"] - 3600.0}).encode())


@booted
def test_a_reboot_that_is_asked_for_is_counted_told_and_not_given_twice(rig: Rig) -> None:
    rig.reboot()  # the ledger of this boot is begun by its own unit
    boots = ledger(rig)["boots"]
    journal = Journal(rig, "haetae-reboot.service")
    ask(rig, "too early")
    wait(lambda: journal.has("refused: this boot is younger"), 20, "it is refused")
    made_old(rig)
    rig.run("systemctl stop haetae-recovery.timer")
    ask(rig, "i2c-1 (air): no answer for 45 min")
    wait(lambda: rig_came_back(rig, boots), 90, "another boot")
    cause = ledger(rig)["cause"]
    assert (cause["cause"], cause["boots"]) == ("requested", boots + 1)
    assert cause["detail"] == "agent: i2c-1 (air): no answer for 45 min"
    assert cause["ended_in_order"]
    said = wait(lambda: (found := status(rig)).get("boot") and found, 30, "the agent says so")
    assert "i2c-1 (air)" in said["started"]
    recorded = wait(lambda: haetae(rig, "ledger show --kind boot")[1], 20, "it is recorded")
    assert [each["body"]["boots"] for each in recorded][-1] == boots + 1
    made_old(rig)
    journal = Journal(rig, "haetae-reboot.service")
    ask(rig, "again")
    wait(lambda: journal.has("refused: the budget of agent is spent"), 20, "it is refused")
    assert ledger(rig)["boots"] == boots + 1


def rig_came_back(rig: Rig, boots: int) -> bool:
    """Whether the device is in its next boot, and its agent armed."""
    try:
        return ledger(rig)["boots"] == boots + 1 and bool(status(rig).get("armed"))
    except (RigError, ValueError):  # it is between two boots
        return False


@booted
def test_an_ordinary_restart_is_told_to_nobody(rig: Rig) -> None:
    rig.reboot()
    rig.reboot()
    assert ledger(rig)["cause"]["cause"] == "orderly"
    found = wait(lambda: (s := status(rig)).get("boot") and s, 30, "the agent knows it")
    assert (found["boot"], found["started"]) == ("shut down in order", "")
