"""Which commands are taken: in virtual time, and with whatever bytes there are."""

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.commands import LONGEST_BYTES, VERBS, Code, Order, Received, Refusal
from agent.gate import (
    FORGOTTEN_S,
    LONGEST_LIFE_S,
    MINUTE_S,
    MOST_SEEN,
    PER_MINUTE,
    SKEW_S,
    WAIT_S,
    Gate,
)
from agent.wallclock import WallTime
from provisioning.contract import command_schema
from tests.agent.orders import NOW, SET, UNSET, body, received
from tests.brokers import HUB_FILES

OWN: dict[str, dict[str, Any]] = {
    "answered": {"event": "boot-1"},
    "away": {"hours": 48.0},
    "identify": {},
}
UNSIGNED = list(OWN)  # what is taken where no commanders are configured


def judged(gate: Gate, each: Received, wall: WallTime = SET, now: float = 0.0) -> str:
    """`taken`, `dropped`, or the code of the refusal."""
    found = gate.judge(each, wall, now)
    if isinstance(found, Refusal):
        return found.code
    return "dropped" if found is None else "taken"


def test_only_the_three_old_verbs_go_unsigned() -> None:
    assert [verb for verb, kind in VERBS.items() if not kind.needs_signature] == UNSIGNED
    for verb in VERBS.keys() - OWN.keys():
        found = Gate({}).judge(received(verb, body()), SET, 0.0)
        assert isinstance(found, Refusal)
        assert found.code is Code.NOT_AUTHORISED
        assert "[[commanders]]" in found.reason


@pytest.mark.parametrize("verb", UNSIGNED)
def test_every_verb_is_taken_once_and_never_again(verb: str) -> None:
    gate, each = Gate({}), received(verb, body(**OWN[verb]))
    found = gate.judge(each, SET, 0.0)
    assert isinstance(found, Order)
    assert (found.verb, found.command.id) == (verb, "nonce-0001")
    assert judged(gate, each) == Code.REPLAYED
    assert judged(Gate(gate.seen), each) == Code.REPLAYED  # nor after a restart


def test_an_id_is_taken_once_whatever_its_verb() -> None:
    gate = Gate({})
    assert judged(gate, received("identify", body())) == "taken"
    assert judged(gate, received("away", body(hours=1.0))) == Code.REPLAYED


@pytest.mark.parametrize(
    ("verb", "content", "code"),
    [
        ("unlock", body(), Code.UNKNOWN_VERB),
        ("", body(), Code.UNKNOWN_VERB),
        ("away", body(), Code.NOT_UNDERSTOOD),
        ("away", body(hours=-1.0), Code.NOT_UNDERSTOOD),
        ("away", body(hours=745.0), Code.NOT_UNDERSTOOD),
        ("away", body(hours="NaN"), Code.NOT_UNDERSTOOD),
        ("answered", body(event=""), Code.NOT_UNDERSTOOD),
        ("identify", body(id="short"), Code.NOT_UNDERSTOOD),
        ("identify", body(id="nonce-0001\n"), Code.NOT_UNDERSTOOD),
        ("identify", body(by=""), Code.NOT_UNDERSTOOD),
        ("identify", body(by="x" * 65), Code.NOT_UNDERSTOOD),
        ("identify", body(by="a\u202eb"), Code.NOT_UNDERSTOOD),
        ("identify", body(threshold=9), Code.NOT_UNDERSTOOD),
        ("identify", body(issued="2026-11-21T09:00:20"), Code.NOT_UNDERSTOOD),
        ("identify", body(life_s=0.0, age_s=-10.0), Code.NOT_UNDERSTOOD),
        ("identify", body(life_s=LONGEST_LIFE_S + 1), Code.NOT_UNDERSTOOD),
        ("identify", b"", Code.NOT_UNDERSTOOD),
        ("identify", b"\xff", Code.NOT_UNDERSTOOD),
        ("identify", b"[" * LONGEST_BYTES, Code.NOT_UNDERSTOOD),
        ("identify", body() + b" " * LONGEST_BYTES, Code.NOT_UNDERSTOOD),
        ("identify", body(to="haetae/v1/test/stall-18/cmd/identify"), Code.NOT_AUTHORISED),
        ("identify", body(age_s=300.0), Code.EXPIRED),
        ("identify", body(age_s=-SKEW_S - 1), Code.NOT_YET),
    ],
)
def test_what_is_wrong_is_refused(verb: str, content: bytes, code: Code) -> None:
    gate = Gate({})
    assert judged(gate, received(verb, content)) == code
    assert gate.seen == {}


def test_a_command_is_refused_by_its_id_where_that_can_be_read() -> None:
    found = Gate({}).judge(received("identify", body(threshold=9)), SET, 0.0)
    assert isinstance(found, Refusal)
    assert (found.id, found.verb) == ("nonce-0001", "identify")
    assert "threshold" in found.reason


def test_a_retained_command_is_refused() -> None:
    each = received("identify", body(), retained=True)
    assert judged(Gate({}), each) == Code.RETAINED


def test_the_doubt_of_the_clock_shortens_a_life_and_never_lengthens_it() -> None:
    each = received("identify", body(age_s=295.0))
    assert judged(Gate({}), each, WallTime(SET.iso, 4.9, "ntp")) == "taken"
    assert judged(Gate({}), each, WallTime(SET.iso, 5.1, "ntp")) == Code.EXPIRED


@pytest.mark.parametrize(
    "wall",
    [
        UNSET,
        WallTime(SET.iso, SKEW_S + 1, "ntp"),
        WallTime(SET.iso, 0.5, "unsynchronised"),  # right until the network was lost
        WallTime(SET.iso, None, "rtc"),
    ],
)
def test_without_a_clock_only_what_is_harmless_is_taken_and_only_when_fresh(wall: WallTime) -> None:
    for verb, own in OWN.items():
        each, is_harmless = received(verb, body(age_s=86_400.0, **own)), VERBS[verb].is_harmless
        expected = "taken" if is_harmless else Code.NO_CLOCK
        assert judged(Gate({}), each, wall, WAIT_S) == expected
        late = Code.EXPIRED if is_harmless else Code.NO_CLOCK
        assert judged(Gate({}), each, wall, WAIT_S + 0.1) == late


def test_only_a_light_and_a_promise_are_taken_without_a_clock() -> None:
    assert {verb for verb, kind in VERBS.items() if kind.is_harmless} == {"answered", "identify"}


def test_too_many_are_refused_and_then_not_even_answered_until_a_minute_has_passed() -> None:
    gate = Gate({})
    found = [judged(gate, received("identify", body(n))) for n in range(3 * PER_MINUTE)]
    assert found == (
        ["taken"] * PER_MINUTE + [Code.TOO_MANY] * PER_MINUTE + ["dropped"] * PER_MINUTE
    )
    assert judged(gate, received("identify", body(999)), now=MINUTE_S) == "taken"


def test_garbage_counts_as_much_as_commands_do() -> None:
    gate = Gate({})
    for _ in range(PER_MINUTE):
        judged(gate, received("identify", b"{"))
    assert judged(gate, received("identify", body())) == Code.TOO_MANY


def test_no_id_is_forgotten_while_it_could_be_taken_again() -> None:
    life = PER_MINUTE * (LONGEST_LIFE_S + 2 * SKEW_S) / MINUTE_S
    assert life < MOST_SEEN
    gate, first = Gate({}), received("away", body(0, age_s=-SKEW_S, life_s=600.0, hours=1.0))
    assert judged(gate, first) == "taken"
    step_s = MINUTE_S / PER_MINUTE
    for n in range(1, int((600.0 + SKEW_S) / step_s)):  # as many as there may be until it expires
        now = NOW + timedelta(seconds=n * step_s)
        wall = WallTime(now.isoformat(), 0.02, "ntp") if n % 2 else UNSET
        at = n * step_s
        each = received("identify", body(n, age_s=0.0, now=now), at=at)
        assert judged(gate, each, wall, at) == "taken"
    assert "nonce-0000" in gate.seen
    assert len(gate.seen) <= MOST_SEEN


def test_no_clock_that_is_set_forward_and_back_makes_an_id_be_forgotten() -> None:
    gate, away = Gate({}), received("away", body(hours=1.0))
    assert judged(gate, away) == "taken"
    later = NOW + timedelta(days=365)
    ahead = WallTime(later.isoformat(), 0.02, "ntp")
    assert judged(gate, received("identify", body(2, now=later)), ahead) == "taken"
    assert judged(gate, away, ahead) == Code.EXPIRED
    assert judged(gate, away) == Code.REPLAYED  # the clock is back where it was
    assert judged(Gate(gate.seen), away) == Code.REPLAYED


def test_after_ids_were_lost_only_what_is_harmless_is_taken_for_as_long_as_a_life() -> None:
    gate = Gate({}, forgotten_until=FORGOTTEN_S)
    assert judged(gate, received("identify", body(1)), now=1.0) == "taken"
    away = received("away", body(2, hours=1.0))
    assert judged(gate, away, now=FORGOTTEN_S - 1) == Code.NOT_KEPT
    assert judged(gate, away, now=FORGOTTEN_S) == "taken"


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.datetimes().map(str),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
_NEARLY = st.builds(
    lambda own: body(**own),
    st.dictionaries(st.sampled_from(["id", "issued", "expires", "by", "hours", "event"]), _JSON),
)


@settings(deadline=None)
@given(
    st.sampled_from(list(VERBS)) | st.text(),
    st.binary() | _NEARLY | _JSON.map(lambda value: json.dumps(value).encode()),
    st.booleans(),
    st.sampled_from([SET, UNSET]),
)
def test_no_bytes_ever_raise(verb: str, content: bytes, retained: bool, wall: WallTime) -> None:
    found = Gate({}).judge(Received(verb, content, retained, 0.0), wall, 0.0)
    assert found is not None
    if isinstance(found, Refusal):
        assert found.reason.isprintable()
        assert len(found.reason) <= 200
        assert found.verb.isascii()
        assert "/" not in found.verb


@pytest.mark.parametrize(
    "instant", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-11-21T09:00:20Z"]
)
def test_the_ends_of_the_calendar_do_not_raise(instant: str) -> None:
    for field in ("issued", "expires"):
        own: dict[str, Any] = {field: instant}
        each = received("identify", body(**own))
        for wall in (SET, UNSET):
            assert judged(Gate({}), each, wall) != "dropped"


def test_the_schema_is_that_of_the_commands() -> None:
    told = json.loads((HUB_FILES / "command.schema.json").read_bytes())
    assert told == command_schema()


@pytest.mark.parametrize("verb", VERBS)
def test_the_golden_commands_are_understood(verb: str) -> None:
    text = (HUB_FILES / "examples" / f"command-{verb}.json").read_bytes()
    found = msgspec.json.decode(text, type=VERBS[verb])
    assert msgspec.json.encode(found) + b"\n" == text
