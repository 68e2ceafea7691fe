"""One event of each hazard and stage, as a device sends it in either form of CloudEvents."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from agent.envelope import CONTENT_TYPE, Identity, properties, stamp, structured
from agent.eventstore import GENESIS
from agent.hazard_names import HAZARDS
from agent.values import PLACE, Detection, Event, Hazard, Reading, Stage, Why
from agent.wallclock import WallTime
from drivers.sensor import Quantity
from provisioning.gateway.wording import STAGES

AT_S = 5025.75  # monotonic seconds of every example
_DEVICE = Identity("alley-3", "stall-17", "3f2a9c01-b7e40d52", "haetae 0.1.0", {}, simulated=False)
_WALL = WallTime("2026-11-21T09:00:00.125Z", 0.012, "ntp")
_EVIDENCE: Mapping[Hazard, tuple[str, Quantity, float]] = {
    Hazard.FIRE: ("ceiling", Quantity.TEMPERATURE_C, 61.4),
    Hazard.CO: ("co", Quantity.CO_PPM, 152.0),
    Hazard.GAS: ("gas", Quantity.GAS_RS_R0, 0.31),
    Hazard.FALL: ("camera", Quantity.FALL_SCORE, 0.93),
    Hazard.SOS: ("sos", Quantity.BUTTON, 1.0),
    Hazard.INACTIVITY: ("motion", Quantity.MOTION, 0.0),
    Hazard.WANDERING: ("front_door", Quantity.CONTACT_OPEN, 1.0),
    Hazard.NOISE: ("microphone", Quantity.SOUND_LAF_DBA, 58.2),
    Hazard.NEIGHBOUR_ALARM: ("microphone", Quantity.SOUND_LAF_DBA, 71.0),
    Hazard.INTRUSION: ("shutter", Quantity.CONTACT_OPEN, 1.0),
    Hazard.CLIMATE: ("room", Quantity.TEMPERATURE_C, 34.6),
    Hazard.AIR: ("room", Quantity.CO2_PPM, 1840.0),
    Hazard.FAULT: ("ceiling", Quantity.TEMPERATURE_C, 85.0),
    Hazard.POWER: ("supply", Quantity.SUPPLY_V, 4.61),
}


def events() -> Iterator[Event]:
    """Every hazard at every stage."""
    pairs = ((hazard, stage) for hazard in Hazard for stage in Stage)
    for seq, (hazard, stage) in enumerate(pairs, 1):
        name, step = HAZARDS[hazard], STAGES[stage]
        found = _EVIDENCE.get(hazard)
        read = () if found is None else (Reading(*found, AT_S - 0.25),)
        why = Why(f"{name.ko}: {step.ko} 상태입니다.", f"{name.en}: the stage is {step.en}.")
        told = Detection(hazard, stage, PLACE, "example", read, AT_S, why)
        yield stamp(told, seq=seq, previous=GENESIS, identity=_DEVICE, wall=_WALL)


def binary(event: Event) -> dict[str, Any]:
    """The PUBLISH of MQTT 5: topic, properties, payload."""
    return {
        "topic": topic(event),
        "contentType": CONTENT_TYPE,
        "userProperties": properties(event),
        "payload": msgspec.to_builtins(event),
    }


def wrapped(event: Event) -> dict[str, Any]:
    """The PUBLISH of MQTT 3.1.1: topic and payload."""
    body = structured(msgspec.json.encode(event), event=event)
    return {"topic": topic(event), "payload": msgspec.json.decode(body)}


def topic(event: Event) -> str:
    """Where it is published."""
    return f"haetae/v1/{event.site}/{event.device}/event/{event.hazard}"
