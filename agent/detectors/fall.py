"""Falls: what a camera saw is asked about first; the alarm goes out unless somebody answers.

"Are you all right?" stands on site only (`is_local`). A button, a voice, or the fallen person up
and about answers; the button that calls for help sends the alarm at once. Neither a fault nor
silence nor darkness answers: where nobody is heard, help comes.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from msgspec import Meta

from agent import wording
from agent.detectors.answers import BODY, FRESH_S, SEEN_AGAIN_S, Body, Ear
from agent.detectors.limits import Table
from agent.detectors.threshold import HeldThreshold
from agent.values import PLACE, Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

Answer = Literal["button", "movement", "voice"]

_OVER_S = 5.0  # a sign is over when it was seen below its `fall` for so long
_STALE_S = 60.0  # a sign that was unseen for longer begins anew
_SIREN = frozenset({Hazard.FIRE, Hazard.CO})  # their siren drowns voices; a button then hushes it
SEEN, LOST, STILL_DOWN = "seen_fall", "lost_from_sight", "still_down"


class FallScore(Table, frozen=True, kw_only=True):
    """What the fall model says, 0 to 1; it holds its score itself. Two readings must agree."""

    rise: Annotated[float, Meta(ge=0.2, le=0.99)] = 0.5
    fall: Annotated[float, Meta(ge=0.05, le=0.98)] = 0.3
    hold_s: Annotated[float, Meta(ge=0, le=10)] = 0.4


class FallConfig(Table, frozen=True, kw_only=True):
    """`[fall]`. `ask_s`: without an answer for so long the alarm goes out.

    `answers`: leave out `voice` where people would cry out rather than press. A voice must be
    `voice_db` above the room. Who answered by voice and has not got up is asked again after
    `again_s`. An alarm is over when a button is pressed, or who fell has been up for `upright_s`.
    """

    score: FallScore = FallScore()
    ask_s: Annotated[float, Meta(ge=15, le=60)] = 30.0
    answers: tuple[Answer, ...] = ("button", "movement", "voice")
    voice_db: Annotated[float, Meta(ge=6, le=30)] = 10.0
    again_s: Annotated[float, Meta(ge=60, le=3600)] = 180.0
    upright_s: Annotated[float, Meta(ge=5, le=120)] = 10.0

    def problems(self) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        if self.score.fall >= self.score.rise:
            yield "`fall` is not below `rise` - at `$.fall.score`", "lower `fall`"


@dataclass(slots=True, eq=False)
class _Camera:
    """What one camera gives: two signs of a fall, and the body it sees."""

    seen: HeldThreshold
    lost: HeldThreshold
    body: Body = field(default_factory=Body)
    signs: dict[Quantity, Reading] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Incident:
    """One fall, from the first question on; times in monotonic seconds."""

    rule: str
    fell_at: float
    begun: float  # of the question
    cameras: set[str]
    evidence: list[Reading]
    is_alarm: bool = False


class FallDetector:
    """One incident for the whole room. Time passes by readings of any sensor and by ticks.

    `sos` names the buttons that call for help, `mute` those that switch a camera off: a press of
    these says nothing of how anybody is.
    """

    def __init__(
        self, config: FallConfig, *, sos: Iterable[str] = (), mute: Iterable[str] = ()
    ) -> None:
        self._config, self._sos, self._mute = config, frozenset(sos), frozenset(mute)
        self._cameras: dict[str, _Camera] = {}
        self._ears: dict[str, Ear] = {}
        self._pressed: dict[str, bool] = {}
        self._sirens: set[tuple[Hazard, str]] = set()
        self._incident: _Incident | None = None
        self._unsure: _Incident | None = None  # answered by a voice alone
        self._again_at = math.inf

    @property
    def is_waiting(self) -> bool:
        """Whether somebody is asked and has not answered yet."""
        return self._incident is not None and not self._incident.is_alarm

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        found = self.tick(reading.at)
        if reading.quantity is Quantity.BUTTON:
            return found + self._press(reading)
        if reading.quantity is Quantity.SOUND_LAF_DBA:
            return found + self._listen(reading)
        if reading.quantity in BODY:
            return found + self._look(reading)
        if reading.quantity in {Quantity.FALL_SCORE, Quantity.POSE_LOST}:
            return found + self._notice(reading)
        return found

    def tick(self, now: float) -> list[Detection]:
        """Nobody has answered in time; or who only spoke has not got up."""
        asked, unsure = self._incident, self._unsure
        if asked is not None:
            if asked.is_alarm or now < asked.begun + self._config.ask_s:
                return []
            return [self._alarm(asked, "no_answer", now, wording.no_answer(self._config.ask_s))]
        if unsure is None or now < self._again_at:
            return []
        if not any(self._cameras[name].body.may_lie(now) for name in unsure.cameras):
            self._unsure = None
            return []
        again = replace(unsure, rule=STILL_DOWN, begun=now)
        return [self._ask(again)]

    def heed(self, detection: Detection) -> None:
        """Take in what another detector found: under the siren nobody is heard."""
        if detection.hazard in _SIREN:
            incident = detection.hazard, detection.subject
            if detection.stage is Stage.ALARM:
                self._sirens.add(incident)
            elif detection.stage is Stage.CLEARED:
                self._sirens.discard(incident)

    def _notice(self, reading: Reading) -> list[Detection]:
        """Look for a sign of a fall, and ask once for each."""
        camera = self._camera(reading)
        sign = camera.seen if reading.quantity is Quantity.FALL_SCORE else camera.lost
        camera.signs[reading.quantity] = reading
        self._follow(camera, reading.at)
        if not sign.update(reading.value, reading.at) or not sign.active:
            return []
        rule = SEEN if sign is camera.seen else LOST
        asked = self._incident
        if asked is None:
            fallen = _Incident(rule, reading.at, reading.at, {reading.sensor}, [reading])
            return [self._ask(fallen)]
        asked.cameras.add(reading.sensor)
        asked.evidence.append(reading)
        if asked.rule == LOST:
            asked.rule = rule
        return []

    def _follow(self, camera: _Camera, at: float) -> None:
        """Let the model say whether who is seen is who fell."""
        fresh = {q: each.value for q, each in camera.signs.items() if at - each.at <= FRESH_S}
        if fresh.get(Quantity.POSE_LOST, 0.0) >= 0.5:
            camera.body.lose(at)
        elif fresh.get(Quantity.FALL_SCORE, 0.0) >= self._config.score.rise:
            camera.body.find(at)

    def _camera(self, reading: Reading) -> _Camera:
        name, at = reading.sensor, reading.at
        camera = self._cameras.get(name)
        if camera is None:
            camera = self._cameras[name] = _Camera(*self._thresholds())
        before = camera.signs.get(reading.quantity)
        if self._incident is None and before is not None and at - before.at > _STALE_S:
            camera.seen, camera.lost = self._thresholds()
        return camera

    def _thresholds(self) -> tuple[HeldThreshold, HeldThreshold]:
        score = self._config.score
        seen = HeldThreshold(score.rise, score.fall, score.hold_s, _OVER_S)
        return seen, HeldThreshold(0.5, 0.5, 0.0, _OVER_S, confirm=False)

    def _look(self, reading: Reading) -> list[Detection]:
        """Look whether who fell is up again."""
        camera = self._camera(reading)
        camera.body.update(reading)
        asked = self._incident or self._unsure
        if asked is None or reading.sensor not in asked.cameras:
            return []
        score = camera.signs.get(Quantity.FALL_SCORE)
        if score is None or score.value >= self._config.score.fall:
            return []  # the model still sees who fell on the floor, or says nothing
        if not self._is_recovered(asked, camera.body, reading.at):
            return []
        self._unsure = None  # up again: no second question
        return [self._end(asked, "movement", reading, wording.got_up())] if self._incident else []

    def _is_recovered(self, asked: _Incident, body: Body, at: float) -> bool:
        if "movement" not in self._config.answers or body.had_company(asked.fell_at):
            return False
        up_s = self._config.upright_s if asked.is_alarm else 0.0
        if asked.rule == LOST:  # whoever is seen again was not lost
            return body.is_about(at, up_s) or body.is_up(at, max(up_s, SEEN_AGAIN_S))
        return body.is_about(at, up_s) and not body.is_doubtful(asked.fell_at)

    def _press(self, reading: Reading) -> list[Detection]:
        """A press that was seen to begin; a button found pressed, or held, says nothing."""
        button, is_pressed = reading.sensor, reading.value >= 0.5
        was_pressed = self._pressed.get(button, True)
        self._pressed[button] = is_pressed
        if not is_pressed or was_pressed:
            return []
        asked = self._incident
        if button in self._sos:
            return [] if asked is None or asked.is_alarm else [self._call(asked, reading)]
        if self._sirens or button in self._mute or "button" not in self._config.answers:
            return []
        self._unsure = None
        over = wording.pressed_all_right()
        return [] if asked is None else [self._end(asked, "button", reading, over)]

    def _call(self, asked: _Incident, reading: Reading) -> Detection:
        asked.evidence.append(reading)
        return self._alarm(asked, "called_for_help", reading.at, wording.called_for_help())

    def _listen(self, reading: Reading) -> list[Detection]:
        ear = self._ears.setdefault(reading.sensor, Ear(self._config.voice_db))
        asked = self._incident
        # who spoke and did not get up is asked for more than a voice
        is_open = asked is not None and not asked.is_alarm and asked.rule != STILL_DOWN
        hears = is_open and not self._sirens and "voice" in self._config.answers
        spoke = ear.update(reading, asked.begun if asked is not None and hears else None)
        if asked is None or not spoke:
            return []
        self._unsure, self._again_at = asked, reading.at + self._config.again_s
        return [self._end(asked, "voice", reading, wording.spoke())]

    def _ask(self, fallen: _Incident) -> Detection:
        self._incident, self._unsure = fallen, None
        for ear in self._ears.values():
            ear.begin(fallen.begun)
        told = [wording.fall(fallen.rule), wording.asking()]
        return self._detection(fallen, Stage.PREALARM, fallen.rule, fallen.begun, told)

    def _alarm(self, asked: _Incident, rule: str, at: float, why: Why) -> Detection:
        asked.is_alarm = True
        told = [wording.fall(asked.rule), why, wording.go_and_look()]
        return self._detection(asked, Stage.ALARM, rule, at, told)

    def _end(self, asked: _Incident, rule: str, reading: Reading, why: Why) -> Detection:
        asked.evidence.append(reading)
        self._incident = None
        return self._detection(asked, Stage.CLEARED, rule, reading.at, [why])

    def _detection(
        self, asked: _Incident, stage: Stage, rule: str, at: float, told: Iterable[Why]
    ) -> Detection:
        bodies = [self._cameras[name].body.last for name in sorted(asked.cameras)]
        evidence = [*asked.evidence, *(reading for body in bodies for reading in body.values())]
        return Detection(
            hazard=Hazard.FALL,
            stage=stage,
            subject=PLACE,
            rule=rule,
            evidence=tuple(dict.fromkeys(evidence)),
            at=at,
            why=wording.together(told),
            is_local=not asked.is_alarm,
        )
