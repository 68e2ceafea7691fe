"""One output at work, with a receiver and a clock that are turned by hand."""

from pathlib import Path

from agent.lanes import Lane
from provisioning.gateway.outlet import REFUSED_RETRY_S, Outlet
from provisioning.gateway.told import Parcel, RefusedError, Told
from tests.provisioning.telling import remembering
from tests.running import until


class Receiver:
    """Refuses all as a receiver does whose clock is wrong."""

    name = "webhook"

    def __init__(self) -> None:
        self.is_wrong = True
        self.taken: list[str] = []

    def parcels(self, told: Told) -> list[Parcel]:
        raise AssertionError(told)

    def deliver(self, parcel: Parcel) -> None:
        if self.is_wrong:
            raise RefusedError("400 message timestamp too old")
        self.taken.append(parcel.key)


def test_what_was_refused_is_tried_again_in_an_hour(tmp_path: Path) -> None:
    now = [0.0]
    receiver = Receiver()
    with remembering(tmp_path) as store:
        outlet = Outlet(receiver, store, clock=lambda: now[0])
        with store.transaction():
            store.spool("webhook", [Parcel("a-1", "", b"", Lane.ALARM)])
        outlet.start()
        until(lambda: store.waiting("webhook", refused=True), 10, "set aside")
        receiver.is_wrong = False
        now[0] = REFUSED_RETRY_S - 1
        with store.transaction():
            store.spool("webhook", [Parcel("a-2", "", b"", Lane.ALARM)])
        outlet.wake()
        until(lambda: receiver.taken == ["a-2"], 10, "what is new goes out meanwhile")
        now[0] = REFUSED_RETRY_S
        outlet.wake()
        until(lambda: receiver.taken == ["a-2", "a-1"], 10, "tried again")
        outlet.stop(10)
        assert not outlet.is_alive
        assert store.waiting("webhook") == 0
