"""What answers "Are you all right?" after a fall, and what does not."""

import pytest

from agent import asking
from agent.detectors.fall import FallConfig
from agent.values import PLACE, Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity
from tests.agent.home import (
    ASKED,
    ASKED_AT,
    DOWN,
    EVERY_S,
    FELL_AT,
    GONE,
    NO_ANSWER,
    STANDS,
    WALKS,
    Home,
)

Q = Quantity


def test_a_button_answers_and_nothing_leaves() -> None:
    home = Home().fall()
    home.live(70.0, DOWN)
    home.press("hush")
    home.live(600.0, DOWN)
    assert home.told() == [ASKED, (Stage.CLEARED, "button")]
    assert all(each.is_local for each in home.found)


def test_a_call_for_help_is_no_answer_and_sends_the_alarm_at_once() -> None:
    home = Home().fall()
    home.live(70.0, DOWN)
    home.press("sos")
    home.live(120.0, DOWN)
    assert home.told() == [ASKED, (Stage.ALARM, "called_for_help")]
    assert home.found[-1].at == 70.0
    assert Reading("sos", Q.BUTTON, 1.0, 70.0) in home.found[-1].evidence


def test_the_shutters_button_and_one_that_was_held_before_say_nothing() -> None:
    home = Home()
    home.live(50.0, STANDS)
    home.button("hush", 1.0)
    home.fall()
    home.button("hush", 1.0)
    home.press("shutter")
    home.give("new", Q.BUTTON, 1.0)  # first seen pressed: stuck, for all that is known
    home.live(100.0, DOWN)
    assert home.told() == [ASKED, NO_ANSWER]


def test_who_gets_up_and_walks_has_answered() -> None:
    home = Home().fall()
    home.live(70.0, DOWN)
    home.live(75.0, WALKS)
    home.live(600.0, STANDS)
    assert home.told() == [ASKED, (Stage.CLEARED, "movement")]
    assert home.found[-1].at <= 73.5


@pytest.mark.parametrize(
    "body",
    [
        DOWN | {Q.BODY_MOTION: 1.0},  # thrashes, or waves, but lies
        WALKS | {Q.BODY_MOTION: 0.3},  # seen not to lie, but does not get up
    ],
)
def test_movement_on_the_floor_is_no_answer(body: dict[Quantity, float]) -> None:
    home = Home().fall()
    home.live(100.0, body)
    assert home.told() == [ASKED, NO_ANSWER]


def test_a_twitch_is_no_answer() -> None:
    home = Home().fall()
    while home.now < 100.0:
        home.live(home.now + 1.5, WALKS)
        home.live(home.now + 1.0, DOWN)
    assert home.told() == [ASKED, NO_ANSWER]


def test_a_second_person_who_walks_about_does_not_speak_for_the_fallen_one() -> None:
    before = Home().fall(people=2.0)
    before.live(100.0, WALKS, people=1.0)
    assert before.told() == [ASKED, NO_ANSWER]
    comes = Home().fall()
    comes.live(65.0, DOWN, people=2.0)
    comes.live(100.0, WALKS, people=1.0)  # stands before who lies
    assert comes.told() == [ASKED, NO_ANSWER]
    unseen = Home().fall()
    unseen.live(65.0, GONE | {Q.POSE_LOST: 0.0}, people=0.0)
    unseen.live(100.0, WALKS)
    assert unseen.told() == [ASKED, NO_ANSWER]


def test_who_was_out_of_sight_and_is_found_again_on_the_floor_can_get_up() -> None:
    home = Home().fall()
    home.live(70.0, DOWN | {Q.POSE_LOST: 1.0, Q.LYING_SCORE: 0.0}, people=0.0)
    home.live(72.0, DOWN)
    home.live(78.0, WALKS)
    assert home.told() == [ASKED, (Stage.CLEARED, "movement")]


def test_who_walks_about_while_the_model_still_sees_a_fall_is_somebody_else() -> None:
    home = Home().fall()
    home.live(100.0, WALKS | {Q.FALL_SCORE: 0.95})
    assert home.told() == [ASKED, NO_ANSWER]
    lost = Home().fall()
    lost.live(70.0, WALKS | {Q.FALL_SCORE: 0.95, Q.POSE_LOST: 1.0})
    lost.live(100.0, WALKS)  # the model has forgotten whom it lost
    assert lost.told() == [ASKED, NO_ANSWER]


def test_a_second_person_can_press_the_button() -> None:
    home = Home().fall(people=2.0)
    home.live(70.0, DOWN, people=2.0)
    home.press("hush")
    assert home.told() == [ASKED, (Stage.CLEARED, "button")]


def test_motion_sensors_and_other_cameras_say_nothing() -> None:
    home = Home().fall()
    while home.now < 100.0:
        home.give("pir", Q.MOTION, 1.0)
        home.live(home.now + 1.0, WALKS, camera="kitchen")
    assert home.told() == [ASKED, NO_ANSWER]


def test_a_loud_voice_in_peoples_turn_answers() -> None:
    home = Home().fall()
    home.live(ASKED_AT + 10.5, DOWN)
    home.live(ASKED_AT + 13.0, DOWN, db=62.0)
    home.live(ASKED_AT + 60.0, STANDS)
    assert home.told() == [ASKED, (Stage.CLEARED, "voice")]


@pytest.mark.parametrize(
    ("from_s", "until_s", "db"),
    [
        (0.5, 11.0, 90.0),  # our own words, and a level that still holds their end
        (10.5, 11.0, 90.0),  # a door
        (10.5, 15.0, 54.0),  # not loud enough
    ],
)
def test_our_own_voice_a_bang_and_a_murmur_are_no_answer(
    from_s: float, until_s: float, db: float
) -> None:
    home = Home().fall()
    for round_s in (0.0, asking.ROUND_S):
        home.live(ASKED_AT + round_s + from_s, DOWN)
        home.live(ASKED_AT + round_s + until_s, DOWN, db=db)
    home.live(110.0, DOWN)
    assert home.told() == [ASKED, NO_ANSWER]


def test_a_television_that_was_on_before_is_no_answer() -> None:
    home = Home()
    while home.now < 110.0:
        body = STANDS if home.now < FELL_AT - EVERY_S else DOWN
        home.live(home.now + 1.0, body, db=52.0)
        home.live(home.now + 1.5, body, db=68.0)
    assert [stage for stage, _ in home.told()] == [Stage.PREALARM, Stage.ALARM]


def test_a_microphone_that_was_never_heard_before_hears_no_answer() -> None:
    home = Home().fall(db=None)
    home.live(100.0, DOWN, db=90.0)
    assert home.told() == [ASKED, NO_ANSWER]


def test_where_voices_do_not_count_none_does() -> None:
    home = Home(FallConfig(answers=("button", "movement"))).fall()
    home.live(ASKED_AT + 10.5, DOWN)
    home.live(100.0, DOWN, db=80.0)
    assert home.told() == [ASKED, NO_ANSWER]


def answered_by_voice() -> Home:
    home = Home().fall()
    home.live(ASKED_AT + 10.5, DOWN)
    home.live(ASKED_AT + 13.0, DOWN, db=62.0)
    return home


def test_who_only_spoke_and_stays_down_is_asked_again_for_more_than_a_voice() -> None:
    home = answered_by_voice()
    home.live(250.0, DOWN)
    assert home.told() == [ASKED, (Stage.CLEARED, "voice")]
    home.live(263.0, DOWN)
    assert home.told()[2:] == [(Stage.PREALARM, "still_down")]
    home.live(300.0, DOWN, db=90.0)
    assert home.told()[3:] == [NO_ANSWER]


@pytest.mark.parametrize("then", ["walks", "presses", "goes"])
def test_who_only_spoke_and_is_well_is_not_asked_again(then: str) -> None:
    home = answered_by_voice()
    home.live(100.0, DOWN)
    if then == "presses":
        home.press("hush")
    else:
        home.live(110.0, WALKS)
    home.live(600.0, STANDS if then != "goes" else GONE | {Q.POSE_LOST: 0.0}, people=0.0)
    assert home.told() == [ASKED, (Stage.CLEARED, "voice")]


def alarm_of(hazard: Hazard, stage: Stage = Stage.ALARM) -> Detection:
    return Detection(hazard, stage, PLACE, "smoke_density", (), 0.0, Why("불", "fire"))


def test_under_the_siren_neither_noise_nor_the_hushing_button_answers() -> None:
    home = Home().fall()
    home.live(ASKED_AT + 8, DOWN)
    home.detector.heed(alarm_of(Hazard.FIRE))
    home.live(ASKED_AT + 12, DOWN, db=95.0)
    home.press("hush")
    home.live(ASKED_AT + 31, DOWN, db=95.0)
    assert home.told() == [ASKED, NO_ANSWER]
    home.detector.heed(alarm_of(Hazard.FIRE, Stage.CLEARED))
    home.press("hush")
    assert home.told()[2:] == [(Stage.CLEARED, "button")]
