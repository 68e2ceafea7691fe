"""Ledgers for tests: made by the agent's own code, with keys of their own."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from agent.envelope import Identity, stamp
from agent.eventfile import Row
from agent.ledger import Ledger
from agent.ledger_file import Record, unseal
from agent.ledger_past import Start
from agent.outbox import Outbox
from agent.signing import Signer, load_signer
from agent.values import Detection, Event, Hazard, Stage, Why
from agent.wallclock import WallTime

START = Start(
    site="alley-3",
    device="stall-17",
    software="haetae 0.1.0",
    models={},
    configuration="c" * 64,
    profile="market-stall",
    simulated=False,
)
BOOT = "0badcafe-00000001"


def key(path: Path, kind: str = "EC") -> Signer:
    """A new device key in a file."""
    made = (
        ec.generate_private_key(ec.SECP256R1())
        if kind == "EC"
        else ed25519.Ed25519PrivateKey.generate()
    )
    path.write_bytes(
        made.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return load_signer(path)


def walls() -> Callable[[], WallTime]:
    """A clock that goes on by a second at each look."""
    seconds: Iterator[int] = count()

    def wall() -> WallTime:
        second = next(seconds)
        return WallTime(f"2026-11-22T05:{second // 60 % 60:02}:{second % 60:02}.000Z", 0.01, "ntp")

    return wall


def ledger(  # a ledger's own, each with what most tests want
    folder: Path,
    *,
    signer: Callable[[], Signer | None] = lambda: None,
    recent: Callable[[int], list[Row]] = lambda _limit: [],
    start: Start = START,
    boot_id: str = BOOT,
    bound_bytes: int = 64 << 20,
) -> Ledger:
    """A ledger that a test writes by `write()`."""
    ticks = count()
    return Ledger(
        folder,
        start=start,
        boot_id=boot_id,
        clock=lambda: float(next(ticks)),
        wall=walls(),
        recent=recent,
        signer=signer,
        bound_bytes=bound_bytes,
    )


def lines(folder: Path) -> list[bytes]:
    """Every line of a ledger, with its end."""
    return [
        line
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_bytes().splitlines(keepends=True)
    ]


def records(folder: Path) -> list[Record]:
    """Every record of a ledger."""
    return [unseal(line[:-1]).record for line in lines(folder)]


def kinds(folder: Path) -> list[str]:
    """The kind of every record of a ledger."""
    return [each.kind for each in records(folder)]


def put(outbox: Outbox, stage: Stage = Stage.ALARM, boot_id: str = BOOT) -> Event:
    """An event of a fire, in an outbox."""
    who = Identity("market", "stall-7", boot_id, "haetae 0.1.0", {}, simulated=False)
    found = Detection(Hazard.FIRE, stage, "place", "fixed_heat", (), 5.0, Why("불", "fire"))
    wall = WallTime("2026-11-22T05:00:00.000Z", 0.01, "ntp")
    return outbox.put(
        lambda seq, previous: stamp(found, seq=seq, previous=previous, identity=who, wall=wall)
    )
