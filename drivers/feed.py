"""What the agent's side of a perceived sensor (camera, microphone) reads from the link."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from drivers.perception_link import PerceptionLink
from drivers.sensor import DisconnectedError, MutedError, Quantity, WrongDeviceError

FRESH_S = 2.5  # older numbers are of the past: two such reads are told within 5 s
_REFUSED = 4  # records in one read that an honest sender would not have sent
_FIRST_S, _LOOK_S = 0.7, 0.1  # perception speaks twice a second: so long the first read waits


class Feed:
    """The newest numbers of the sensor `name`.

    `wait` sleeps so many seconds; `note` is told the wire and what was on it.
    """

    def __init__(
        self,
        link: PerceptionLink,
        name: str,
        wait: Callable[[float], object],
        note: Callable[[str, str], object],
    ) -> None:
        self._link, self._name, self._wait, self._note = link, name, wait, note
        self._seen = replace(link.troubles)
        self._is_fresh = False
        self.now = 0.0  # of the last `news`

    def open(self) -> None:
        """Listen for it.

        Raises:
            OSError: The socket cannot be had.
        """
        self._link.listen(self._name)
        if self._link.open():
            self._is_fresh = True

    def news(self, sign: Quantity) -> None:
        """Take in what has come; `sign` is the quantity that is always said.

        Raises:
            OSError: The socket is gone and cannot be had again.
            DisconnectedError: Perception is silent, floods, or its clock is wrong.
            WrongDeviceError: What comes is no records.
        """
        self.now = self._link.drain()
        if self._is_fresh:  # the socket has only just been made
            self._is_fresh = False
            self._look(sign)
        now, seen = self._link.troubles, self._seen
        self._seen = replace(now)
        if now.flooded > seen.flooded:
            self._link.renew()  # what still waits is no news: the next read begins with none of it
            raise DisconnectedError("perception floods the socket")
        if now.garbage > seen.garbage:
            raise WrongDeviceError(f"perception sends {now.last}")
        if now.refused > seen.refused + _REFUSED:
            raise DisconnectedError(f"perception sends what is no news (last: {now.last})")
        self.check([sign])

    def check(self, quantities: Iterable[Quantity]) -> None:
        """See that each of these was said lately.

        Raises:
            DisconnectedError: One was not.
        """
        for each in quantities:
            if (age_s := self._link.age_s(self._name, each, self.now)) > FRESH_S:
                since = "nothing yet" if age_s == float("inf") else f"nothing for {age_s:.1f} s"
                last = self._link.troubles.last
                raise DisconnectedError(
                    f"perception: {since} of {self._name} {each}" + (last and f" (last: {last})")
                )

    def take(self, quantities: Iterable[Quantity]) -> Mapping[Quantity, float]:
        """Their newest values, or the greatest since the last read where that is what counts."""
        taken = {each: self._link.take(self._name, each) for each in quantities}
        found = {quantity: value for quantity, value in taken.items() if value is not None}
        said = " ".join(f"{quantity} {value:g}" for quantity, value in found.items())
        self._note("perception", f"{self._name} {said}")
        return found

    def settle(self, *, is_muted: bool) -> None:
        """Have perception do what people want, which it says whether it does.

        Raises:
            MutedError: They want it off.
        """
        self._link.settle(self._name, is_muted=is_muted, now=self.now)
        if self._link.muted(self._name):
            late = "" if is_muted else "; perception has not confirmed it yet"
            raise MutedError(f"muted by hand{late}")

    def _look(self, sign: Quantity) -> None:
        """Wait for the first record, as `probe` must, which reads but once."""
        for _ in range(round(_FIRST_S / _LOOK_S)):
            if self._link.age_s(self._name, sign, self.now) <= FRESH_S:
                return
            self._wait(_LOOK_S)
            self.now = self._link.drain()
