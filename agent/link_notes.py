"""What a connection to the hub tells of itself: notes that its threads leave for the uplink."""

from dataclasses import dataclass
from enum import StrEnum

from paho.mqtt.reasoncodes import ReasonCode


class Step(StrEnum):
    """How far a dial has come: what it waits for now, or failed at."""

    NAME = "name"
    TCP = "tcp"
    TLS = "tls"
    CONNACK = "connack"


@dataclass(frozen=True, slots=True)
class Connected:
    """The hub's CONNACK; `reference` is another hub that it names (MQTT 5, 3.2.2.3.16)."""

    reason: ReasonCode
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The hub's PUBACK for the message `mid`."""

    mid: int
    reason: ReasonCode


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The hub's SUBACK."""

    reason: ReasonCode


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection is gone, or never came; `error` if it failed while dialling.

    `is_taken_over`: the hub said that another client came under the same name, which MQTT 5 does.
    """

    why: str
    error: Exception | None = None
    is_taken_over: bool = False


Note = Connected | Acknowledged | Subscribed | Lost
