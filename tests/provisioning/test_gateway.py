"""The gateway as a process of its own beside a real broker, with a real agent in front of it."""

import base64
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from agent.link import user_properties
from agent.values import Event, Stage, Why
from provisioning.gateway.__main__ import main
from provisioning.gateway.webhook import is_authentic
from tests.brokers import DEADLINE_S, Mosquitto
from tests.provisioning.receivers import STATUS, Ear, Post, WebServer
from tests.provisioning.telling import event, named_by, sent
from tests.running import REPOSITORY, STALL, RunningAgent, on_hub, running, until

pytestmark = pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")

SECRET = base64.b64encode(bytes(range(32))).decode()
DEVICE = "stall-17"


class RunningGateway:
    """One gateway process; `folder` holds its configuration, memory and log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "gateway.log"
        command = [
            sys.executable, "-m", "provisioning.gateway", "--config", str(folder / "gateway.toml"),
            "--state", str(folder / "state"),
        ]  # fmt: skip
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=REPOSITORY)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(20)


@contextmanager
def gateway(folder: Path, home: Ear) -> Iterator[RunningGateway]:
    """A gateway that has said that it is at work."""
    before = len(home.on(STATUS))
    found = RunningGateway(folder)
    try:
        assert home.until(lambda: b'"online"' in b"".join(home.on(STATUS)[before:])), (
            found.log.read_text()
        )
        yield found
    finally:
        found.end(signal.SIGKILL)


def configure(folder: Path, broker: Mosquitto, web: WebServer, **webhook: object) -> None:
    certificate, key = broker.authority.issue("gateway")
    (folder / "secret").write_text(f"whsec_{SECRET}\n")
    text = f"""
[broker]
port = {broker.port}
ca = "{broker.authority.ca}"
certificate = "{certificate}"
key = "{key}"
[places."alley-3/{DEVICE}"]
ko = "중앙시장 3길 17호"
en = "Stall 17, Central Market"
[cap]
sender = "haetae@city.example"
folder = "{folder / "cap"}"
[home_assistant]
[onem2m]
ae = "Shaetae"
cse = "/Mobius2"
container = "Mobius/haetae/events"
answer_timeout_s = 1.0
[ngsi_ld]
url = "{web.url}"
[webhook]
url = "{web.url}/hook"
secrets = ["{folder / "secret"}"]
timeout_s = 5.0
"""
    (folder / "gateway.toml").write_text(text)


def hooks(web: WebServer) -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in web.posts if each.path == "/hook"]


def entities(web: WebServer) -> list[dict[str, Any]]:
    return [json.loads(each.body)[0] for each in web.posts if "upsert" in each.path]


def told_to(ear: Ear) -> list[str]:
    """The ids of what Home Assistant was told of as events."""
    bodies = ear.on("haetae/gateway/v1/home-assistant/")
    return [json.loads(body)["id"] for body in bodies if b"event_type" in body]


def last_status(ear: Ear) -> dict[str, Any]:
    """What the gateway has last said of itself."""
    said = ear.on(STATUS)
    found: dict[str, Any] = json.loads(said[-1]) if said else {}
    return found


def waiting(ear: Ear) -> dict[str, int]:
    """How many parcels wait for each output."""
    outputs = last_status(ear).get("outputs", {"nobody": {"waiting": 1}})
    return {name: each["waiting"] for name, each in outputs.items()}


def test_each_alarm_of_an_agent_is_told_once_to_each_system_though_the_gateway_is_killed(
    tmp_path: Path, broker: Mosquitto, web: WebServer, home: Ear, mobius: Ear
) -> None:
    configure(tmp_path, broker, web)
    text = on_hub(STALL, DEVICE, broker.config(DEVICE))
    (tmp_path / "agent").mkdir()
    with gateway(tmp_path, home) as first, running(tmp_path / "agent", text) as agent:
        until(agent.armed, 20, "armed")
        agent.set("sos.pressed", 1)
        until(lambda: hooks(web), 20, "the call is told")
        web.status = 503  # from here on nothing is taken, so that the kill finds work under way
        before = len(hooks(web))
        agent.set("sos.pressed", 0)
        agent.set("smoke_alarm.alarm", 1)
        until(lambda: len(hooks(web)) > before, 20, "the fire is tried")
        first.end(signal.SIGKILL)
        agent.set("sos.pressed", 1)  # while nobody listens
        until(lambda: status_of(agent)["outbox"]["last_seq"] >= 3, 20, "a second call")
        until(lambda: status_of(agent)["outbox"]["pending"] == 0, 20, "the broker has it all")
        web.status = 204
        with gateway(tmp_path, home) as second:
            until(lambda: last_status(home).get("taken", 0) >= 1, 20, "the second call is taken")
            until(lambda: not any(waiting(home).values()), 60, "all told")
            assert second.end() == 0
    told = {each["id"] for each in hooks(web)}
    assert {each["data"]["hazard"] for each in hooks(web)} >= {"sos", "fire"}
    assert all(each["simulated"] for each in hooks(web))
    named = {f"test_{DEVICE}_{each}" for each in told}
    assert {path.stem for path in (tmp_path / "cap").glob("*.xml")} == named
    assert mobius.instances == named
    assert {each["data"]["value"]["event"] for each in entities(web)} == told
    assert set(told_to(home)) == told
    # the one under way at the kill may come again: the same to the byte, so once in effect
    shown = home.on("haetae/gateway/v1/home-assistant/")
    assert len({body for body in shown if b"event_type" in body}) == len(told)


def status_of(agent: RunningAgent) -> dict[str, Any]:
    return agent.status() or {"outbox": {"last_seq": 0, "pending": 1}}


def test_every_attempt_is_signed_and_named_by_its_event(
    tmp_path: Path, broker: Mosquitto, web: WebServer, home: Ear
) -> None:
    configure(tmp_path, broker, web)
    web.answers = [500, 302]
    with gateway(tmp_path, home), speaker(broker) as say:
        say(event())
        until(lambda: len(posts(web)) >= 3, 20, "three attempts")
        until(lambda: last_status(home).get("taken") == 1, 20, "said")
    for post in posts(web):
        secret, stamp = base64.b64decode(SECRET), int(post.headers["webhook-timestamp"])
        assert post.headers["webhook-id"] == named_by(event())
        for age, authentic in ((0, True), (299, True), (301, False), (-301, False)):
            now = stamp + age
            assert is_authentic(post.headers, post.body, secret=secret, now=now) is authentic
        assert not is_authentic(post.headers, post.body + b" ", secret=secret, now=stamp)


def test_an_output_that_hangs_or_fails_holds_up_no_other(
    tmp_path: Path, broker: Mosquitto, web: WebServer, home: Ear
) -> None:
    configure(tmp_path, broker, web)  # no oneM2M server: its requests stay without an answer
    web.hold.clear()
    with gateway(tmp_path, home), speaker(broker) as say:
        for seq in range(1, 21):
            say(event(seq=seq, id=f"a-{seq}"))
        until(lambda: len(told_to(home)) == 20, 20, "Home Assistant hears all")
        until(lambda: len(list((tmp_path / "cap").glob("*.xml"))) == 20, 20, "so does CAP")
        until(lambda: waiting(home).get("webhook") == 20, 20, "the webhook waits")
        until(lambda: "no answer" in last_status(home)["outputs"]["onem2m"]["trouble"], 20, "said")
        assert last_status(home)["outputs"]["cap"]["trouble"] == ""
        web.hold.set()
        until(lambda: waiting(home).get("webhook") == 0, 30, "and is told in the end")


def test_what_comes_twice_or_is_told_again_is_taken_once_each(
    tmp_path: Path, broker: Mosquitto, web: WebServer, home: Ear
) -> None:
    configure(tmp_path, broker, web)
    first, again = event(), event(seq=43, id=event().id, revision=1)
    with gateway(tmp_path, home), speaker(broker) as say:
        for each in (first, first, again, again, first):
            say(each)
        until(lambda: last_status(home).get("repeated") == 3, 20, "three repeated")
        until(lambda: waiting(home).get("webhook") == 0, 20, "told")
    assert [(each["id"], each.get("revision", 0)) for each in hooks(web)] == [
        (first.id, 0),
        (first.id, 1),
    ]
    assert {path.stem for path in (tmp_path / "cap").iterdir()} == {
        named_by(first),
        f"{named_by(first)}-r1",
    }


def test_a_device_that_takes_the_id_of_anothers_event_swallows_nothing(
    tmp_path: Path, broker: Mosquitto, web: WebServer, home: Ear, mobius: Ear
) -> None:
    configure(tmp_path, broker, web)
    own = event(seq=43)
    foul = event(device="stall-18", stage=Stage.CLEARED, id=own.id)
    worse = event(device="stall-18", id=own.id, seq=44, revision=1)
    with gateway(tmp_path, home):
        with speaker(broker, "stall-18") as say:
            say(foul)
            say(worse)
        with speaker(broker) as say:
            say(own)
        until(lambda: last_status(home).get("taken") == 3, 20, "all taken")
        until(lambda: not any(waiting(home).values()), 20, "told")
    names = {named_by(foul), f"{named_by(worse)}-r1", named_by(own)}
    assert {path.stem for path in (tmp_path / "cap").iterdir()} == names
    assert mobius.instances == names
    assert {each.headers["webhook-id"] for each in posts(web)} == names
    assert len({each["id"] for each in entities(web)}) == 2
    alert = (tmp_path / "cap" / f"{named_by(own)}.xml").read_text()
    assert "<msgType>Alert</msgType>" in alert


def test_what_the_other_side_will_never_take_is_set_aside_and_tried_at_the_next_start(
    tmp_path: Path, broker: Mosquitto, web: WebServer, home: Ear
) -> None:
    configure(tmp_path, broker, web)
    web.status = 422
    with gateway(tmp_path, home), speaker(broker) as say:
        say(event())
        until(lambda: aside(home) == 1, 20, "set aside")
    web.status = 204
    with gateway(tmp_path, home):
        until(lambda: waiting(home).get("webhook") == 0, 20, "taken")


def test_home_assistant_is_shown_what_has_changed_and_all_of_it_at_each_start(
    tmp_path: Path, broker: Mosquitto, web: WebServer, home: Ear
) -> None:
    configure(tmp_path, broker, web)
    config = f"homeassistant/device/haetae_alley-3_{DEVICE}/config"
    state = f"haetae/gateway/v1/home-assistant/alley-3/{DEVICE}/state"
    with gateway(tmp_path, home), speaker(broker) as say:
        say(event())
        until(lambda: len(home.on(state)) == 1, 20, "the fire")
        say(event(seq=43, id="a-43", stage=Stage.CLEARED))
        until(lambda: len(home.on(state)) == 2, 20, "its end")
        until(lambda: waiting(home).get("home_assistant") == 0, 20, "all told")
    shown = [json.loads(each)["hazards"]["fire"] for each in home.on(state)]
    assert shown == ["alarm", "clear"]
    assert len(home.on(config)) == 1
    path = tmp_path / "gateway.toml"
    path.write_text(path.read_text().replace("Stall 17", "Stall 18"))
    with gateway(tmp_path, home):
        until(lambda: len(home.on(config)) == 2, 20, "shown anew")
    assert "Stall 18" in json.loads(home.on(config)[-1])["device"]["name"]


def aside(ear: Ear) -> int:
    outputs = last_status(ear).get("outputs", {})
    return int(outputs.get("webhook", {}).get("set_aside", 0))


def posts(web: WebServer) -> list[Post]:
    return [each for each in web.posts if each.path == "/hook"]


@contextmanager
def speaker(broker: Mosquitto, name: str = DEVICE) -> Iterator[Callable[[Event], None]]:
    """A device by hand."""
    certificate, key = broker.authority.issue(name)
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.tls_set(str(broker.authority.ca), str(certificate), str(key))
    client.connect("localhost", broker.port)
    client.loop_start()

    def say(made: Event) -> None:
        topic, body, attributes = sent(made)
        properties = user_properties("application/json", attributes)
        client.publish(topic, body, qos=1, properties=properties).wait_for_publish(DEADLINE_S)

    yield say
    client.disconnect()
    client.loop_stop()


def test_a_message_too_long_for_the_broker_is_set_aside_and_holds_up_nothing(
    tmp_path: Path, broker: Mosquitto, web: WebServer, home: Ear, mobius: Ear
) -> None:
    configure(tmp_path, broker, web)
    with gateway(tmp_path, home), speaker(broker) as say:
        say(event(seq=1, why=Why("<" * 60_000, '"' * 60_000)))  # as CAP, longer than 256 KiB
        say(event(seq=2))
        until(lambda: named_by(event(seq=2)) in mobius.instances, 20, "what came after it is told")
        until(lambda: last_status(home)["outputs"]["cap"]["delivered"] == 1, 20, "in CAP, too")
        assert last_status(home)["outputs"]["cap"]["set_aside"] == 1
    assert (tmp_path / "gateway.log").read_text().count("the connection broke") == 0


def test_a_mistake_in_the_file_is_said_in_one_line_with_its_remedy(
    tmp_path: Path, broker: Mosquitto, web: WebServer, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(tmp_path, broker, web)
    path = tmp_path / "gateway.toml"
    good = path.read_text()
    assert main(["--config", str(path), "check"]) == 0
    for wrong, says in (
        (good.replace("answer_timeout_s", "answer_timeout"), "did you mean `answer_timeout_s`"),
        (good.replace("127.0.0.1", "hooks.example"), "write https://"),
        (good.replace("sender = ", "# "), "add `sender = ...`"),
        (good.replace(f"alley-3/{DEVICE}", DEVICE), 'write "site/device"'),
        (good.replace("secrets = ", "# "), "add `secrets = [...]`"),
        (good.replace("gateway.pem", "none.pem"), "issue the gateway's certificate"),
        (good.replace('secret"]', 'absent"]'), "No such file"),
        ("[broker]", "no output"),
    ):
        path.write_text(wrong)
        assert main(["--config", str(path), "check"]) == 78
        (said,) = capsys.readouterr().err.splitlines()
        assert says in said
