"""Revocation and quarantine, as the broker of the hub sees them: a real mosquitto."""

import threading
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from agent.hub import Hub
from agent.hub_cause import Cause
from agent.quarantine import MARK
from agent.reader import HOME, Reader
from hw_mocks.child import until
from provisioning.remedy import ProvisioningError
from tests.agent.events import opened, put, row_of
from tests.brokers import DEADLINE_S, Listener, Mosquitto
from tests.provisioning.cities import DAY, DEVICE, SITE, YEAR, City, Stall
from tests.running import STALL, on_hub, running

# paho leaves the half-made socket of a failed handshake to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
HELD = f"haetae/v1/{SITE}/{MARK}{DEVICE}"
OWN = f"haetae/v1/{SITE}/{DEVICE}"


@pytest.fixture
def stall(city: City, tmp_path: Path) -> Stall:
    found = Stall(tmp_path / "stall", city, city.claim())
    assert found.enrol() == 0
    return found


def hub_of(broker: Mosquitto, stall: Stall, **changes: Any) -> Hub:
    anchors = str(stall.configuration / "identity/ca.pem")
    config = broker.config(files=stall.files, ca=anchors, **changes)
    return Hub(config, device=DEVICE, site=SITE, state=lambda: b"{}", wall=stall.wall)


class Visitor:
    """Whoever has these files, with a client of its own: which topics it may write."""

    def __init__(self, broker: Mosquitto, stall: Stall) -> None:
        self._answers: dict[int, bool] = {}
        self._changed = threading.Condition()
        self._client = client = Client(
            CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5
        )
        anchors = stall.configuration / "identity/ca.pem"
        certificate, key = map(str, stall.files)
        client.tls_set(str(anchors), certificate, key)
        client.on_publish = self._on_publish
        client.connect("localhost", broker.port)
        client.loop_start()

    def may_write(self, topic: str) -> bool:
        number = self._client.publish(topic, b"x", qos=1).mid
        with self._changed:
            assert self._changed.wait_for(lambda: number in self._answers, DEADLINE_S)
            return self._answers[number]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_publish(self, _c: Client, _d: Any, mid: int, reason: ReasonCode, *_: Any) -> None:
        with self._changed:
            self._answers[mid] = not reason.is_failure
            self._changed.notify_all()


def forward_all(hub: Hub, reader: Reader) -> None:
    """Send what waits, and confirm it, as `agent.uplink.forward` does."""
    while (row := reader.oldest()) is not None:
        assert hub.send(row), hub.status
        reader.confirm(row.seq, 0.0)


def enrolled_long_ago(city: City, tmp_path: Path) -> Stall:
    """A device whose certificate ended a month ago."""
    city.ahead = -YEAR - 30 * DAY
    stall = Stall(tmp_path / "old", city, city.claim())
    stall.ahead, stall.source = city.ahead, "rtc"
    assert stall.enrol() == 0
    city.ahead, stall.ahead = 0 * DAY, 0 * DAY
    return stall


def test_a_revoked_device_is_out_as_soon_as_the_broker_reads_the_list(
    city: City, stall: Stall, tmp_path: Path
) -> None:
    other = Stall(tmp_path / "other", city, city.claim("stall-18"), name="stall-18")
    assert other.enrol() == 0
    with city.broker(tmp_path / "hub", crl=True) as broker:
        hub = hub_of(broker, stall)
        assert hub.send(row_of()), hub.status
        hub.close()
        assert city.office().revoke(DEVICE, "stolen") == 1
        city.hand_over_crl(broker, tmp_path / "hub")
        broker.reload()
        assert not hub.send(row_of(seq=2))
        assert hub.cause in {Cause.CERTIFICATE_REVOKED, Cause.CERTIFICATE_PROBABLY_REFUSED}
        assert hub.standing.remedy is not None
        anchors = str(other.configuration / "identity/ca.pem")
        config = broker.config("stall-18", files=other.files, ca=anchors)
        neighbour = Hub(config, device="stall-18", site=SITE, state=lambda: b"{}")
        assert neighbour.send(row_of()), neighbour.status
        neighbour.close()


def test_a_card_that_was_made_anew_puts_the_old_one_on_the_list(
    city: City, stall: Stall, tmp_path: Path
) -> None:
    new = Stall(tmp_path / "new", city, city.claim())
    assert new.enrol() == 0
    before = city.authority.revoked.der
    city.authority.revoked.write_if_due()
    found = x509.load_der_x509_crl(city.authority.revoked.der)
    assert [each.serial_number for each in found] == [stall.serial]
    after = city.authority.revoked.der
    city.authority.revoked.write_if_due()
    assert before != after == city.authority.revoked.der


def test_what_comes_late_is_quarantined_and_its_alarm_arrives_marked(
    city: City, tmp_path: Path
) -> None:
    stall = enrolled_long_ago(city, tmp_path)
    with city.broker(tmp_path / "hub") as broker, Listener(broker) as listener:
        hub = hub_of(broker, stall)
        assert not hub.send(row_of())
        assert hub.cause is Cause.CERTIFICATE_EXPIRED
        assert stall.enrol() == 0
        assert (stall.told.state, stall.told.code) == ("quarantined", "quarantined")
        assert hub.send(row_of()), hub.status
        listener.until(listener.events)
        hub.close()
    assert [each.topic for each in listener.events()] == [f"{HELD}/event/sos"]
    assert city.office().devices()[0].state == "quarantined"


def test_a_quarantined_device_writes_nowhere_else(city: City, tmp_path: Path) -> None:
    stall = enrolled_long_ago(city, tmp_path)
    assert stall.enrol() == 0
    with city.broker(tmp_path / "hub") as broker:
        visitor = Visitor(broker, stall)
        for topic in (f"{HELD}/event/fire", f"{HELD}/state", f"{HELD}/ack/identify"):
            assert visitor.may_write(topic), topic
        other = f"haetae/v1/{SITE}/stall-18"
        for tree in (OWN, other, "haetae/gateway/v1", f"haetae/v1/{MARK}{DEVICE}"):
            assert not any(visitor.may_write(f"{tree}/{e}") for e in ("event/fire", "state")), tree
        assert not visitor.may_write(f"{HELD}/cmd/silence")
        visitor.close()


def test_nothing_is_lost_on_the_way_through_quarantine(city: City, tmp_path: Path) -> None:
    stall = enrolled_long_ago(city, tmp_path)
    with (
        city.broker(tmp_path / "hub") as broker,
        Listener(broker) as listener,
        opened(tmp_path / "outbox.db") as outbox,
    ):
        hub, reader = hub_of(broker, stall, heartbeat_s=1.0), outbox.reader(HOME)
        ids = [each.id for each in put(outbox, 2)]
        assert (first := reader.oldest()) is not None
        assert not hub.send(first)
        assert stall.enrol() == 0
        forward_all(hub, reader)
        ids += [each.id for each in put(outbox, 2)]
        forward_all(hub, reader)
        city.office().release(DEVICE)
        assert stall.enrol() == 0
        assert stall.told.state == "enrolled"
        until(lambda: not hub.heartbeat_if_due(), DEADLINE_S, "it hangs up")
        ids += [each.id for each in put(outbox, 2)]
        forward_all(hub, reader)
        listener.until(lambda: len(listener.events()) == 6)
        hub.close()
    assert [each.attributes["id"] for each in listener.events()] == ids
    assert [each.topic for each in listener.events()] == [f"{HELD}/event/sos"] * 4 + [
        f"{OWN}/event/sos"
    ] * 2


def test_a_whole_agent_calls_from_quarantine_and_comes_out_of_it_while_it_runs(
    city: City, tmp_path: Path
) -> None:
    stall = enrolled_long_ago(city, tmp_path)
    assert stall.enrol() == 0
    with city.broker(tmp_path / "hub") as broker, Listener(broker) as listener:
        anchors = str(stall.configuration / "identity/ca.pem")
        config = broker.config(files=stall.files, ca=anchors, heartbeat_s=1.0)
        with running(tmp_path, on_hub(STALL, DEVICE, config)) as agent:
            until(agent.armed, 30, "the agent is armed")
            agent.set("sos.pressed", 1)
            calls = f"haetae/v1/test/{MARK}{DEVICE}"
            assert listener.until(lambda: heard(listener, f"{calls}/event/sos"))
            city.office().release(DEVICE)
            assert stall.enrol() == 0
            assert listener.until(lambda: heard(listener, f"haetae/v1/test/{DEVICE}/state"))
            agent.set("sos.pressed", 0)
            agent.set("sos.pressed", 1)
            assert listener.until(lambda: heard(listener, f"haetae/v1/test/{DEVICE}/event/sos"))
            assert heard(listener, f"{calls}/state")[-1] == b"offline"
            assert agent.stop() == 0


def heard(listener: Listener, topic: str) -> list[bytes]:
    return [each.body for each in listener.messages if each.topic == topic]


def test_until_it_is_released_it_only_waits(city: City, tmp_path: Path) -> None:
    stall = enrolled_long_ago(city, tmp_path)
    assert stall.enrol() == 0
    serial = stall.serial
    assert stall.enrol() == 0
    assert (stall.told.state, stall.serial) == ("quarantined", serial)
    city.ahead = stall.ahead = 21 * DAY  # two thirds of the quarantine's certificate
    assert stall.enrol() == 0
    assert (stall.told.state, stall.serial == serial) == ("quarantined", False)
    city.office().release(DEVICE)
    assert stall.enrol() == 0
    assert (stall.told.state, stall.told.code) == ("enrolled", "")


def test_a_release_is_good_once(city: City, tmp_path: Path) -> None:
    stall = enrolled_long_ago(city, tmp_path)
    office = city.office()
    with pytest.raises(ProvisioningError, match="not-quarantined"):
        office.release(DEVICE)
    assert stall.enrol() == 0
    office.release(DEVICE)
    assert stall.enrol() == 0
    assert stall.told.state == "enrolled"
    with pytest.raises(ProvisioningError, match="not-quarantined"):
        office.release(DEVICE)


def test_a_release_is_not_for_whoever_gets_the_name_after(city: City, tmp_path: Path) -> None:
    assert enrolled_long_ago(city, tmp_path).enrol() == 0
    city.office().release(DEVICE)  # but its card is made anew before it comes for it
    heir = Stall(tmp_path / "heir", city, city.claim())
    heir.ahead = city.ahead
    assert heir.enrol() == 0
    city.ahead = heir.ahead = city.ahead + YEAR + 30 * DAY
    assert heir.enrol() == 0
    assert heir.told.state == "quarantined", "it comes late itself, and nobody has looked at it"


def test_of_two_that_renew_the_same_certificate_the_second_is_quarantined(
    city: City, stall: Stall, tmp_path: Path
) -> None:
    stall.copy_to(tmp_path / "copy")
    city.ahead += 250 * DAY
    stall.ahead, stall.source = city.ahead, "rtc"
    copy = Stall(tmp_path / "copy", city, None)
    copy.ahead, copy.source = city.ahead, "rtc"
    assert stall.enrol() == 0
    assert copy.enrol() == 0
    assert (stall.told.state, copy.told.state) == ("enrolled", "quarantined")
