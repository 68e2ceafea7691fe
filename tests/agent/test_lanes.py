from hypothesis import given
from hypothesis import strategies as st

from agent.lanes import LANES, Lane, Queue, hazard_of, lane_of
from agent.values import Hazard


def test_every_hazard_has_a_lane() -> None:
    assert LANES.keys() == set(Hazard)


def test_what_may_cost_a_life_is_in_the_lane_of_alarms() -> None:
    minor = {hazard for hazard, lane in LANES.items() if lane is not Lane.ALARM}
    assert minor == {"tamper", "fault", "noise", "climate", "air"}


def test_a_hazard_of_another_version_goes_by_what_it_was_stored_as() -> None:
    assert lane_of("flood", alarm=True) is Lane.ALARM
    assert lane_of("flood", alarm=False) is Lane.TROUBLE
    assert lane_of(hazard_of(b"\xff damaged"), alarm=True) is Lane.ALARM


ENTRIES = st.lists(st.sampled_from(Lane), max_size=30)


@given(ENTRIES)
def test_a_higher_lane_goes_first_and_within_a_lane_the_older(lanes: list[Lane]) -> None:
    queue = Queue()
    for number, lane in enumerate(lanes):
        queue.add(number, lane)
    assert list(queue) == sorted(range(len(lanes)), key=lambda number: (lanes[number], number))
    assert len(queue) == len(lanes)
    assert queue.minor == sum(lane is not Lane.ALARM for lane in lanes)


@given(ENTRIES)
def test_information_makes_way_before_trouble_and_alarms_never(lanes: list[Lane]) -> None:
    queue = Queue()
    for number, lane in enumerate(lanes):
        queue.add(number, lane)
    going = list(queue.dispensable())
    assert [lane for _, lane in going] == sorted((lane for _, lane in going), reverse=True)
    assert Lane.ALARM not in {lane for _, lane in going}
    assert len(going) == queue.minor


@given(ENTRIES, st.sets(st.integers(0, 29)))
def test_what_is_taken_out_or_forgotten_waits_no_more(lanes: list[Lane], gone: set[int]) -> None:
    one, other = Queue(), Queue()
    for number, lane in enumerate(lanes):
        one.add(number, lane)
        other.add(number, lane)
    removed = {number: one.remove(number) for number in gone}
    other.forget(gone)
    assert list(one) == list(other)
    assert removed == {n: lanes[n] if n < len(lanes) else None for n in gone}
