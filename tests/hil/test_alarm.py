"""From the wire to the siren and the hub: what the device is for."""

from tests.hil.device import status, wait
from tests.hil.rigs.rig import Capability, Rig, needs

pressed = needs(Capability.KNOBS, knobs=["sos.pressed"])
smoke = needs(Capability.KNOBS, knobs=["smoke_alarm.alarm"])
heard = needs(Capability.HUB)
seen = needs(Capability.SIREN)


def test_the_device_is_armed(rig: Rig) -> None:
    assert status(rig)["armed"]


@pressed
@heard
@seen
def test_a_call_for_help_moves_the_siren_and_is_heard_at_the_hub_in_order(rig: Rig) -> None:
    known, edges = len(rig.hub.events()), len(rig.siren_edges())
    rig.set({"sos.pressed": 1})
    found = rig.hub.event("sos", "alarm", within_s=20, behind=known)
    assert not found.retained
    wait(lambda: len(rig.siren_edges()) > edges, 10, "the siren's wire moves")
    numbers = [each.body["seq"] for each in rig.hub.events()[known:]]
    assert numbers == sorted(set(numbers))


@smoke
@heard
@seen
def test_the_smoke_alarms_contact_is_a_fire_alarm(rig: Rig) -> None:
    known = len(rig.hub.events())
    rig.set({"smoke_alarm.alarm": 1})
    rig.hub.event("fire", "alarm", within_s=20, behind=known)
    wait(lambda: status(rig).get("siren") == "t3", 10, "the siren sounds the fire signal")
