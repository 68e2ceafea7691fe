"""Events for the tests of delivery."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from agent.envelope import Identity, boot_id, stamp
from agent.eventstore import GENESIS
from agent.outbox import HOME, Outbox, Row
from agent.values import PLACE, Detection, Event, Hazard, Reading, Stage, Why
from agent.wallclock import WallTime
from drivers.sensor import Quantity
from tests.brokers import DEVICE, SITE

AT_S = 1000.0  # monotonic seconds at which everything here happened


def detection(hazard: Hazard = Hazard.SOS, *, at: float = AT_S) -> Detection:
    pressed = Reading("sos", Quantity.BUTTON, 1.0, at - 0.25)
    why = Why(ko="버튼이 눌렸습니다.", en="The button was pressed.")
    return Detection(hazard, Stage.ALARM, PLACE, "button", (pressed,), at, why)


def identity() -> Identity:
    return Identity(SITE, DEVICE, boot_id(), "haetae 0.1.0", {}, simulated=True)


def making(hazard: Hazard = Hazard.SOS, *, at: float = AT_S) -> Callable[[int, str], Event]:
    """What `Outbox.put` takes."""
    speaker = identity()
    wall = WallTime("2026-11-21T09:00:00.000Z", 0.01, "ntp")
    return lambda seq, previous: stamp(
        detection(hazard, at=at), seq=seq, previous=previous, identity=speaker, wall=wall
    )


def row_of(hazard: Hazard = Hazard.SOS, *, seq: int = 1, at: float = AT_S) -> Row:
    event = making(hazard, at=at)(seq, GENESIS)
    return Row(seq, event.id, msgspec.json.encode(event), alarm=True)


@contextlib.contextmanager
def opened(path: Path, *, reserve_bytes: int = 0, minor_kept: int = 5000) -> Iterator[Outbox]:
    outbox = Outbox(path, reserve_bytes=reserve_bytes, minor_kept=minor_kept)
    try:
        yield outbox
    finally:
        outbox.close()


def put(outbox: Outbox, count: int = 1, hazard: Hazard = Hazard.SOS) -> list[Event]:
    return [outbox.put(making(hazard)) for _ in range(count)]


def deliver(outbox: Outbox, most: int = 1_000_000, *, name: str = HOME) -> list[int]:
    """Take rows out as an uplink does; their sequence numbers, in the order of delivery."""
    outbox.flush()
    reader = outbox.reader(name)
    seqs: list[int] = []
    while len(seqs) < most and (row := reader.oldest()) is not None:
        reader.confirm(row.seq, 1.0)
        seqs.append(row.seq)
    return seqs
