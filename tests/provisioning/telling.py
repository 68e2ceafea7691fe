"""Events as devices send them, and the way they take through the gateway's memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from agent import envelope
from agent.envelope import Identity, stamp
from agent.eventstore import GENESIS
from agent.values import PLACE, Detection, Event, Hazard, Reading, Stage, Why
from agent.wallclock import WallTime
from drivers.sensor import Quantity
from provisioning.gateway.notice import read_notice
from provisioning.gateway.store import Store
from provisioning.gateway.told import Place, Told

SITE, DEVICE = "alley-3", "stall-17"
BOOT = "3f2a9c01-b7e40d52"
WALL = WallTime("2026-11-21T09:00:00.125Z", 0.012, "ntp")
UNSET = WallTime("2026-11-21T09:00:00.125Z", None, "unset")
NOW = "2026-11-22T10:00:00.000Z"
STALL = Place("중앙시장 3길 17호", "Stall 17, Central Market", 37.5665, 126.978)
WHY = Why("값 <61.4> & 경보입니다.", 'The value <61.4> & "alarm".')
KINDS = ("plain", "simulated", "inspection", "undated", "late")


def event(
    hazard: Hazard = Hazard.FIRE,
    stage: Stage = Stage.ALARM,
    *,
    seq: int = 42,
    simulated: bool = False,
    wall: WallTime = WALL,
    **changes: Any,
) -> Event:
    who = Identity(SITE, DEVICE, BOOT, "haetae 0.1.0", {"fire": "1"}, simulated=simulated)
    read = Reading("ceiling", Quantity.TEMPERATURE_C, 61.4, 5025.5)
    told = Detection(hazard, stage, PLACE, "fixed_heat", (read,), 5025.75, WHY)
    made = stamp(told, seq=seq, previous=GENESIS, identity=who, wall=wall)
    return msgspec.structs.replace(made, **changes)


def of_kind(kind: str, hazard: Hazard, stage: Stage, seq: int = 42, **changes: Any) -> Event:
    return event(
        hazard,
        stage,
        seq=seq,
        simulated=kind == "simulated",
        wall=UNSET if kind == "undated" else WALL,
        inspection="0d9c55e1a77b4f20" if kind == "inspection" else "",
        **changes,
    )


def named_by(made: Event) -> str:
    """What the gateway calls it."""
    return f"{made.site}_{made.device}_{made.id}"


def sent(made: Event, *, historical: bool = False) -> tuple[str, bytes, dict[str, str]]:
    """Topic, payload and user properties over MQTT 5."""
    topic = f"haetae/v1/{made.site}/{made.device}/event/{made.hazard}"
    return topic, msgspec.json.encode(made), envelope.properties(made, historical=historical)


def sent_structured(made: Event, *, historical: bool = False) -> tuple[str, bytes, dict[str, str]]:
    """The same over MQTT 3.1.1."""
    topic, body, _ = sent(made)
    return topic, envelope.structured(body, event=made, historical=historical), {}


@contextmanager
def remembering(folder: Path) -> Iterator[Store]:
    """The gateway's own memory."""
    store = Store(folder / "gateway.db", most=1000)
    try:
        yield store
    finally:
        store.close()


def remembered(folder: Path, *events: Event) -> list[Told]:
    """Each event in its incident, in a memory of their own."""
    with remembering(folder) as store:
        return told_by(store, *events)


def told_by(store: Store, *events: Event, historical: bool = False, now: str = NOW) -> list[Told]:
    """Each event in its incident."""
    found = []
    with store.transaction():
        for each in events:
            notice = read_notice(*sent(each, historical=historical))
            at = notice.wall_time if notice.is_dated else now
            found.append(store.tell(notice, STALL, happened=at, now=now))
    return found
