import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import envelope
from agent.envelope import Header, Identity, stamp
from agent.eventstore import GENESIS
from agent.values import PLACE, Detection, Event, Hazard, Reading, Stage, Why
from agent.wallclock import WallTime
from drivers.sensor import Quantity
from provisioning.contract import event_schema
from tests.brokers import HUB_FILES

EXAMPLES = HUB_FILES / "examples"
BOOT = "3f2a9c01-b7e40d52"
KERNEL_BOOT = "3f2a9c01"
NOBODY = Identity("alley-3", "stall-17", BOOT, "haetae 0.1.0", {}, simulated=False)
WALL = WallTime("2026-11-21T09:00:00.125Z", 0.012, "ntp")
WHY = Why(
    ko="천장 온도가 57 °C를 넘어 61.4 °C입니다.",
    en="The ceiling is at 61.4 °C, above 57 °C.",
)


def fire(at: float = 5025.75) -> Detection:
    hot = Reading("ceiling", Quantity.TEMPERATURE_C, 61.4, at - 0.25)
    return Detection(Hazard.FIRE, Stage.ALARM, PLACE, "fixed_heat", (hot,), at, WHY)


def event(**changes: Any) -> Event:
    made = stamp(fire(), seq=42, previous=GENESIS, identity=NOBODY, wall=WALL)
    return msgspec.structs.replace(made, **changes)


def test_the_golden_event_is_what_a_fire_alarm_looks_like() -> None:
    assert msgspec.json.encode(event()) + b"\n" == (EXAMPLES / "fire-alarm.json").read_bytes()


def test_the_golden_structured_message_wraps_the_same_bytes() -> None:
    body = msgspec.json.encode(event())
    made = envelope.structured(body, event=event(), historical=True)
    assert made + b"\n" == (EXAMPLES / "fire-alarm.structured.json").read_bytes()
    assert body in made


def test_the_golden_revision_is_the_same_event_with_a_better_time() -> None:
    first = event(
        wall_time="1970-01-01T01:23:51.412Z", wall_uncertainty_s=None, wall_source="unset"
    )
    body = msgspec.json.encode(envelope.retold(
        first, seq=43, previous=hashlib.sha256(msgspec.json.encode(first)).hexdigest(),
        wall=WallTime("2026-11-21T09:00:00.125Z", 0.046, "corrected"),
    ))  # fmt: skip
    assert body + b"\n" == (EXAMPLES / "fire-alarm.revised.json").read_bytes()


def test_the_schema_is_that_of_the_event() -> None:
    told = json.loads((HUB_FILES / "event.schema.json").read_bytes())
    assert told == event_schema()


def test_the_id_is_the_boot_and_the_number() -> None:
    assert event().id == f"{BOOT}-42"


def test_two_starts_of_the_agent_never_share_a_boot_id(tmp_path: Path) -> None:
    first, second = envelope.boot_id(), envelope.boot_id()
    assert first[:8] == second[:8] == envelope.kernel_boot()
    assert first != second
    assert envelope.kernel_boot(tmp_path / "missing") == "00000000"


def test_evidence_tells_how_old_it_was() -> None:
    (evidence,) = event().evidence
    assert (evidence.sensor, evidence.value, evidence.age_s) == ("ceiling", 61.4, 0.25)


def test_attributes_are_those_of_cloudevents() -> None:
    assert envelope.properties(event()) == {
        "specversion": "1.0",
        "id": f"{BOOT}-42",
        "source": "/haetae/v1/alley-3/stall-17",
        "type": "io.github.haetae.fire.alarm.v1",
        "subject": "place",
        "time": "2026-11-21T09:00:00.125Z",
        "sequence": "00000000000000000042",
        "simulated": "false",
    }


def test_attribute_names_are_lower_case_letters_and_digits_only() -> None:
    names = envelope.properties(event(simulated=True), historical=True)
    assert all(name.isascii() and name.isalnum() and name.islower() for name in names)


def test_an_event_told_again_says_so_and_differs_in_its_time_alone() -> None:
    again = envelope.retold(
        event(), seq=50, previous="ab", wall=WallTime("2026-11-21T09:00:01.000Z", 0.5, "corrected")
    )
    assert envelope.properties(again) == envelope.properties(event()) | {
        "sequence": "00000000000000000050",
        "time": "2026-11-21T09:00:01.000Z",
        "historical": "true",
        "revision": "1",
    }
    back = msgspec.structs.replace(
        again, seq=42, previous=GENESIS, revision=0, wall_time=WALL.iso,
        wall_uncertainty_s=WALL.uncertainty_s, wall_source=WALL.source,
    )  # fmt: skip
    assert back == event()
    assert envelope.retold(again, seq=51, previous="ab", wall=WALL).revision == 2


def test_in_structured_mode_a_revision_is_a_number_and_a_test_a_boolean() -> None:
    told = event(revision=1, inspection="nonce-1234")
    for each in (told, envelope.header(msgspec.json.encode(told))):
        assert each is not None
        made = json.loads(envelope.structured(msgspec.json.encode(told), event=each))
        assert (made["revision"], made["historical"], made["test"]) == (1, True, True)
        assert made["data"]["inspection"] == "nonce-1234"


@pytest.mark.parametrize(
    ("boot", "now", "late"),
    [
        (KERNEL_BOOT, 5025.75, False),
        (KERNEL_BOOT, 5085.75, False),
        (KERNEL_BOOT, 5085.76, True),
        ("00aa00bb", 5025.75, True),  # from before a reboot: its monotonic time says nothing now
    ],
)
def test_an_event_is_history_a_minute_after_it_happened(boot: str, now: float, late: bool) -> None:
    assert envelope.is_late(event(), boot=boot, now=now) is late


@settings(deadline=None)
@given(st.integers(1, 10**15), st.integers(1, 10**15))
def test_sequences_sort_as_text_as_they_do_as_numbers(a: int, b: int) -> None:
    first, second = (envelope.properties(event(seq=seq))["sequence"] for seq in (a, b))
    assert (first < second) == (a < b)


def test_a_record_of_a_newer_version_is_understood_as_far_as_delivery_needs() -> None:
    body = json.loads(msgspec.json.encode(event()))
    body |= {"hazard": "earthquake", "added_later": {"x": 1}}
    found = envelope.header(json.dumps(body).encode())
    assert isinstance(found, Header)
    assert found.hazard == "earthquake"


@pytest.mark.parametrize("hazard", [b"#o", b"ina+tivity", b"fi/e", b"\xe6ire", b""])
def test_a_record_whose_hazard_no_topic_can_have_is_damaged(hazard: bytes) -> None:
    body = msgspec.json.encode(event()).replace(b'"fire"', b'"' + hazard + b'"', 1)
    assert envelope.header(body) is None


@settings(deadline=None)
@given(st.binary(max_size=64))
def test_a_damaged_record_is_wrapped_whole(body: bytes) -> None:
    stand_in = envelope.unreadable("a-1", 1, site="alley-3", device="stall-17")
    assert envelope.header(body) is None
    made = json.loads(envelope.structured(body, event=stand_in))
    assert msgspec.convert(made["data_base64"], bytes) == body
    assert "time" not in made
