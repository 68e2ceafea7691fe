"""A configuration from afar: what it may change, and that no trial is ever begun twice."""

import hashlib
import re
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.commands import Code, Configuration
from agent.config import ConfigError
from agent.in_force import FILE, FOLDER, InForce
from agent.status import State
from agent.trial import BEGIN_WITHIN_S, SOAK_S, WITHIN_S, Record, Remote, Signs, Trial, settled
from tests.agent.orders import NOW
from tests.running import STALL

GOOD = Signs(armed=True, hub=True, lost=[], alarm=False)
DEVICE = '[device]\nid = "stall-17"\nsite = "test"\n'
INSTALLED = f"{STALL}\n{DEVICE}"
CHANGED = STALL + "\n[recorder]\nminutes = 7\n"


class Place:
    """A device's file and state directory; `start` is one start of the agent."""

    def __init__(self, folder: Path, text: str = INSTALLED) -> None:
        self.file, self.state = folder / "device.toml", folder / "state"
        self.file.write_text(text, "utf-8")
        self.boot, self.now = "boot-1", 1000.0
        self.notes: list[dict[str, Any]] = []

    def look(self) -> InForce:
        return InForce(self.file, self.state, boot=lambda: self.boot, clock=lambda: self.now)

    def start(self) -> InForce:
        found = self.look()
        found.decide()
        found.note_by(lambda _kind, body: self.notes.append(body))
        return found

    def tried(self) -> InForce:
        """One start, by which it is found good."""
        found = self.start()
        found.tend(GOOD, 0.0)
        found.tend(GOOD, SOAK_S)
        assert found.origin == "remote"
        return found

    def told(self) -> list[str]:
        return [each["what"] for each in self.notes]

    def proposed(self, text: str = CHANGED) -> None:
        """Propose it, and have the process end."""
        assert self.start().propose(command(text), "city", GOOD) is None


def command(text: str, number: int = 1, **own: Any) -> Configuration:
    fields: dict[str, Any] = {
        "id": f"nonce-{number:04d}",
        "issued": NOW,
        "expires": NOW + timedelta(minutes=5),
        "by": "Kim",
        "toml": text,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    return Configuration(**(fields | own))


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


def refused(found: tuple[Code, str] | None) -> Code:
    assert found is not None
    return found[0]


WIRED = Code.NOT_FROM_AFAR, "$.annunciator"
UNPROVEN = Code.LESS_COVERAGE, "co by co"
NO_INTRUSION = re.sub(r"\[intrusion\][^\[]*", "", STALL)


@pytest.mark.parametrize(
    ("text", "code", "why"),
    [
        ("profile = ", Code.BAD_CONFIGURATION, "not TOML"),
        (STALL + "\n[fier]\n", Code.BAD_CONFIGURATION, "did you mean `fire`"),
        (CHANGED.replace("minutes = 7", "minutes = 700"), Code.BAD_CONFIGURATION, "<= 60"),
        (STALL + '\n[device]\nid = "stall-18"\n', Code.NOT_FROM_AFAR, "$.device"),
        (STALL + '\n[hub]\nhost = "evil.example"\n', Code.NOT_FROM_AFAR, "$.hub"),
        (
            STALL + '\n[[commanders]]\nname = "me"\nkey = "k"\nverbs = ["away"]\n',
            Code.NOT_FROM_AFAR,
            "$.commanders",
        ),
        (STALL + "\n[co]\nrise = 9.0\n", Code.NOT_FROM_AFAR, "$.co"),
        (STALL.replace("rise = 60.0", "rise = 65.0"), Code.NOT_FROM_AFAR, "$.fire"),
        (STALL.replace("siren = { gpio = 18", "siren = { gpio = 13"), *WIRED),
        (STALL.replace('button = "hush"', 'button = "sos"'), *WIRED),
        (STALL.replace("gpio = 17", "gpio = 19"), Code.LESS_COVERAGE, "fire by smoke_alarm"),
        (STALL.replace('buttons = ["sos"]', "buttons = []"), Code.LESS_COVERAGE, "sos by sos"),
        (STALL.replace('driver = "co_cell"', 'driver = "co_cell"\nbias_v = 0.6'), *UNPROVEN),
        (NO_INTRUSION, Code.LESS_COVERAGE, "intrusion"),
    ],
)
def test_what_it_may_not_change_is_refused_and_leaves_nothing_behind(
    place: Place, text: str, code: Code, why: str
) -> None:
    found = place.start().propose(command(text), "city", GOOD)
    assert found is not None
    assert found[0] is code, found
    assert why in found[1]
    assert str(place.state) not in found[1]
    assert not list((place.state / FOLDER).glob("*.toml"))
    assert place.start().origin == "installed"


_LINES = CHANGED.splitlines()
_MANGLED = st.lists(
    st.tuples(
        st.integers(0, len(_LINES) - 1),
        st.sampled_from(["", "[[sensors]]", "[fire]", "x = 1", "sensors = 3", "]", "\x00", "한"])
        | st.integers(0, len(_LINES) - 1).map(lambda n: _LINES[n]),
    ),
    min_size=1,
    max_size=4,
)


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(_MANGLED)
def test_no_text_ends_the_agent_and_none_touches_what_is_fixed(
    place: Place, changes: list[tuple[int, str]]
) -> None:
    lines = list(_LINES)
    for n, line in changes:
        lines[n] = line
    text = "\n".join(lines) + "\n"
    shutil.rmtree(place.state, ignore_errors=True)
    found = place.start()
    if found.propose(command(text, accept_less_coverage=True), "city", GOOD) is None:
        trial = place.start()
        assert trial.origin == "trial"
        for name in ("device", "hub", "commanders", "fire", "co"):
            assert getattr(trial.config, name) == getattr(found.config, name)
        assert trial.config.annunciator.siren == found.config.annunciator.siren


def test_a_wrong_digest_is_told(place: Place) -> None:
    wrong = command(CHANGED, sha256="0" * 64)
    assert refused(place.start().propose(wrong, "city", GOOD)) is Code.NOT_UNDERSTOOD


def test_less_coverage_is_taken_where_the_signed_command_says_so(place: Place) -> None:
    less = STALL.replace('buttons = ["sos"]', "buttons = []")
    accepted = command(less, accept_less_coverage=True)
    assert place.start().propose(accepted, "city", GOOD) is None
    assert place.start().config.sos.buttons == []


def test_more_is_taken_as_it_is(place: Place) -> None:
    more = STALL + '\n[[sensors]]\nname = "back_door"\ndriver = "door"\ngpio = 6\n'
    assert place.start().propose(command(more), "city", GOOD) is None


def test_a_camera_is_not_changed_where_its_own_process_would_not_know(tmp_path: Path) -> None:
    camera = '\n[[sensors]]\nname = "eyes"\ndriver = "camera"\n'
    found = Place(tmp_path, INSTALLED + camera).start().propose(command(STALL), "city", GOOD)
    assert refused(found) is Code.NOT_FROM_AFAR


def test_a_file_that_says_the_same_of_what_is_fixed_is_taken(place: Place) -> None:
    place.proposed(f"{CHANGED}\n{DEVICE}")
    assert place.start().config.recorder.minutes == 7


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
