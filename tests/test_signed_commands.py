"""The whole agent and its commanders, through a real broker: what is signed, tried, collected."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent import cli
from agent.commands import LONGEST_TOML
from agent.in_force import InForce
from tests import brokers
from tests.agent.orders import body
from tests.commander import Commander
from tests.running import RunningAgent, needs, on_hub, running, until

SITE, DEVICE = "test", brokers.DEVICE
ROOT = f"haetae/v1/{SITE}/{DEVICE}"
STARTS = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)  # by the agent's clock, at each of its starts
RATE, FAST = 20.0, 40.0  # a trial lasts for 3 to 9 s, or 1.5 to 4.5 s
ROOM = """
profile = "room"
title = { ko = "방", en = "A room" }
sos = { buttons = ["sos"] }
annunciator = { siren = { gpio = 12 }, lamp = { gpio = 25 } }
[[sensors]]
name = "smoke_alarm"
driver = "smoke_relay"
gpio = 17
[[sensors]]
name = "sos"
driver = "button"
gpio = 23
[[sensors]]
name = "door"
driver = "door"
gpio = 22
"""
CHANGED = ROOM + "[recorder]\nminutes = 7\n"
LONGEST = CHANGED + "# " + "긴" * ((LONGEST_TOML - len(CHANGED.encode()) - 3) // 3) + "\n"


class City:
    """A broker, somebody who commands, and a device that obeys; `agent` is the device."""

    def __init__(self, folder: Path, broker: brokers.Mosquitto, hub: brokers.Listener) -> None:
        self.folder, self.broker, self.hub = folder, broker, hub
        self.desk = Commander(folder)
        self.text = on_hub(f"{ROOM}{self.desk.table}", DEVICE, broker.config())
        self.agent: RunningAgent
        self._given = 0

    @contextmanager
    def device(self, rate: float = RATE) -> Iterator[RunningAgent]:
        arguments = ("--starts", STARTS.isoformat(), "--rate", str(rate))
        self.hub.messages.clear()
        with running(self.folder, self.text, arguments=arguments) as self.agent:
            until(self.agent.armed, 30, "the agent is armed")
            assert self.hub.until(lambda: any(each != b"offline" for each in self.hub.states()))
            yield self.agent

    def give(self, verb: str, **own: Any) -> str:
        """Publish a signed command; its id."""
        self._given += 1
        own = {"id": f"nonce-{self._given:04d}"} | own
        signed = self.desk.command(verb, device=DEVICE, now=STARTS, life_s=600.0, **own)
        self.hub.publish(f"{ROOT}/cmd/{verb}", signed)
        return str(own["id"])

    def answer(self, command: str) -> dict[str, Any]:
        """The first answer to a command."""
        assert self.hub.until(lambda: self.answers(command), 40.0), self.agent.said()
        return self.answers(command)[0]

    def answers(self, command: str) -> list[dict[str, Any]]:
        found = [json.loads(each.body) for each in self.hub.messages if "/ack/" in each.topic]
        return [each for each in found if each["id"] == command]

    def in_force(self) -> str:
        return InForce(self.folder / "device.toml", self.agent.state).origin


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    needs("mosquitto")
    with brokers.Mosquitto(tmp_path / "hub") as broker, brokers.Listener(broker) as hub:
        yield City(tmp_path, broker, hub)


def outcome(answer: dict[str, Any]) -> str:
    return str(answer.get("code", answer["result"]))


def test_only_what_a_commander_has_signed_for_this_device_is_taken(city: City) -> None:
    with city.device() as agent:
        city.hub.publish(f"{ROOT}/cmd/identify", body(77, now=STARTS))
        assert outcome(city.answer("nonce-0077")) == "not_authentic"
        other = city.give("identify", to=f"haetae/v1/{SITE}/stall-18/cmd/identify")
        assert outcome(city.answer(other)) == "not_authorised"
        stranger = Commander(city.folder / "stranger", city.desk.name)
        forged = stranger.command("identify", device=DEVICE, now=STARTS, id="nonce-0078")
        city.hub.publish(f"{ROOT}/cmd/identify", forged)
        assert outcome(city.answer("nonce-0078")) == "not_authentic"
        assert not [at for at, level in agent.edges("lamp") if level]  # nothing has blinked
        assert outcome(city.answer(city.give("identify"))) == "accepted"
        until(lambda: len(agent.edges("lamp")) >= 6, 15, "it blinks")


def test_a_fire_is_not_silenced_from_afar(city: City) -> None:
    with city.device() as agent:
        agent.set("smoke_alarm.alarm", 1)
        assert city.hub.until(city.hub.events)
        fire = json.loads(city.hub.events()[0].body)["id"]
        answer = city.answer(city.give("silence", event=fire))
        assert outcome(answer) == "not_from_afar"
        assert answer["state"]["siren"] == "t3"
        toml = city.give("configuration", toml=CHANGED)
        assert outcome(city.answer(toml)) == "busy"  # nor does a restart interrupt it


def recorded(agent: RunningAgent) -> list[dict[str, Any]]:
    """What the device's ledger has of commands and configurations."""
    files = sorted((agent.state / "ledger").glob("*.jsonl"))
    lines = [json.loads(line) for each in files for line in each.read_text("utf-8").splitlines()]
    return [each["body"] for each in lines if each["kind"] in {"command", "configuration"}]


def fate(agent: RunningAgent) -> list[str]:
    """What the ledger says became of configurations from afar."""
    return [each["what"] for each in recorded(agent) if "what" in each]


def test_a_replayed_and_an_expired_command_are_refused_and_recorded(city: City) -> None:
    with city.device() as agent:
        command = city.give("identify")
        assert outcome(city.answer(command)) == "accepted"
        city.give("identify", id=command)
        assert city.hub.until(lambda: len(city.answers(command)) == 2)
        assert outcome(city.answers(command)[1]) == "replayed"
        old = city.give("identify", expires=STARTS.isoformat())
        assert outcome(city.answer(old)) == "expired"
        until(lambda: len(recorded(agent)) >= 3, 20, "all three are in the ledger")
        assert [(each["id"], each.get("code", each["result"])) for each in recorded(agent)] == [
            (command, "taken"), (command, "replayed"), (old, "expired"),
        ]  # fmt: skip
        assert recorded(agent)[1]["signer"] == city.desk.name


def test_a_self_test_is_answered_in_short_and_is_not_asked_for_twice(city: City) -> None:
    with city.device():
        answer = city.answer(city.give("selftest"))
        assert outcome(answer) == "accepted"
        assert answer["told"]["failed"] == []
        assert answer["told"]["passed"] >= 3  # smoke, the button and the outbox
        assert outcome(city.answer(city.give("selftest"))) == "too_many"


def test_a_recording_is_collected_in_pieces_and_replays(
    city: City, capsys: pytest.CaptureFixture[str]
) -> None:
    with city.device() as agent:
        agent.set("sos.pressed", 1)
        assert city.hub.until(city.hub.events)
        event = json.loads(city.hub.events()[0].body)["id"]
        until((agent.state / "recordings" / event).exists, 20, "it is frozen")
        assert collected(city)  # the last minutes
        whole = collected(city, event=event)
        assert outcome(city.answer(city.give("recording", event="../outbox"))) == "not_here"
    folder = city.folder / "collected"
    folder.mkdir()
    (folder / "readings.csv.gz").write_bytes(whole)
    (folder / "recording.toml").write_text('title = "collected"\nscenario = "sos"\n')
    assert gzip.decompress(whole).startswith(b"t_s,sensor,quantity,value\n")
    config = str(city.folder / "device.toml")
    assert cli.main(["replay", str(folder), "--config", config, "--json"]) == 0
    assert '"hazard":"sos"' in capsys.readouterr().out


def collected(city: City, **own: str) -> bytes:
    """Ask for a recording, and put it together."""
    command = city.give("recording", **own)
    told = city.answer(command)["told"]
    assert city.hub.until(lambda: len(pieces(city, command)) == told["pieces"])
    whole = b"".join(pieces(city, command))
    assert len(whole) == told["bytes"]
    assert hashlib.sha256(whole).hexdigest() == told["sha256"]
    return whole


def pieces(city: City, command: str) -> list[bytes]:
    """What has come of a recording, in order of its numbers."""
    place = f"{ROOT}/recording/{command}/"
    found = {
        int(each.topic.removeprefix(place)): each.body
        for each in city.hub.messages
        if each.topic.startswith(place)
    }
    return [found[n] for n in sorted(found)]


def test_a_configuration_that_stands_its_trial_stays_over_restarts(
    city: City, capsys: pytest.CaptureFixture[str]
) -> None:
    with city.device() as agent:
        answer = city.answer(command := city.give("configuration", toml=LONGEST))
        assert outcome(answer) == "accepted", answer
        digest = hashlib.sha256(LONGEST.encode()).hexdigest()
        assert answer["told"] == {"sha256": digest}
        assert answer["state"]["configuration"].startswith("remote")
        where = ("--config", str(city.folder / "device.toml"), "--state", str(agent.state))
        became = ["proposed", "on_trial", "good"]
        until(lambda: fate(agent) == became, 20, "the ledger has it all")
        cli.main(["check", "--json", *where])
        assert json.loads(capsys.readouterr().out)["in_force"] == "remote"
        until(lambda: is_on(agent, "remote"), 20, "the status file says so")
        cli.main(["status", "--run-dir", str(agent.run_dir)])
        assert f"configuration: remote, SHA-256 {digest}" in capsys.readouterr().out
        again = city.give("configuration", toml=LONGEST, id=command)
        assert city.hub.until(lambda: len(city.answers(again)) == 2)
        assert outcome(city.answers(again)[1]) == "replayed"
        agent.kill()
    with city.device() as agent:
        assert agent.status()["configuration"]["sha256"] == digest  # type: ignore[index]
        assert json.loads(city.hub.states()[-1])["configuration"] == f"remote {digest[:16]}"
        assert not city.answers(command)  # the hub had the answer


def proposed(city: City) -> str:
    """Give a configuration, and return once the agent has ended to try it."""
    command = city.give("configuration", toml=CHANGED)
    assert city.hub.until(lambda: city.hub.states()[-1] == b"offline")
    return command


def test_a_trial_without_the_hub_is_taken_back_and_said_once_it_is_there(city: City) -> None:
    with city.device(FAST) as agent:
        command = proposed(city)
        city.broker.kill()
        until(lambda: is_on(agent, "trial"), 30, "it is tried")
        until(lambda: is_on(agent, "installed"), 60, "it is taken back")
        city.broker.start()
        answer = city.answer(command)
        assert outcome(answer) == "rolled_back"
        assert answer["reason"] == "the hub did not answer"
        assert city.in_force() == "installed"
        assert len(city.answers(command)) == 1
        until(lambda: fate(agent)[-1] == "rolled_back", 20, "the ledger has it, too")


def is_on(agent: RunningAgent, origin: str) -> bool:
    found = agent.status()
    return found is not None and found["configuration"]["origin"] == origin


def test_a_trial_that_is_killed_is_taken_back_by_the_next_start(city: City) -> None:
    with city.device() as agent:
        command = proposed(city)
        with city.broker.frozen():  # or it might be found good first
            until(lambda: is_on(agent, "trial"), 30, "it is tried")
            agent.kill()
    with city.device() as agent:
        until(lambda: is_on(agent, "installed"), 20, "it is taken back")
        assert outcome(city.answer(command)) == "rolled_back"
