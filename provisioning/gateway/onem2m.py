"""oneM2M over MQTT (TS-0010, TS-0004): a <contentInstance> for each event, as Mobius takes it.

The request goes to `/oneM2M/req/{AE}/{CSE}/json`; the answer comes on `/oneM2M/resp/...`, under the
same request identifier. The instance's name is the event's, so that a request that was carried out
before its answer was lost is a conflict the second time, and counts as done.
"""

import queue
import threading
from collections.abc import Mapping
from typing import Any

import msgspec

from provisioning.gateway.notice import cloud_event
from provisioning.gateway.told import (
    Parcel,
    Publisher,
    RefusedError,
    Told,
    UndeliveredError,
)

_CREATE, _CONTENT_INSTANCE = 1, 4  # m2m:operation, m2m:resourceType (TS-0004 §6.3.4.2)
_CREATED, _CONFLICT = 2001, 4105  # response status codes (TS-0004 §6.6.3)
_BAD_REQUEST = frozenset({4000, 4102})  # BAD_REQUEST, CONTENTS_UNACCEPTABLE: never otherwise
_RELEASE = "2a"


class Answer(msgspec.Struct, frozen=True):
    """A response primitive, with its short names."""

    rsc: int
    rqi: str
    pc: Any = None


class OneM2MOutput:
    """Creates each event in `container`, a path such as `Mobius/haetae/events`.

    `ae` and `cse` are the ids by which the two know each other; `answer_s` is how long an answer
    may take.
    """

    name = "onem2m"

    def __init__(
        self, ae: str, cse: str, container: str, broker: Publisher, *, answer_s: float
    ) -> None:
        self._ae, self._container, self._broker, self._answer_s = ae, container, broker, answer_s
        path = f"{topic_id(ae)}/{topic_id(cse)}/json"
        self._request, self.answers = f"/oneM2M/req/{path}", f"/oneM2M/resp/{path}"
        self._lock = threading.Lock()
        self._awaited = ""  # the request under way
        self._answer: queue.Queue[Answer] = queue.Queue(1)

    def parcels(self, told: Told) -> list[Parcel]:
        """One request."""
        notice = told.notice
        body = msgspec.json.encode(request(told, ae=self._ae, container=self._container))
        return [Parcel(notice.key, self._request, body, notice.lane)]

    def hear(self, body: bytes) -> None:
        """Take a message on `answers`, on the broker's thread; what nobody awaits is dropped."""
        try:
            answer = read_answer(body)
        except ValueError:  # no JSON, or no UTF-8
            return
        with self._lock:
            if answer.rqi == self._awaited and self._answer.empty():
                self._answer.put_nowait(answer)

    def deliver(self, parcel: Parcel) -> None:
        """Publish the request and wait for its answer.

        Raises:
            UndeliveredError: No answer, or one that may be another the next time.
            RefusedError: The request itself is what the CSE does not want.
        """
        with self._lock:
            self._awaited = parcel.key
            while not self._answer.empty():
                self._answer.get_nowait()
        try:
            self._broker.publish(parcel.to, parcel.body, retain=False)
            answer = self._answer.get(timeout=self._answer_s)
        except queue.Empty:
            raise UndeliveredError(f"no answer within {self._answer_s:g} s") from None
        finally:
            with self._lock:
                self._awaited = ""
        if answer.rsc in {_CREATED, _CONFLICT}:
            return
        said = f"response status {answer.rsc} {_debug(answer.pc)}".rstrip()
        if answer.rsc in _BAD_REQUEST:
            raise RefusedError(said)
        raise UndeliveredError(said)


def topic_id(identifier: str) -> str:
    """An id as a level of a topic: no leading "/", and ":" for the others (TS-0010 §6.4)."""
    return identifier.removeprefix("/").replace("/", ":")


def request(told: Told, *, ae: str, container: str) -> dict[str, Any]:
    """The request primitive: the CloudEvent as text, named by hazard, stage and device."""
    notice = told.notice
    labels = [
        f"hazard:{notice.hazard}",
        f"stage:{notice.stage}",
        f"site:{notice.site}",
        f"device:{notice.device}",
        f"status:{told.status}",
    ]
    instance = {
        "rn": notice.key,
        "lbl": labels,
        "cnf": "application/json:0",  # media type, and plain (TS-0004 m2m:contentInfo)
        "con": cloud_event(notice).decode(),
    }
    return {
        "op": _CREATE,
        "to": container,
        "fr": ae,
        "rqi": notice.key,
        "rvi": _RELEASE,
        "ty": _CONTENT_INSTANCE,
        "pc": {"m2m:cin": instance},
    }


def read_answer(body: bytes) -> Answer:
    """Take a response primitive, bare or within `m2m:rsp` as older servers write it.

    Raises:
        msgspec.DecodeError: It is none.
    """
    found = msgspec.json.decode(body)
    if isinstance(found, Mapping) and "m2m:rsp" in found:
        found = found["m2m:rsp"]
    return msgspec.convert(found, Answer, strict=False)


def _debug(content: Any) -> str:
    return str(content.get("m2m:dbg", "")) if isinstance(content, Mapping) else ""
