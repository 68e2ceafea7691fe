"""The hub as the uplink sees it: rows go out, confirmed or not; see docs/adr/0004-outbox.md."""

import ipaddress
import logging
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from agent.certificates import CertificateFileError, tls_context, valid_until
from agent.envelope import (
    CONTENT_TYPE,
    DAMAGED_TYPE,
    header,
    is_late,
    kernel_boot,
    properties,
    structured,
    unreadable,
)
from agent.eventfile import Row
from agent.link import (
    CONNECT_S,
    GRACE_S,
    Acknowledged,
    Connected,
    Link,
    Lost,
    Subscribed,
    user_properties,
)
from agent.orders import Answer, Orders
from agent.sections import HubConfig
from agent.wallclock import read_wall_clock

log = logging.getLogger(__name__)

OFFLINE = b"offline"
RIVALLED_S = 600.0  # two that push each other out come to this in turn: it must not flicker
OFTEN = 3  # some brokers close the older connection of a name without a word
_NOBODY = 0x10  # PUBACK "No matching subscribers" (MQTT 5 §3.4.2.1): taken, but nobody listens


class Hub:
    """The city hub's broker, spoken to by one thread.

    `state` gives the retained message of coverage and health; `clock` is monotonic seconds, for
    the heartbeat and the age of events; `connect_s` is how long name, TCP, TLS and CONNACK may
    take together; `orders` takes the hub's commands, where they are wanted. Nothing here raises:
    `status` says in one sentence how things stand, and no call blocks longer than `patience_s`.
    """

    def __init__(  # noqa: PLR0913  # who, where, and what the outer world gives
        self,
        config: HubConfig,
        *,
        device: str,
        site: str,
        state: Callable[[], bytes],
        clock: Callable[[], float] = time.monotonic,
        connect_s: float = CONNECT_S,
        orders: Orders | None = None,
    ) -> None:
        self._connect_s, self._orders = connect_s, orders
        self._config, self._device, self._site = config, device, site
        self._state, self._clock = state, clock
        self._root = f"haetae/v1/{site}/{device}"
        self._boot = kernel_boot()
        self._link: Link | None = None
        self._dropped: Link | None = None
        self._beat_due = 0.0
        self._beat: tuple[int, float] | None = None  # its number and deadline, while unconfirmed
        self._answer: tuple[int, Answer] | None = None  # its number, while unconfirmed
        self._deaf = ""  # why no command is heard
        self._rivalled_until = 0.0  # so long it is said that another device has our name
        self._broken: deque[float] = deque(maxlen=OFTEN)  # when, in monotonic seconds
        self._status = "not connected yet"

    @property
    def status(self) -> str:
        """How the connection stands, or why there is none."""
        now = time.monotonic()
        if now < self._rivalled_until:
            return f"{self._status}; another device connects as {self._device}: was a card cloned?"
        if sum(now - at < RIVALLED_S for at in self._broken) >= OFTEN:
            doubt = f"a weak link, or another device as {self._device} (was a card cloned?)"
            return f"{self._status}; the connection breaks again and again: {doubt}"
        return f"{self._status}; {self._deaf}" if self._deaf else self._status

    @property
    def patience_s(self) -> float:
        """The longest that one call may take, in seconds."""
        return self._connect_s + self._config.puback_timeout_s + GRACE_S

    def send(self, row: Row) -> bool:
        """Publish a row; True only once the hub confirmed this very message with success."""
        if (link := self._connected()) is None:
            return False
        found = header(row.body)
        event = found or unreadable(row.id, row.seq, site=self._site, device=self._device)
        late = is_late(event, boot=self._boot, now=self._clock())
        topic = f"{self._root}/event/{event.hazard}"
        if self._config.protocol == "5":
            kind = CONTENT_TYPE if found is not None else DAMAGED_TYPE
            attributes = user_properties(kind, properties(event, historical=late))
            number = link.publish(topic, row.body, attributes, retain=False)
        else:
            body = structured(row.body, event=event, historical=late)
            number = link.publish(topic, body, retain=False)
        answer = self._await(number, link, self._config.puback_timeout_s)
        if answer is None:
            return False
        if answer.reason.is_failure:
            self._say(f"the hub denied {topic}: {answer.reason}")
            return False
        nobody = answer.reason.value == _NOBODY
        self._say("connected, but nobody listens at the hub" if nobody else "connected")
        return True

    def heartbeat_if_due(self) -> bool:
        """Connect if need be, and publish `state` if it is time; False if the hub is away."""
        if (link := self._connected()) is None:
            return False
        while (note := link.note(0.0)) is not None:
            if isinstance(note, Lost):
                self._break(note)
                return False
            self._take(note)
        now = time.monotonic()
        if self._beat is not None and now > self._beat[1]:
            self._lose("the hub does not answer: the heartbeat was not confirmed")
            return False
        if self._beat is None and self._clock() >= self._beat_due:
            self._publish_state(link)
        self._attend(link)
        return True

    def close(self) -> None:
        """Say `offline` and end the connection in order, within twice `GRACE_S`."""
        if self._link is None:
            return
        number = self._link.publish(f"{self._root}/state", OFFLINE, retain=True)
        if self._await(number, self._link, GRACE_S) is not None:
            self._link.bid_farewell()
        if self._link is not None:
            self._link.drop()
        self._link = None
        self._say("closed")

    def _publish_state(self, link: Link) -> None:
        number = link.publish_often(f"{self._root}/state", self._state())
        self._beat = number, time.monotonic() + self._config.puback_timeout_s
        self._beat_due = self._clock() + self._config.heartbeat_s

    def _attend(self, link: Link) -> None:
        """Judge one command and send one answer, at most: alarms are never far behind."""
        if self._orders is None:
            return
        self._orders.step()
        if self._answer is None and (answer := self._orders.answer()) is not None:
            topic = f"{self._root}/ack/{answer.verb}"
            number = link.publish(topic, msgspec.json.encode(answer), retain=False)
            self._answer = number, answer
            if answer.result == "accepted":
                self._beat_due = self._clock()  # the retained state tells it in the next turn

    def _hear(self, topic: str, body: bytes, retained: bool) -> None:
        """Pass a command on; on paho's thread."""
        if self._orders is not None:
            self._orders.hear(topic.rpartition("/")[2], body, retained=retained)

    def _await(self, number: int, link: Link, within_s: float) -> Acknowledged | None:
        """Wait for the acknowledgement of message `number`; drop the link if it does not come."""
        until = time.monotonic() + within_s
        while (left := until - time.monotonic()) > 0:
            note = link.note(left)
            if isinstance(note, Lost):
                self._break(note)
                return None
            if isinstance(note, Acknowledged) and note.mid == number:
                return note
            if note is not None:
                self._take(note)
        self._lose(f"the hub does not answer: no PUBACK within {within_s:g} s")
        return None

    def _take(self, note: Connected | Acknowledged | Subscribed) -> None:
        """See to a note that nobody waits for: of the heartbeat, an answer, the subscription."""
        if isinstance(note, Subscribed):
            denied = note.reason.is_failure
            self._deaf = f"it denies commands to this device: {note.reason}" if denied else ""
        elif isinstance(note, Acknowledged) and self._answer is not None:
            number, answer = self._answer
            if note.mid == number and self._orders is not None:
                self._orders.confirm(answer)  # a denied one, too: it would be denied again
                self._answer = None
                if note.reason.is_failure:
                    self._say(f"the hub denied {self._root}/ack/{answer.verb}: {note.reason}")
        if isinstance(note, Acknowledged) and self._beat is not None and note.mid == self._beat[0]:
            self._beat = None
            if note.reason.is_failure:
                self._say(f"the hub denied {self._root}/state: {note.reason}")

    def _connected(self) -> Link | None:
        """The link, dialled anew if there is none."""
        if self._link is not None:
            return self._link
        if self._dropped is not None and self._dropped.dialling:
            self._say(f"still trying {self._place}: name look-up or TLS hangs")
            return None
        link = self._dial()
        if link is None:
            return None
        self._link, self._beat, self._answer, self._deaf = link, None, None, ""
        self._say("connected")
        if self._orders is not None:
            link.subscribe(f"{self._root}/cmd/+")
        self._publish_state(link)
        return link

    def _dial(self) -> Link | None:
        try:
            tls = self._tls()
        except CertificateFileError as error:
            self._say(str(error))
            return None
        will = (f"{self._root}/state", OFFLINE)
        link = self._dropped = Link(
            self._config,
            name=self._device,
            will=will,
            tls=tls,
            within_s=self._connect_s,
            heard=self._hear,
        )
        link.start()
        note = link.note(self._connect_s)
        if isinstance(note, Connected) and not note.reason.is_failure:
            return link
        link.drop()
        if isinstance(note, Connected):
            self._say(f"the hub refused the connection: {note.reason}")
        elif isinstance(note, Lost):
            self._say(self._why_not(note, link))
        else:
            self._say(f"{self._place} does not answer: no CONNACK within {self._connect_s:g} s")
        return None

    def _tls(self) -> ssl.SSLContext | None:
        if self._config.tls:
            # a clock that was never set cannot judge dates; name and CA are verified all the same
            return tls_context(self._config, check_dates=read_wall_clock().source != "unset")
        if not is_loopback(self._config.host):
            raise CertificateFileError(f"{self._place}: plain text is for loopback only")
        return None

    def _break(self, lost: Lost) -> None:
        now = time.monotonic()
        self._broken.append(now)
        if lost.is_taken_over:
            self._rivalled_until = now + RIVALLED_S
        self._lose(f"the connection broke: {lost.why}")

    def _lose(self, why: str) -> None:
        if self._link is not None:
            self._link.drop()
        self._dropped, self._link = self._link, None
        self._say(why)

    def _say(self, status: str) -> None:
        if status != self._status:
            log.warning("uplink: %s", status)
        self._status = status

    @property
    def _place(self) -> str:
        return f"{self._config.host}:{self._config.port}"

    def _why_not(self, lost: Lost, link: Link) -> str:  # noqa: PLR0911  # one a cause
        """Say why dialling came to nothing, in the words of who must act."""
        error = lost.error
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"the certificate of {self._place} is not trusted: {error.verify_message}"
        if isinstance(error, socket.gaierror | UnicodeError):
            return f"the name {self._config.host} cannot be resolved: {error}"
        if isinstance(error, ConnectionRefusedError):
            return f"{self._place} refuses connections: no broker listens there"
        if isinstance(error, TimeoutError):
            return f"{self._place} does not answer: no connection within {self._connect_s:g} s"
        if error is not None and not isinstance(error, ssl.SSLError):
            return f"{self._place} cannot be reached: {error}"
        if not self._config.tls:
            return f"{self._place} hung up before its CONNACK: {lost.why}"
        return self._refused(f"{lost.why} {link.alert}".lower().replace("_", " "))

    def _refused(self, alert: str) -> str:
        """Tell apart why the hub may have refused our certificate: TLS 1.3 rarely says."""
        until = valid_until(Path(self._config.certificate))
        if "certificate expired" in alert or (until is not None and until < _now()):
            return f"the hub refused the device certificate: expired ({until})"
        if "unknown ca" in alert:
            return "the hub refused the device certificate: its CA is not one that the hub trusts"
        if "alert" in alert:
            return f"the hub refused the TLS connection: {alert}"
        return "the hub hung up before its CONNACK: it probably refused the device certificate"


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine, so that plain text stays inside it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _now() -> datetime:
    return datetime.fromisoformat(read_wall_clock().iso).astimezone(UTC)
