"""What the console makes of what devices say, and of their silence: its model, in the browser."""

import json
from typing import Any

import pytest

from tests.provisioning.office import Office, script_file

CLAIMS = {"fire": "proven", "sos": "proven"}


def told(office: Office, *steps: tuple[Any, ...]) -> Any:
    return office.module("ward.js", script_file("ward_story.js"), [list(step) for step in steps])


def state(**said: Any) -> str:
    return json.dumps({"status": "online", "coverage": CLAIMS} | said)


def event(id_: str = "b-1", hazard: str = "fire", stage: str = "alarm", **said: Any) -> str:
    record = {
        "id": id_, "hazard": hazard, "stage": stage, "subject": "place", "wall_source": "ntp",
        "wall_time": "2026-11-21T09:00:00.125Z", "wall_uncertainty_s": 0.012,
        "why": {"ko": "연기입니다.", "en": "Smoke."},
    }  # fmt: skip
    return json.dumps(record | said)


def test_a_device_is_good_only_where_all_it_claims_is_proven(office: Office) -> None:
    assert told(office, (1, "state", state()))["level"] == "proven"
    assert told(office, (1, "state", state(coverage={"fire": "assumed"})))["level"] == "assumed"
    lost = {"fire": "proven", "sos": "lost"}
    assert told(office, (1, "state", state(coverage=lost)))["level"] == "lost"
    assert told(office, (1, "state", state(coverage={})))["level"] == "unclaimed"
    assert told(office, (1, "state", state(faults={"ceiling": "no answer"})))["level"] == "trouble"
    assert told(office, (1, "state", state(muted=["camera"])))["level"] == "trouble"
    assert told(office, (1, "state", state(simulated=True)))["level"] == "simulated"


def test_an_alarm_rings_once_and_a_clearing_ends_it(office: Office) -> None:
    first = (1, "state", state()), (2, "event/fire", event())
    assert told(office, *first)["level"] == "alarm"
    again = told(
        office,
        *first,
        (3, "event/fire", event()),
        (70, "state", state(active={"b-1": "fire alarm"})),
    )
    assert again["rings"] == ["fire alarm"]
    assert again["active"] == ["b-1"]
    over = told(office, *first, (4, "event/fire", event("b-2", stage="cleared")))
    assert over["active"] == []
    assert over["level"] == "proven"


def test_a_drill_is_no_alarm(office: Office) -> None:
    tested = told(office, (1, "state", state()), (2, "event/fire", event(inspection="nonce")))
    assert tested["level"] == "drill"
    simulated = state(simulated=True, active={"b-1": "fire alarm"})
    assert told(office, (1, "state", simulated))["level"] == "drill"


def test_a_test_takes_the_place_of_no_alarm_and_ends_none(office: Office) -> None:
    found = told(
        office,
        (1, "event/fire", event()),
        (2, "event/fire", event("b-2", inspection="nonce")),
        (3, "event/fire", event("b-3", stage="cleared", inspection="nonce")),
    )
    assert (found["active"], found["level"]) == (["b-1"], "alarm")
    turned_real = told(
        office, (1, "event/fire", event(inspection="nonce")), (2, "event/fire", event("b-2"))
    )
    assert (turned_real["active"], turned_real["level"]) == (["b-2"], "alarm")
    assert turned_real["rings"] == ["fire alarm", "fire alarm"]


def test_what_comes_late_of_one_device_is_bounded(office: Office) -> None:
    late = {"historical": "true"}
    flood = [(n, "event/sos", event(f"b-{n}", "sos", subject=f"s-{n}"), late) for n in range(99)]
    assert len(told(office, *flood)["active"]) == 64


def test_a_prealarm_that_grows_rings_again_and_is_one_incident(office: Office) -> None:
    found = told(
        office, (1, "event/fire", event(stage="prealarm")), (2, "event/fire", event("b-2"))
    )
    assert found["rings"] == ["fire prealarm", "fire alarm"]
    assert found["active"] == ["b-2"]


def test_a_revision_replaces_the_time_and_never_rings(office: Office) -> None:
    late = {"historical": "true", "revision": "1"}
    again = event(revision=1, wall_time="2026-11-21T08:00:00Z", wall_uncertainty_s=2.0)
    found = told(
        office,
        (1, "event/fire", event(wall_time="1970-01-01T00:05:00Z", wall_uncertainty_s=None)),
        (9, "event/fire", again, late),
        (10, "event/fire", again, late),
    )
    assert found["rings"] == ["fire alarm"]
    (entry,) = found["history"]
    assert (entry["time"], entry["uncertaintyS"]) == ("2026-11-21T08:00:00Z", 2.0)
    assert entry["revision"] == 1
    assert not entry["historical"]  # it was heard as it happened
    older = told(office, (1, "event/fire", again, late), (2, "event/fire", event()))
    assert older["history"][0]["time"] == "2026-11-21T08:00:00Z"
    assert older["rings"] == []


def test_old_news_rings_for_nobody_but_an_old_alarm_stays_until_it_is_seen(office: Office) -> None:
    late = (5, "event/fire", event(), {"historical": "true"})
    found = told(office, (1, "state", state()), late, (70, "state", state()))
    assert found["rings"] == []
    assert found["active"] == ["b-1 late"]
    assert told(office, late, (6, "dismiss", "b-1"))["active"] == []
    over = (6, "event/fire", event("b-2", stage="cleared"), {"historical": "true"})
    assert told(office, late, over)["active"] == []


def test_an_alarm_that_the_state_names_rings_though_its_event_came_late(office: Office) -> None:
    found = told(
        office,
        (1, "kept state", state(active={"b-1": "fire alarm"})),
        (2, "event/fire", event(), {"historical": "true"}),
    )
    assert found["rings"] == ["fire alarm"]
    assert found["active"] == ["b-1"]
    after = told(
        office,
        (1, "event/fire", event(), {"historical": "true"}),
        (2, "state", state(active={"b-1": "fire alarm"})),
        (62, "state", state(active={"b-1": "fire alarm"})),
    )
    assert after["rings"] == ["fire alarm"]
    assert after["active"] == ["b-1"]


def test_a_state_that_an_alarm_overtook_does_not_end_it_and_the_next_one_does(
    office: Office,
) -> None:
    overtaken = (1, "event/fire", event()), (1.5, "state", state())
    assert told(office, *overtaken)["active"] == ["b-1"]
    assert told(office, *overtaken, (61, "state", state()))["active"] == []


def test_an_alarm_does_not_end_because_its_device_falls_silent(office: Office) -> None:
    burning = (1, "state", state()), (2, "event/fire", event()), (3, "state", "offline")
    for found in (told(office, *burning), told(office, *burning, (9000, "wait", ""))):
        assert found["active"] == ["b-1"]
        assert found["level"] == "alarm"


@pytest.mark.parametrize(
    ("steps", "level"),
    [
        ([(1, "state", state()), (170, "wait", "")], "proven"),
        ([(1, "state", state()), (190, "wait", "")], "silent"),
        ([(1, "kept state", state()), (190, "wait", "")], "silent"),  # though kept as online
        ([(1, "state", state()), (190, "wait", "", {}, 100)], "proven"),  # we were deaf, not it
        ([(1, "state", state()), (7300, "wait", "", {}, 100)], "silent"),  # BS 5839-1: 2 h
        ([(1, "state", state()), (2, "state", "offline")], "offline"),
        ([(1, "state", state()), (2, "state", "offline"), (3, "state", state())], "proven"),
        ([(1, "state", "garbage")], "unheard"),
        ([(1, "event/air", event(hazard="air"))], "unheard"),
    ],
)
def test_being_kept_as_online_is_not_being_heard(
    office: Office, steps: list[Any], level: str
) -> None:
    assert told(office, *steps)["level"] == level


@pytest.mark.parametrize("hazard", ["fault", "power", "noise", "air"])
def test_what_is_no_alarm_is_in_the_history_and_rings_for_nobody(
    office: Office, hazard: str
) -> None:
    found = told(office, (1, "state", state()), (2, f"event/{hazard}", event(hazard=hazard)))
    assert found["rings"] == []
    assert len(found["history"]) == 1


def test_one_device_cannot_speak_for_another(office: Office) -> None:
    found = told(
        office,
        (1, "event/fire", event()),
        (2, "haetae/v1/s/other/event/fire", event(stage="cleared")),
        (3, "haetae/v1/s/other/event/fire", event("b-9", stage="cleared", device="d", site="s")),
    )
    assert found["active"] == ["b-1"]
    assert found["devices"] == 2


@pytest.mark.parametrize(
    "body",
    ["", "null", "[]", "7", '"text"', "{", '{"coverage": 7, "active": [1], "muted": {"a": 1}}',
     '{"status": "online", "coverage": {"__proto__": "x"}, "faults": null, "pending": "many"}',
     '{"status": "online", "active": {"": 1, "x": null}, "answered": {"constructor": {}}}'],
)  # fmt: skip
def test_nothing_that_a_device_says_breaks_the_page(office: Office, body: str) -> None:
    found = told(office, (1, "state", body), (2, "event/fire", body), (3, "state", state()))
    assert found["level"] in {"proven", "alarm"}


def test_a_structured_event_and_a_damaged_one_are_taken(office: Office) -> None:
    whole = {
        "specversion": "1.0",
        "id": "b-1",
        "time": "2026-11-21T09:00:00Z",
        "data": json.loads(event()),
    }
    found = told(
        office, (1, "event/fire", json.dumps(whole)), (2, "event/fault", "\x00", {"id": "b-2"})
    )
    assert found["rings"] == ["fire alarm"]
    assert [each["unreadable"] for each in found["history"]] == [False, True]
    assert told(office, (1, "event/fault", "\x00"))["notUnderstood"] == 1


def test_a_test_is_told_from_an_alarm_and_texts_lose_what_cannot_be_seen(office: Office) -> None:
    why = {"ko": "불\u202e이\u0007 났어요", "en": "x" * 5000}
    (entry,) = told(office, (1, "event/fire", event(inspection="n-1", why=why)))["history"]
    assert entry["test"] is True
    assert entry["why"]["ko"] == "불이 났어요"
    assert len(entry["why"]["en"]) == 600


def test_a_flood_of_names_stays_bounded(office: Office) -> None:
    ask = """const ward = new m.Ward({ silentAfterMs: 1 });
    for (let n = 0; n < 6000; n += 1) ward.take({ topic: `haetae/v1/s/d${n}/state`, retained: false,
      payload: new TextEncoder().encode("offline"), properties: { user: [] } }, 0, 0);
    return [ward.devices.size, ward.tooMany]"""
    assert office.module("ward.js", ask) == [5000, 1000]
