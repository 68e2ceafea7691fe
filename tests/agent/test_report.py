import itertools
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detectors.report import ReportButton, ReportConfig, ReportDetector
from agent.values import Detection, Hazard, Stage, Why
from drivers.sensor import Quantity
from tests.agent.public import DAY_S, Row, feed, told
from tests.agent.test_asking import SpeakingRoom

BUTTON = Quantity.BUTTON
CONFIG = ReportConfig(
    buttons=[
        ReportButton(button="deer", label=Why("도로 위 동물", "Animal on the road")),
        ReportButton(button="danger", label=Why("사람이 위급해요", "In danger"), urgent=True),
    ],
    tell=Why("확인해 주세요.", "Please look."),
)


def press(at: float, button: str = "deer") -> list[Row]:
    return [(at - 1, button, BUTTON, 0.0), (at, button, BUTTON, 1.0), (at + 1, button, BUTTON, 0.0)]


def sent(found: list[Detection]) -> list[Detection]:
    return [each for each in found if not each.is_local]


def test_a_press_is_a_report_in_the_words_of_its_label() -> None:
    (found,) = feed(ReportDetector(CONFIG), press(10.0))
    assert (found.hazard, found.stage, found.rule) == (Hazard.SOS, Stage.PREALARM, "report")
    assert found.subject == "deer"
    assert "도로 위 동물" in found.why.ko
    assert "Animal on the road" in found.why.en
    assert found.why.en.endswith("Please look.")


def test_an_urgent_report_is_an_alarm() -> None:
    (found,) = feed(ReportDetector(CONFIG), press(10.0, "danger"))
    assert found.stage is Stage.ALARM


def test_a_child_who_plays_is_answered_each_time_and_told_once_a_minute() -> None:
    rows = [row for n in range(40) for row in press(10.0 + 5 * n)]
    found = feed(ReportDetector(CONFIG), rows)
    assert len(found) == 40
    assert [each.at for each in sent(found)] == [10.0, 70.0, 130.0, 190.0]
    assert "12" in sent(found)[1].why.en


def test_a_report_is_open_for_half_an_hour_after_its_last_press() -> None:
    rows = [
        *press(10.0),
        *press(1000.0),
        (2500.0, "deer", BUTTON, 0.0),
        (2900.0, "deer", BUTTON, 0),
    ]
    found = feed(ReportDetector(CONFIG), rows)
    assert told(found)[-1] == (Stage.CLEARED, "report")
    assert found[-1].at == 2900.0


def test_a_button_that_is_stuck_reports_nothing_at_the_start() -> None:
    assert (
        feed(ReportDetector(CONFIG), [(0.0, "deer", BUTTON, 1.0), (9.0, "deer", BUTTON, 1.0)]) == []
    )


@given(st.lists(st.tuples(st.floats(0.5, 2000.0), st.booleans()), max_size=80))
@settings(deadline=None, max_examples=200)
def test_whoever_presses_how_often_at_most_one_report_a_minute_leaves(
    steps: list[tuple[float, bool]],
) -> None:
    rows, now = [], 0.0
    for pause_s, pressed in steps:
        now += pause_s
        rows.append((now, "deer", BUTTON, float(pressed)))
    found = feed(ReportDetector(CONFIG), rows)
    begun = [each.at for each in sent(found) if each.stage is not Stage.CLEARED]
    assert all(later - earlier >= CONFIG.again_s for earlier, later in itertools.pairwise(begun))
    ends = [n for n, each in enumerate(found) if each.stage is Stage.CLEARED]
    assert all(n > 0 and found[n - 1].stage is not Stage.CLEARED for n in ends)


def test_a_week_in_which_nobody_presses_is_quiet() -> None:
    source = random.Random(8)
    rows = [(60.0 * n + source.random(), "deer", BUTTON, 0.0) for n in range(int(7 * DAY_S / 60))]
    assert feed(ReportDetector(CONFIG), rows) == []


def show(room: SpeakingRoom, *, is_local: bool = False, button: str = "deer") -> None:
    why, at = Why("신고", "Report"), room.clock[0]
    found = Detection(Hazard.SOS, Stage.PREALARM, button, "report", (), at, why, is_local=is_local)
    room.annunciator.show(found)


def test_a_report_is_acknowledged_at_once_waits_and_is_acknowledged_again_when_answered() -> None:
    room = SpeakingRoom()
    show(room)
    room.live(1.0)
    assert room.annunciator.playing() == "reported"
    assert room.lamp.edges[-1][1]
    room.live(10.0)
    assert room.annunciator.playing() == "prealarm"
    room.annunciator.promise(Hazard.SOS, "deer")
    room.live(1.0)
    assert room.annunciator.playing() == "taken_up"
    room.live(60.0)
    assert room.annunciator.playing() == "quiet"
    assert room.prompts() == ["reported", "taken_up"]


def test_a_further_press_of_an_answered_report_is_acknowledged_and_asks_for_no_other_answer() -> (
    None
):
    room = SpeakingRoom()
    show(room)
    room.annunciator.promise(Hazard.SOS, "deer")
    room.live(40.0)
    show(room, is_local=True)
    room.live(1.0)
    assert room.annunciator.playing() == "reported"
    room.live(10.0)
    assert room.annunciator.playing() == "quiet"


def test_a_new_report_is_not_said_to_be_taken_up_because_another_was() -> None:
    room = SpeakingRoom()
    show(room)
    room.annunciator.promise(Hazard.SOS, "deer")
    room.live(5.0)
    show(room, button="danger")
    room.live(20.0)
    assert room.prompts() == ["taken_up", "reported"]
    assert room.annunciator.playing() == "prealarm"
