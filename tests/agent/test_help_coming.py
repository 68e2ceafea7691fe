"""What the hub's answer shows: lamp and words in virtual time, and what it never changes."""

import pytest

from agent import signals
from agent.annunciator import FIND_ME_S
from agent.showings import SHOWINGS
from agent.values import PLACE, Hazard, Stage
from tests.agent.test_asking import SpeakingRoom


def call(hazard: Hazard = Hazard.SOS, subject: str = "sos") -> SpeakingRoom:
    room = SpeakingRoom()
    room.show(hazard, Stage.ALARM, rule="button", subject=subject)
    room.live(5.0)
    return room


def dips(room: SpeakingRoom, since: float) -> list[tuple[float, bool]]:
    """The lamp's edges after `since`."""
    return [(round(at - since, 3), level) for at, level in room.lamp.edges if at > since]


@pytest.mark.parametrize("hazard", [Hazard.SOS, Hazard.FALL, Hazard.INACTIVITY])
def test_an_answered_call_is_shown_calmly_and_said_once(hazard: Hazard) -> None:
    room = call(hazard)
    before, since = room.siren.edges.copy(), room.clock[0]
    assert dips(room, since - 4.0) == []  # steady
    room.annunciator.promise(hazard, "sos")
    room.live(9.0)
    assert room.annunciator.playing() == "help_coming"
    assert dips(room, since)[:4] == [(2.5, False), (3.0, True), (5.5, False), (6.0, True)]
    assert room.siren.edges == before  # not a sound
    assert room.prompts()[-1:] == ["help_coming"]
    (shown,) = (each for each in SHOWINGS if each.name == "help_coming")
    assert not shown.again


def test_a_second_press_is_a_new_call_until_it_is_answered_too() -> None:
    room = call()
    room.annunciator.promise(Hazard.SOS, "sos")
    room.live(5.0)
    chirps = len(room.siren.ons())
    room.show(Hazard.SOS, Stage.ALARM, rule="button", subject="sos")
    room.live(5.0)
    assert room.annunciator.playing() == "sos"
    assert len(room.siren.ons()) == chirps + 1  # "heard you"
    room.annunciator.promise(Hazard.SOS, "sos")
    room.live(1.0)
    assert room.annunciator.playing() == "help_coming"


def test_when_the_call_is_over_nothing_is_promised_any_more() -> None:
    room = call()
    room.annunciator.promise(Hazard.SOS, "sos")
    room.show(Hazard.SOS, Stage.CLEARED, rule="button", subject="sos")
    room.live(1.0)
    assert room.annunciator.playing() == "quiet"
    room.annunciator.promise(Hazard.SOS, "sos")
    room.live(1.0)
    assert room.annunciator.playing() == "quiet"


def test_one_answer_is_for_one_call() -> None:
    room = call()
    room.show(Hazard.FALL, Stage.ALARM, rule="no_answer")
    room.annunciator.promise(Hazard.SOS, "sos")
    room.live(1.0)
    assert room.annunciator.playing() == "fall"


@pytest.mark.parametrize(("hazard", "played"), [(Hazard.FIRE, "t3"), (Hazard.CO, "t4")])
def test_a_promise_changes_nothing_about_what_sounds(hazard: Hazard, played: str) -> None:
    quiet, promised = SpeakingRoom(), SpeakingRoom()
    for room in (quiet, promised):
        room.show(hazard, Stage.ALARM)
        room.live(8.0)
    promised.annunciator.promise(hazard, PLACE)
    promised.annunciator.identify()
    for room in (quiet, promised):
        room.live(60.0)
    assert promised.annunciator.playing() == played
    assert promised.siren.edges == quiet.siren.edges
    assert promised.lamp.edges == quiet.lamp.edges


def test_a_fire_is_heard_over_a_promise() -> None:
    room = call()
    room.annunciator.promise(Hazard.SOS, "sos")
    room.live(5.0)
    room.show(Hazard.FIRE, Stage.ALARM)
    room.annunciator.step()
    assert room.annunciator.playing() == "t3"
    assert room.siren.edges[-1] == (room.clock[0], True)


def test_a_device_that_is_sought_blinks_for_half_a_minute_even_where_it_is_faulty() -> None:
    room = SpeakingRoom()
    room.show(Hazard.FAULT, Stage.ALARM, rule="silent", subject="ceiling")
    room.live(5.0)
    since = room.clock[0]
    room.annunciator.identify()
    room.live(FIND_ME_S - 0.5)
    assert room.annunciator.playing() == "find_me"
    assert len([level for _, level in dips(room, since) if level]) >= 55
    room.live(1.0)
    assert room.annunciator.playing() == "fault"
    assert room.siren.ons() == []


@pytest.mark.parametrize("stage", [Stage.ALARM, Stage.PREALARM])
def test_who_seeks_the_device_hides_nothing_graver_than_a_fault(stage: Stage) -> None:
    room = SpeakingRoom()
    room.show(Hazard.INACTIVITY, stage, rule="rhythm")
    room.live(1.0)
    before = room.annunciator.playing()
    room.annunciator.identify()
    room.live(1.0)
    assert room.annunciator.playing() == before


def test_its_lights_are_told_from_all_others() -> None:
    patterns = {}
    for name in ("FLASH", "SLOW_FLASH", "WINK", "STEADY", "HELP_COMING", "FIND_ME"):
        signal = getattr(signals, name)
        patterns[name] = tuple(signal(n / 20)[0] for n in range(120))
    assert len(set(patterns.values())) == len(patterns)
