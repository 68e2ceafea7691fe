"""The hub as the uplink sees it: rows go out, confirmed or not; see docs/adr/0004-outbox.md."""

import logging
import random
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from agent.bandwidth import THINNED_S, Budget
from agent.dialler import LONGEST_TIMES, Dialler
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
from agent.hub_cause import SOUND, Cause, Standing
from agent.hub_wording import standing
from agent.lanes import Lane, hazard_of, lane_of
from agent.link import CONNECT_S, GRACE_S, Link, user_properties
from agent.link_notes import Acknowledged, Connected, Lost, Subscribed
from agent.orders import Answer, Orders, Piece
from agent.quarantine import name_at_hub
from agent.reader import HOME
from agent.sections import HubConfig
from agent.values import Hazard
from agent.wallclock import WallTime, read_wall_clock

log = logging.getLogger(__name__)

OFFLINE = b"offline"
RIVALLED_S = 600.0  # two that push each other out come to this in turn: it must not flicker
OFTEN = 3  # some brokers close the older connection of a name without a word
SPREAD_S = 5.0  # over this a street of devices comes back, those with an alarm at once
BUSY_S, BUSY_MAX_S = 15.0, 600.0  # before a hub is asked again that said it is busy
_THINNED_KEEPALIVE_S = 1200.0  # the hub says `offline` half as long again after the last word
_NOBODY = 0x10  # PUBACK "No matching subscribers" (MQTT 5 §3.4.2.1): taken, but nobody listens


class Hub:
    """One city hub's broker, spoken to by one thread; `name` is `home` or a neighbour's.

    `state` gives the retained message of coverage and health; `clock` is monotonic seconds, for
    the heartbeat and the age of events; `connect_s` is how long name, TCP, TLS and CONNACK may
    take together; `orders` takes the hub's commands, where they are wanted; `urgent` says whether
    an alarm waits: then nothing is put off. Nothing here raises: `standing` says how things stand,
    and no call blocks longer than `patience_s`.

    A hub that takes connections and confirms nothing in time may have a whole town at its door:
    each connection lost so gives the next one's confirmations twice the time, until one comes.
    """

    def __init__(  # noqa: PLR0913  # who, where, and what the outer world gives
        self,
        config: HubConfig,
        *,
        device: str,
        site: str,
        state: Callable[[], bytes],
        name: str = HOME,
        clock: Callable[[], float] = time.monotonic,
        connect_s: float = CONNECT_S,
        orders: Orders | None = None,
        wall: Callable[[], WallTime] = read_wall_clock,
        urgent: Callable[[], bool] = lambda: True,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.name = name
        self._connect_s, self._orders = connect_s, orders
        self._config, self._device, self._site = config, device, site
        self._state, self._clock, self._urgent, self._jitter = state, clock, urgent, jitter
        self._own_name, self._root = device, f"haetae/v1/{site}/{device}"
        self._boot = kernel_boot()
        self.budget = Budget(config.budget_kb_per_day)
        self._dialler = Dialler(
            config,
            name=device,
            will=(f"{self._root}/state", OFFLINE),
            within_s=connect_s,
            heard=self._hear,
            wall=wall,
            budget=self.budget,
        )
        self._link: Link | None = None
        self._confirm_s = config.puback_timeout_s  # how long a confirmation may take now
        self._counted = 0  # bytes of the link that are off the budget
        self._beat_due = 0.0
        self._beat: tuple[int, float] | None = None  # its number and deadline, while unconfirmed
        self._answer: tuple[int, Answer | Piece] | None = None  # its number, while unconfirmed
        self._deaf = ""  # why no command is heard
        self._denied = ""  # the id of the last row that was sent, if the hub refused it
        self._denials: dict[str, str] = {}  # by topic, until it takes one
        self._acknowledged_at: float | None = None  # monotonic seconds
        self._dialled_at = float("-inf")
        self._not_before = 0.0  # no dial before, unless an alarm waits
        self._busy = 0  # how often in a row the hub said so
        self._rivalled_until = 0.0  # so long it is said that another device has our name
        self._broken: deque[float] = deque(maxlen=OFTEN)  # when, in monotonic seconds
        self._standing = standing(Cause.NOT_YET)

    @property
    def standing(self) -> Standing:
        """How the connection stands, or why there is none."""
        now, found = time.monotonic(), self._standing
        told: dict[str, object] = {"detail": found.why.en, "device": self._device}
        if now < self._rivalled_until:
            return standing(Cause.TAKEN_OVER, **told)
        if sum(now - at < RIVALLED_S for at in tuple(self._broken)) >= OFTEN:
            return standing(Cause.UNSTABLE, **told)
        if found.cause in SOUND and (denials := list(self._denials.values())):
            return standing(Cause.PUBLISH_DENIED, detail="; ".join(denials))
        if found.cause in SOUND and not self.budget.admits(Lane.INFORMATION):
            detail = f"{self.budget.spent_kb:.0f} kB since the start"
            return standing(Cause.BUDGET_SPENT, detail=detail)
        if found.cause in SOUND and self._deaf:
            return standing(Cause.COMMANDS_DENIED, detail=self._deaf)
        return found

    @property
    def cause(self) -> Cause:
        """The standing's code."""
        return self.standing.cause

    @property
    def status(self) -> str:
        """The standing as one sentence in English."""
        return self.standing.why.en

    @property
    def acknowledged_s_ago(self) -> float | None:
        """The age of the hub's last answer, in seconds: what liveness is. None before the first."""
        at = self._acknowledged_at
        return None if at is None else time.monotonic() - at

    @property
    def patience_s(self) -> float:
        """The longest that one call may take, in seconds."""
        look_s = self._connect_s
        confirm_s = LONGEST_TIMES * self._config.puback_timeout_s
        return self._dialler.longest_s + look_s + confirm_s + GRACE_S

    @property
    def trouble(self) -> str:
        """What the hub should know of the way to it: why something waits; else empty."""
        found = self.standing
        return found.why.en if found.cause is Cause.BUDGET_SPENT else ""

    def report(self) -> dict[str, object]:
        """All of it for `status.json`."""
        found, age_s = self.standing, self.acknowledged_s_ago
        return {
            "name": self.name,
            "address": str(self._dialler.address),
            "cause": found.cause,
            "why": found.why,
            "remedy": found.remedy,
            "acknowledged_s_ago": None if age_s is None else round(age_s, 1),
            "spent_kb": round(self.budget.spent_kb, 1),
            "budget_left": round(self.budget.share, 3),
        }

    def takes(self, row: Row) -> bool:
        """Whether this row may go out now, or has to wait for the budget: an alarm never has."""
        return self.budget.admits(lane_of(hazard_of(row.body), alarm=row.alarm))

    def send(self, row: Row) -> bool:
        """Publish a row; True only once the hub confirmed this very message with success."""
        self._denied = ""
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
        answer = self._await(number, link, self._confirm_s)
        if answer is None:
            return False
        if answer.reason.is_failure:
            self._deny(topic, answer)
            self._denied, self._denials[topic] = row.id, f"{topic}: {answer.reason}"
            return False
        self._denials.pop(topic, None)
        nobody = answer.reason.value == _NOBODY
        self._say(Cause.NOBODY_LISTENS if nobody else Cause.CONNECTED)
        if event.hazard == Hazard.POWER:
            self._beat_due = self._clock()  # last words: the retained state tells it, too
        return True

    def denies(self, row: Row) -> bool:
        """Whether the hub refused this row, the last that was sent."""
        return row.id == self._denied

    def heartbeat_if_due(self) -> bool:
        """Connect if need be, and publish `state` if it is time; False if the hub is away."""
        if self._may_wait() or (link := self._connected()) is None:
            return False
        while (note := link.note(0.0)) is not None:
            if isinstance(note, Lost):
                self._break(note)
                return False
            self._take(note)
        now = time.monotonic()
        if self._beat is not None and now > self._beat[1]:
            self._lose_half_open("the heartbeat was not confirmed")
            return False
        if self._beat is None and self._clock() >= self._beat_due:
            if self._is_named_anew():
                self.close()  # `offline`, under the name that ends
                return False
            self._publish_state(link)
        self._attend(link)
        self._count(link)
        if not self._urgent() and self._dialler.home_is_back():
            link.bid_farewell()  # without `offline`: the next dial follows at once
            self._lose(Cause.CLOSED)
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
        self._say(Cause.CLOSED)

    def _publish_state(self, link: Link) -> None:
        number = link.publish_often(f"{self._root}/state", self._state())
        self._beat = number, time.monotonic() + self._confirm_s
        self._beat_due = self._clock() + self.budget.heartbeat_s(self._config.heartbeat_s)

    def _attend(self, link: Link) -> None:
        """Judge one command and send one answer, at most: alarms are never far behind."""
        if self._orders is None:
            return
        self._orders.step()
        if self._answer is None and (answer := self._orders.answer()) is not None:
            topic = f"{self._root}/{answer.place}"
            number = link.publish(topic, answer.payload, retain=False)
            self._answer = number, answer
            if isinstance(answer, Answer) and answer.result == "accepted":
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
                self._acknowledged_at = time.monotonic()
                self._confirm_s = self._config.puback_timeout_s
                return note
            if note is not None:
                self._take(note)
        self._lose_half_open(f"no PUBACK within {within_s:g} s")
        return None

    def _take(self, note: Connected | Acknowledged | Subscribed) -> None:
        """See to a note that nobody waits for: of the heartbeat, an answer, the subscription."""
        self._acknowledged_at = time.monotonic()
        if isinstance(note, Subscribed):
            self._deaf = str(note.reason) if note.reason.is_failure else ""
        elif isinstance(note, Acknowledged) and self._answer is not None:
            number, answer = self._answer
            if note.mid == number and self._orders is not None:
                self._orders.confirm(answer)  # a denied one, too: it would be denied again
                self._answer = None
                if note.reason.is_failure:
                    self._deny(f"{self._root}/{answer.place}", note)
        if isinstance(note, Acknowledged) and self._beat is not None and note.mid == self._beat[0]:
            self._beat = None
            self._confirm_s = self._config.puback_timeout_s
            if note.reason.is_failure:
                self._deny(f"{self._root}/state", note)

    def _may_wait(self) -> bool:
        """Whether to dial later: the hub is busy, the street comes back, or the budget is spent."""
        if self._link is not None:
            return False
        now = time.monotonic()
        is_thin = self.budget.share <= 0 and now - self._dialled_at < THINNED_S
        return (now < self._not_before or is_thin) and not self._urgent()

    def _connected(self) -> Link | None:
        """The link, dialled anew if there is none."""
        if self._link is not None:
            return self._link
        self._dialled_at = time.monotonic()
        if self._is_named_anew():
            self._take_name()
        found = self._dialler.dial(None if self.budget.share > 0 else _THINNED_KEEPALIVE_S)
        if isinstance(found, Standing):
            self._busy = self._busy + 1 if found.cause is Cause.SERVER_BUSY else 0
            if self._busy:
                pause_s = min(BUSY_MAX_S, BUSY_S * 2.0 ** min(self._busy - 1, 16))
                self._not_before = time.monotonic() + pause_s * (0.5 + 0.5 * self._jitter())
            self._stand(found)
            return None
        self._link, self._counted, self._busy = found, 0, 0
        self._beat, self._answer, self._deaf = None, None, ""
        self._acknowledged_at = time.monotonic()
        self._say(Cause.CONNECTED)
        if self._orders is not None:
            found.subscribe(f"{self._root}/cmd/+")
        self._publish_state(found)
        return found

    def _is_named_anew(self) -> bool:
        """Whether our certificate gives us another name: we came into quarantine, or out of it."""
        return name_at_hub(self._device, Path(self._config.certificate)) != self._own_name

    def _take_name(self) -> None:
        self._own_name = name_at_hub(self._device, Path(self._config.certificate))
        self._root = f"haetae/v1/{self._site}/{self._own_name}"
        self._dialler.rename(self._own_name, (f"{self._root}/state", OFFLINE))
        self._denials.clear()
        log.warning("uplink: %s: the hub knows us as %s", self.name, self._own_name)

    def _count(self, link: Link) -> None:
        spent = link.bytes
        self.budget.spend(spent - self._counted)
        self._counted = spent

    def _break(self, lost: Lost) -> None:
        now = time.monotonic()
        self._broken.append(now)
        if self._orders is not None and self._answer is not None:
            self._orders.hung_up(self._answer[1])
        if lost.is_taken_over:
            self._rivalled_until = now + RIVALLED_S
        self._not_before = now + SPREAD_S * self._jitter()
        self._lose(Cause.BROKE, detail=lost.why)

    def _lose_half_open(self, what: str) -> None:
        age_s = self.acknowledged_s_ago
        heard = "" if age_s is None else f"; its last answer was {age_s:.1f} s ago"
        self._confirm_s = min(2 * self._confirm_s, LONGEST_TIMES * self._config.puback_timeout_s)
        self._broken.append(time.monotonic())
        self._lose(Cause.HALF_OPEN, detail=f"{what}{heard}")

    def _lose(self, cause: Cause, **facts: object) -> None:
        if self._link is not None:
            self._link.drop()
            self._count(self._link)
        self._link = None
        self._dialler.lost()
        self._say(cause, **facts)

    def _deny(self, topic: str, answer: Acknowledged) -> None:
        self._say(Cause.PUBLISH_DENIED, detail=f"{topic}: {answer.reason}")

    def _say(self, cause: Cause, **facts: object) -> None:
        self._stand(standing(cause, **facts))

    def _stand(self, found: Standing) -> None:
        if found != self._standing:
            log.warning("uplink: %s: %s", self.name, found.why.en)
        self._standing = found
