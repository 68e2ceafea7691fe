"""Falls: what is asked, what answers, and that nothing else does."""

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import asking
from agent.detectors.co import CoConfig, CoDetector
from agent.detectors.fall import FallConfig, FallDetector
from agent.detectors.fire import FireConfig, FireDetector
from agent.pipeline import Pipeline
from agent.values import PLACE, Detection, Failure, FailureKind, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

Q = Quantity
EVERY_S = 0.5
FELL_AT = 60.0  # the first high score; the question comes with the second
ASKED_AT = FELL_AT + EVERY_S
ASK_S = FallConfig().ask_s
STANDS = {Q.FALL_SCORE: 0.0, Q.LYING_SCORE: 0.0, Q.BODY_MOTION: 0.1, Q.POSE_LOST: 0.0}
DOWN = {Q.FALL_SCORE: 0.95, Q.LYING_SCORE: 0.9, Q.BODY_MOTION: 0.02, Q.POSE_LOST: 0.0}
WALKS = {Q.FALL_SCORE: 0.0, Q.LYING_SCORE: 0.05, Q.BODY_MOTION: 0.9, Q.POSE_LOST: 0.0}
GONE = {Q.FALL_SCORE: 0.0, Q.LYING_SCORE: 0.0, Q.BODY_MOTION: 0.0, Q.POSE_LOST: 1.0}


class Home:
    """A detector, a camera, a microphone and two buttons, in virtual time."""

    def __init__(self, config: FallConfig | None = None) -> None:
        self.detector = FallDetector(config or FallConfig(), sos=["sos"], mute=["shutter"])
        self.now, self.found = 0.0, list[Detection]()
        for button in ("sos", "hush", "shutter"):
            self.button(button, 0.0)

    def give(self, sensor: str, quantity: Quantity, value: float) -> None:
        self.found += self.detector.update(Reading(sensor, quantity, value, self.now))

    def button(self, name: str, level: float) -> None:
        self.give(name, Q.BUTTON, level)

    def press(self, name: str) -> None:
        self.button(name, 1.0)
        self.button(name, 0.0)

    def live(
        self,
        until: float,
        body: dict[Quantity, float] | None,
        people: float = 1.0,
        db: float | None = 45.0,
        camera: str = "camera",
    ) -> None:
        """Let time pass, twice a second; None is a camera or a microphone that says nothing."""
        while self.now < until:
            self.now += EVERY_S
            for quantity, value in (body or {}).items():
                self.give(camera, quantity, value)
            if body is not None:
                self.give(camera, Q.PERSON_COUNT, people)
            if db is not None:
                self.give("mic", Q.SOUND_LAF_DBA, db)
            self.found += self.detector.tick(self.now)

    def fall(self, people: float = 1.0, db: float | None = 45.0) -> "Home":
        self.live(FELL_AT - EVERY_S, STANDS, people, db)
        self.live(ASKED_AT, DOWN, people, db)
        return self

    def told(self) -> list[tuple[Stage, str]]:
        return [(each.stage, each.rule) for each in self.found]


ASKED = (Stage.PREALARM, "seen_fall")
NO_ANSWER = (Stage.ALARM, "no_answer")


def test_a_fall_is_asked_about_on_site_and_goes_out_when_nobody_answers() -> None:
    home = Home().fall()
    home.live(600.0, DOWN)
    asked, alarm = home.found
    assert home.told() == [ASKED, NO_ANSWER]
    assert (asked.at, alarm.at) == (ASKED_AT, ASKED_AT + ASK_S)
    assert asked.is_local
    assert not alarm.is_local
    assert (alarm.hazard, alarm.subject) == (Hazard.FALL, PLACE)
    assert Reading("camera", Q.FALL_SCORE, 0.95, ASKED_AT) in alarm.evidence
    assert "30초 동안 대답이 없습니다" in alarm.why.ko
    assert "no answer for 30 s" in alarm.why.en


def test_one_high_score_alone_asks_nobody() -> None:
    home = Home()
    for _ in range(20):
        home.live(home.now + 10, STANDS)
        home.live(home.now + EVERY_S, DOWN)
    assert home.told() == []


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
        (0.5, 10.0, 90.0),  # our own words
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


def test_who_drops_out_of_sight_is_asked_and_cleared_by_being_seen_again() -> None:
    home = Home()
    home.live(FELL_AT, STANDS)
    home.live(FELL_AT + 8, GONE, people=0.0)
    assert home.told() == [(Stage.PREALARM, "lost_from_sight")]
    home.live(FELL_AT + 20, STANDS)
    assert home.told()[1:] == [(Stage.CLEARED, "movement")]


def test_who_drops_out_of_sight_and_stays_there_is_an_alarm() -> None:
    home = Home()
    home.live(FELL_AT, STANDS)
    home.live(FELL_AT + 60, GONE, people=0.0)
    assert home.told() == [(Stage.PREALARM, "lost_from_sight"), NO_ANSWER]


def test_an_alarm_is_over_when_who_fell_has_been_up_or_by_hand() -> None:
    up = Home().fall()
    up.live(120.0, DOWN)
    up.live(126.0, WALKS)
    assert up.told() == [ASKED, NO_ANSWER]
    up.live(140.0, STANDS)
    assert up.told()[2:] == [(Stage.CLEARED, "movement")]
    assert not up.found[-1].is_local
    hand = Home().fall()
    hand.live(120.0, DOWN)
    hand.press("hush")
    assert hand.told() == [ASKED, NO_ANSWER, (Stage.CLEARED, "button")]
    assert not hand.found[-1].is_local


def test_a_second_fall_is_asked_about_anew() -> None:
    home = Home().fall()
    home.press("hush")
    home.live(120.0, STANDS)
    home.live(121.0, DOWN)
    assert home.told()[2:] == [ASKED]


def test_a_fall_after_the_camera_was_away_is_asked_about_anew() -> None:
    home = Home().fall()
    home.press("hush")
    home.live(600.0, None)
    home.live(602.0, DOWN)
    assert home.told()[2:] == [ASKED]


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


def test_a_fire_never_waits_for_the_question_and_the_question_not_for_the_fire() -> None:
    def burning(fallen: bool) -> list[Detection]:
        pipeline = Pipeline(
            {}, [FireDetector(FireConfig()), CoDetector(CoConfig()), FallDetector(FallConfig())]
        )
        found = []
        for step in range(200):
            at = EVERY_S * step
            rows = [("smoke", Q.SMOKE_OBSCURATION_PCT_PER_M, 20.0 if at >= 20 else 0.1)]
            if fallen:
                rows += [("camera", quantity, value) for quantity, value in DOWN.items()]
            for sensor, quantity, value in rows:
                found += pipeline.handle(Reading(sensor, quantity, value, at))
            found += pipeline.tick(at)
        return found

    fires = [each for each in burning(fallen=True) if each.hazard is Hazard.FIRE]
    assert fires == burning(fallen=False)
    falls = [each for each in burning(fallen=True) if each.hazard is Hazard.FALL]
    assert [each.at for each in falls] == [0.5, 0.5 + ASK_S]


FAULTS: Sequence[FailureKind] = tuple(FailureKind)


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.sampled_from(FAULTS)), max_size=150), st.booleans())
def test_no_fault_and_no_silence_ever_answers_or_clears(
    course: Iterable[FailureKind | None], is_alarm: bool
) -> None:
    pipeline, found = Pipeline({}, [FallDetector(FallConfig())]), list[Detection]()
    for step in range(3 + 80 * is_alarm):
        for quantity, value in DOWN.items():
            found += pipeline.handle(Reading("camera", quantity, value, EVERY_S * step))
    at, began = EVERY_S * (2 + 80 * is_alarm), found[0].at
    for what in course:
        at += EVERY_S
        if what is not None:
            for sensor in ("camera", "mic", "hush"):
                found += pipeline.failed(Failure(sensor, what, "dead", at))
        found += pipeline.tick(at)
    falls = [each for each in found if each.hazard is Hazard.FALL]
    assert Stage.CLEARED not in {each.stage for each in falls}
    due = is_alarm or at >= began + ASK_S
    assert [each.stage for each in falls][1:] == [Stage.ALARM] * due


NOISE = st.lists(
    st.tuples(
        st.sampled_from([Q.LYING_SCORE, Q.BODY_MOTION, Q.PERSON_COUNT, Q.SOUND_LAF_DBA, Q.MOTION]),
        st.floats(0, 1),
        st.floats(0.05, 2.0),
    ),
    max_size=200,
)


@settings(deadline=None)
@given(NOISE, st.floats(15, 60))
def test_unanswered_the_alarm_comes_after_ask_s_and_at_the_next_tick_at_the_latest(
    rows: list[tuple[Quantity, float, float]], ask_s: float
) -> None:
    home = Home(FallConfig(ask_s=ask_s, answers=())).fall()
    asked, last = home.found[0].at, home.now
    for quantity, value, dt in rows:
        home.now += dt
        home.give("camera", quantity, value)
        found = home.found[1:]
        if home.now >= asked + ask_s:
            assert [(each.stage, each.at) for each in found] == [(Stage.ALARM, home.now)]
            assert last < asked + ask_s
            return
        assert found == []
        last = home.now
    home.found += home.detector.tick(asked + ask_s)
    assert home.told() == [ASKED, NO_ANSWER]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["camera", "other", "mic", "hush", "sos", "shutter"]),
            st.sampled_from([*DOWN, Q.PERSON_COUNT, Q.SOUND_LAF_DBA, Q.BUTTON]),
            st.floats(0, 100) | st.sampled_from([0.0, 1.0]),
            st.floats(0, 40),
        ),
        max_size=200,
    )
)
def test_whatever_is_read_the_stages_alternate_and_only_alarms_leave(
    rows: list[tuple[str, Quantity, float, float]],
) -> None:
    home = Home()
    may_follow: dict[Stage, set[Stage | None]] = {
        Stage.PREALARM: {None, Stage.CLEARED},
        Stage.ALARM: {Stage.PREALARM},
        Stage.CLEARED: {Stage.PREALARM, Stage.ALARM},
    }
    stage: Stage | None = None
    for sensor, quantity, value, dt in rows:
        home.now += dt
        home.give(sensor, quantity, value)
    for each in home.found:
        before, stage = stage, each.stage
        assert before in may_follow[each.stage]
        assert each.is_local is (Stage.ALARM not in {before, stage})
