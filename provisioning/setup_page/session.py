"""Who may use the page: who has typed the code of the label, in this browser, not long ago."""

import hmac
import secrets
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from provisioning.seed import SETUP_CODE_LENGTH, Setup, normal_code, verifier
from provisioning.setup_page.refusals import (
    TOO_MANY_PAGES,
    WRONG_CODE,
    RefusedError,
    TooManyTriesError,
)

TRIES, TRIES_OF_ALL, WINDOW_S = 5, 20, 60.0  # a minute: of one address, of all together
IDLE_S = 30 * 60.0
MOST_SESSIONS = 8
_MOST_ADDRESSES = 256


@dataclass(slots=True)
class _Tries:
    """When somebody tried, in monotonic seconds."""

    at: deque[float] = field(default_factory=deque)

    def wait_s(self, now: float, most: int) -> float:
        """How long until one more may be made; 0: now."""
        while self.at and now - self.at[0] >= WINDOW_S:
            self.at.popleft()
        return 0.0 if len(self.at) < most else WINDOW_S - (now - self.at[0])


class Sessions:
    """Opens sessions for the code that `setup` has the verifier of. Thread-safe."""

    def __init__(self, setup: Setup, clock: Callable[[], float]) -> None:
        self._setup, self._clock = setup, clock
        self._lock = threading.Lock()
        self._seen: dict[str, float] = {}  # token: when it was last used
        self._all = _Tries()
        self._by: dict[str, _Tries] = {}

    def open(self, typed: str, address: str) -> str:
        """The token of a new session.

        Raises:
            RefusedError: It is not the code, or too many were tried.
        """
        with self._lock:  # one at a time: scrypt takes 16 MiB
            self._count(address)
            code = normal_code(typed[:64])
            found = verifier(code, self._setup.salt)
            is_right = hmac.compare_digest(found, self._setup.verifier)
            if not is_right or len(code) != SETUP_CODE_LENGTH:
                raise RefusedError(WRONG_CODE, 403)
            now = self._clock()
            self._forget(now)
            if len(self._seen) >= MOST_SESSIONS:
                raise RefusedError(TOO_MANY_PAGES, 429)
            token = secrets.token_urlsafe(32)
            self._seen[token] = now
            return token

    def knows(self, token: str) -> bool:
        """Whether a session of this token is open; it then stays so for another `IDLE_S`."""
        with self._lock:
            now = self._clock()
            self._forget(now)
            for each in self._seen:
                if hmac.compare_digest(each.encode(), token.encode()):
                    self._seen[each] = now
                    return True
            return False

    def close(self) -> None:
        """End all of them."""
        with self._lock:
            self._seen.clear()

    def _count(self, address: str) -> None:
        now = self._clock()
        if len(self._by) >= _MOST_ADDRESSES:
            self._by = {who: each for who, each in self._by.items() if each.wait_s(now, 1) > 0}
        mine = self._by.setdefault(address, _Tries())
        wait_s = max(mine.wait_s(now, TRIES), self._all.wait_s(now, TRIES_OF_ALL))
        if wait_s > 0:
            raise TooManyTriesError(wait_s)
        mine.at.append(now)
        self._all.at.append(now)

    def _forget(self, now: float) -> None:
        self._seen = {each: at for each, at in self._seen.items() if now - at < IDLE_S}
