"""A configuration on trial: what ends it, what stays, and that none is ever begun twice."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.commands import Code
from agent.config import ConfigError
from agent.in_force import FILE, FOLDER
from agent.status import State
from agent.trial import BEGIN_WITHIN_S, SOAK_S, WITHIN_S, Record, Remote, Signs, Trial, settled
from tests.agent.trials import CHANGED, GOOD, INSTALLED, Place, command, refused


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_one_from_afar_is_tried_found_good_and_stays(place: Place) -> None:
    place.proposed()
    trial = place.start()
    assert (trial.origin, trial.config.recorder.minutes) == ("trial", 7)
    assert trial.config.device.id == "stall-17"  # as installed
    assert place.look().origin == "installed"  # nobody who only looks believes in it
    assert not trial.tend(GOOD, 0.0)
    assert not trial.tend(GOOD, SOAK_S - 1.0)
    assert (trial.origin, trial.verdict) == ("trial", None)
    assert not trial.tend(GOOD, SOAK_S)
    assert (trial.origin, trial.verdict is not None) == ("remote", True)
    again = place.start()
    assert (again.origin, again.config.recorder.minutes) == ("remote", 7)
    assert again.verdict is not None
    assert (again.verdict.id, again.verdict.reason) == ("nonce-0001", "")
    again.told("nonce-0001")
    assert place.start().verdict is None
    assert place.look().sha256 == hashlib.sha256(CHANGED.encode()).hexdigest()
    assert place.told() == ["proposed", "on_trial", "good"]


def crash(_place: Place) -> None:
    """Whatever ends the process: nothing is written."""


def power_cut(place: Place) -> None:
    place.boot, place.now = "boot-2", 5.0


@pytest.mark.parametrize("end", [crash, power_cut])
def test_whatever_ends_a_trial_the_next_start_is_back_and_stays_there(
    place: Place, end: Callable[[Place], None]
) -> None:
    place.proposed()
    assert place.start().origin == "trial"
    end(place)
    assert place.start().origin == "installed"
    back = place.start()
    assert (back.origin, back.config.recorder.minutes) == ("installed", 5)
    assert back.verdict is not None
    assert back.verdict.reason.startswith("it ended before it was found good")
    back.told("nonce-0001")
    assert place.start().verdict is None
    assert place.told() == ["proposed", "on_trial", "rolled_back"]


def test_it_goes_back_to_the_last_good_one_from_afar(place: Place) -> None:
    place.proposed()
    place.tried().told("nonce-0001")
    worse = CHANGED.replace("minutes = 7", "minutes = 9")
    assert place.start().propose(command(worse, 2), "city", GOOD) is None
    assert place.start().config.recorder.minutes == 9
    assert place.start().config.recorder.minutes == 7


@pytest.mark.parametrize(
    ("signs", "why"),
    [
        (Signs(armed=False, hub=True, lost=[], alarm=False), "it was not armed"),
        (Signs(armed=True, hub=False, lost=[], alarm=False), "the hub did not answer"),
        (Signs(armed=True, hub=True, lost=["fire"], alarm=False), "it lost sight of fire"),
    ],
)
def test_what_is_not_good_in_time_is_taken_back(place: Place, signs: Signs, why: str) -> None:
    place.proposed()
    trial = place.start()
    assert not trial.tend(signs, 0.0)
    assert not trial.tend(signs, WITHIN_S)  # sensors warm up for as long again
    assert trial.tend(signs, 10 * WITHIN_S)
    assert trial.verdict is not None
    assert trial.verdict.reason == why
    assert place.start().origin == "installed"


def test_no_alarm_is_interrupted_to_go_back(place: Place) -> None:
    place.proposed()
    trial = place.start()
    signs = Signs(armed=True, hub=False, lost=[], alarm=True)
    assert not trial.tend(signs, 0.0)
    assert not trial.tend(signs, 100 * WITHIN_S)
    assert trial.origin == "trial"
    assert trial.tend(Signs(armed=True, hub=False, lost=[], alarm=False), 100 * WITHIN_S)


@pytest.mark.parametrize(
    ("active", "playing", "alarm"),
    [
        ({}, "quiet", False),
        ({"b-1": "fault alarm"}, "fault", False),  # it may last for weeks
        ({"b-1": "climate alarm", "b-2": "inactivity prealarm"}, "alive", False),
        ({"b-1": "fault alarm", "b-2": "fire prealarm"}, "prealarm", True),
        ({"b-1": "sos alarm"}, "help_coming", True),
        ({}, "ask", True),  # who fell is being asked, and no event has left
    ],
)
def test_only_what_sounds_or_waits_for_help_is_not_interrupted(
    active: dict[str, str], playing: str, alarm: bool
) -> None:
    state = State(coverage={"fire": "lost", "co": "assumed"}, active=active)
    found = Signs.of(state, playing, armed=True, hub=False)
    assert found == Signs(armed=True, hub=False, lost=["fire"], alarm=alarm)


def test_what_was_lost_before_does_not_count_against_it(place: Place) -> None:
    dark = Signs(armed=True, hub=True, lost=["co"], alarm=False)
    assert place.start().propose(command(CHANGED), "city", dark) is None
    trial = place.start()
    trial.tend(dark, 0.0)
    trial.tend(dark, SOAK_S)
    assert trial.origin == "remote"


def test_a_local_change_wins_over_what_came_from_afar(place: Place) -> None:
    place.proposed()
    place.tried()
    place.file.write_text(INSTALLED + "\n[recorder]\nminutes = 3\n", "utf-8")
    found = place.start()
    assert (found.origin, found.config.recorder.minutes) == ("installed", 3)
    assert place.told()[-1] == "discarded"
    assert place.start().config.recorder.minutes == 3


def test_a_local_change_ends_a_trial(place: Place) -> None:
    place.proposed()
    place.file.write_text(INSTALLED + "\n", "utf-8")
    found = place.start()
    assert found.origin == "installed"
    assert found.verdict is not None
    assert found.verdict.reason == "the installed file was changed, and wins"


def test_one_that_was_not_tried_soon_is_not_tried_at_all(place: Place) -> None:
    place.proposed()
    place.now += BEGIN_WITHIN_S + 1
    assert place.start().origin == "installed"


def test_one_at_a_time_and_none_during_an_alarm(place: Place) -> None:
    found = place.start()
    alarm = Signs(armed=True, hub=True, lost=[], alarm=True)
    assert refused(found.propose(command(CHANGED), "city", alarm)) is Code.BUSY
    assert found.propose(command(CHANGED), "city", GOOD) is None
    assert refused(found.propose(command(CHANGED, 2), "city", GOOD)) is Code.BUSY
    trial = place.tried()
    assert refused(trial.propose(command(CHANGED, 3), "city", GOOD)) is Code.BUSY  # its answer
    trial.told("nonce-0001")
    assert refused(trial.propose(command(CHANGED, 4), "city", GOOD)) is Code.NOT_ACTIVE


def test_on_a_disk_that_takes_nothing_nothing_is_tried(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.state.write_text("a file where the directory should be")
    found = place.start()
    assert refused(found.propose(command(CHANGED), "city", GOOD)) is Code.NOT_KEPT
    place.state.unlink()
    assert place.start().origin == "installed"


def test_a_trial_whose_beginning_cannot_be_written_down_does_not_begin(place: Place) -> None:
    place.proposed()
    (place.state / FOLDER / FILE).with_suffix(".new").mkdir()  # in the way of the next one
    found = place.start()
    assert found.origin == "installed"
    assert found.trouble
    assert found.verdict is not None
    assert found.verdict.reason.startswith("it could not be tried")
    (place.state / FOLDER / FILE).with_suffix(".new").rmdir()
    found.tend(GOOD, 0.0)
    assert found.trouble == ""
    assert place.start().origin == "installed"


def test_one_that_could_not_be_kept_as_good_is_not_kept_at_all(place: Place) -> None:
    place.proposed()
    trial = place.start()
    (place.state / FOLDER / FILE).with_suffix(".new").mkdir()
    assert not trial.tend(GOOD, 0.0)
    assert trial.tend(GOOD, SOAK_S)
    (place.state / FOLDER / FILE).with_suffix(".new").rmdir()
    assert place.start().origin == "installed"


@pytest.mark.parametrize("content", [b"", b"{", b'{"installed": 1}', b"\xff"])
def test_a_garbled_record_leads_back_to_the_installed_file(place: Place, content: bytes) -> None:
    place.proposed()
    place.tried()
    (place.state / FOLDER / FILE).write_bytes(content)
    assert place.start().origin == "installed"
    assert place.told()[-1] == "forgotten"


def test_a_text_that_is_not_what_was_written_is_not_run(place: Place) -> None:
    place.proposed()
    (path,) = (place.state / FOLDER).glob("*.toml")
    path.write_text(CHANGED.replace("minutes = 7", "minutes = 8"), "utf-8")
    found = place.start()
    assert found.origin == "installed"
    assert found.verdict is not None
    assert "not what was written" in found.verdict.reason


def test_a_bad_installed_file_is_an_error_whatever_came_from_afar(place: Place) -> None:
    place.proposed()
    place.tried()
    place.file.write_text("profile =", "utf-8")
    with pytest.raises(ConfigError):
        place.start()
    place.file.write_text(INSTALLED, "utf-8")
    assert place.start().origin == "remote"


_REMOTE = st.builds(
    Remote, st.sampled_from(["a", "b"]), st.sampled_from(["n1", "n2"]), st.just("Kim"), st.just("")
)
_TRIAL = st.builds(
    Trial, _REMOTE, st.sampled_from(["boot-1", "boot-2"]), st.floats(0, 1e6), st.just([]),
    st.booleans(),
)  # fmt: skip
_RECORD = st.builds(
    Record, st.sampled_from(["i1", "i2"]), st.none() | _REMOTE, st.none() | _TRIAL, st.none()
)


@settings(deadline=None)
@given(_RECORD, st.lists(st.tuples(st.sampled_from(["boot-1", "boot-2"]), st.floats(0, 1e6))))
def test_whatever_is_found_one_start_at_most_begins_a_trial(
    found: Record, starts: list[tuple[str, float]]
) -> None:
    begun = 0
    for boot, now in starts:
        good = found.good if found.installed == "i1" else None
        found = settled(found, "i1", boot, now)
        begun += found.trial is not None
        assert found.good == good  # only a trial that was found good changes it
        if found.trial is not None:
            assert found.trial.began
    assert begun <= 1
