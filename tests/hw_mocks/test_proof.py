import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw_mocks import proof
from hw_mocks.proof import compare, drawn, temporal_three
from hw_mocks.terminal import clip, width, wrap


def edges(*lengths_s: float, start: float = 10.0) -> list[tuple[float, bool]]:
    times = itertools.accumulate(lengths_s, initial=start)
    return [(at, n % 2 == 0) for n, at in enumerate(times)]


GROUP = (0.5, 0.5, 0.5, 0.5, 0.5, 1.5)


@pytest.mark.parametrize("groups", [0, 1, 2, 5])
def test_whole_groups_of_temporal_three_are_counted(groups: int) -> None:
    assert temporal_three(edges(*GROUP * groups)) == groups


@pytest.mark.parametrize("wrong", [0.44, 0.56, 1.5])
@pytest.mark.parametrize("place", range(5))
def test_a_pulse_outside_iso_8201_is_no_group(wrong: float, place: int) -> None:
    lengths = list(GROUP)
    lengths[place] = wrong
    assert temporal_three(edges(*lengths)) == 0


def test_a_continuous_tone_and_silence_are_no_groups() -> None:
    assert temporal_three([]) == 0
    assert temporal_three([(0.0, False), (1.0, True)]) == 0


def test_a_wrong_pause_ends_the_count() -> None:
    assert temporal_three(edges(*GROUP[:5], 0.5, *GROUP)) == 1


def test_the_siren_is_drawn_as_it_was() -> None:
    assert drawn(edges(*GROUP), 10.0, 14.0, 8) == "█░█░█░░░"
    assert drawn([], 0.0, 1.0, 4) == "░░░░"


ids = st.lists(st.integers(0, 50).map(str), unique=True)


@settings(deadline=None)
@given(ids)
def test_everything_heard_once_in_order_is_flawless(accepted: list[str]) -> None:
    found = compare(accepted, accepted)
    assert (found.failed, found.again, found.accepted) == (0, 0, len(accepted))


@settings(deadline=None)
@given(ids, st.data())
def test_what_was_not_heard_is_lost_and_nothing_else(
    accepted: list[str], data: st.DataObject
) -> None:
    missing = data.draw(st.sets(st.sampled_from(accepted)) if accepted else st.just(set()))
    found = compare(accepted, [each for each in accepted if each not in missing])
    assert set(found.lost) == missing
    assert found.failed == len(missing)


def test_a_second_delivery_under_one_id_has_no_effect() -> None:
    found = compare(["1", "2", "3"], ["1", "2", "1", "2", "3"])
    assert (found.failed, found.again) == (0, 2)


def test_a_first_delivery_after_a_later_one_is_out_of_order() -> None:
    assert compare(["1", "2", "3"], ["1", "3", "2"]).disordered == ("2",)


def test_what_overtakes_in_a_lane_of_its_own_is_in_order() -> None:
    lanes = {"1": 1, "2": 1, "3": 0, "4": 0}
    assert compare(["1", "2", "3", "4"], ["3", "4", "1", "2"], lanes).failed == 0
    assert compare(["1", "2", "3", "4"], ["4", "3", "1", "2"], lanes).disordered == ("3",)


def test_an_event_that_was_never_accepted_is_foreign() -> None:
    assert compare(["1"], ["1", "9"]).foreign == ("9",)


words = st.text(st.sampled_from("ab 가나다 µ°█\t"), max_size=300)


@settings(deadline=None)
@given(words, st.text(st.sampled_from(" +0s"), max_size=12))
def test_wrapped_lines_fit_and_lose_nothing(text: str, label: str) -> None:
    lines = list(wrap(text, label))
    assert all(width(line) <= 80 for line in lines)
    kept = "".join(line[len(label) :] for line in lines)
    assert "".join(kept.split()) == "".join(text.split())


@settings(deadline=None)
@given(words)
def test_a_clipped_line_fits(text: str) -> None:
    assert width(clip(text, 20)) <= 20


def test_hangul_is_twice_as_wide() -> None:
    assert width("불이야!") == 7


def test_the_tolerances_are_those_of_the_standard() -> None:
    assert pytest.approx((0.45, 0.55)) == proof.ON_S
    assert pytest.approx((1.35, 1.65)) == proof.PAUSE_S
