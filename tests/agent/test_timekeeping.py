"""What holds of the time where there is no clock at boot: floor, steps, events told again."""

import contextlib
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.correction import UNTRUSTED
from agent.retelling import AT_ONCE
from agent.timekeeping import DAY_S, DOUBTED_S, FILE, MARGIN_S, MOST_NOTED, NOTED_WITHIN_S
from agent.values import Event
from agent.wallclock import BUILD_FLOOR, WallTime
from tests.agent.clocks import SPRING, Clocks, Device
from tests.agent.events import deliver
from tests.disks import small_disk

YEAR_S = 365 * DAY_S
WRITTEN_S = 0.0011  # a written time is cut to the millisecond


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    made = Device(tmp_path, Clocks())
    yield made
    made.end()


def only_revision(device: Device) -> Event:
    (found,) = [each for each in device.events() if each.revision]
    return found


def test_an_event_from_before_the_clock_was_set_is_told_again_with_its_time(
    device: Device,
) -> None:
    first = device.event()
    assert (first.wall_source, first.wall_uncertainty_s) == ("unset", None)
    assert first.wall_time.startswith("1970-")
    device.steps(10)
    assert device.last() == {first.id: first}  # nobody knows better yet
    device.clocks.synchronise()
    device.steps(2)
    again = only_revision(device)
    assert (again.id, again.revision, again.wall_source) == (first.id, 1, "corrected")
    assert again.wall_uncertainty_s is not None
    assert device.wrong_by_s(again) <= again.wall_uncertainty_s < 0.03
    assert (again.seq, again.monotonic_s) == (first.seq + 1, first.monotonic_s)
    assert (again.hazard, again.evidence, again.why) == (first.hazard, first.evidence, first.why)
    assert device.outbox.verify() is None  # it stands in the chain with a place of its own


def test_it_is_told_again_once_however_often_the_clock_is_lost_and_set(device: Device) -> None:
    first = device.event()
    for _ in range(3):
        device.clocks.synchronise()
        device.steps(3)
        device.clocks.lose()
        device.steps(3)
        device.restart()
    assert [each.revision for each in device.events() if each.id == first.id] == [0, 1]


def test_delivered_events_are_told_again_too(device: Device) -> None:
    first = device.event()
    assert deliver(device.outbox) == [first.seq]
    device.clocks.synchronise()
    device.steps(2)
    assert deliver(device.outbox) == [only_revision(device).seq]


def test_a_kill_between_leaves_no_event_untold_and_tells_none_twice(device: Device) -> None:
    for _ in range(3 * AT_ONCE):
        device.event()
    device.clocks.synchronise()
    device.time.step()
    assert sum(each.revision for each in device.events()) == AT_ONCE
    device.restart()
    device.steps(10)
    assert Counter(each.revision for each in device.events()) == {0: 3 * AT_ONCE, 1: 3 * AT_ONCE}


def test_a_power_cut_between_still_corrects_by_the_boot_of_the_event(device: Device) -> None:
    for _ in range(2 * AT_ONCE):
        device.event()
    device.clocks.synchronise()
    device.time.step()  # some are told again, and nothing is written of the time yet
    device.reboot(after_s=7000.0)
    device.clocks.synchronise()
    device.steps(10)
    last = device.last().values()
    assert {each.wall_source for each in last} == {"corrected"}
    assert all(device.wrong_by_s(each) <= (each.wall_uncertainty_s or 0.0) < 0.1 for each in last)


def test_a_record_whose_time_is_damaged_ends_nothing(device: Device) -> None:
    device.clocks.synchronise()
    device.steps(2)
    told = device.event()
    device.end()
    damaged = told.wall_time.replace("2", "r", 1)
    with contextlib.closing(sqlite3.connect(device.folder / "outbox.db")) as db, db:
        change = "UPDATE event SET body = CAST(replace(body, ?, ?) AS BLOB)"
        db.execute(change, (told.wall_time, damaged))
    device.start()
    device.reboot(after_s=60.0)
    untold = device.event()
    device.clocks.synchronise()
    device.steps(10)
    assert device.last()[untold.id].wall_source == "corrected"


def test_an_event_of_a_boot_that_never_knew_the_time_is_bounded_by_its_neighbours(
    device: Device,
) -> None:
    device.clocks.synchronise()
    device.steps(5)
    device.reboot(after_s=100.0)
    device.clocks.go(1000.0)
    first = device.event()
    device.reboot(after_s=3000.0)
    device.clocks.go(50.0)
    device.clocks.synchronise()
    device.steps(5)
    again = device.last()[first.id]
    assert (again.wall_source, again.revision) == ("bounded", 1)
    assert again.wall_uncertainty_s is not None
    assert device.wrong_by_s(again) <= again.wall_uncertainty_s
    assert again.wall_uncertainty_s <= (MARGIN_S + 3000.0 + 100.0 + 60.0) / 2


def test_boots_that_never_knew_the_time_keep_their_order(device: Device) -> None:
    ids = []
    for _ in range(3):
        device.clocks.go(40.0)
        ids.append(device.event().id)
        device.reboot(after_s=500.0)
    device.clocks.synchronise()
    device.steps(10)
    times = [device.last()[each].wall_time for each in ids]
    assert times == sorted(times)


def test_an_rtc_is_better_than_nothing_and_no_proof(device: Device) -> None:
    device.clocks.battery = True
    device.clocks.set(SPRING + 3.0)
    first = device.event()
    assert (first.wall_source, first.wall_uncertainty_s) == ("rtc", None)
    device.clocks.synchronise()
    device.steps(2)
    assert only_revision(device).wall_source == "corrected"


def test_the_time_told_is_that_of_the_event_not_of_its_record(device: Device) -> None:
    device.clocks.synchronise(error_s=0.01)
    event = device.event(decided_s=45.0)
    assert device.wrong_by_s(event) <= (event.wall_uncertainty_s or 0.0) + WRITTEN_S < 0.1


def test_a_clock_that_shows_less_than_was_known_before_is_unset(device: Device) -> None:
    device.clocks.synchronise()
    device.steps(2)
    device.reboot(after_s=60.0, shows=BUILD_FLOOR.timestamp() + DAY_S)
    assert device.time.read().source == "unset"
    assert device.event().wall_source == "unset"
    device.clocks.set(device.clocks.true_s - MARGIN_S / 2)
    assert device.time.read().source == "unsynchronised"


def test_the_floor_judges_certificates_until_somebody_vouches_for_the_clock(
    device: Device,
) -> None:
    assert device.time.read().earliest == BUILD_FLOOR
    device.clocks.synchronise()
    assert device.time.read().earliest is None
    device.steps(2)
    device.reboot(after_s=60.0)
    found = device.time.read().earliest
    assert found == datetime.fromtimestamp(SPRING - MARGIN_S - 0.02, UTC)
    device.clocks.set(SPRING + YEAR_S)
    assert device.time.read().earliest == datetime.fromtimestamp(SPRING + YEAR_S, UTC)


def test_a_clock_that_was_right_and_is_set_back_by_hand_does_not_lower_the_floor(
    device: Device,
) -> None:
    device.clocks.synchronise()
    device.steps(2)
    device.clocks.go(DAY_S)
    device.clocks.set(SPRING - MARGIN_S)
    found = device.time.read().earliest
    assert found is not None
    assert SPRING + DAY_S - 60 < found.timestamp() <= device.clocks.true_s


def test_a_floor_that_the_network_contradicts_for_long_is_given_up(device: Device) -> None:
    device.clocks.synchronise(wrong_by_s=10 * YEAR_S)  # a server that lied
    device.steps(2)
    device.reboot(after_s=60.0)
    first = device.event()
    device.clocks.synchronise()
    device.steps(5)
    assert device.time.read().source == "unset"
    device.clocks.go(DOUBTED_S)
    device.steps(5)
    assert device.time.read().source == "ntp"
    assert "floor" in [note["what"] for note in device.notes]
    again = device.last()[first.id]
    assert (again.wall_source, device.wrong_by_s(again) < 1.0) == ("corrected", True)
    device.reboot(after_s=60.0)
    found = device.time.read().earliest
    assert found is not None
    assert SPRING - MARGIN_S <= found.timestamp() <= device.clocks.true_s


def test_the_file_is_written_at_the_first_sync_of_a_boot_and_once_a_day(device: Device) -> None:
    written = []
    for _ in range(71):
        device.clocks.synchronise()
        device.steps(2)
        written.append((device.folder / FILE).read_bytes())
        device.clocks.go(DAY_S / 24)
    assert len(set(written)) == 3
    device.restart()
    device.steps(2)
    assert (device.folder / FILE).read_bytes() == written[-1]


_FAR = b'{"boot":"00000001","monotonic_s":1,"unix_s":1e300,"error_s":1,"seq":1}'


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"boot": 1}', _FAR])
def test_a_garbled_file_is_no_floor_and_breaks_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    device = Device(tmp_path, Clocks())
    assert device.time.read().earliest == BUILD_FLOOR
    device.clocks.synchronise()
    device.steps(2)
    device.reboot(after_s=60.0)
    assert device.time.read().earliest != BUILD_FLOOR
    device.end()


def test_after_a_step_backwards_the_next_event_says_that_its_time_may_be_too_early(
    device: Device,
) -> None:
    device.clocks.synchronise(wrong_by_s=5.0)
    device.steps(2)
    before = device.event()
    device.clocks.go(1.0)
    device.clocks.synchronise()
    device.steps(1)
    after = device.event()
    assert after.wall_time < before.wall_time
    assert after.wall_uncertainty_s is not None
    least, most = (
        WallTime(each.wall_time, None, "").unix_s - sign * (each.wall_uncertainty_s or 0.0)
        for each, sign in ((before, 1), (after, -1))
    )
    assert least <= most + WRITTEN_S  # the two do not contradict each other
    device.steps(int(DOUBTED_S))
    assert device.event().wall_uncertainty_s is not None
    assert (device.event().wall_uncertainty_s or 9.0) < 1.0  # it was said


def test_steps_and_syncs_are_noted_and_slewing_is_not(device: Device) -> None:
    device.steps(2)
    device.clocks.synchronise()
    device.steps(2)
    device.clocks.offset_s += 0.1
    device.steps(2)
    device.clocks.offset_s -= 3600.0
    device.steps(2)
    device.clocks.lose()
    device.steps(2)
    assert [(note["kind"], note["what"]) for note in device.notes] == [
        ("clock", "step"), ("clock", "synchronised"), ("clock", "step"), ("clock", "lost"),
    ]  # fmt: skip
    assert device.notes[2]["step_s"] == pytest.approx(-3600.0, abs=0.01)


def test_a_clock_set_back_and_forth_fills_no_ledger_and_is_counted(device: Device) -> None:
    for _ in range(50):
        device.clocks.synchronise()
        device.steps(1)
        device.clocks.lose()
        device.clocks.offset_s -= 3600.0
        device.steps(1)
    assert len(device.notes) == MOST_NOTED
    device.clocks.go(NOTED_WITHIN_S)
    device.steps(2)
    (told,) = device.notes[MOST_NOTED:]
    assert (told["what"], told["unrecorded"]) == ("unrecorded", 199 - MOST_NOTED)
    noted_s = sum(note.get("step_s", 0.0) for note in device.notes)
    assert noted_s + told["unrecorded_s"] == pytest.approx(-3600.0, abs=0.1)


def test_nine_hours_without_the_network_are_told_as_what_they_are(device: Device) -> None:
    device.clocks.ppm = 400.0
    device.clocks.synchronise()
    device.steps(2)
    device.clocks.go(9 * 3600.0)
    device.clocks.lose()
    device.time.step()
    held = device.event()
    assert held.wall_source == "unsynchronised"
    assert held.wall_uncertainty_s is not None
    assert device.wrong_by_s(held) <= held.wall_uncertainty_s < 17.0
    device.clocks.go(3600.0)
    device.clocks.synchronise()
    device.steps(2)
    again = only_revision(device)
    assert device.wrong_by_s(again) <= (again.wall_uncertainty_s or 0.0) < 2.0


def test_a_leap_second_in_between_is_within_the_uncertainty(device: Device) -> None:
    midnight = datetime(2026, 7, 1, tzinfo=UTC).timestamp()
    device.clocks.true_s = midnight - 10.0
    first = device.event()
    device.clocks.go(20.0)
    device.clocks.true_s -= 1.0  # 23:59:60 has no number
    device.clocks.synchronise()
    device.steps(2)
    again = device.last()[first.id]
    assert 0.9 < device.wrong_by_s(again) <= (again.wall_uncertainty_s or 0.0) < 1.2


def test_a_disk_that_takes_nothing_is_said_and_holds_nothing_up(tmp_path: Path) -> None:
    with small_disk(tmp_path / "state", 64) as disk:
        device = Device(disk, Clocks())
        try:
            (disk / FILE).mkdir()  # nothing can be put in its place
            first = device.event()
            device.clocks.synchronise()
            device.steps(3)
            assert device.last()[first.id].revision == 1
            assert "not kept" in device.time.trouble
        finally:
            device.end()


ACTIONS = st.one_of(
    st.tuples(st.just("go"), st.floats(0.5, 200_000.0)),
    st.tuples(st.just("event"), st.floats(0.0, 3.0)),
    st.tuples(st.just("synchronise"), st.floats(0.001, 2.0)),
    st.tuples(st.just("set"), st.floats(-2 * YEAR_S, 2 * YEAR_S)),
    st.tuples(st.just("reboot"), st.floats(1.0, 200_000.0)),
    st.tuples(st.just("lose"), st.just(0.0)),
    st.tuples(st.just("restart"), st.just(0.0)),
    st.tuples(st.just("step"), st.integers(1, 4)),
)


@settings(deadline=None, max_examples=80)
@given(st.lists(ACTIONS, max_size=25), st.floats(-400.0, 400.0), st.floats(-1.0, 1.0))
def test_whatever_happens_to_the_clock_a_time_is_within_what_it_says(
    actions: list[tuple[str, float]], ppm: float, wrong: float
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        device = Device(Path(folder), Clocks(ppm=ppm))
        try:
            for what, number in [*actions, ("synchronise", 0.05)]:
                _do(device, what, number, wrong)
            device.steps(40)
            assert device.outbox.verify() is None
            told = device.events()
            assert max(Counter((each.id, each.revision) for each in told).values(), default=1) == 1
            assert not {each.wall_source for each in device.last().values()} & UNTRUSTED
            for each in told:
                assert each.revision <= 1
                if each.wall_uncertainty_s is not None:
                    assert device.wrong_by_s(each) <= each.wall_uncertainty_s + WRITTEN_S
        finally:
            device.end()


def _do(device: Device, what: str, number: float, wrong: float) -> None:
    match what:
        case "event":
            device.event(decided_s=number)
        case "synchronise":
            device.clocks.synchronise(number, wrong * number)
        case "set":
            device.clocks.set(device.clocks.true_s + number)
        case "reboot":
            device.reboot(number, shows=0.0 if wrong < 0 else device.clocks.true_s - DAY_S)
        case "step":
            device.steps(int(number))
        case "go":
            device.clocks.go(number)
        case "lose":
            device.clocks.lose()
        case "restart":
            device.restart()
