"""A sensor answers, or is a fault that says what it is; it never looks like a quiet room."""

import pytest

from tests.hil.device import status, wait
from tests.hil.rigs.rig import Capability, Rig, needs

# by which wire, and what the fault must say: agent.plausibility's kinds
ABSENT = {"gas": "disconnected", "ceiling": "no_answer", "box_heat": "no_answer",
          "particles": "no_answer", "co": "disconnected"}  # fmt: skip
NOTICED_S = 60.0


def why(rig: Rig, sensor: str) -> str:
    return str(status(rig)["sensors"][sensor]["why"])


@pytest.mark.thorough
@needs(Capability.FAULTS, Capability.HUB)
def test_absent_sensors_are_faults_that_say_what_they_are_and_go_when_mended(rig: Rig) -> None:
    known = len(rig.hub.events())
    sensors = [each for each in ABSENT if f"{each}.fault" in rig.knobs]
    if not sensors:
        pytest.skip(f"rig {rig.name} cannot take any of {', '.join(ABSENT)} away")
    rig.set({f"{each}.fault": "absent" for each in sensors})
    for each in sensors:
        rig.hub.event("fault", "alarm", within_s=NOTICED_S, behind=known, of=each)
    wait(lambda: all(ABSENT[s] in why(rig, s) for s in sensors), 10, f"status says {ABSENT}")
    rig.set({f"{each}.fault": "none" for each in sensors})
    for each in sensors:
        rig.hub.event("fault", "cleared", within_s=NOTICED_S, behind=known, of=each)


@needs(Capability.FAULTS, knobs=["smoke_alarm.fault"])
def test_a_cut_wire_to_the_smoke_alarm_is_no_quiet_room(rig: Rig) -> None:
    known = len(rig.hub.events())
    rig.set({"smoke_alarm.fault": "absent"})
    rig.hub.event("fire", "alarm", within_s=NOTICED_S, behind=known)


@pytest.mark.thorough
@needs(Capability.FAULTS, Capability.KNOBS, knobs=["gas.fault", "sos.pressed"])
def test_a_fault_of_one_sensor_holds_up_no_other(rig: Rig) -> None:
    known = len(rig.hub.events())
    rig.set({"gas.fault": "absent"})
    rig.hub.event("fault", "alarm", within_s=NOTICED_S, behind=known, of="gas")
    rig.set({"sos.pressed": 1})
    rig.hub.event("sos", "alarm", within_s=20, behind=known)
