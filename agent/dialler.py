"""Dials one hub at its addresses, home first, and says why nobody answered."""

import logging
import socket
import threading
import time
from collections.abc import Callable

from agent.addresses import Address, is_loopback, read_address
from agent.bandwidth import Budget
from agent.certificates import CertificateFileError, Credentials
from agent.hub_cause import Cause, Standing
from agent.hub_diagnosis import Dial, denied, failed, hung
from agent.line import TlsContext
from agent.link import Heard, Link
from agent.link_notes import Connected, Lost
from agent.peer import Peer, look
from agent.sections import HubConfig
from agent.wallclock import WallTime

log = logging.getLogger(__name__)

LONGEST_TIMES = 4  # a hub that is slow is given up to so many times as long, attempt by attempt
HOME_AGAIN_S = 600.0  # so long after home failed, it is tried again
_LOOK_S = 5.0  # for a look at a certificate that was not trusted
_LOOK_AGAIN_S = 600.0  # it costs 3 kB
_SCOUT_S = 5.0
_SLOW = frozenset({Cause.TLS_HANGS, Cause.NO_CONNACK})  # it took the connection, and no more


class Dialler:
    """Makes connections, used by one thread; each call takes `longest_s` and one look at most.

    A hub that takes a connection and does not answer in time may have a whole town at its door:
    whoever gives up and comes again costs it two handshakes for none. So each such attempt gives
    the next one twice the time, from `within_s` on.
    `will` is what the hub tells of us when we are lost; `heard` takes the commands; what failed
    dials cost goes off `budget`.
    """

    def __init__(  # noqa: PLR0913  # who dials, what is said, and what the outer world gives
        self,
        config: HubConfig,
        *,
        name: str,
        will: tuple[str, bytes],
        within_s: float,
        heard: Heard | None,
        wall: Callable[[], WallTime],
        budget: Budget,
        home_again_s: float = HOME_AGAIN_S,
    ) -> None:
        self._config, self._name, self._will, self._within_s = config, name, will, within_s
        self._patience_s, self.longest_s = within_s, LONGEST_TIMES * within_s
        self._heard, self._wall, self._budget = heard, wall, budget
        self._home_again_s = home_again_s
        self._credentials = Credentials(config)
        self._addresses = [
            Address(config.host, config.port),
            *map(read_address, config.alternatives),
        ]
        self._turn = 0
        self._home_failed_at = float("-inf")
        self._home_is_back = threading.Event()
        self._scouted_at = 0.0
        self._given_up: tuple[Link, Standing] | None = None
        self._seen: tuple[float, Address, Peer] | None = None

    @property
    def address(self) -> Address:
        """Where the connection is, or will be tried next."""
        return self._addresses[self._turn]

    def rename(self, name: str, will: tuple[str, bytes]) -> None:
        """From the next dial on, be somebody else."""
        self._name, self._will = name, will

    def dial(self, keepalive_s: float | None = None) -> Link | Standing:
        """Try the next address once; the link, or why there is none."""
        if self._given_up is not None and self._given_up[0].dialling:
            return self._given_up[1]  # a look-up that hangs cannot be ended, and must not pile up
        try:
            tls = self._tls()
        except CertificateFileError as error:
            return self._attempt().say(Cause.CERTIFICATE_FILE, error)
        link = Link(
            self._config,
            name=self._name,
            will=self._will,
            tls=tls,
            address=self.address,
            within_s=self._patience_s,
            keepalive_s=keepalive_s,
            heard=self._heard,
        )
        link.start()
        note = link.note(self._patience_s)
        if isinstance(note, Connected) and not note.reason.is_failure:
            self._patience_s = self._within_s
            return link
        found = self._why(link, note)
        link.drop()
        self._budget.spend(link.bytes)
        self._given_up = link, found
        is_slow = found.cause in _SLOW
        self._patience_s = min(self.longest_s, 2 * self._patience_s) if is_slow else self._within_s
        self._move_on()
        return found

    def lost(self) -> None:
        """Take note that the connection is over: home is next, unless it failed just now."""
        if time.monotonic() - self._home_failed_at >= self._home_again_s:
            self._turn = 0

    def home_is_back(self) -> bool:
        """Whether another address than home is used and home answers again.

        Asked now and then it finds out, on a thread of its own, and waits for nothing.
        """
        if self._turn == 0:
            return False
        now = time.monotonic()
        if now - max(self._home_failed_at, self._scouted_at) >= self._home_again_s:
            self._scouted_at = now
            threading.Thread(target=self._scout, name="uplink-scout", daemon=True).start()
        if not self._home_is_back.is_set():
            return False
        self._home_is_back.clear()
        self._turn = 0
        return True

    def _scout(self) -> None:
        home = self._addresses[0]
        try:
            socket.create_connection((home.host, home.port), _SCOUT_S).close()
        except (OSError, UnicodeError) as error:
            log.debug("uplink: %s is still away: %s", home, error)
        else:
            self._home_is_back.set()

    def _move_on(self) -> None:
        """Let the next attempt go to the next address, to home only if it has not failed lately."""
        now = time.monotonic()
        if self._turn == 0:
            self._home_failed_at = now
        self._turn = (self._turn + 1) % len(self._addresses)

    def _why(self, link: Link, note: object) -> Standing:
        if isinstance(note, Connected):
            return denied(self._attempt(), note)
        if isinstance(note, Lost):
            return failed(self._attempt(), link, note)
        return hung(self._attempt(), link)

    def _attempt(self) -> Dial:
        return Dial(self._config, self.address, self._patience_s, self._wall, self._peer)

    def _peer(self) -> Peer:
        """Who is there: looked at now and then, since it costs a handshake."""
        where, now = self.address, time.monotonic()
        if self._seen is None or self._seen[1] != where or now - self._seen[0] > _LOOK_AGAIN_S:
            found = look(where, self._config.host, min(_LOOK_S, self._within_s))
            self._budget.spend(found.spent_bytes)
            self._seen = now, where, found
        return self._seen[2]

    def _tls(self) -> TlsContext | None:
        if self._config.tls:
            return self._credentials.context(self._wall().earliest)
        if not is_loopback(self.address.host):
            raise CertificateFileError(f"{self.address}: plain text is for loopback only")
        return None
