"""A configuration from afar: what it may change."""

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.commands import Code
from agent.in_force import FOLDER
from tests.agent.trials import CHANGED, DEVICE, GOOD, INSTALLED, Place, command, refused
from tests.running import STALL


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


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
