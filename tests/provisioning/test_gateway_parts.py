"""The gateway's parts by themselves: signatures, answers, what is kept when too much waits."""

import base64
import os
import sqlite3
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.lanes import Lane
from agent.signing import load_signer
from agent.values import Hazard, Stage
from provisioning.gateway import onem2m
from provisioning.gateway import settings as settings_file
from provisioning.gateway.cap_folder import DAY_S, LOOK_EVERY_S, CapFolder
from provisioning.gateway.notice import NotANoticeError, Notice, read_notice
from provisioning.gateway.store import Store
from provisioning.gateway.told import Parcel, RefusedError, UndeliveredError
from provisioning.gateway.view import View, happened, reported
from provisioning.gateway.webhook import Seal, SecretError, read_secret, signed_content
from tests.provisioning.telling import NOW, STALL, event, remembered, remembering, sent


def test_a_signature_is_that_of_standard_webhooks() -> None:
    """The vector of the specification's own libraries."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    seal = Seal([secret], [], lambda: 1614265330.9)
    found = seal.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}')
    assert found["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert found["webhook-timestamp"] == "1614265330"


def test_a_receiver_with_the_public_key_alone_can_check_ed25519(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    path = tmp_path / "hook.key"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    found = Seal([b"s" * 32], [load_signer(path)], lambda: 1e9).headers("a-1", b"body")
    first, second = found["webhook-signature"].split(" ")
    assert first.startswith("v1,")
    kind, _, mark = second.partition(",")
    assert kind == "v1a"
    key.public_key().verify(base64.b64decode(mark), signed_content("a-1", "1000000000", b"body"))


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_!!!", "whsec_c2hvcnQ=", "c2VjcmV0" * 6])
def test_a_secret_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secret"
    path.write_text(text)
    with pytest.raises(SecretError):
        read_secret(path)


@pytest.mark.parametrize(
    ("identifier", "level"),
    [("/Mobius2", "Mobius2"), ("/a.b/Cxyz/1", "a.b:Cxyz:1"), ("Shaetae", "Shaetae")],
)
def test_an_id_of_onem2m_is_one_level_of_a_topic(identifier: str, level: str) -> None:
    assert onem2m.topic_id(identifier) == level


def test_the_configuration_that_is_shown_is_a_good_one() -> None:
    found = settings_file.load(Path(settings_file.__file__).with_name("gateway.toml"))
    outputs = found.cap, found.home_assistant, found.onem2m, found.ngsi_ld, found.webhook
    assert None not in outputs
    assert found.places["alley-3/stall-17"].latitude == 37.5665


class Server:
    """Answers each request at once, as the CSE would."""

    def __init__(self, status: int) -> None:
        self._status = status
        self.output = onem2m.OneM2MOutput("S", "/M", "M/c", self, answer_s=0.05)

    def publish(self, topic: str, body: bytes, *, retain: bool) -> None:
        asked = msgspec.json.decode(body)["rqi"]
        wrapped = {"m2m:rsp": {"rsc": self._status, "rqi": asked}}
        self.output.hear(b"no JSON")
        self.output.hear(msgspec.json.encode({"rsc": 2001, "rqi": "of another"}))
        if self._status:
            self.output.hear(msgspec.json.encode(wrapped))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (2001, None),
        (4105, None),
        (4000, RefusedError),
        (4004, UndeliveredError),
        (5000, UndeliveredError),
        (0, UndeliveredError),
    ],
)
def test_an_answer_of_onem2m_says_what_becomes_of_a_request(
    status: int, error: type[Exception] | None, tmp_path: Path
) -> None:
    (told,) = remembered(tmp_path, event())
    output = Server(status).output
    (parcel,) = output.parcels(told)
    if error is None:
        output.deliver(parcel)
    else:
        with pytest.raises(error):
            output.deliver(parcel)


def test_a_cap_file_is_deleted_once_it_is_older_than_so_many_days(tmp_path: Path) -> None:
    now = [1e9]
    folder = CapFolder(tmp_path, 400, lambda: now[0])
    for name, age_days in (("old", 401), ("young", 399), ("new", 0)):
        folder.write(name, b"<alert/>")
        os.utime(tmp_path / f"{name}.xml", (now[0] - age_days * DAY_S,) * 2)
    (tmp_path / "another.txt").touch()
    os.utime(tmp_path / "another.txt", (0, 0))
    folder.write("at once", b"<alert/>")
    assert (tmp_path / "old.xml").exists()  # it is not looked for with each file
    now[0] += LOOK_EVERY_S
    folder.write("later", b"<alert/>")
    names = {"young.xml", "new.xml", "at once.xml", "later.xml", "another.txt"}
    assert {each.name for each in tmp_path.iterdir()} == names


def parcel(number: int, lane: Lane, *, replaces: bool = False) -> Parcel:
    return Parcel(f"k-{number}", "", b"", lane, replaces=replaces)


def test_where_too_many_wait_the_least_urgent_and_oldest_is_given_up_by_name(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path / "gateway.db", most=4)
    lanes = [Lane.INFORMATION, Lane.ALARM, Lane.TROUBLE, Lane.ALARM, Lane.INFORMATION]
    lost: list[str] = []
    for number, lane in enumerate([*lanes, Lane.ALARM, Lane.ALARM, Lane.ALARM]):
        with store.transaction():
            lost += store.spool("cap", [parcel(number, lane)])
    assert lost == ["k-0", "k-4", "k-2", "k-1"]
    assert store.waiting("cap") == 4
    store.close()


def test_alarms_go_first_and_each_lane_in_order(tmp_path: Path) -> None:
    store = Store(tmp_path / "gateway.db", most=100)
    with store.transaction():
        store.spool("cap", [parcel(n, Lane.INFORMATION) for n in range(2)])
        store.spool("cap", [parcel(n, Lane.ALARM) for n in range(2, 4)])
        store.spool("webhook", [parcel(9, Lane.ALARM)])
    order = []
    while (waiting := store.next("cap")) is not None:
        order.append(waiting.parcel.key)
        store.done(waiting.number)
    assert order == ["k-2", "k-3", "k-0", "k-1"]
    assert store.waiting("webhook") == 1
    store.close()


def test_a_newer_state_takes_the_place_of_one_that_waits(tmp_path: Path) -> None:
    store = Store(tmp_path / "gateway.db", most=100)
    with store.transaction():
        store.spool("home", [parcel(1, Lane.ALARM, replaces=True)])
    under_way = store.next("home")
    assert under_way is not None
    with store.transaction():
        store.spool("home", [parcel(1, Lane.ALARM, replaces=True)])
    store.done(under_way.number)
    assert store.waiting("home") == 1
    store.close()


def break_off(store: Store, notice: Notice) -> None:
    """A disk that fails in the middle."""
    with store.transaction():
        store.tell(notice, STALL, happened=notice.wall_time, now=NOW)
        raise sqlite3.OperationalError("made up")


def test_nothing_of_an_event_is_kept_if_not_all_of_it_can_be(tmp_path: Path) -> None:
    notice = read_notice(*sent(event()))
    with remembering(tmp_path) as store:
        with pytest.raises(sqlite3.Error, match="made up"):
            break_off(store, notice)
        assert not store.was_told(notice)
    with remembering(tmp_path) as store:
        with store.transaction():
            store.tell(notice, STALL, happened=notice.wall_time, now=NOW)
        assert store.was_told(notice)
    with remembering(tmp_path) as store:
        assert store.was_told(notice)


@settings(deadline=None)
@given(st.binary(max_size=80), st.dictionaries(st.sampled_from(["specversion", "id"]), st.text()))
def test_what_is_no_event_is_said_to_be_none(body: bytes, attributes: dict[str, str]) -> None:
    with pytest.raises(NotANoticeError):
        read_notice("haetae/v1/alley-3/stall-17/event/fire", body, attributes)


@pytest.mark.parametrize("body", [b"\xff", b'{"id":"\xff"}'])
def test_a_damaged_record_is_a_notice_of_a_fault(body: bytes) -> None:
    topic = "haetae/v1/alley-3/stall-17/event/fault"
    attributes = {"specversion": "1.0", "id": "a-7", "sequence": "00000000000000000007"}
    found = read_notice(topic, body, attributes)
    assert (found.id, found.seq, found.stage, found.body) == ("a-7", 7, "unreadable", body)


def test_a_body_that_is_no_utf_8_is_not_understood() -> None:
    assert reported(View(site="alley-3", device="stall-17"), b'{"status":"\xff"}') is None
    with pytest.raises(NotANoticeError):
        read_notice("haetae/v1/alley-3/stall-17/event/fire", b'{"id":"\xff"}', {})


def test_a_device_cannot_speak_for_another() -> None:
    topic, body, attributes = sent(event())
    with pytest.raises(NotANoticeError, match="stall-17"):
        read_notice(topic.replace("stall-17", "stall-18"), body, attributes)


def test_a_device_that_is_gone_keeps_its_alarm_and_one_that_is_back_tells_anew() -> None:
    view = View(site="alley-3", device="stall-17")
    view = happened(view, read_notice(*sent(event())))
    gone = reported(view, b"offline")
    assert gone is not None
    assert (gone.connected, gone.stage("fire")) == (False, "alarm")
    back = reported(gone, b'{"coverage":{"fire":"proven"}}')
    assert back is not None
    assert (back.connected, back.stage("fire")) == (True, "clear")
    assert reported(back, b"nonsense") is None


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(list(Stage))), max_size=12))
def test_a_hazard_is_as_bad_as_its_worst_subject(course: list[tuple[str, Stage]]) -> None:
    view, now = View(site="alley-3", device="stall-17"), {}
    for seq, (subject, stage) in enumerate(course):
        made = event(Hazard.FAULT, stage, seq=seq, id=f"a-{seq}", subject=subject)
        view, now[subject] = happened(view, read_notice(*sent(made))), stage
    worst = [each for each in (Stage.ALARM, Stage.PREALARM) if each in now.values()]
    assert view.stage("fault") == (str(worst[0]) if worst else "clear")
