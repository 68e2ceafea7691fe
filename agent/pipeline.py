"""The middle: from a reading to detections. No threads, no clock, no I/O."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from agent import wording
from agent.detectors.detector import Detector, Heeding, Joint, Revocable
from agent.hand_over import HandOverConfig, handed_over
from agent.plausibility import Health, Plausibility, State, Watched
from agent.values import Detection, Failure, Hazard, Reading, Stage, Why

__all__ = ["Health", "Pipeline", "State", "Watched"]


class VirtualSensor(Protocol):
    """A model that makes a reading of other readings."""

    def update(self, reading: Reading) -> Reading | None:
        """Take a believed reading in; give a score when one is due."""


class Pipeline:
    """Believes readings or not, shows the believed ones to the detectors, and says what is faulty.

    All state between the sensors and the siren is here. `watched` names the configured sensors;
    a sensor that is not in it is held only to what any transducer of its quantity can report.
    `models` are virtual sensors: they see what is believed, and what they say is one more reading.
    `hand_over` names the cameras that stand by for an alarm.
    """

    def __init__(
        self,
        watched: Mapping[str, Watched],
        detectors: Sequence[Detector],
        models: Sequence[VirtualSensor] = (),
        hand_over: HandOverConfig | None = None,
    ) -> None:
        self._sensors = {name: Plausibility(each) for name, each in watched.items()}
        self._detectors, self._models = tuple(detectors), tuple(models)
        self._hand_over = hand_over
        self._spared: Collection[str] = ()
        self._withheld: Collection[str] = ()
        self._told: dict[str, str] = {}  # the rule of each fault that was told, by sensor

    def handle(self, reading: Reading) -> list[Detection]:
        """Take a reading in; give what it changes."""
        sensor = self._sensors.get(reading.sensor)
        if sensor is None:
            sensor = self._sensors[reading.sensor] = Plausibility(None)
        fault = sensor.fault
        believed = sensor.believe(reading)
        found = [] if sensor.fault == fault else self._faults(reading.sensor, reading.at)
        if believed:
            new = [each for detector in self._detectors for each in detector.update(reading)]
            found += self._told_to_all(new)
            models = () if reading.sensor in self._spared else self._models
            for model in models:  # after the detectors: the smoke alarm waits for no model
                if (score := model.update(reading)) is not None:
                    found += self.handle(score)
        return found

    def take_back(self, sensor: str, now: float) -> list[Detection]:
        """Have a call for help by this sensor end: it was a mistake, says somebody who is there."""
        those = [each for each in self._detectors if isinstance(each, Revocable)]
        return self._told_to_all([each for d in those for each in d.take_back(sensor, now)])

    def spare(self, sensors: Collection[str]) -> None:
        """Show the models nothing of these: somebody stimulates them.

        A score names no sensor, so that nobody could tell a trial's from a fire's. The detectors
        see all as ever.
        """
        self._spared = sensors

    def withhold(self, sensors: Collection[str]) -> None:
        """Call none of these silent: they are provoked, and what they say is held back."""
        self._withheld = sensors

    def failed(self, failure: Failure) -> list[Detection]:
        """Take a read in that gave no reading."""
        sensor = self._sensors.setdefault(failure.sensor, Plausibility(None))
        sensor.fail(failure)
        return self._faults(failure.sensor, failure.at)

    def tick(self, now: float) -> list[Detection]:
        """Let time pass to `now` (monotonic seconds): find who fell silent."""
        found: list[Detection] = []
        for name, sensor in self._sensors.items():
            if name in self._withheld:
                sensor.excuse(now)
            if sensor.watched is not None:
                sensor.wait(now)
                found += self._faults(name, now)
        new = [each for detector in self._detectors for each in detector.tick(now)]
        return found + self._told_to_all(new)

    def health(self, sensor: str) -> Health:
        """Say how far the sensor can be relied on now.

        Raises:
            KeyError: No sensor of this name is watched or was ever heard.
        """
        return self._sensors[sensor].health()

    def standing(self, hazard: Hazard) -> list[Reading]:
        """What keeps an incident of this hazard going now, where several sensors may."""
        joint = [each for each in self._detectors if isinstance(each, Joint)]
        return [reading for each in joint for reading in each.standing(hazard)]

    def _told_to_all(self, found: list[Detection]) -> list[Detection]:
        """Let the detectors that heed others know what was found; give it back, handed over."""
        for detector in self._detectors:
            if found and isinstance(detector, Heeding):
                for each in found:
                    detector.heed(each)
        return handed_over(found, self._hand_over)

    def _faults(self, name: str, at: float) -> list[Detection]:
        """Tell a fault that began, and one that ended, once each."""
        sensor, told = self._sensors[name], self._told.get(name)
        if told is None and sensor.fault is not None:
            self._told[name] = sensor.fault
            why = wording.fault(name, sensor.fault, sensor.detail)
            return [self._fault(Stage.ALARM, name, sensor.fault, at, why)]
        if told is not None and sensor.fault is None:
            del self._told[name]
            return [self._fault(Stage.CLEARED, name, told, at, wording.fault_over(name))]
        return []

    def _fault(self, stage: Stage, name: str, rule: str, at: float, why: Why) -> Detection:
        evidence = tuple(self._sensors[name].last.values())
        return Detection(Hazard.FAULT, stage, name, rule, evidence, at, why)
