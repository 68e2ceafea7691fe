"""A record of another version: what of it is told, and what never gets lost over it."""

from typing import Any

import msgspec
import pytest

from provisioning.gateway.notice import NotANoticeError, read_notice
from tests.provisioning.telling import event, sent, sent_structured

PARTS = (
    {"why": {"ko": "불이야", "en": "Fire", "ja": "火事"}},
    {"why": "fire"},
    {"why": {"ko": "", "en": ""}},
    {"evidence": [{"sensor": "ceiling", "quantity": "smoke", "value": "much"}]},
    {"monotonic_s": None, "rule": None, "wall_time": None, "software": 7},
    {"seq": "forty-two", "boot_id": None, "subject": ["place"]},
)


@pytest.mark.parametrize("part", PARTS, ids=str)
def test_an_alarm_is_not_lost_over_a_part_that_is_not_understood(part: dict[str, Any]) -> None:
    topic, body, attributes = sent(event())
    other = msgspec.json.encode(msgspec.json.decode(body) | part)
    found = read_notice(topic, other, attributes)
    assert (found.id, found.hazard, found.stage) == (event().id, "fire", "alarm")
    assert found.body == other
    assert "damaged" not in found.why.en


def test_words_in_a_further_language_pass() -> None:
    topic, body, attributes = sent(event())
    other = msgspec.json.encode(msgspec.json.decode(body) | PARTS[0])
    assert read_notice(topic, other, attributes).why.en == "Fire"


@pytest.mark.parametrize("name", ["id", "site", "device", "hazard", "stage"])
def test_without_its_core_a_record_is_none(name: str) -> None:
    topic, body, attributes = sent(event())
    other = msgspec.json.encode(msgspec.json.decode(body) | {name: None})
    with pytest.raises(NotANoticeError):
        read_notice(topic, other, attributes)


def test_what_the_attributes_call_a_test_or_an_exercise_is_one() -> None:
    topic, body, attributes = sent(event())
    assert read_notice(topic, body, attributes).is_real
    assert read_notice(topic, body, attributes | {"simulated": "true"}).simulated
    assert read_notice(topic, body, attributes | {"test": "true"}).inspection
    topic, wrapped, _ = sent_structured(event())
    drill = msgspec.json.encode(msgspec.json.decode(wrapped) | {"simulated": True, "test": True})
    assert not read_notice(topic, drill, {}).is_real


@pytest.mark.parametrize(
    ("said", "time"),
    [
        ("2026-11-21T18:00:00+09:00", "2026-11-21T09:00:00.000Z"),
        ("20261121T090000Z", "2026-11-21T09:00:00.000Z"),
        ("2026-11-21T09:00:00.5Z", "2026-11-21T09:00:00.5Z"),
        ("2026-11-21T09:00:00", ""),
        ("9999-12-31T23:59:59-10:00", ""),
    ],
)
def test_a_time_goes_out_as_rfc_3339_in_utc(said: str, time: str) -> None:
    assert read_notice(*sent(event(wall_time=said))).wall_time == time
