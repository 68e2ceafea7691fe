"""Falls: what is asked about, what goes out, and what ends it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.config import load
from agent.detectors.co import CoConfig, CoDetector
from agent.detectors.fall import FallConfig, FallDetector, FallScore
from agent.detectors.fire import FireConfig, FireDetector
from agent.pipeline import Pipeline
from agent.selftest import notes
from agent.values import PLACE, Detection, Failure, FailureKind, Hazard, Reading, Stage
from drivers.sensor import Quantity
from tests.agent.home import (
    ASK_S,
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
from tests.running import STALL

Q = Quantity


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


def test_a_threshold_that_would_never_end_is_refused() -> None:
    config = FallConfig(score=FallScore(rise=0.3, fall=0.4))
    assert [place for place, _ in config.problems()] == [
        "`fall` is not below `rise` - at `$.fall.score`"
    ]
    assert list(FallConfig().problems()) == []


def test_check_says_where_the_question_has_no_words(tmp_path: Path) -> None:
    file = tmp_path / "device.toml"
    file.write_text(f'{STALL}\n[[sensors]]\nname = "eyes"\ndriver = "camera"\n')
    assert any("tones and lamp only" in each for each in notes(load(file), tmp_path))
    file.write_text(STALL)
    assert not any("tones and lamp only" in each for each in notes(load(file), tmp_path))
