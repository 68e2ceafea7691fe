"""When sensors are provoked: by day, one at a time, each in its days; whatever a clock does."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detectors.calendar import DAY_S, Calendar, seconds
from agent.stimulus_schedule import EARLIEST, LATEST, Schedule, SelftestConfig

NOON = 1_795_305_600.0 + 3 * 3600  # 2026-11-22T12:00 in Korea
STEP_S = 60.0
TEST_S = 30.0
hours = st.integers(7, 20)


@st.composite
def configs(draw: st.DrawFn) -> SelftestConfig:
    begins = draw(st.integers(7, 19))
    ends = draw(st.integers(begins + 2, 21))
    return SelftestConfig(
        begins=f"{begins:02d}:00",
        ends=f"{ends:02d}:00",
        every_days=draw(st.integers(1, 9)),
        pause_min=draw(st.integers(5, 15)),
    )


def clock_of(schedule: Schedule, now: float) -> float:
    """Seconds of the local day."""
    local_s = schedule.calendar.local_s(now)
    assert local_s is not None
    return local_s % DAY_S


@settings(max_examples=25, deadline=None)
@given(config=configs(), count=st.integers(1, 6), starts=st.floats(0, DAY_S))
def test_when_all_is_calm_each_is_tried_within_its_days_by_day_and_one_at_a_time(
    config: SelftestConfig, count: int, starts: float
) -> None:
    calendar = Calendar()
    calendar.set(0.0, NOON + starts, 1.0)
    schedule = Schedule(config, calendar, {f"s{n}": TEST_S for n in range(count)})
    tried: dict[str, list[float]] = {name: [] for name in schedule.longest_s}
    now, last = 0.0, float("-inf")
    while now < (2 * config.every_days + 2) * DAY_S:
        if (name := schedule.due(now)) is not None:
            assert now - last >= config.pause_min * 60
            last = now
            begins, ends = seconds(config.begins), seconds(config.ends)
            assert begins <= clock_of(schedule, now) <= ends - TEST_S
            tried[name].append(now)
            schedule.tried(name, now)
            schedule.rest(now)
        now += STEP_S * 5
    for times in tried.values():
        days = [schedule.day(each) or 0 for each in times]
        assert len(days) >= 2
        gaps = [after - before for before, after in itertools.pairwise(days)]
        assert max(gaps) <= config.every_days
        assert min(gaps) >= config.every_days, "and no oftener"


@settings(max_examples=50, deadline=None)
@given(
    config=configs(),
    jumps=st.lists(
        st.tuples(st.floats(0, 2 * DAY_S), st.floats(-40 * DAY_S, 40 * DAY_S)), max_size=6
    ),
)
def test_however_the_clock_jumps_none_begins_by_night_or_before_the_rest_is_over(
    config: SelftestConfig, jumps: list[tuple[float, float]]
) -> None:
    calendar = Calendar()
    calendar.set(0.0, NOON, 1.0)
    schedule = Schedule(config, calendar, {"a": TEST_S, "b": TEST_S})
    now, last, waiting = 0.0, float("-inf"), sorted(jumps)
    while now < 3 * DAY_S:
        while waiting and waiting[0][0] <= now:
            calendar.set(now, NOON + now + waiting.pop(0)[1], 0.5)
        if (name := schedule.due(now)) is not None:
            assert seconds(EARLIEST) <= clock_of(schedule, now) < seconds(LATEST)
            assert now - last >= config.pause_min * 60
            last = now
            schedule.tried(name, now)
            schedule.rest(now)
        now += STEP_S * 5


def test_without_a_clock_none_is_due() -> None:
    schedule = Schedule(SelftestConfig(), Calendar(), {"a": TEST_S})
    assert all(schedule.due(now) is None for now in range(0, 200_000, 600))


def test_a_clock_that_may_be_wrong_by_minutes_narrows_the_hours() -> None:
    calendar = Calendar()
    calendar.set(0.0, NOON - 2 * 3600, 600.0)  # ten o'clock, or ten minutes before or after
    schedule = Schedule(SelftestConfig(), calendar, {"a": TEST_S})
    assert schedule.due(0.0) is None
    assert schedule.due(601.0) == "a"


def test_one_that_failed_is_tried_again_on_the_next_day() -> None:
    calendar = Calendar()
    calendar.set(0.0, NOON, 1.0)
    schedule = Schedule(SelftestConfig(), calendar, {"a": TEST_S})
    schedule.tried("a", 0.0)
    assert schedule.due(3600.0, {"a"}) is None
    assert schedule.due(DAY_S, {"a"}) == "a"
    assert schedule.due(DAY_S) is None


def test_no_configuration_asks_for_a_test_by_night() -> None:
    def wrong(begins: str, ends: str) -> bool:
        return bool(list(SelftestConfig(begins=begins, ends=ends).problems()))

    assert not wrong("07:00", "21:00")
    assert wrong("06:59", "12:00")
    assert wrong("10:00", "21:01")
    assert wrong("16:00", "10:00")
    assert wrong("10:00", "10:30")
