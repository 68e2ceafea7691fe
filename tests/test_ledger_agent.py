"""The whole agent and its ledger: through a real broker, an inspection, a kill and a restart."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from agent.ledger_check import Report, verify
from agent.ledger_file import Head
from agent.signing import load_verifier
from tests import brokers
from tests.agent.ledgers import lines
from tests.running import needs, until
from tests.test_signed_commands import DEVICE, City


class Witness(City):
    """A city that remembers every head that its device told."""

    def __init__(self, folder: Path, broker: brokers.Mosquitto, hub: brokers.Listener) -> None:
        super().__init__(folder, broker, hub)
        self.text = re.sub(r"(?m)^heartbeat_s = .*$", "heartbeat_s = 1.0", self.text)
        self.heads: set[str] = set()

    def verified(self) -> Report:
        """The device's ledger, held against all it ever told."""
        for state in self.hub.states():
            if state != b"offline" and (head := json.loads(state).get("ledger")):
                self.heads.add(head)
        return verify(
            self.agent.state / "ledger",
            keys=[load_verifier((self.folder / "hub" / f"{DEVICE}.pem").read_bytes())],
            heads=[Head.parse(each) for each in self.heads],
        )

    def records(self, kind: str) -> list[dict[str, Any]]:
        found = map(json.loads, lines(self.agent.state / "ledger"))
        return [each["body"] for each in found if each["kind"] == kind]


def test_an_inspected_button_is_proven_over_a_kill_and_a_restart(tmp_path: Path) -> None:
    needs("mosquitto")
    with brokers.Mosquitto(tmp_path / "hub") as broker, brokers.Listener(broker) as hub:
        city = Witness(tmp_path, broker, hub)
        with city.device(rate=1.0) as agent:
            nonce = city.give("inspect", sensor="sos", minutes=1.0)
            until(lambda: len(agent.edges("lamp")) >= 3, 20, "the lamp shows the inspection")
            agent.set("sos.pressed", 1)
            assert hub.until(hub.events)
            agent.set("sos.pressed", 0)
            event = json.loads(hub.events()[0].body)
            assert (event["hazard"], event["inspection"]) == ("sos", nonce)
            answer = city.answer(nonce)
            assert (answer["result"], answer["told"]["result"]) == ("accepted", "proven")
            until(lambda: city.records("inspection"), 20, "the result is in the ledger")
            until(lambda: any(b'"ledger"' in each for each in hub.states()), 20, "the head is told")
            agent.kill()
        first = city.verified()
        assert (first.fault, first.unsigned) == (None, 0)
        assert city.heads
        assert [each["result"] for each in city.records("command")] == ["taken"]
        assert [each["id"] for each in city.records("event")] == [event["id"]]
        with city.device() as agent:
            until(lambda: len(city.records("start")) == 2, 20, "the start is recorded")
            assert city.records("start")[1]["proven"]["sos"]["nonce"] == nonce
            assert agent.stop() == 0
        assert city.verified().fault is None
        assert len(city.records("stop")) == 1


def test_an_inspection_that_a_kill_cuts_off_is_recorded_and_answered(tmp_path: Path) -> None:
    needs("mosquitto")
    with brokers.Mosquitto(tmp_path / "hub") as broker, brokers.Listener(broker) as hub:
        city = Witness(tmp_path, broker, hub)
        with city.device(rate=1.0) as agent:
            nonce = city.give("inspect", sensor="sos", minutes=1.0)
            until(lambda: len(agent.edges("lamp")) >= 3, 20, "the lamp shows the inspection")
            until(lambda: city.records("command"), 20, "the command is in the ledger")
            agent.kill()
        with city.device() as agent:
            told = city.answer(nonce)["told"]
            assert (told["result"], told["outcome"]) == ("failed", "interrupted")
            assert city.records("inspection") == [told]
            assert agent.stop() == 0
        assert city.verified().fault is None


def test_every_event_that_the_hub_has_is_in_the_ledger_by_its_hash(tmp_path: Path) -> None:
    needs("mosquitto")
    with brokers.Mosquitto(tmp_path / "hub") as broker, brokers.Listener(broker) as hub:
        city, heard = Witness(tmp_path, broker, hub), dict[str, str]()
        for _ in range(3):  # and a kill behind each
            with city.device() as agent:
                agent.set("sos.pressed", 1)
                assert hub.until(hub.events)
                agent.kill()
                for each in hub.events():
                    found = json.loads(each.body)["id"]
                    heard[found] = hashlib.sha256(each.body).hexdigest()
        with city.device() as agent:
            assert agent.stop() == 0
        assert city.verified().fault is None
        told = {each["id"]: each["digest"] for each in city.records("event")}
        assert heard.items() <= told.items()
