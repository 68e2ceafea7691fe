"""How things stand with a hub: a code for machines, a sentence and a remedy for people."""

from dataclasses import dataclass
from enum import StrEnum

from agent.values import Why


class Cause(StrEnum):
    """Why events do or do not go out now; the words of `status.json` and `haetae status`."""

    NO_HUB = "no_hub"
    NOT_YET = "not_connected_yet"
    CLOSED = "closed"
    CONNECTED = "connected"
    NOBODY_LISTENS = "nobody_listens"
    BUDGET_SPENT = "budget_spent"
    # nobody is there, or the way is not
    NO_LINK = "no_link"
    NO_ADDRESS = "no_address"
    NO_ROUTE = "no_route"
    UNREACHABLE = "unreachable"
    DNS_DEAD = "dns_dead"
    DNS_SLOW = "dns_slow"
    NAME_UNKNOWN = "name_unknown"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    # somebody is there, but is it the hub
    CAPTIVE_PORTAL = "captive_portal"
    NOT_TLS = "not_tls"
    NOT_A_BROKER = "not_a_broker"
    TLS_HANGS = "tls_hangs"
    TLS_REFUSED = "tls_refused"
    SERVER_UNTRUSTED = "server_untrusted"
    SERVER_OTHER_NAME = "server_other_name"
    SERVER_EXPIRED = "server_expired"
    SERVER_NOT_YET_VALID = "server_not_yet_valid"
    CLOCK_AHEAD = "clock_ahead"
    # it is the hub, and will not have us
    CERTIFICATE_FILE = "certificate_file"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_UNKNOWN_CA = "certificate_unknown_ca"
    CERTIFICATE_REVOKED = "certificate_revoked"
    CERTIFICATE_REFUSED = "certificate_refused"
    CERTIFICATE_PROBABLY_REFUSED = "certificate_probably_refused"
    NO_CONNACK = "no_connack"
    CONNECTION_DENIED = "connection_denied"
    SERVER_BUSY = "server_busy"
    SERVER_MOVED = "server_moved"
    PUBLISH_DENIED = "publish_denied"
    COMMANDS_DENIED = "commands_denied"
    # it had us, and does not any more
    HALF_OPEN = "half_open"
    BROKE = "broke"
    UNSTABLE = "unstable"
    TAKEN_OVER = "taken_over"


SOUND = frozenset({Cause.CONNECTED, Cause.NOBODY_LISTENS, Cause.COMMANDS_DENIED})


@dataclass(frozen=True, slots=True)
class Standing:
    """One answer to "how does it stand with the hub"; `remedy` is empty where none is needed."""

    cause: Cause
    why: Why
    remedy: Why | None = None
