"""What the device claims to be able to detect now. Alive is not protected."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

from agent.pipeline import Health
from agent.sections import Config
from agent.tested import Tested
from agent.values import Hazard
from drivers.sensor import Quantity
from drivers.view import HINDERED, View

# the channels on which a hazard's normative floor stands; supporting channels do not cover it
FLOOR: Mapping[Hazard, frozenset[Quantity]] = {
    Hazard.FIRE: frozenset(
        {
            Quantity.TEMPERATURE_C,
            Quantity.SMOKE_OBSCURATION_PCT_PER_M,
            Quantity.SMOKE_ALARM_CONTACT,
        }
    ),
    Hazard.CO: frozenset({Quantity.CO_PPM}),
    Hazard.SOS: frozenset({Quantity.BUTTON, Quantity.VIBRATION_M_S2}),
    Hazard.FALL: frozenset({Quantity.FALL_SCORE}),
    Hazard.WATER: frozenset({Quantity.WATER_PRESENT, Quantity.WATER_L}),
    Hazard.GAS: frozenset({Quantity.GAS_RS_R0}),
    Hazard.TAMPER: frozenset({Quantity.TILT_DEG}),
}


# the sections without which nobody watches a channel
ASKED_FOR: Mapping[Quantity, Callable[[Config], object]] = {
    Quantity.WATER_L: lambda config: config.flow,
    Quantity.GAS_RS_R0: lambda config: config.gas,
    Quantity.TILT_DEG: lambda config: config.structure and config.structure.tilt,
}
UNTRIED = "untried since start"
PROOF_LASTS_S = 365 * 86_400.0  # a welded contact or a dried-out cell shows in no reading


class Proof(msgspec.Struct, frozen=True):
    """A real stimulus that went all the way: when, by both clocks (RFC 3339, monotonic seconds).

    Where it was an inspection, of which `sensor` and by which `nonce`; where it was the device's
    `own` self-test, of which sensor. It is `unverified` where the ledger says so and no known key
    signed that.
    """

    wall_time: str
    at: float
    sensor: str = ""
    nonce: str = ""
    unverified: bool = False
    own: bool = False

    def __str__(self) -> str:
        """When, and how."""
        how = f" by inspection of {self.sensor}" if self.nonce else ""
        how = f" by self-test of {self.sensor}" if self.own else how
        return f"{self.wall_time}{how}{', unverified' if self.unverified else ''}"


class Claim(msgspec.Struct, frozen=True):
    """One hazard's coverage: `proven`, `assumed` or `lost`, and on simulated wires `simulated`.

    `why` says when it was proven, or what keeps it from being so; empty only where simulated.
    """

    claim: str
    why: str = ""


def coverage(  # noqa: PLR0913  # all that a claim stands on
    config: Config,
    health: Mapping[str, Health],
    proven: Mapping[Hazard, Proof],
    *,
    now: float,
    simulated: bool,
    worn: Mapping[str, str] = MappingProxyType({}),
    ending: Mapping[str, str] = MappingProxyType({}),
    tested: Mapping[str, Tested] = MappingProxyType({}),
) -> dict[str, Claim]:
    """Claim per hazard from the state of its floor's sensors.

    Args:
        config: The sensors, and which buttons call for help.
        health: Each sensor's state, by name.
        proven: When each hazard was last detected from a real stimulus.
        now: Monotonic seconds; a proof lasts a year.
        simulated: Whether the wires are simulated: then nothing is ever claimed to be protected.
        worn: The sensors past their life, and since when: nothing is proven by them.
        ending: Those whose life ends soon, and when.
        tested: What each sensor's last self-test showed; one that failed cannot show its hazards.
    """
    claims = {}
    for hazard in FLOOR:
        if not (names := standing_for(config, hazard)):
            continue
        dead = [
            f"{name}: {why}"
            for name in names
            if (why := _lost(hazard, health[name]) or _failed(tested.get(name)))
        ]
        weak = dead + [f"{name}: {worn[name]}" for name in names if name in worn]
        if len(dead) == len(names):
            claim = Claim("lost", "; ".join(weak))
        elif simulated:
            claim = Claim("simulated", "; ".join(weak))
        else:
            claim = _on_proof(proven.get(hazard), weak, now)
            if claim.claim == "assumed" and not weak:
                passed = [f"{name}: {tested[name]}" for name in names if name in tested]
                claim = Claim(claim.claim, "; ".join([claim.why, *passed]))
        soon = [f"{name}: {ending[name]}" for name in names if name in ending]
        claims[str(hazard)] = Claim(claim.claim, "; ".join(filter(None, [claim.why, *soon])))
    return claims


def _lost(hazard: Hazard, health: Health) -> str:
    """Why a sensor cannot show the hazard now; empty where it can."""
    if not health.is_sound:
        return health.why
    if hazard is not Hazard.FALL:
        return ""
    views = (each.value for each in health.last if each.quantity is Quantity.VIEW)
    return next((HINDERED[View(int(each))] for each in views if each in HINDERED), "")


def _failed(tested: Tested | None) -> str:
    """Why a sensor failed its last self-test; empty where it did not."""
    return "" if tested is None or tested.passed else str(tested)


def _on_proof(proof: Proof | None, weak: list[str], now: float) -> Claim:
    """Claim by the last stimulus: what has not been tried is never more than assumed."""
    if weak:
        return Claim("assumed", "; ".join(weak))
    if proof is None:
        return Claim("assumed", UNTRIED)
    if now - proof.at > PROOF_LASTS_S:
        return Claim("assumed", f"not tried since {proof}")
    return Claim("proven", str(proof))


def floor(config: Config, hazard: Hazard) -> frozenset[Quantity]:
    """The channels of `FLOOR` that this configuration has watched."""
    return frozenset(
        each
        for each in FLOOR[hazard]
        if each not in ASKED_FOR or ASKED_FOR[each](config) is not None
    )


def standing_for(config: Config, hazard: Hazard) -> list[str]:
    """The sensors on which the claim to detect a hazard stands, by name."""
    if hazard is Hazard.SOS:
        shake = [config.sos.shake.sensor] if config.sos.shake is not None else []
        urgent = config.report.urgent() if config.report is not None else []
        return [*config.sos.buttons, *shake, *urgent]
    return [
        each.name
        for each in config.sensors
        if each.may_stand_alone
        and floor(config, hazard) & each.spans.keys()
        and not (hazard is Hazard.FIRE and each.name in config.outdoors)
    ]


def covered_by(config: Config, sensor: str) -> list[Hazard]:
    """The hazards of which a sensor is such a one; none where it only supports others."""
    return [hazard for hazard in FLOOR if sensor in standing_for(config, hazard)]
