from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detectors.threshold import STALE_S, HeldThreshold


def held() -> HeldThreshold:
    threshold = HeldThreshold(10.0, 5.0, 20.0, 120.0)
    changes = [threshold.update(12.0, at) for at in range(0, 30, 2)]
    assert threshold.active
    assert sum(changes) == 1
    return threshold


def test_what_was_not_heard_is_no_time_below() -> None:
    threshold = held()
    assert not threshold.update(1.0, 30.0)
    assert not threshold.update(1.0, 30.0 + 2 * STALE_S)  # one reading, and hours of nothing
    later = [threshold.update(1.0, 30.0 + 2 * STALE_S + s) for s in range(2, 130, 2)]
    assert sum(later) == 1
    assert not threshold.active


def test_a_sensor_that_is_read_seldom_ends_in_its_time() -> None:
    threshold = held()
    assert not threshold.update(1.0, 30.0)
    assert threshold.update(1.0, 30.0 + STALE_S)


@given(st.lists(st.tuples(st.floats(0.0, 4.9), st.floats(STALE_S + 1, 1e5)), max_size=20))
@settings(deadline=None)
def test_silence_ends_nothing_however_often_it_is_broken(low: list[tuple[float, float]]) -> None:
    threshold, now = held(), 30.0
    for level, passed_s in low:
        now += passed_s
        assert not threshold.update(level, now)
    assert threshold.active
