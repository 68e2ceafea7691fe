import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import config
from agent.cli import PROFILES
from agent.detectors.calendar import Calendar, seconds
from agent.detectors.trespass import STUCK_S, TrespassConfig, TrespassDetector
from agent.values import PLACE, Detection, Hazard, Stage, Why
from agent.watch import detectors
from drivers.sensor import Quantity
from tests.agent.public import DAY_S, Row, calendar, feed, press, told

MOTION, RADAR, COUNT = Quantity.MOTION, Quantity.PRESENCE, Quantity.PERSON_COUNT
BUTTON = Quantity.BUTTON
CONFIG = TrespassConfig(
    sensors=["east", "west", "radar"],
    cameras=["camera"],
    disarm="work",
    tell=Why("밭 주인에게 알려 주세요.", "Tell the farmer."),
)
NIGHT = seconds("22:00")
MOVES, PERSON = (Stage.PREALARM, "something_moves"), (Stage.ALARM, "person")


def watcher(trespass: TrespassConfig = CONFIG, *, clock: bool = True) -> TrespassDetector:
    return TrespassDetector(trespass, calendar() if clock else Calendar())


def sent(found: list[Detection]) -> list[Detection]:
    return [each for each in found if not each.is_local]


def quantity(sensor: str) -> Quantity:
    return {"radar": RADAR, "camera": COUNT, "work": BUTTON}.get(sensor, MOTION)


def course(*spans: tuple[str, float, float], until: float = 900.0, at: float = NIGHT) -> list[Row]:
    """Each sensor read every two seconds; (sensor, from, to): it says something, in s from `at`."""
    names = ("east", "west", "radar", "camera")
    return [
        (
            at + now,
            name,
            quantity(name),
            float(any(each == name and begin <= now < end for each, begin, end in spans)),
        )
        for now in range(0, int(until), 2)
        for name in names
    ]


BOAR = (("east", 100, 120), ("radar", 110, 130))


def test_two_sensors_that_agree_are_something_and_never_a_person() -> None:
    found = sent(feed(watcher(), course(*BOAR)))
    assert told(found) == [MOVES, (Stage.CLEARED, "something_moves")]
    assert found[0].at - NIGHT == 110
    assert {(each.hazard, each.subject) for each in found} == {(Hazard.INTRUSION, PLACE)}
    assert "동물이거나 다른 것" in found[0].why.ko
    assert "No person has been made out" in found[0].why.en
    assert found[0].why.en.endswith("Tell the farmer.")


@pytest.mark.parametrize("only", ["east", "west", "radar"])
def test_one_sensor_of_several_is_wind(only: str) -> None:
    assert feed(watcher(), course((only, 100, 104), (only, 120, 124), (only, 200, 400))) == []


def test_two_sensors_far_apart_in_time_do_not_agree() -> None:
    assert feed(watcher(), course(("east", 100, 104), ("west", 300, 304))) == []


def test_the_only_sensor_must_say_so_twice() -> None:
    one = TrespassConfig(sensors=["east"])
    assert feed(watcher(one), course(("east", 100, 140))) == []
    found = feed(watcher(one), course(("east", 100, 104), ("east", 112, 116)))
    assert told(sent(found))[0] == MOVES


def test_a_body_beside_a_sensor_is_a_person_and_an_alarm() -> None:
    found = sent(feed(watcher(), course(("west", 100, 160), ("camera", 102, 150))))
    assert told(found)[0] == PERSON
    assert found[0].at - NIGHT == 104
    assert "사람으로 보이는" in found[0].why.ko


def test_a_picture_alone_is_no_alarm_and_one_look_is_nothing() -> None:
    assert feed(watcher(), course(("camera", 100, 101))) == []
    found = sent(feed(watcher(), course(("camera", 100, 150))))
    assert told(found)[0] == (Stage.PREALARM, "person_seen")


def test_an_animal_that_became_a_person_is_told_again_and_a_person_never_becomes_an_animal() -> (
    None
):
    spans = (*BOAR, ("west", 200, 260), ("camera", 202, 230), ("radar", 300, 900))
    found = sent(feed(watcher(), course(*spans)))
    assert told(found)[:2] == [MOVES, PERSON]
    assert not any("animal" in each.why.en for each in found[1:])


def test_what_is_not_driven_off_is_an_alarm_after_its_time() -> None:
    spans = [("east", 100 + 60 * n, 110 + 60 * n) for n in range(20)]
    spans += [("radar", 100 + 60 * n, 130 + 60 * n) for n in range(20)]
    found = feed(watcher(), course(*spans, until=1400))
    assert told(sent(found))[:2] == [MOVES, (Stage.ALARM, "something_stays")]
    again = [each.at for each in found if each.is_local]
    assert len(again) >= 4, "the deterrent is asked for again"
    assert all(each.stage is not Stage.CLEARED for each in found if each.is_local)


def test_a_sensor_that_never_lets_go_sees_nothing() -> None:
    spans = (("east", 0, 5000), ("west", 4000, 4004))
    found = sent(feed(watcher(), course(*spans, until=STUCK_S + 3000)))
    assert found == []


def test_by_day_and_after_the_button_nothing_is_told() -> None:
    assert feed(watcher(), course(*BOAR, at=seconds("12:00"))) == []
    off = press("work", NIGHT + 50)
    assert feed(watcher(), sorted([*course(*BOAR), *off])) == []


def test_the_button_holds_for_one_night() -> None:
    off = press("work", NIGHT + 50)
    noon = course(until=10, at=seconds("12:00") + DAY_S)
    rows = [*sorted([*course(*BOAR), *off]), *noon, *course(*BOAR, at=NIGHT + DAY_S)]
    assert told(sent(feed(watcher(), rows)))[0] == MOVES


def test_a_button_with_a_shorted_wire_switches_no_night_off() -> None:
    stuck = [(NIGHT + now, "work", BUTTON, 1.0) for now in range(0, 900, 30)]
    assert told(sent(feed(watcher(), sorted([*course(*BOAR), *stuck]))))[0] == MOVES


@pytest.mark.parametrize("cut", ["east", "radar", "camera"])
def test_whoever_cuts_the_sensor_that_saw_them_does_not_end_it(cut: str) -> None:
    seen = [(name, 100.0, 130.0) for name in ("east", "radar", "camera")]
    rows = course(*seen, until=7200.0)
    heard = [row for row in rows if row[1] != cut or row[0] < NIGHT + 120]
    assert told(sent(feed(watcher(), heard)))[-1] == PERSON
    assert told(sent(feed(watcher(), rows)))[-1] == (Stage.CLEARED, "person")


def test_where_nobody_knows_the_time_nothing_is_claimed() -> None:
    assert feed(watcher(clock=False), course(*BOAR)) == []


def test_silence_neither_begins_nor_ends_anything() -> None:
    detector = watcher()
    assert told(feed(detector, course(*BOAR, until=115))) == [MOVES]
    assert detector.tick(NIGHT + 5000) == []


NAMES = st.sampled_from(["east", "west", "radar", "camera", "work"])
STEPS = st.lists(st.tuples(st.floats(0.5, 90.0), NAMES, st.booleans()), max_size=80)


@given(STEPS)
@settings(deadline=None, max_examples=200)
def test_no_person_is_ever_claimed_that_no_camera_counted(
    steps: list[tuple[float, str, bool]],
) -> None:
    rows, now = [], NIGHT
    for pause_s, sensor, level in steps:
        now += pause_s
        rows.append((now, sensor, quantity(sensor), float(level)))
    is_standing = False
    for each in feed(watcher(), rows):
        if each.rule in {"person", "person_seen"} and each.stage is not Stage.CLEARED:
            assert any(row[1] == "camera" and row[3] and row[0] <= each.at for row in rows)
        assert is_standing or each.stage is not Stage.CLEARED
        assert is_standing or not each.is_local
        is_standing = each.stage is not Stage.CLEARED


def week(source: random.Random, gusts_a_day: int, *before: str) -> Iterator[Row]:
    """So many gusts a day before each of these sensors, and somebody who works there by day."""
    for day in range(7):
        gusts = {
            name: [
                day * DAY_S + source.uniform(0, DAY_S)
                for _ in range(gusts_a_day if name in before else 0)
            ]
            for name in ("east", "west", "radar")
        }
        for n in range(int(DAY_S // 4)):
            at = day * DAY_S + 4.0 * n
            works = 8 * 3600 < at % DAY_S < 17 * 3600 and n % 40 < 4
            for name, begun in gusts.items():
                moves = works or any(begin <= at < begin + 8 for begin in begun)
                yield at, name, quantity(name), float(moves)
            yield at, "camera", COUNT, float(works)


def by_profile(rows: Iterator[Row]) -> list[Detection]:
    loaded = config.load(PROFILES / "farm-perimeter.toml")
    (found,) = [
        each for each in detectors(loaded, calendar()) if isinstance(each, TrespassDetector)
    ]
    return sent(feed(found, rows))


@pytest.mark.parametrize("before", ["east", "radar"])
def test_a_week_with_a_branch_before_one_sensor_is_quiet(before: str) -> None:
    assert by_profile(week(random.Random(8), 150, before)) == []


def test_a_windy_week_of_the_profile_raises_no_alarm_and_few_prealarms() -> None:
    found = by_profile(week(random.Random(8), 24, "east", "west", "radar"))
    assert all(each.stage is not Stage.ALARM for each in found)
    assert sum(each.stage is Stage.PREALARM for each in found) <= 7  # one a night
