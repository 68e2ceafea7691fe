"""A reboot that the agent asks for: granted once, within a budget, and then refused."""

import json

from tests.hil.device import wait
from tests.hil.rigs.rig import Capability, Rig, RigError, needs
from tests.hil.units import Journal, is_armed, show

booted = needs(Capability.INIT, Capability.ROOT, Capability.REBOOT)
UNIT = "haetae-reboot.service"
LEDGER = "/var/lib/haetae-recovery/reboots.json"
# by the name that the agent itself has for this boot: in a container, its units see the machine's
ASK = """\
import pathlib, time
from agent.boot_cause import CALM, REQUEST, Calm, Request, publish, read_told
run = pathlib.Path("/run/haetae")
told = read_told(run / CALM, Calm)
publish(run / REQUEST, Request("agent", "i2c-1 has died", told.boot, time.monotonic()))
"""
# a boot is left alone for its first ten minutes, which nobody waits for here
OLDER = """\
import json, pathlib
path = pathlib.Path("/var/lib/haetae-recovery/reboots.json")
book = json.loads(path.read_bytes())
book["lived"]["lived_s"] += 3600.0
path.write_text(json.dumps(book))
"""


def boot_id(rig: Rig) -> str:
    try:
        return rig.run("cat /proc/sys/kernel/random/boot_id").strip()
    except RigError:  # it is between two boots
        return ""


def asked(rig: Rig) -> Journal:
    """What the journal says once the agent's user has asked for a reboot."""
    wait(lambda: show(rig, UNIT, "ActiveState") == "inactive", 30, "it looks at nothing else")
    journal = Journal(rig, UNIT)
    rig.run(f"cd /run/haetae && {rig.at.python} - <<'END'\n{ASK}END")
    return journal


@booted
def test_a_reboot_is_granted_within_its_budget_and_written_down(rig: Rig) -> None:
    rig.start_again()
    first = boot_id(rig)
    journal = asked(rig)
    wait(lambda: journal.has("younger than"), 30, "it is refused: the boot is young")
    rig.run(f"/opt/haetae/bin/python - <<'END'\n{OLDER}END")
    asked(rig)
    wait(lambda: boot_id(rig) not in {"", first}, 60, "another boot")
    wait(lambda: is_armed(rig), 60, "armed again")
    book = json.loads(rig.get(LEDGER))
    assert [each["by"] for each in book["spent"]] == ["agent"]
    assert book["cause"]["cause"] == "requested"
    assert "i2c-1 has died" in book["cause"]["detail"]
    assert book["cause"]["ended_in_order"]

    second = boot_id(rig)
    journal = asked(rig)
    wait(lambda: journal.has("refused"), 30, "one a day is all that the agent may ask for")
    assert boot_id(rig) == second
