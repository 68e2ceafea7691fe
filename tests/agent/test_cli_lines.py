from typing import Any

from agent.cli_lines import clock_line, event_line

ROW: dict[str, Any] = {
    "confirmed": True,
    "wall_time": "2026-11-21T09:00:00.125Z",
    "wall_source": "ntp",
    "hazard": "fire",
    "stage": "alarm",
    "why": {"ko": "뜨겁습니다.", "en": "It is hot."},
}


def test_an_event_whose_time_is_trusted_is_shown_plainly() -> None:
    assert event_line(ROW) == (
        "2026-11-21T09:00:00.125Z  fire     alarm     confirmed  뜨겁습니다. / It is hot."
    )


def test_an_event_without_a_trusted_time_says_so_and_one_told_again_is_no_second_fire() -> None:
    assert event_line(ROW | {"wall_time": "1970-01-01T00:01:00.000Z", "wall_source": "unset"}) == (
        "1970-01-01T00:01:00.000Z (unset)  fire     alarm     confirmed  뜨겁습니다. / It is hot."
    )
    again = event_line(ROW | {"wall_source": "corrected", "revision": 1})
    assert "(corrected)" in again
    assert "(told again, with its time)" in again


def test_the_clock_says_how_far_it_can_be_trusted() -> None:
    clock = {"shows": "2026-11-21T09:00:00.000Z", "source": "ntp", "uncertainty_s": 0.0123}
    assert clock_line(clock) == "clock: 2026-11-21T09:00:00.000Z, ntp, within 0.0123 s"
    unset = {"shows": "1970-01-01T00:01:00.000Z", "source": "unset", "uncertainty_s": None}
    assert clock_line(unset) == "clock: 1970-01-01T00:01:00.000Z, unset, nobody knows how wrong"
