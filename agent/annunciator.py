"""Siren, lamp and voice. They wait for no network, disk or wall clock; all else may be dead.

The pipeline's thread calls `show` and `press`; the annunciator's own thread runs `run`, which plays
the signal of the gravest active hazard by the monotonic clock.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from agent import showings, signals
from agent.detectors.report import RULE as REPORT
from agent.deterrent import Deterrent
from agent.showings import SHOWINGS, Showing, showing_of
from agent.values import Detection, Hazard, Stage

log = logging.getLogger(__name__)

# only these rules can be hushed: smoke may be breakfast, heat is not, and a rule that nobody
# thought of is not either
HUSHABLE = frozenset(
    {"smoke_density", "lasting_smoke", "smoke_relay", "corroboration", "co_dose", "t3", "t4"}
)
GROWING_S = 60.0  # a fire that grew within this time is not hushed
ALARMING = (*showings.HUSHED, showings.SOS, showings.FALL, showings.LEFT)  # outlast a hung card
DEADLY = frozenset({Hazard.FIRE, Hazard.CO, Hazard.GAS})
NEVER_FROM_AFAR = DEADLY  # nobody hushes it who cannot see the room


class Output(Protocol):
    """A siren or a lamp."""

    def on(self) -> None:
        """Begin; OSError if the wire is gone."""

    def off(self) -> None:
        """End; OSError if the wire is gone."""


class Words(Protocol):
    """What speaks while the siren is silent; `agent.speaker.Speaker`. Neither call may wait."""

    def offer(self, prompt: str, silent_s: float, *, again: bool) -> None:
        """Say what may be spoken, and for how long it is silent from now on."""

    def hush(self) -> None:
        """Say that a tone sounds."""


TEST_S = 4.0
ANNOUNCED_TEST_S = 18.0  # words, and three slow tones
_EDGES_KEPT = 16
REPORTED_S = 6.0  # for so long a report is acknowledged; then its lamp waits for an answer
TAKEN_UP_S = 30.0  # for so long it is shown that a report was answered
ANSWERED_S = 4.0  # for so long it is said that the answer was understood
FIND_ME_S = 30.0


class Annunciator:
    """Plays what is active. Times are monotonic seconds of `clock`; `hush_s` too. Thread-safe.

    With `repeats` the siren sounds for a while when an alarm next door is heard. `deterrent` is
    switched as `bursts` allow.
    Its clock is real even when the agent's runs fast in a simulation: T3 must sound like T3.
    """

    def __init__(  # noqa: PLR0913  # each output, and the clock
        self,
        siren: Output,
        lamp: Output | None,
        *,
        clock: Callable[[], float],
        hush_s: float,
        words: Words | None = None,
        relay: Output | None = None,
        repeats: bool = False,
        deterrent: Output | None = None,
        bursts: Deterrent | None = None,
    ) -> None:
        outputs = {"siren": siren, "lamp": lamp, "relay": relay, "deterrent": deterrent}
        self._bursts = bursts
        self._outputs = {name: output for name, output in outputs.items() if output is not None}
        self._levels: dict[str, bool | None] = dict.fromkeys(self._outputs)
        self._clock, self._hush_s, self._words = clock, hush_s, words
        self._loud = DEADLY | ({Hazard.NEIGHBOUR_ALARM} if repeats else set())
        self._changed = threading.Condition()
        self._active: dict[tuple[Hazard, str], Detection] = {}
        self._playing, self._since = showings.QUIET, clock()
        self._hushed_until = self._grew = self._tested = float("-inf")
        self._asked = self._answered = self._sought = self._inspected_until = float("-inf")
        self._reported = self._taken_up = self._announced = float("-inf")
        self._edges: deque[tuple[float, bool]] = deque(maxlen=_EDGES_KEPT)  # of the siren
        self._promised: set[tuple[Hazard, str]] = set()  # the incidents that help is coming to
        self._silenced: dict[tuple[Hazard, str], float] = {}  # hushed from afar, and until when
        self._stopping = False
        self.trouble: dict[str, str] = {}

    def show(self, detection: Detection) -> None:
        """Take a detection in; a further alarm of an active incident is a growing one."""
        with self._changed:
            incident = detection.hazard, detection.subject
            if not (detection.is_local and detection.rule == REPORT):  # a further press of one
                self._promised.discard(incident)  # over, or a new call
            self._silenced.pop(incident, None)
            if detection.rule == REPORT and detection.stage is not Stage.CLEARED:
                self._reported = self._clock()
                self._taken_up = float("-inf")
            self._deter(detection)
            if detection.stage is Stage.CLEARED:
                self._active.pop(incident, None)
                if detection.hazard is Hazard.FALL:
                    self._answered = self._clock()
            else:
                if showing_of(detection.hazard, detection.stage) is showings.ASK:
                    self._asked = self._clock()
                before = self._active.get(incident)
                if detection.stage is Stage.ALARM and detection.hazard in DEADLY:
                    self._hushed_until = float("-inf")  # a new or a growing alarm is heard
                    if before is not None and before.stage is Stage.ALARM:
                        self._grew = self._clock()
                        if before.rule not in HUSHABLE:
                            detection = before  # once heat has spoken, it stays unhushable
                self._active[incident] = detection
            self._changed.notify()

    def press(self) -> str:
        """The button: hush what may be hushed, answer for a fall, or test; say which it did."""
        with self._changed:
            now = self._clock()
            sounding = [d for d in self._active.values() if self._sounds(d)]
            if not sounding and any(hazard is Hazard.FALL for hazard, _ in self._active):
                return "answered"
            if not sounding:
                self._tested = now
                self._changed.notify()
                return "test"
            if now - self._grew < GROWING_S or any(d.rule not in HUSHABLE for d in sounding):
                log.warning("siren: not hushed: the fire is growing or hot")
                return "refused"
            self._hushed_until = now + self._hush_s
            self._changed.notify()
            log.warning("siren: hushed for %.0f s by the button", self._hush_s)
            return "hushed"

    def promise(self, hazard: Hazard, subject: str) -> None:
        """Show that help is coming to this incident, until it is over or calls anew.

        What sounds goes on: a fire or CO alarm looks and sounds as before.
        """
        with self._changed:
            if (called := self._active.get((hazard, subject))) is not None:
                self._promised.add((hazard, subject))
                if called.rule == REPORT:
                    self._reported, self._taken_up = float("-inf"), self._clock()
                self._changed.notify()

    def silence(self, hazard: Hazard, subject: str) -> bool:
        """Hush one alarm for `hush_s`, or until it is renewed; False: it makes no sound.

        The lamp goes on, and so does whatever else sounds. Fire, CO and gas are never hushed so.
        """
        with self._changed:
            incident = hazard, subject
            detection = self._active.get(incident)
            if detection is None or hazard in NEVER_FROM_AFAR:
                return False
            showing = self._showing(incident, detection)
            if detection.stage is not Stage.ALARM or showing.sound is signals.SILENT:
                return False
            self._silenced[incident] = self._clock() + self._hush_s
            self._changed.notify()
            log.warning("siren: %s hushed for %.0f s from afar", hazard, self._hush_s)
            return True

    def identify(self) -> None:
        """Blink for half a minute where nothing graver than a fault is to be shown."""
        with self._changed:
            self._sought = self._clock()
            self._changed.notify()

    def inspect(self, for_s: float) -> None:
        """Show for so long that a sensor is under inspection; 0 ends it."""
        with self._changed:
            self._inspected_until = self._clock() + for_s
            self._changed.notify()

    def announce_test(self) -> None:
        """Say that a test follows, and sound it: three tones that the own microphone can follow."""
        with self._changed:
            self._announced = self._clock()
            self._edges.clear()
            self._changed.notify()

    def sounded(self) -> list[tuple[float, bool]]:
        """The last times at which the siren was switched, in seconds of `clock`, and to what."""
        with self._changed:
            return list(self._edges)

    def playing(self) -> str:
        """What is being played now: `t3`, `t4`, `sos`, `test`, ..., `hushed` or `quiet`."""
        with self._changed:
            showing, hushed = self._choose(self._clock())
            return "hushed" if hushed else showing.name

    @property
    def is_alarming(self) -> bool:
        """Whether an alarm that sounds was played at the last step, hushed or not; never waits."""
        return self._playing in ALARMING

    def step(self) -> float:
        """Put all outputs where they belong now; return the seconds until the next edge."""
        with self._changed:
            now = self._clock()
            showing, hushed = self._choose(now)
            if showing is not self._playing:
                self._playing, self._since = showing, now
            # the question keeps its turns, whatever was to be heard in between
            since_s = now - (self._asked if showing is showings.ASK else self._since)
        sound, sound_left_s = signals.SILENT(since_s) if hushed else showing.sound(since_s)
        light, light_left_s = showing.light(since_s)
        self._set("siren", sound)
        self._set("lamp", light)
        deters, deters_left_s = self._deters(showing, now)
        self._set("deterrent", deters)
        self._set("relay", showing in showings.DEADLY)  # a hush opens no gas valve
        ends = (
            self._tested + TEST_S,
            self._announced + ANNOUNCED_TEST_S,
            self._answered + ANSWERED_S,
            self._sought + FIND_ME_S,
            self._reported + REPORTED_S,
            self._taken_up + TAKEN_UP_S,
        )
        silences = (self._hushed_until, *self._silenced.values())
        for deadline in (self._inspected_until, *silences, *ends):
            if deadline > now:
                sound_left_s = min(sound_left_s, deadline - now)
        if self._words is not None and sound:
            self._words.hush()
        elif self._words is not None:
            talks, talks_left_s = showing.talks(since_s)
            prompt = showing.prompt if talks and not hushed else ""
            self._words.offer(prompt, min(sound_left_s, talks_left_s), again=showing.again)
        return min(sound_left_s, light_left_s, deters_left_s)

    def run(self, beat: Callable[[], None]) -> None:
        """Play until `stop`, then fall silent."""
        while not self._stopping:
            with self._changed:  # nobody can notify between the step and the wait
                self._changed.wait(min(self.step(), 5.0))
            beat()
        for name in self._outputs:
            self._set(name, False)

    def stop(self) -> None:
        """End `run`; from any thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def _deter(self, detection: Detection) -> None:
        """Begin a burst where what moves is to be driven off, or end it with the incident."""
        found = showing_of(detection.hazard, detection.stage, detection.rule)
        if self._bursts is None or found not in showings.DETERRED:
            return
        if detection.stage is Stage.CLEARED:
            self._bursts.stop()
        elif self._bursts.drive(self._clock()):
            log.warning("deterrent: a burst, for %s", detection.rule)

    def _deters(self, showing: Showing, now: float) -> tuple[bool, float]:
        """Whether the deterrent is on, and how long: never while people are called or warned."""
        if self._bursts is None or showing in showings.FIRST:
            return False, signals.FOREVER_S
        return self._bursts.level(now)

    def _sounds(self, detection: Detection) -> bool:
        return detection.stage is Stage.ALARM and detection.hazard in self._loud

    def _choose(self, now: float) -> tuple[Showing, bool]:
        found = [self._showing(*each) for each in self._active.items()]
        if now - self._tested < TEST_S:
            found.append(showings.TEST)
        if now - self._announced < ANNOUNCED_TEST_S:
            found.append(showings.ANNOUNCED_TEST)
        if now - self._answered < ANSWERED_S:
            found.append(showings.ANSWERED)
        if now - self._reported < REPORTED_S:
            found.append(showings.REPORTED)
        if now - self._taken_up < TAKEN_UP_S:
            found.append(showings.TAKEN_UP)
        if now - self._sought < FIND_ME_S:
            found.append(showings.FIND_ME)
        if now < self._inspected_until:
            found.append(showings.INSPECTION)
        gravest = min(found, key=SHOWINGS.index, default=showings.QUIET)
        by_hand = now < self._hushed_until and gravest in showings.HUSHED
        return gravest, by_hand or self._is_silenced(gravest, now)

    def _is_silenced(self, gravest: Showing, now: float) -> bool:
        """Whether each of the incidents that sound so was hushed from afar."""
        if not self._silenced or gravest in showings.DEADLY:
            return False
        same = [each for each, d in self._active.items() if self._showing(each, d) is gravest]
        return bool(same) and all(now < self._silenced.get(each, now) for each in same)

    def _showing(self, incident: tuple[Hazard, str], detection: Detection) -> Showing:
        if detection.hazard is Hazard.NEIGHBOUR_ALARM and self._sounds(detection):
            return showings.NEIGHBOUR
        showing = showing_of(detection.hazard, detection.stage, detection.rule)
        if incident not in self._promised:
            return showing
        if detection.rule == REPORT:
            return showings.QUIET  # nothing waits any more
        return showings.HELP_COMING if showing in showings.PROMISED else showing

    def _set(self, name: str, level: bool) -> None:
        if name not in self._outputs or self._levels[name] is level:
            return
        try:
            (self._outputs[name].on if level else self._outputs[name].off)()
        except OSError as error:
            if name not in self.trouble:
                log.error("%s: cannot be switched: %s", name, error)  # noqa: TRY400  # no traceback
            self.trouble[name] = str(error)
            return
        if self.trouble.pop(name, None) is not None:
            log.warning("%s: can be switched again", name)
        before, self._levels[name] = self._levels[name], level
        if name == "siren" and before is not None:
            self._edges.append((self._clock(), level))
