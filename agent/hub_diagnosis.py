"""Why a dial came to nothing, told apart by what was seen on the wire."""

import errno
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agent.addresses import Address
from agent.certificates import valid_until
from agent.hub_cause import Cause, Standing
from agent.hub_wording import standing
from agent.link import Link
from agent.link_notes import Connected, Lost, Step
from agent.network import Network, network
from agent.peer import Peer
from agent.sections import HubConfig
from agent.wallclock import WallTime
from agent.x509 import Certificate

BUSY = frozenset({0x88, 0x89, 0x97, 0x9F})  # unavailable, busy, quota, rate (MQTT 5, 3.2.2.2)
_MOVED = frozenset({0x9C, 0x9D})
_CONNACK = 0x20
_OLD_DENIALS = {  # CONNACK of MQTT 3.1.1, 3.2.2.3
    1: "it does not speak this version of MQTT: see `protocol`",
    2: "it does not like the client id",
    3: "server unavailable",
    4: "bad user name or password",
    5: "not authorized",
}
_NOT_YET_VALID, _EXPIRED, _OTHER_NAME = 9, 10, frozenset({62, 63, 64})  # <openssl/x509_vfy.h>
_HANDSHAKE, _ALERT = 0x16, 0x15  # TLS record types
_NO_WAY = frozenset(
    {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.ENETDOWN, errno.EHOSTDOWN}
)
_NO_SUCH_NAME = frozenset({socket.EAI_NONAME, socket.EAI_NODATA, socket.EAI_ADDRFAMILY})
_LACKING = {
    Network.NO_LINK: Cause.NO_LINK,
    Network.NO_ADDRESS: Cause.NO_ADDRESS,
    Network.NO_ROUTE: Cause.NO_ROUTE,
}
_NETWORK_BEFORE_S = 0.5  # a look-up slower than this share of all the time is to blame


@dataclass(frozen=True, slots=True)
class Dial:
    """One attempt: to whom, at which address, and for how long in seconds.

    `wall` tells the time of day; `peer` looks at who is there.
    """

    config: HubConfig
    address: Address
    within_s: float
    wall: Callable[[], WallTime]
    peer: Callable[[], Peer]

    def say(self, cause: Cause, detail: object = "") -> Standing:
        """Put a cause of this attempt into words."""
        return standing(cause, place=self.address, host=self.address.host, detail=detail)


def hung(dial: Dial, link: Link) -> Standing:
    """Say what it was that did not come within the time."""
    step, limit = link.step, f"{dial.within_s:g} s"
    if step is Step.NAME:
        return _lacking(dial) or dial.say(Cause.DNS_SLOW, limit)
    if step is Step.TCP:
        return _no_answer(dial, link)
    if step is Step.TLS:
        return dial.say(Cause.TLS_HANGS, limit)
    if link.said and link.said[0] != _CONNACK:
        return dial.say(Cause.NOT_A_BROKER, _quoted(link.said))
    return dial.say(Cause.NO_CONNACK, limit)


def denied(dial: Dial, note: Connected) -> Standing:
    """Say why the hub's CONNACK was a refusal."""
    reason = note.reason
    if reason.value in BUSY:
        return dial.say(Cause.SERVER_BUSY, reason)
    if reason.value in _MOVED:
        to = f"use {note.reference}" if note.reference else "it does not say where to"
        return dial.say(Cause.SERVER_MOVED, f"{reason}: {to}")
    return dial.say(Cause.CONNECTION_DENIED, reason)


def failed(dial: Dial, link: Link, lost: Lost) -> Standing:  # noqa: PLR0911  # one a cause
    """Say why name, TCP, TLS or CONNACK came to an end of its own."""
    error = lost.error
    if error is None:
        return _without_connack(dial, link, lost)
    if isinstance(error, socket.gaierror | UnicodeError):
        return _unresolved(dial, error)
    if link.step is Step.TLS:
        return _no_tls(dial, error)
    if isinstance(error, ConnectionRefusedError):
        return dial.say(Cause.REFUSED)
    if isinstance(error, TimeoutError):
        return _no_answer(dial, link)
    if isinstance(error, OSError) and error.errno in _NO_WAY:
        return _lacking(dial) or dial.say(Cause.UNREACHABLE, error.strerror or error)
    return dial.say(Cause.UNREACHABLE, error)


def _no_answer(dial: Dial, link: Link) -> Standing:
    if link.looked_up_s > _NETWORK_BEFORE_S * dial.within_s:
        return dial.say(Cause.DNS_SLOW, f"{link.looked_up_s:.1f} s")
    return _lacking(dial) or dial.say(Cause.NO_ANSWER, f"{dial.within_s:g} s")


def _unresolved(dial: Dial, error: Exception) -> Standing:
    if (lacking := _lacking(dial)) is not None:
        return lacking
    code = error.errno if isinstance(error, OSError) else socket.EAI_NONAME
    words = error.strerror if isinstance(error, OSError) else "no host name"
    return dial.say(Cause.NAME_UNKNOWN if code in _NO_SUCH_NAME else Cause.DNS_DEAD, words)


def _lacking(dial: Dial) -> Standing | None:
    """Say what the device lacks on the way to other machines, if anything."""
    cause = _LACKING.get(network())
    return None if cause is None else dial.say(cause)


def _no_tls(dial: Dial, error: Exception) -> Standing:  # noqa: PLR0911  # one a cause
    """Say who it is that took the connection and no TLS came of it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _untrusted(dial, error)
    if isinstance(error, TimeoutError):
        return dial.say(Cause.TLS_HANGS, f"{dial.within_s:g} s")
    if "alert" in str(error).lower():
        return _refused(dial, str(error))
    raw = dial.peer().raw
    if not raw:
        return dial.say(Cause.NOT_TLS, "it hung up at our first word")
    if raw.startswith(b"HTTP/"):
        return dial.say(Cause.CAPTIVE_PORTAL, f"plain HTTP, {_quoted(raw)}")
    if raw[0] not in {_HANDSHAKE, _ALERT}:
        return dial.say(Cause.NOT_TLS, f"it said {_quoted(raw)}")
    return _refused(dial, str(error))


def _untrusted(dial: Dial, error: ssl.SSLCertVerificationError) -> Standing:
    """Say what is wrong with the peer's certificate, or with our clock."""
    shown = dial.peer().certificate
    if error.verify_code in {_NOT_YET_VALID, _EXPIRED}:
        return _out_of_date(dial, shown, is_early=error.verify_code == _NOT_YET_VALID)
    names = ", ".join(shown.names) if shown is not None else ""
    if error.verify_code in _OTHER_NAME:
        return dial.say(Cause.SERVER_OTHER_NAME, names or error.verify_message)
    if shown is not None and not shown.is_for(dial.config.host):
        issuer = shown.issuer or "nobody"
        detail = f"its certificate is for {names or 'nobody'}, issued by {issuer}"
        return dial.say(Cause.CAPTIVE_PORTAL, detail)
    return dial.say(Cause.SERVER_UNTRUSTED, error.verify_message)


def _out_of_date(dial: Dial, shown: Certificate | None, *, is_early: bool) -> Standing:
    """Say whose clock is to blame: ours, if nobody vouches for it."""
    wall = dial.wall()
    limit = None if shown is None else shown.not_before if is_early else shown.not_after
    since = "" if limit is None else f"{'valid from' if is_early else 'ended'} {limit:%Y-%m-%d}"
    is_sure = wall.uncertainty_s is not None or wall.source == "unset"  # then it ended long ago
    if is_sure:
        cause = Cause.SERVER_NOT_YET_VALID if is_early else Cause.SERVER_EXPIRED
        return dial.say(cause, f" ({since})" if since else "")
    ours = f"it shows {wall.iso} and was not set from the network"
    peer = f"the hub's certificate: {since or 'another time'}"
    return dial.say(Cause.CLOCK_AHEAD, f"{ours}; {peer}")


def _without_connack(dial: Dial, link: Link, lost: Lost) -> Standing:
    """Say why the other side ended the connection after our CONNECT."""
    if link.said and link.said[0] != _CONNACK:
        return dial.say(Cause.NOT_A_BROKER, _quoted(link.said))
    if len(link.said) >= 4:  # a CONNACK that paho makes nothing of: that of an older MQTT
        code = link.said[3]
        words = _OLD_DENIALS.get(code, f"code {code}")
        return dial.say(Cause.SERVER_BUSY if code == 3 else Cause.CONNECTION_DENIED, words)
    if not dial.config.tls:
        return dial.say(Cause.BROKE, f"before its CONNACK: {lost.why}")
    return _refused(dial, f"{lost.why} {link.alert}")


def _refused(dial: Dial, heard: str) -> Standing:
    """Tell apart why the hub may have refused our certificate: TLS 1.3 rarely says."""
    alert = heard.lower().replace("_", " ")
    until = valid_until(Path(dial.config.certificate))
    now = datetime.fromisoformat(dial.wall().iso).astimezone(UTC)
    if "certificate expired" in alert or (until is not None and until < now):
        return dial.say(Cause.CERTIFICATE_EXPIRED, until)
    if "unknown ca" in alert:
        return dial.say(Cause.CERTIFICATE_UNKNOWN_CA)
    if "certificate revoked" in alert:
        return dial.say(Cause.CERTIFICATE_REVOKED)
    if "alert" not in alert:
        return dial.say(Cause.CERTIFICATE_PROBABLY_REFUSED)
    about_us = "certificate" in alert or "access denied" in alert
    cause = Cause.CERTIFICATE_REFUSED if about_us else Cause.TLS_REFUSED
    return dial.say(cause, _alert(heard))


def _alert(heard: str) -> str:
    """The name of a TLS alert in what the library says of it."""
    _, _, rest = heard.lower().replace("_", " ").partition("alert ")
    return rest.partition("]")[0].partition(" (")[0].strip() or heard


def _quoted(said: bytes) -> str:
    """The first line of what somebody said, fit to print."""
    line = said.splitlines()[0] if said else b""
    return repr(line.decode("ascii", "backslashreplace"))
