"""Fire: the normative floor, which always alarms, and signs that alarm when they agree."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from agent import wording
from agent.detectors import channels, onset, vision
from agent.detectors.channels import held
from agent.detectors.derived import Derived
from agent.detectors.limits import FireConfig, FixedHeat, RateOfRise
from agent.detectors.nuisance import Nuisance, Steam
from agent.detectors.onset import Onset, Source
from agent.detectors.rules import FRESH_S, GROWN, STEAMY, Kind, Rule, Watching, agreeing
from agent.values import PLACE, Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

__all__ = ["FireConfig", "FireDetector", "FixedHeat", "RateOfRise"]

_WATCHED = channels.WATCHED.keys() | vision.WATCHED
_AIR = frozenset({Quantity.TEMPERATURE_C, Quantity.RELATIVE_HUMIDITY_PCT})
# alarm by themselves, unless a named nuisance explains them; the floor is never asked
_HELD_BACK = frozenset({"lasting_smoke", "onset"})
# says something only beside others: cells throw short peaks
_QUIET = frozenset({"co_surge"})
SENSORS_MODEL = "fire_model"  # the virtual sensor whose scores are of the other sensors' readings
_RETOLD = _HELD_BACK | {"model"}  # tell nothing that other rules do not, once it is an alarm
_FLAMING = frozenset({"onset", "seen_fire", "flicker"})
_WARMED_C = 1.0  # less is no change of temperature, for the sentence


class FireDetector:
    """One incident for the whole room, from any number of sensors of each kind.

    Readings alone move it, in both directions: a channel that falls silent or is doubted keeps the
    rules it had begun, so an alarm lasts until each of them was seen below its `fall` again. While
    in alarm, a rule that joins or a level that grows by half is told as a further alarm, once for
    all sensors of a kind.

    `ends` names where a channel saturates, in its own unit: a limit beyond that would never be
    reached, so there the channel's end is the limit. Sensors that are `outdoors` are no witnesses.
    """

    def __init__(
        self,
        config: FireConfig,
        ends: Mapping[Source, float] | None = None,
        outdoors: Collection[str] = (),
    ) -> None:
        self._config, self._ends, self._outdoors = config, ends or {}, frozenset(outdoors)
        self._steam = Steam()
        least, sure = config.onset.least, config.onset.sure
        self._onset = Onset(least, sure, config.particles.saturates)
        threshold = held(config.onset, config, confirm=False)  # it confirms by itself
        self._begun = Rule("onset", Kind.AEROSOL, threshold, self._together)
        self._watches: dict[Source, Sequence[Watching]] = {}
        self._sights: dict[str, vision.Sight] = {}
        self._rules: list[Rule] = [self._begun]
        self._active: list[Rule] = []
        self._took_part: list[Rule] = []
        self._told: dict[str, float] = {}  # the highest level told in this incident, by rule
        self._stage: Stage | None = None
        self._rule = ""

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        if reading.sensor in self._outdoors:
            return []
        if reading.quantity in _AIR:
            self._steam.update(reading)
        if reading.quantity not in _WATCHED:
            return []
        changed = False
        for watch in self._watching(reading):
            changed |= watch.update(reading)
        if reading.quantity in onset.WATCHED:
            changed |= self._look_for_onset(reading)
        if changed:
            self._active = [rule for rule in self._rules if rule.threshold.active]
            self._active.sort(key=_gravity)
            self._took_part += [rule for rule in self._active if rule not in self._took_part]
        return self._decide(reading.at) if changed or self._active else []

    def tick(self, now: float) -> list[Detection]:  # noqa: ARG002  # the shape of a detector
        """Time alone begins and ends nothing here."""
        return []

    def standing(self, hazard: Hazard) -> tuple[Reading, ...]:
        """The last readings of whatever is over its limit now, told or not."""
        rules = [r for r in self._active if r.threshold.standing and r.name not in _RETOLD]
        found = [reading for rule in rules for reading in rule.seen]
        return tuple(dict.fromkeys(found)) if hazard is Hazard.FIRE else ()

    def derived(self) -> Iterator[Derived]:
        """Give what each rule but the plain ones looks at, for example °C of rise."""
        for (sensor, quantity), watches in self._watches.items():
            if quantity is Quantity.TEMPERATURE_C:
                for watch, name in zip(watches[1:], _DERIVED, strict=True):
                    for seen in watch.rules[0].seen:
                        yield Derived(sensor, name, watch.rules[0].level, seen.at)
        for seen in self._begun.seen[:1]:
            yield Derived(seen.sensor, "ONSET", self._begun.level, seen.at)

    def _watching(self, reading: Reading) -> Sequence[Watching]:
        source = reading.sensor, reading.quantity
        watches = self._watches.get(source)
        if watches is None:
            watches = self._watches[source] = self._new_watches(source)
            rules = [rule for watch in watches for rule in watch.rules]
            self._rules += [rule for rule in rules if rule not in self._rules]
        return watches

    def _new_watches(self, source: Source) -> Sequence[Watching]:
        sensor, quantity = source
        if sensor == SENSORS_MODEL:
            return channels.model(self._config)
        if quantity in vision.WATCHED:  # all that one camera gives is looked at together
            return [self._sights.setdefault(sensor, vision.Sight(self._config))]
        end = self._ends.get(source, math.inf)
        return channels.WATCHED[quantity](self._config, end)

    def _look_for_onset(self, reading: Reading) -> bool:
        level = self._onset.update(reading)
        self._begun.seen = self._onset.seen
        return self._begun.threshold.update(level, reading.at)

    def _decide(self, at: float) -> list[Detection]:
        if not self._active:
            return self._end(at)
        if self._stage is Stage.ALARM:
            grown = [r for r in self._active if r.name not in _RETOLD and self._has_grown(r)]
            return [self._alarm(grown[:1], at)] if grown else []
        if deciding := self._deciding(at):
            return [self._alarm(deciding, at)]
        loud = [rule for rule in self._active if rule.name not in _QUIET]
        if self._stage is None and loud:
            self._stage, self._rule = Stage.PREALARM, loud[0].name
            return [self._prealarm(loud[0], at)]
        return []

    def _has_grown(self, rule: Rule) -> bool:
        """Whether it stands well above what was told of it; what has sunk to nothing does not."""
        return rule.level > 0 and rule.level >= GROWN * self._told.get(rule.name, 0.0)

    def _deciding(self, at: float) -> list[Rule]:
        """What makes it an alarm: the floor, else signs that agree and no nuisance explains."""
        steam = self._steam.stands(at)
        for rule in self._active:
            if rule.alone or (rule.name in _HELD_BACK and rule.threshold.standing and not steam):
                return [rule]
        signs = [rule for rule in self._active if rule.name not in _HELD_BACK]
        if self._is_contradicted(at):
            signs = [rule for rule in signs if rule.kind is not Kind.GAS]
        return agreeing(signs, at, STEAMY if steam else frozenset())

    def _is_contradicted(self, at: float) -> bool:
        """Whether there is no CO and no warmth where both are looked for: frying, not a fire."""
        cells = [r for r in self._rules if r.kind is Kind.CO and r.seen]
        ppm = [r.level for r in cells if at - r.seen[-1].at <= FRESH_S]
        if not ppm or max(ppm) >= self._config.co.fall:
            return False
        return self._warmed_c(at) < self._config.heat.fall

    def _alarm(self, deciding: list[Rule], at: float) -> Detection:
        self._stage = Stage.ALARM
        by_itself = deciding[0].alone or deciding[0].name in _HELD_BACK
        self._rule = deciding[0].name if by_itself else "corroboration"
        for rule in self._active:
            self._told[rule.name] = max(self._told.get(rule.name, 0.0), rule.level)
        others = [rule for rule in self._active if rule not in deciding]
        told = [rule.why(at) for rule in deciding] + self._verdict(deciding, at)
        return self._detection(deciding, at, wording.join(told, "fire_alarm"), others)

    def _prealarm(self, first: Rule, at: float) -> Detection:
        told = [first.why(at)]
        if nuisance := self._nuisance(at):
            told.append(wording.perhaps(nuisance))
        return self._detection([first], at, wording.join(told, "fire_prealarm"))

    def _end(self, at: float) -> list[Detection]:
        if self._stage is None:
            self._took_part = []
            return []
        self._stage = Stage.CLEARED
        over = wording.join([wording.normal_again()], "fire_over")
        ended = self._detection([], at, over, self._took_part)
        self._took_part, self._told, self._stage = [], {}, None
        return [ended]

    def _detection(
        self, deciding: list[Rule], at: float, why: Why, others: Iterable[Rule] = ()
    ) -> Detection:
        readings = [reading for rule in (*deciding, *others) for reading in rule.seen]
        return Detection(
            hazard=Hazard.FIRE,
            stage=self._stage or Stage.CLEARED,
            subject=PLACE,
            rule=self._rule,
            evidence=tuple(dict.fromkeys(readings)),
            at=at,
            why=why,
        )

    def _together(self, _level: float, _held_s: float) -> Why:
        return wording.onset(*self._onset.rises)

    def _verdict(self, deciding: list[Rule], at: float) -> list[Why]:
        """Say what kind of fire it looks like, where the evidence tells."""
        kinds = {rule.kind for rule in deciding}
        if Kind.HEAT in kinds or any(rule.name in _FLAMING for rule in deciding):
            return []
        if kinds & {Kind.CO, Kind.AEROSOL} and self._warmed_c(at) < _WARMED_C:
            return [wording.smouldering()]
        return []

    def _warmed_c(self, at: float) -> float:
        """How far the warmest air has risen in the last minutes; endless if nobody looked."""
        signs = [r for r in self._rules if r.name == "heat" and r.seen]
        fresh = [r.level for r in signs if at - r.seen[-1].at <= FRESH_S]
        return max(fresh, default=math.inf)

    def _nuisance(self, at: float) -> Nuisance | None:
        """What ordinary life looks like this, by the kinds of evidence and by the water."""
        kinds = {rule.kind for rule in self._active}
        if self._steam.stands(at) and Kind.AEROSOL in kinds:
            return Nuisance.STEAM
        if kinds == {Kind.AEROSOL, Kind.GAS}:
            return Nuisance.COOKING
        if kinds == {Kind.GAS}:
            return Nuisance.SPRAY
        if kinds == {Kind.SCORE}:
            return Nuisance.PICTURE
        if kinds == {Kind.AEROSOL}:
            return Nuisance.COOKING if self._warmed_c(at) >= _WARMED_C else Nuisance.SMOKING
        return None


_DERIVED = ("TEMPERATURE_RISE_C", "TEMPERATURE_GROWTH_C")


def _gravity(rule: Rule) -> tuple[bool, bool]:
    """Sort what alarms alone before signs, and heat, which nobody may hush, before smoke."""
    return not rule.alone, rule.kind is not Kind.HEAT
