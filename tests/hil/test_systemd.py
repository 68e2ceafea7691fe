"""Our units under a real systemd: what they may, what they keep, and that none has failed."""

import json
import re
from pathlib import Path

from tests.hil.device import status, wait
from tests.hil.rigs.rig import Capability, Rig, needs
from tests.hil.units import AGENT, PERCEPTION, Journal, configured, main_pid, ours, show

booted = needs(Capability.INIT, Capability.ROOT)
PAGE = Path(__file__).parents[2] / "docs" / "units.md"


def stated() -> dict[str, float]:
    """The exposure that docs/units.md states for each of our services."""
    rows = re.finditer(r"^\| (\S+) \|.*\| <= ([0-9.]+) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    return {f"haetae-{row[1]}.service": float(row[2]) for row in rows}


@booted
def test_the_system_is_up_with_no_failed_unit(rig: Rig) -> None:
    assert rig.run("systemctl list-units --failed --plain --no-legend") == ""
    assert rig.run("systemctl is-system-running || true").strip() == "running"


@booted
def test_the_agent_runs_as_its_own_user_with_no_rights_beyond_its_files(rig: Rig) -> None:
    lines = rig.run(f"cat /proc/{main_pid(rig)}/status").splitlines()
    found = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    assert set(found["Uid"]) == {rig.run("id -u haetae").strip()} != {"0"}
    assert found["NoNewPrivs"] == ["1"]
    assert found["Seccomp"] == ["2"]  # a filter
    assert [found[each] for each in ("CapEff", "CapBnd", "CapAmb")] == [["0" * 16]] * 3


@booted
def test_no_unit_is_more_exposed_where_it_runs_than_the_page_states(rig: Rig) -> None:
    most, found = stated(), {}
    for unit in ours(rig):
        said = rig.run(f"systemd-analyze security --no-pager {unit} | tail -n 1")
        found[unit] = float(said.partition(f"{unit}: ")[2].split()[0])
    assert {AGENT, PERCEPTION, "haetae-setup.service"} <= set(found)
    assert not {unit: it for unit, it in found.items() if it > most.get(unit, 0.0)}


@booted
def test_timers_of_ours_will_elapse(rig: Rig) -> None:
    listed = json.loads(rig.run("systemctl list-timers --output=json 'haetae-*'"))
    assert "haetae-renew.timer" in {each["unit"] for each in listed}
    # one that is due once a boot has been
    assert all(each["next"] or each["last"] for each in listed)


@booted
def test_a_unit_that_raves_fills_neither_card_nor_memory(rig: Rig) -> None:
    unit, line = "rave.service", "x" * 200
    journal = Journal(rig, unit)
    rig.run(f"systemd-run --quiet --wait --unit={unit} sh -c 'yes {line} | head -n 60000'")
    kept = sum(each.startswith("xxx") for each in journal.lines())
    assert 0 < kept < 10_000
    assert int(rig.run("du -sk /run/log/journal").split()[0]) <= 16 * 1024
    assert rig.run("find /var/log -type f -name '*.journal'") == ""


@booted
def test_a_device_without_camera_has_no_failed_perception(rig: Rig) -> None:
    rig.run(f"systemctl restart {PERCEPTION}")
    wait(
        lambda: show(rig, PERCEPTION, "SubState") == "dead",
        20,
        "perception has nothing to do",
    )
    assert show(rig, PERCEPTION, "Result") == "success"


@booted
def test_a_new_configuration_is_run_by_as_soon_as_it_is_written(rig: Rig) -> None:
    before = main_pid(rig)
    text = rig.get(rig.at.config).decode()
    with configured(rig, text.replace('[[sensors]]\nname = "motion"', '[[sensors]]\nname = "pir"')):
        wait(lambda: "pir" in status(rig).get("sensors", {}), 30, "it watches the new sensor")
        assert main_pid(rig) not in {0, before}
    wait(lambda: "motion" in status(rig).get("sensors", {}), 30, "it watches the old one again")
