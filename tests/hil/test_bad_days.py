"""A hub that is away, a process that is killed, a plug that is pulled: no alarm is lost."""

from collections.abc import Callable

import pytest

from tests.hil.device import status, wait
from tests.hil.rigs.rig import Capability, Rig, needs

PRESSED, SMOKE = {"sos.pressed": 1.0}, {"smoke_alarm.alarm": 1.0}
DELIVERED_S = 60.0  # the hub's return, seen and used
ENDS: dict[str, Callable[[Rig], None]] = {
    "in order": lambda rig: rig.start_again(),
    "by kill -9": lambda rig: rig.kill(),
    "by a power cut": lambda rig: rig.cut_power(),
    "by a reboot": lambda rig: rig.reboot(),
}


def ended(how: str, *wanted: Capability, thorough: bool = False) -> object:
    marks = [needs(*wanted), *([pytest.mark.thorough] if thorough else [])]
    return pytest.param(ENDS[how], id=how.replace(" ", "-"), marks=marks)


every_end = pytest.mark.parametrize(
    "end",
    [
        ended("in order", thorough=True),
        ended("by kill -9", Capability.KILL),
        ended("by a power cut", Capability.POWER),
        ended("by a reboot", Capability.REBOOT),
    ],
)


def pending(rig: Rig) -> int:
    return int(status(rig).get("outbox", {}).get("pending", 0))


def of_alarms(rig: Rig, known: int) -> list[str]:
    """The ids of the alarms that came behind the first `known` events."""
    return [
        each.id
        for each in rig.hub.events()[known:]
        if each.stage == "alarm" and each.hazard in {"fire", "sos"}
    ]


@needs(Capability.KNOBS, Capability.HUB, knobs=[*PRESSED])
def test_an_alarm_waits_for_a_hub_that_is_away_and_is_delivered_once(rig: Rig) -> None:
    known = len(rig.hub.events())
    with rig.hub.away():
        rig.set(PRESSED)
        wait(lambda: pending(rig), 20, "the alarm is stored")
    rig.hub.event("sos", "alarm", within_s=DELIVERED_S, behind=known)
    wait(lambda: pending(rig) == 0, DELIVERED_S, "nothing waits any more")
    assert len(of_alarms(rig, known)) == 1


@needs(Capability.KNOBS, Capability.HUB, Capability.SIREN, knobs=[*SMOKE])
@every_end
def test_an_end_in_the_middle_of_an_alarm_loses_nothing_and_the_siren_sounds_again(
    rig: Rig, end: Callable[[Rig], None]
) -> None:
    known = len(rig.hub.events())
    with rig.hub.away():
        rig.set(SMOKE)
        wait(lambda: pending(rig), 20, "the alarm is stored")
        end(rig)
        wait(rig.siren_edges, 30, "the siren sounds again")
    rig.hub.event("fire", "alarm", within_s=DELIVERED_S, behind=known)
    wait(lambda: pending(rig) == 0, DELIVERED_S, "nothing waits any more")
    ids = of_alarms(rig, known)
    assert len(ids) == len(set(ids))


@needs(Capability.CLOCK, Capability.KNOBS, Capability.HUB, knobs=[*PRESSED])
@pytest.mark.parametrize("ahead_s", [86400.0, pytest.param(-86400.0, marks=pytest.mark.thorough)])
def test_a_wall_clock_that_is_wrong_by_a_day_delays_no_alarm(rig: Rig, ahead_s: float) -> None:
    known = len(rig.hub.events())
    rig.set_clock(ahead_s)
    rig.set(PRESSED)
    rig.hub.event("sos", "alarm", within_s=20, behind=known)
    assert status(rig)["armed"]
