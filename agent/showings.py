"""Everything that the device can show: what each hazard sounds and looks like, and what is said."""

from dataclasses import dataclass

from agent import signals
from agent.detectors.bay import RULE as BAY
from agent.detectors.report import RULE as REPORT
from agent.detectors.trespass import RULES as TRESPASS
from agent.signals import Signal
from agent.values import Hazard, Stage


@dataclass(frozen=True, slots=True)
class Showing:
    """A sound, a light and words, by the name under which the status tells of them."""

    name: str
    sound: Signal
    light: Signal
    prompt: str = ""  # what is said in its silences
    again: bool = False  # for as long as it lasts; else once
    talks: Signal = signals.STEADY  # in which of its silences words are allowed


# gravest first; a fall is asked about over a call that is already on its way
FIRE = Showing("t3", signals.T3, signals.FLASH, "fire", again=True)
GAS = Showing("gas", signals.T4, signals.FLASH, "gas", again=True)
CO = Showing("t4", signals.T4, signals.FLASH, "co", again=True)
NEIGHBOUR = Showing("neighbour", signals.REPEAT, signals.FLASH)
ASK = Showing("ask", signals.ASK, signals.FLASH, "ask", again=True, talks=signals.ASK_TALKS)
SOS = Showing("sos", signals.CHIRP, signals.STEADY, "sos")
FALL = Showing("fall", signals.CHIRP, signals.STEADY, "fall")
LEFT = Showing("left", signals.CALL_OUT, signals.FLASH, "left_zone", again=True)
LEAVING = Showing("leaving", signals.CHIRP, signals.SLOW_FLASH, "left_zone")
REPORTED = Showing("reported", signals.CHIRP, signals.STEADY, "reported")
TAKEN_UP = Showing("taken_up", signals.SILENT, signals.HELP_COMING, "taken_up")
ANSWERED = Showing("answered", signals.SILENT, signals.SILENT, "answered")
HELP_COMING = Showing("help_coming", signals.SILENT, signals.HELP_COMING, "help_coming")
TEST = Showing("test", signals.TEST, signals.FLASH, "test")
ANNOUNCED_TEST = Showing(
    "test", signals.ANNOUNCED_TEST, signals.FLASH, "test", talks=signals.ANNOUNCED_TEST_TALKS
)
OTHER = Showing("alarm", signals.SILENT, signals.STEADY)
ALIVE = Showing("alive", signals.SILENT, signals.SLOW_FLASH, "alive")
MOVE_AWAY = Showing("move_away", signals.MOVE_AWAY, signals.SLOW_FLASH, "move_away", again=True)
WATCHED = Showing("watched", signals.SILENT, signals.SLOW_FLASH, "watched")
STAY_IN = Showing("stay_in", signals.SILENT, signals.SLOW_FLASH, "stay_in")
PREALARM = Showing("prealarm", signals.SILENT, signals.SLOW_FLASH)
FIND_ME = Showing("find_me", signals.SILENT, signals.FIND_ME)
INSPECTION = Showing("inspection", signals.SILENT, signals.INSPECTION)
FAULT = Showing("fault", signals.SILENT, signals.WINK)
QUIET = Showing("quiet", signals.SILENT, signals.SILENT)


def showing_of(hazard: Hazard, stage: Stage, rule: str = "") -> Showing:
    """What an incident of this hazard, stage and rule looks and sounds like."""
    if hazard is Hazard.FAULT:
        return FAULT
    if (by_rule := _BY_RULE.get((hazard, rule))) is not None:
        return by_rule
    if stage is Stage.PREALARM:
        return _PREALARMS.get(hazard, PREALARM)
    return _ALARMS.get(hazard, OTHER)


_ALARMS = {
    Hazard.FIRE: FIRE,
    Hazard.GAS: GAS,
    Hazard.CO: CO,
    Hazard.SOS: SOS,
    Hazard.FALL: FALL,
}
_PREALARMS = {Hazard.FALL: ASK, Hazard.INACTIVITY: ALIVE, Hazard.WANDERING: STAY_IN}
_BY_RULE = {
    (Hazard.SOS, REPORT): PREALARM,  # once it is acknowledged
    (Hazard.INTRUSION, BAY): MOVE_AWAY,
    **dict.fromkeys(((Hazard.INTRUSION, rule) for rule in TRESPASS), WATCHED),
    (Hazard.WANDERING, "out_of_zone"): LEAVING,
    (Hazard.WANDERING, "left_zone"): LEFT,
    (Hazard.WANDERING, "left_by_door"): LEFT,
}
SHOWINGS = (
    FIRE, GAS, CO, NEIGHBOUR, ASK, SOS, FALL, LEFT, ANSWERED, REPORTED, TAKEN_UP, HELP_COMING,
    TEST, ANNOUNCED_TEST, OTHER, LEAVING, MOVE_AWAY, WATCHED, STAY_IN, ALIVE, PREALARM, FIND_ME,
    INSPECTION, FAULT, QUIET,
)  # fmt: skip
DETERRED = (WATCHED,)  # what is driven off, with a deterrent
FIRST = (FIRE, GAS, CO, NEIGHBOUR, ASK, SOS, FALL, LEFT)  # over these no deterrent is heard
HUSHED = (FIRE, GAS, CO, NEIGHBOUR)  # by the button
DEADLY = (FIRE, GAS, CO)  # never hushed from afar; a relay moves
PROMISED = (SOS, FALL, LEFT, OTHER)  # what gives way to "help is coming": nothing that sounds on
