"""The hub around a rig: the shipped broker's configuration with TLS, its authority, a listener."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from agent.sections import HubConfig
from tests import brokers

OFFLINE = b"offline"  # the last will
SITE, DEVICE = "test", "rig-1"


@dataclass(frozen=True, slots=True)
class HubEvent:
    """An event as it came to the hub; `body` is its JSON, `retained` must never hold."""

    hazard: str
    stage: str
    id: str
    retained: bool
    attributes: dict[str, str]
    body: dict[str, Any]


class RigHub:
    """A mosquitto on this machine for one device; runs once opened.

    It listens at `address`, where the device finds it as `seen_as`: the same unless something
    lies between them, as QEMU's 10.0.2.2 for the loopback. `port` is a free one unless given.
    """

    def __init__(
        self,
        folder: Path,
        *,
        address: str = "127.0.0.1",
        seen_as: str = "127.0.0.1",
        port: int | None = None,
        device: str = DEVICE,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.device, self.seen_as = device, seen_as
        self.broker = brokers.Mosquitto(folder, address=address, port=port)
        if seen_as != address:
            self.broker.authority.issue("server", address=seen_as)
        self._log = folder / "mosquitto.log"
        self._certificate, self._key = self.broker.authority.issue(device)
        self.key_on_device = ""  # where it was put, once `tables` has said so
        self._stack = ExitStack()
        self._listener: brokers.Listener | None = None
        self._is_up = False

    def open(self) -> None:
        """Start the broker, and listen there."""
        self._stack.enter_context(self.broker)
        self._is_up = True
        self._listener = self._stack.enter_context(brokers.Listener(self.broker))

    def close(self) -> None:
        """End both."""
        self._stack.close()

    def files(self) -> dict[str, bytes]:
        """What the device keeps in its identity folder: ca.pem, device.pem, device.key."""
        found = {
            "ca.pem": self.broker.authority.ca,
            "device.pem": self._certificate,
            "device.key": self._key,
        }
        return {name: path.read_bytes() for name, path in found.items()}

    def tables(self, identity: str, **changes: Any) -> str:
        """The tables [device] and [hub] of its configuration; `identity` is that folder there."""
        self.key_on_device = f"{identity}/device.key"
        settings: dict[str, Any] = {
            "host": self.seen_as,
            "port": self.broker.port,
            "ca": f"{identity}/ca.pem",
            "certificate": f"{identity}/device.pem",
            "key": self.key_on_device,
            "heartbeat_s": 5.0,
        }
        fields = msgspec.to_builtins(HubConfig(**(settings | changes)))
        lines = [f"{key} = {json.dumps(value)}" for key, value in fields.items()]
        about = ["[device]", f'id = "{self.device}"', f'site = "{SITE}"']
        return "\n".join([*about, "[hub]", *lines, ""])

    def log(self) -> str:
        """All that the broker has written."""
        return self._log.read_text("utf-8")

    def go(self) -> None:
        """Take the hub away, as a power cut there does; nothing it has taken is lost."""
        if self._is_up:
            self.broker.stop()
            self._is_up = False

    def come(self) -> None:
        """Bring it back, with what it kept."""
        if not self._is_up:
            self.broker.start()
            self._is_up = True
            self._heard.until(lambda: self._heard.subscribed)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Without it for a while."""
        self.go()
        try:
            yield
        finally:
            self.come()

    def events(self) -> list[HubEvent]:
        """Every event of the device that came, in the order of its coming."""
        return [self._event(each) for each in self._heard.events() if self._is_ours(each.topic)]

    def states(self) -> list[dict[str, Any]]:
        """What the device has said of itself, in the order of its coming; `offline` left out."""
        said = [each for each in self._heard.messages if each.topic.endswith("/state")]
        bodies = [each.body for each in said if self._is_ours(each.topic)]
        return [json.loads(each) for each in bodies if each != OFFLINE]

    def wait(self, holds: Callable[[], object], within_s: float) -> bool:
        """Whether something about what was heard comes to hold in so many seconds."""
        return self._heard.until(holds, within_s)

    def event(
        self, hazard: str, stage: str, *, within_s: float, behind: int = 0, of: str = ""
    ) -> HubEvent:
        """The first such event behind the first `behind` ones; `of` is its subject, if it matters.

        Raises:
            AssertionError: It did not come; the message says what did.
        """

        def found() -> list[HubEvent]:
            return [
                each
                for each in self.events()[behind:]
                if (each.hazard, each.stage) == (hazard, stage)
                and of in {"", each.body.get("subject")}
            ]

        if not self._heard.until(found, within_s):
            came = [f"{each.hazard} {each.stage}" for each in self.events()[behind:]]
            raise AssertionError(f"no {hazard} {stage} within {within_s:g} s; came: {came}")
        return found()[0]

    @property
    def _heard(self) -> brokers.Listener:
        if self._listener is None:
            raise AssertionError("the hub is not open")
        return self._listener

    def _is_ours(self, topic: str) -> bool:
        return topic.split("/")[3] == self.device

    @staticmethod
    def _event(came: brokers.Received) -> HubEvent:
        body = json.loads(came.body)
        return HubEvent(
            body["hazard"], body["stage"], body["id"], came.retained, came.attributes, body
        )
