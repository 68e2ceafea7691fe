"""Who may use the setup page: five tries a minute, twenty of all, and never for ever."""

import string
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.remedy import ProvisioningError
from provisioning.seed import ALPHABET, Setup, new_code, setup_for
from provisioning.setup_page.refusals import RefusedError
from provisioning.setup_page.session import (
    IDLE_S,
    MOST_SESSIONS,
    TRIES,
    TRIES_OF_ALL,
    WINDOW_S,
    Sessions,
)

CODE = "7K3M9QX2VB4H"
SETUP = setup_for(CODE, "stall-07")


@dataclass
class Door:
    """Sessions, and a clock that is turned by hand."""

    now: float = 1000.0
    setup: Setup = SETUP
    sessions: Sessions = field(init=False)

    def __post_init__(self) -> None:
        self.sessions = Sessions(self.setup, lambda: self.now)

    def refused(self, typed: str, address: str = "a") -> RefusedError:
        with pytest.raises(RefusedError) as caught:
            self.sessions.open(typed, address)
        return caught.value


@pytest.fixture
def door() -> Door:
    return Door()


def test_the_code_of_the_label_opens_it(door: Door) -> None:
    assert door.sessions.knows(door.sessions.open(CODE, "a"))


@pytest.mark.parametrize(
    "typed", ["7K3M-9QX2-VB4H", "7k3m 9qx2 vb4h", " 7K3M9QX2VB4H\n", "7K3M_9QX2_VB4H"]
)
def test_it_may_be_typed_as_people_type(door: Door, typed: str) -> None:
    assert door.sessions.open(typed, "a")


@pytest.mark.parametrize("typed", ["", "7K3M9QX2VB4", "7K3M9QX2VB4H0", "A" * 12, "가" * 12])
def test_another_code_opens_nothing(door: Door, typed: str) -> None:
    refused = door.refused(typed)
    assert (refused.failure.code, refused.status) == ("code-wrong", 403)


def test_a_guesser_has_five_tries_a_minute(door: Door) -> None:
    for _ in range(TRIES):
        assert door.refused("x").failure.code == "code-wrong"
    refused = door.refused(CODE)
    assert (refused.failure.code, refused.status) == ("code-too-often", 429)
    assert 0 < refused.wait_s <= WINDOW_S
    door.now += refused.wait_s
    assert door.sessions.open(CODE, "a")


def test_many_guessers_have_twenty_together(door: Door) -> None:
    for n in range(TRIES_OF_ALL):
        assert door.refused("x", f"10.0.0.{n}").failure.code == "code-wrong"
    assert door.refused(CODE, "10.0.1.1").failure.code == "code-too-often"


def test_one_who_is_refused_for_haste_does_not_lengthen_the_wait(door: Door) -> None:
    for _ in range(TRIES):
        door.refused("x")
    first = door.refused("x").wait_s
    for _ in range(50):
        door.refused("x")
    assert door.refused("x").wait_s == first


def test_a_session_that_nobody_uses_ends(door: Door) -> None:
    token = door.sessions.open(CODE, "a")
    door.now += IDLE_S - 1
    assert door.sessions.knows(token)
    door.now += IDLE_S - 1
    assert door.sessions.knows(token)
    door.now += IDLE_S
    assert not door.sessions.knows(token)


def test_there_are_no_more_than_a_few(door: Door) -> None:
    for n in range(MOST_SESSIONS):
        door.sessions.open(CODE, f"a{n}")
    assert door.refused(CODE, "b").failure.code == "too-many-pages"
    door.now += IDLE_S
    assert door.sessions.open(CODE, "b")


def test_they_all_end_at_once(door: Door) -> None:
    token = door.sessions.open(CODE, "a")
    door.sessions.close()
    assert not door.sessions.knows(token)


@given(st.text(max_size=200))
@settings(deadline=None, max_examples=200)
def test_no_other_token_is_known(token: str) -> None:
    door = Door()
    assert not door.sessions.knows(token)


@given(st.text(alphabet=ALPHABET + string.ascii_lowercase + " -", max_size=40))
@settings(deadline=None, max_examples=15)
def test_no_other_code_opens_it(typed: str) -> None:
    door = Door()
    with pytest.raises(ProvisioningError):
        door.sessions.open(typed, "a")


def test_another_device_has_another_code() -> None:
    other = Door(setup=setup_for(new_code(12), "stall-08"))
    assert other.refused(CODE).failure.code == "code-wrong"
