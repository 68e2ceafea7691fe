from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detectors.calendar import DAY_S, Calendar, as_clock
from agent.detectors.inactivity import InactivityConfig, InactivityDetector
from agent.detectors.presence import Source
from agent.detectors.rhythm import LEARNED_DAYS, Rhythm, RhythmState
from agent.rhythm_store import EVERY_S, NAME, RhythmStore
from agent.values import Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

HOUR = 3600.0
POLL_S = 120.0
MIDNIGHT = datetime.fromisoformat("2026-03-01T00:00+09:00").timestamp()
LEVELS = {
    "motion": Quantity.MOTION,
    "door": Quantity.CONTACT_OPEN,
    "radar": Quantity.PRESENCE,
    "cat": Quantity.MOTION,
    "away": Quantity.BUTTON,
}
SOURCES = {name: Source(frozenset({q}), POLL_S) for name, q in LEVELS.items()}
CONFIG = InactivityConfig(
    moved_by_pets=["cat"],
    away_button="away",
    tell=Why("생활지원사가 전화합니다.", "The care worker rings up."),
)


class Home:
    """Somebody up from seven to ten who moves every quarter of an hour, told by the hour."""

    def __init__(self, *, clock: bool = True, rhythm: RhythmState | None = None) -> None:
        self.calendar = Calendar()
        if clock:
            self.calendar.set(0.0, MIDNIGHT, 0.05)
        self.detector = InactivityDetector(CONFIG, SOURCES, self.calendar, rhythm)
        self.levels = dict.fromkeys(LEVELS, 0.0)
        self.now = 0.0

    def say(self, name: str, value: float, quantity: Quantity | None = None) -> list[Detection]:
        self.levels[name] = value
        reading = Reading(name, quantity or LEVELS[name], value, self.now)
        return self.detector.update(reading)

    def step(self, *lost: str) -> list[Detection]:
        self.now += POLL_S
        if self.calendar.local_s(0.0) is not None:
            self.calendar.set(self.now, MIDNIGHT + self.now, 0.05)
        found = []
        for name in self.levels.keys() - set(lost):
            found += self.say(name, self.levels[name])
        return found + self.detector.tick(self.now)

    def move(self, name: str = "motion") -> list[Detection]:
        found = []
        for _ in range(3):
            self.now += 5.0
            found += self.say(name, 1.0)
            self.now += 2.0
            found += self.say(name, 0.0)
        return found

    def rest(self, hours: float, *lost: str) -> list[Detection]:
        found, until = [], self.now + HOUR * hours
        while self.now < until:
            found += self.step(*lost)
        return found

    def live(self, hours: float) -> list[Detection]:
        """Move every quarter of an hour while it is day."""
        found, until = [], self.now + HOUR * hours
        while self.now < until:
            found += self.rest(0.25)
            if 7 <= self.now % DAY_S / HOUR < 22:
                found += self.move()
        return found


def told(found: list[Detection]) -> list[tuple[Stage, str]]:
    assert {each.hazard for each in found} <= {Hazard.INACTIVITY}
    return [(each.stage, each.rule) for each in found]


@pytest.fixture(scope="module")
def known() -> bytes:
    """What is learned in three weeks of this life."""
    home = Home()
    assert home.live(21 * 24) == []
    return msgspec.json.encode(home.detector.state())


def at_home(known: bytes, hour: float) -> Home:
    """The same home after a restart with what it kept, alive up to an hour of the day."""
    home = Home(rhythm=msgspec.json.decode(known, type=RhythmState))
    home.live(hour)
    home.move()
    return home


def test_who_does_not_get_up_is_asked_and_then_told_against_their_own_rhythm(known: bytes) -> None:
    home = at_home(known, 21.9)
    found = home.rest(14)
    assert told(found) == [(Stage.PREALARM, "rhythm"), (Stage.ALARM, "rhythm")]
    assert 9 <= found[0].at % DAY_S / HOUR <= 10, as_clock(found[0].at)
    assert found[1].at - found[0].at == pytest.approx(1800, abs=POLL_S)
    assert "Usually something moves by 07:" in found[0].why.en
    assert "since 21:5" in found[0].why.en
    assert "care worker" in found[0].why.en
    assert "motion: somebody" in found[0].why.en
    assert "보통 07:" in found[0].why.ko


def test_who_falls_in_the_afternoon_is_missed_within_hours(known: bytes) -> None:
    home = at_home(known, 14.0)
    found = home.rest(6)
    assert told(found) == [(Stage.PREALARM, "rhythm"), (Stage.ALARM, "rhythm")]
    assert found[0].at - 14 * HOUR == pytest.approx(3 * HOUR, abs=600)


def test_a_sign_of_life_ends_it_and_one_lonely_pulse_does_not(known: bytes) -> None:
    home = at_home(known, 14.0)
    assert len(home.rest(6)) == 2
    home.now += 5
    assert home.say("motion", 1.0) == []
    home.now += 5
    assert home.say("motion", 0.0) == []
    assert home.rest(1) == []
    assert told(home.move()) == [(Stage.CLEARED, "rhythm")]


def test_who_stirs_on_the_floor_has_not_answered_but_a_door_is_an_answer(known: bytes) -> None:
    home = at_home(known, 14.0)
    assert len(home.rest(6)) == 2
    for _ in range(2):
        home.now += 60
        assert home.say("motion", 1.0) + home.say("motion", 0.0) == []
    assert home.rest(2) == []
    assert told(home.say("door", 1.0)) == [(Stage.CLEARED, "rhythm")]


def test_a_radar_that_sees_ghosts_is_no_sign_of_life(known: bytes) -> None:
    home, found = at_home(known, 14.0), []
    for k in range(24):
        found += home.say("radar", float(k % 2)) + home.rest(0.25)
    assert (Stage.ALARM, "rhythm") in told(found)
    assert Stage.CLEARED not in [each.stage for each in found]


def test_a_cat_is_no_sign_of_life(known: bytes) -> None:
    home, found = at_home(known, 14.0), []
    for _ in range(24):
        found += home.move("cat") + home.rest(0.25)
    assert told(found) == [(Stage.PREALARM, "rhythm"), (Stage.ALARM, "rhythm")]


def test_what_is_not_learned_yet_is_held_to_a_fixed_limit_that_says_so() -> None:
    home = Home()
    home.live(30)
    found = home.rest(14)
    assert told(found) == [(Stage.PREALARM, "fixed_limit"), (Stage.ALARM, "fixed_limit")]
    assert "still being learned" in found[0].why.en


def test_without_a_clock_the_fixed_limit_holds_by_elapsed_time(known: bytes) -> None:
    home = Home(clock=False, rhythm=msgspec.json.decode(known, type=RhythmState))
    home.move()
    found = home.rest(14)
    assert found[0].rule == "fixed_limit"
    assert found[0].at == pytest.approx(12 * HOUR, abs=600)
    assert "time of day is not known" in found[0].why.en


def test_what_is_not_seen_is_no_quiet_and_ends_nothing(known: bytes) -> None:
    home = at_home(known, 8.0)
    assert home.rest(6, "motion") == []
    home.move()
    assert len(home.rest(5)) == 2
    assert home.rest(48, "motion") == []  # the alarm stands
    assert told(home.move()) == [(Stage.CLEARED, "rhythm")]


def test_a_motion_sensor_that_never_lets_go_is_no_life(known: bytes) -> None:
    home = at_home(known, 8.0)
    home.say("motion", 1.0)
    home.rest(2)
    home.say("door", 1.0)
    assert home.detector.state().days >= LEARNED_DAYS
    assert Stage.ALARM not in [each.stage for each in home.rest(20)]  # blind, not quiet


def leave(home: Home) -> None:
    home.say("door", 1.0)
    home.now += 10
    home.say("door", 0.0)


def test_who_leaves_by_the_door_is_away_but_not_for_ever(known: bytes) -> None:
    home = at_home(known, 10.0)
    leave(home)
    assert home.rest(12) == []
    found = home.rest(16)
    assert told(found) == [(Stage.PREALARM, "not_back"), (Stage.ALARM, "not_back")]
    assert found[1].at - 10 * HOUR == pytest.approx(24 * HOUR, abs=900)
    assert "Left at 10:1" in found[0].why.en
    assert told(home.move()) == [(Stage.CLEARED, "not_back")]


def test_absences_are_learned_too(known: bytes) -> None:
    home = at_home(known, 10.0)
    for _ in range(10):
        leave(home)
        home.rest(2)
        leave(home)
        home.live(22)
    leave(home)
    (found,) = home.rest(8)
    assert found.rule == "not_back"
    assert "Usually back within" in found.why.en


def test_away_by_hand_lasts_until_somebody_is_back(known: bytes) -> None:
    home = at_home(known, 10.0)
    home.now += 5
    home.say("away", 1.0)
    home.now += 1
    home.say("away", 0.0)
    leave(home)
    assert home.rest(60) == []
    home.move()
    assert len(home.rest(16)) == 2


def test_the_hub_sets_a_hospital_stay_which_those_who_water_the_plants_do_not_end(
    known: bytes,
) -> None:
    home = at_home(known, 10.0)
    home.say("hub", 240.0, Quantity.AWAY_H)
    del home.levels["hub"]
    leave(home)
    home.rest(50)
    home.move()
    home.move()
    leave(home)
    assert home.rest(120) == []
    assert home.live(30) == []  # home again, unannounced
    assert len(home.rest(16)) == 2


def test_who_is_home_when_a_hospital_stay_ends_is_not_missed(known: bytes) -> None:
    home = at_home(known, 10.0)
    home.say("hub", 26.0, Quantity.AWAY_H)
    del home.levels["hub"]
    leave(home)
    home.rest(24.5)
    assert home.live(4) == []
    assert len(home.rest(16)) == 2


def test_a_hospital_stay_outlives_a_restart_and_is_kept_at_once(
    known: bytes, tmp_path: Path
) -> None:
    home, store = at_home(known, 10.0), RhythmStore(tmp_path)
    store.offer(home.detector.state(), 0.0)
    home.say("hub", 72.0, Quantity.AWAY_H)
    store.offer(home.detector.state(), 60.0)
    store.write()
    again = Home(rhythm=RhythmStore(tmp_path).load())
    again.now = 10 * HOUR
    assert again.rest(70) == []
    assert told(again.rest(24)) == [(Stage.PREALARM, "not_back"), (Stage.ALARM, "not_back")]


def test_the_hub_ends_an_incident_by_saying_who_is_away(known: bytes) -> None:
    home = at_home(known, 14.0)
    assert len(home.rest(6)) == 2
    assert told(home.say("hub", 48.0, Quantity.AWAY_H)) == [(Stage.CLEARED, "away_by_hub")]


def test_the_hub_ends_an_incident_by_saying_who_is_at_home(known: bytes) -> None:
    home = at_home(known, 14.0)
    assert len(home.rest(6)) == 2
    (over,) = home.say("hub", 0.0, Quantity.AWAY_H)
    assert (over.stage, over.rule) == (Stage.CLEARED, "home_by_hub")
    assert "at home" in over.why.en


def test_no_habit_raises_the_limit_beyond_the_bound() -> None:
    rhythm = Rhythm()
    for day in range(60):
        for slot in range(48):
            rhythm.note(DAY_S * day + 1800 * slot, 20 * HOUR, 1500)
        rhythm.live(DAY_S * (day + 1))
    home = Home(rhythm=rhythm.state)
    home.move()
    assert home.rest(13)[0].at == pytest.approx(12 * HOUR, abs=600)


def test_the_rhythm_is_bounded_and_kept_in_a_small_file(known: bytes, tmp_path: Path) -> None:
    assert len(known) < 16_384
    store = RhythmStore(tmp_path)
    state = msgspec.json.decode(known, type=RhythmState)
    store.offer(state, 0.0)
    store.write()
    assert not (tmp_path / NAME).exists()  # once a day is enough
    store.offer(state, EVERY_S + 1)
    store.write()
    assert RhythmStore(tmp_path).load() == state


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"days": -3}', b'{"quiet": [[1]]}'])
def test_a_lost_or_garbled_rhythm_is_a_new_beginning(content: bytes, tmp_path: Path) -> None:
    assert RhythmStore(tmp_path / "missing").load() == RhythmState()
    (tmp_path / NAME).write_bytes(content)
    assert RhythmStore(tmp_path).load() == RhythmState()


def test_a_disk_that_takes_nothing_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    RhythmStore(tmp_path / "file").close(RhythmState())


def test_a_section_that_cannot_work_is_refused() -> None:
    only_a_cat = {"cat": SOURCES["cat"]}
    problems = [
        problem for problem, _ in InactivityConfig(moved_by_pets=["cat"]).problems(only_a_cat)
    ]
    assert len(problems) == 1
    assert "sign of life" in problems[0]
    assert list(CONFIG.problems(SOURCES)) == []
    assert len(list(InactivityConfig(least_h=13).problems(SOURCES))) == 1


STEPS = st.lists(
    st.tuples(
        st.sampled_from([*LEVELS, "hub"]), st.sampled_from([0.0, 1.0]), st.floats(0.0, 20_000.0)
    ),
    max_size=150,
)


@settings(deadline=None)
@given(STEPS, st.booleans())
def test_any_course_gives_stages_in_order_and_bounded_memory(
    steps: list[tuple[str, float, float]], clock: bool
) -> None:
    home, active, raised = Home(clock=clock), False, False
    for name, value, after_s in steps:
        home.now += after_s
        quantity = Quantity.AWAY_H if name == "hub" else LEVELS[name]
        found = home.detector.update(Reading(name, quantity, value, home.now))
        for each in found + home.detector.tick(home.now):
            assert each.stage is not Stage.CLEARED or active
            assert each.stage is not Stage.ALARM or raised
            assert each.why.ko
            raised = active = each.stage is not Stage.CLEARED
    assert len(msgspec.json.encode(home.detector.state())) < 32_768


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["radar", "cat"]), st.floats(0.0, 5000.0)), max_size=60))
def test_neither_radar_nor_cat_nor_silence_ends_an_alarm(steps: list[tuple[str, float]]) -> None:
    home = Home()
    home.move()
    assert len(home.rest(14)) == 2
    for k, (name, after_s) in enumerate(steps):
        home.now += after_s
        assert home.say(name, float(k % 2)) + home.detector.tick(home.now) == []
