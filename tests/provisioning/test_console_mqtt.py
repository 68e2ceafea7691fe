"""The console's own MQTT 5, in the browser, beside paho's."""

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.provisioning.office import Office, script_file

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


def packet(first: int, body: bytes) -> bytes:
    length, out = len(body), bytearray([first])
    while True:
        length, low = divmod(length, 128)
        out.append(low | (0x80 if length else 0))
        if not length:
            return bytes(out) + body


def text(value: str) -> bytes:
    raw = value.encode()
    return len(raw).to_bytes(2, "big") + raw


def publish(
    topic: str, body: bytes, user: list[tuple[str, str]], number: int = 0, *, retained: bool = False
) -> bytes:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = "application/json"
    if user:
        properties.UserProperty = user
    packed = properties.pack()  # type: ignore[no-untyped-call]
    head = text(topic) + (number.to_bytes(2, "big") if number else b"")
    return packet(0x30 | (2 if number else 0) | int(retained), head + packed + body)


def decoded(office: Office, *streams: list[bytes]) -> list[Any]:
    """What the page's decoder makes of each stream, which comes in these pieces."""
    return list(
        office.module(
            "packets.js",
            script_file("packet_streams.js"),
            [[list(p) for p in pieces] for pieces in streams],
        )
    )


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    body=st.binary(max_size=300),
    user=st.lists(st.tuples(TEXT, TEXT), max_size=4),
    number=st.integers(0, 65535),
    cuts=st.lists(st.integers(0, 400), max_size=5),
)
def test_a_message_comes_out_as_it_was_however_the_network_cuts_it(
    office: Office, body: bytes, user: list[tuple[str, str]], number: int, cuts: list[int]
) -> None:
    retained = bool(number % 3)
    whole = publish("haetae/v1/집/기기-1/state", body, user, number, retained=retained) * 2
    at = [0, *sorted(min(each, len(whole)) for each in cuts), len(whole)]
    pieces = [whole[begin:end] for begin, end in itertools.pairwise(at)]
    (found,) = decoded(office, pieces)
    assert found["left"] == 0
    assert len(found["found"]) == 2
    one = found["found"][1]
    assert one["topic"] == "haetae/v1/집/기기-1/state"
    assert bytes(one["payload"]) == body
    assert [tuple(pair) for pair in one["properties"]["user"]] == user
    assert (one["id"], one["qos"], one["retained"]) == (number, int(number > 0), retained)


GOOD = [
    packet(0x20, bytes([1, 0, 3, 0x21, 0, 20])),
    packet(0x90, bytes([0, 1, 0, 1, 1, 1])),
    packet(0x40, bytes([0, 7, 0x10, 0])),
    packet(0x40, bytes([0, 7])),
    packet(0xD0, b""),
    packet(0xE0, bytes([0x8E])),
    publish("haetae/v1/a/b/event/fire", b"{}", [("id", "b-1"), ("time", "now")], 9),
]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.tuples(
                st.sampled_from(GOOD),
                st.lists(st.tuples(st.integers(0, 99), st.integers(0, 255)), max_size=4),
            ),
        ),
        max_size=40,
    )
)
def test_no_bytes_can_do_more_than_end_the_connection(office: Office, cases: list[Any]) -> None:
    streams = []
    for case in cases:
        if isinstance(case, bytes):
            streams.append([case])
            continue
        changed = bytearray(case[0])
        for at, value in case[1]:
            changed[at % len(changed)] = value
        streams.append([bytes(changed)])
    for found in decoded(office, *streams):
        assert "found" in found or found["isOurs"], found


def test_what_a_broker_says_is_understood(office: Office) -> None:
    found = [each["found"][0]["kind"] for each in decoded(office, *[[each] for each in GOOD])]
    assert found == ["connack", "suback", "puback", "puback", "pingresp", "disconnect", "publish"]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (packet(0x30, b"\x00\xff"), "cut short"),
        (packet(0x30, text("a/+") + b"\x00"), "topic"),
        (packet(0x30, text("") + b"\x00"), "topic"),
        (packet(0x32, text("a") + b"\x00\x00\x00"), "identifier 0"),
        (packet(0x34, text("a") + b"\x00\x01\x00"), "QoS 2"),
        (packet(0x30, b"\x00\x01\xff\x00"), "UTF-8"),
        (packet(0x30, b"\x00\x01\x00\x00"), "null"),
        (packet(0x30, text("a") + b"\x03\x23\x00\x01"), "alias"),
        (packet(0x30, text("a") + b"\x01\x7f"), "not known"),
        (packet(0x30, text("a") + b"\x04\x01\x00\x01\x00"), "twice"),
        (packet(0x30, text("a") + b"\x05\x26\x00\x01a\x00"), "cut short"),
        (packet(0x20, b"\x02\x00\x00"), "reserved"),
        (packet(0x20, b"\x01\x87\x00"), "refusal"),
        (packet(0x90, b"\x00\x01\x00"), "empty SUBACK"),
        (packet(0xD0, b"x"), "too many"),
        (packet(0x21, b"\x00\x00\x00"), "flags"),
        (packet(0x10, b""), "not for a client"),
        (b"\x30\xff\xff\xff\x7f", "a packet of"),
        (b"\x30\xff\xff\xff\xff\x01", "four bytes"),
        (b"\xd0\x80\x00", "longer than it need be"),
    ],
)
def test_what_breaks_the_standard_is_refused_with_its_reason(
    office: Office, raw: bytes, why: str
) -> None:
    (found,) = decoded(office, [raw])
    assert found.get("isOurs"), found
    assert why in found["error"]


def test_what_goes_out_is_as_paho_reads_it(office: Office) -> None:
    raw = bytes(
        office.module(
            "packets.js",
            """return [...m.publish({ topic: "haetae/v1/a/b/cmd/answered", id: 513, expiryS: 300,
            payload: new TextEncoder().encode("{}"), contentType: "application/json",
            user: [["이름", "값"]] })]""",
        )
    )
    assert raw[0] == 0x32
    assert raw[1] == len(raw) - 2
    topic = text("haetae/v1/a/b/cmd/answered")
    assert raw[2 : 2 + len(topic)] == topic
    rest = raw[2 + len(topic) :]
    assert rest[:2] == bytes([2, 1])
    properties: Any = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    _, used = properties.unpack(rest[2:])
    assert properties.MessageExpiryInterval == 300
    assert properties.ContentType == "application/json"
    assert properties.UserProperty == [("이름", "값")]
    assert rest[2 + used :] == b"{}"


@pytest.mark.parametrize("topic", ["", "a/#", "a/+/b"])
def test_no_topic_goes_out_that_is_none(office: Office, topic: str) -> None:
    ask = """try { m.publish({ topic: given[0], payload: new Uint8Array(0) }); return "" }
             catch (error) { return error.message }"""
    assert "topic" in office.module("packets.js", ask, topic)
