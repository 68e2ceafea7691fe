"""What happens around the device meanwhile: broker and way to it come and go."""

import random
import threading
from collections import Counter
from collections.abc import Callable

from tests.brokers import Listener, Mosquitto
from tests.torture.life import DEADLINE_S
from tests.torture.way import FAILURES, Way

BROKER = ("broker killed", "broker stopped", "broker frozen", "broker frozen and killed")
WIPED = "broker restarted without sessions"
_MARK = "haetae/v1/bench/nobody/cmd/mark"


class Weather:
    """One calamity after another, drawn from `choose`, in a thread of its own.

    `way` is None where there are no namespaces: then nothing is half open, and no session is wiped,
    since what the broker confirms before its listener is back is the hub's to lose.
    """

    def __init__(
        self, broker: Mosquitto, listener: Listener, way: Way | None, choose: random.Random
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._broker, self._listener, self._way, self._choose = broker, listener, way, choose
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="weather")
        self._marks = 0
        self.error: Exception | None = None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, in fair weather: the broker is up and the way open.

        Raises:
            Exception: What ended it before.
        """
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        try:
            while not self._stop.wait(self._choose.uniform(0.1, 1.2)):
                self._strike()
        except Exception as error:  # noqa: BLE001  # the top of a thread: `stop` raises it
            self.error = error

    def _strike(self) -> None:
        kinds = [*BROKER] if self._way is None else [*BROKER, *FAILURES, WIPED]
        how = self._choose.choice(kinds)
        # what it has confirmed it must have passed on or saved: the hub's duty, not ours
        self._until(lambda: self._listener.subscribed, "the hub's listener is there")
        if how == WIPED:
            self._wipe()
        elif how in FAILURES and self._way is not None:
            self._way.fail(how)
            self._stop.wait(self._choose.choice((0.2, 0.6, 1.5, 2.5)))
            self._way.mend()
        else:
            self._strike_broker(how)
        self.counts[how] += 1

    def _strike_broker(self, how: str) -> None:
        if "frozen" in how:
            with self._broker.frozen():  # it takes messages and answers none
                self._stop.wait(self._choose.uniform(0.1, 1.4))
                if "killed" in how:
                    self._broker.kill()  # and what it took is lost
        elif "killed" in how:
            self._broker.kill()
        else:
            self._broker.stop()
        if how != "broker frozen":
            self._stop.wait(self._choose.uniform(0.0, 0.8))
            self._broker.start()

    def _wipe(self) -> None:
        """Take its sessions: the listener has what was confirmed, and is back before the device."""
        if self._way is None:
            return
        self._way.fail("router dead")
        self._marks += 1
        mark = str(self._marks).encode()
        self._listener.publish(_MARK, mark)  # it comes behind all that waits for the listener
        self._until(lambda: self._marked(mark), "the listener has all")
        if self._choose.random() < 0.5:
            self._broker.kill()
        else:
            self._broker.stop()
        self._until(lambda: not self._listener.subscribed, "the listener has seen the end")
        self._broker.forget()
        self._broker.start()
        self._until(lambda: self._listener.subscribed, "the listener is back")
        self._way.mend()

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for the hub's side, without which what follows proves nothing.

        Raises:
            TimeoutError: It is not so in time.
        """
        if not self._listener.until(holds, DEADLINE_S):
            raise TimeoutError(f"torture: not within {DEADLINE_S:g} s: {what}")

    def _marked(self, mark: bytes) -> bool:
        return any(each.topic == _MARK and each.body == mark for each in self._listener.messages)
