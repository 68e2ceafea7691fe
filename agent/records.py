"""This device's ledger: what a start is, which key signs, and what it says was proven before."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.coverage import Proof
from agent.envelope import Identity, boot_id
from agent.ledger import Ledger
from agent.ledger_past import Proven, Start
from agent.outbox import Outbox
from agent.sections import Config, HubConfig
from agent.signing import Signer, load_signer
from agent.state_lock import AlreadyRunningError, hold
from agent.values import Hazard
from agent.wallclock import WallTime, read_wall_clock

FOLDER = "ledger"  # in the state directory


def device_ledger(  # noqa: PLR0913  # all that a record stands on
    state: Path,
    config: Config,
    identity: Identity,
    *,
    sha256: str,
    outbox: Outbox,
    clock: Callable[[], float],
    wall: Callable[[], WallTime],
) -> Ledger:
    """Open the ledger for this start; `sha256` is that of the configuration in force."""
    start = Start(
        site=identity.site,
        device=identity.device,
        software=identity.software,
        models=identity.models,
        configuration=sha256,
        profile=config.profile,
        simulated=identity.simulated,
    )
    return Ledger(
        state / FOLDER,
        start=start,
        boot_id=identity.boot_id,
        clock=clock,
        wall=wall,
        recent=outbox.recent,
        signer=lambda: device_signer(config.hub),
    )


def note_alone(state: Path, config: Config, kind: str, body: Mapping[str, Any]) -> str:
    """Record something without an agent; say why it could not be, or give an empty text."""
    ledger = Ledger(
        state / FOLDER,
        start=None,
        boot_id=boot_id(),
        clock=time.monotonic,
        wall=read_wall_clock,
        recent=lambda _limit: [],
        signer=lambda: device_signer(config.hub),
    )
    try:
        with hold(state):
            ledger.note(kind, body)
            ledger.write()
    except AlreadyRunningError:
        return "the running agent holds the ledger: by the hub's command `selftest` it is recorded"
    finally:
        ledger.close()
    return ledger.trouble


def device_signer(hub: HubConfig | None) -> Signer | None:
    """The device's own key, None where it has none: no hub, or one on the loopback without TLS.

    Raises:
        SigningError: It should have one, and that cannot be used.
    """
    if hub is None or (not hub.tls and not Path(hub.key).exists()):
        return None
    return load_signer(hub.key)


def proofs(proven: Mapping[str, Proven], *, now: float, wall: WallTime) -> dict[Hazard, Proof]:
    """What was proven before this start, by the clock of this one (`now`, monotonic seconds).

    However far behind the truth `wall` is, it is never behind the floor that the device keeps, so
    a proof grows old on a device without a clock, too.
    """
    found = {}
    for hazard, each in proven.items():
        try:
            then, today = (datetime.fromisoformat(at) for at in (each.wall_time, wall.iso))
            age_s = max(0.0, (today - then).total_seconds())
            found[Hazard(hazard)] = Proof(
                each.wall_time, now - age_s, each.sensor, each.nonce, each.unverified, each.own
            )
        except ValueError:  # a hazard or a time of another version
            continue
    return found
