"""A home in virtual time: a fall detector, and what it reads."""

from agent.detectors.fall import FallConfig, FallDetector
from agent.values import Detection, Reading, Stage
from drivers.sensor import Quantity

Q = Quantity
EVERY_S = 0.5
FELL_AT = 60.0  # the first high score; the question comes with the second
ASKED_AT = FELL_AT + EVERY_S
ASK_S = FallConfig().ask_s
STANDS = {Q.FALL_SCORE: 0.0, Q.LYING_SCORE: 0.0, Q.BODY_MOTION: 0.1, Q.POSE_LOST: 0.0}
DOWN = {Q.FALL_SCORE: 0.95, Q.LYING_SCORE: 0.9, Q.BODY_MOTION: 0.02, Q.POSE_LOST: 0.0}
WALKS = {Q.FALL_SCORE: 0.0, Q.LYING_SCORE: 0.05, Q.BODY_MOTION: 0.9, Q.POSE_LOST: 0.0}
GONE = {Q.FALL_SCORE: 0.0, Q.LYING_SCORE: 0.0, Q.BODY_MOTION: 0.0, Q.POSE_LOST: 1.0}


class Home:
    """A detector, a camera, a microphone and two buttons, in virtual time."""

    def __init__(self, config: FallConfig | None = None) -> None:
        self.detector = FallDetector(config or FallConfig(), sos=["sos"], mute=["shutter"])
        self.now, self.found = 0.0, list[Detection]()
        for button in ("sos", "hush", "shutter"):
            self.button(button, 0.0)

    def give(self, sensor: str, quantity: Quantity, value: float) -> None:
        self.found += self.detector.update(Reading(sensor, quantity, value, self.now))

    def button(self, name: str, level: float) -> None:
        self.give(name, Q.BUTTON, level)

    def press(self, name: str) -> None:
        self.button(name, 1.0)
        self.button(name, 0.0)

    def live(
        self,
        until: float,
        body: dict[Quantity, float] | None,
        people: float = 1.0,
        db: float | None = 45.0,
        camera: str = "camera",
    ) -> None:
        """Let time pass, twice a second; None is a camera or a microphone that says nothing."""
        while self.now < until:
            self.now += EVERY_S
            for quantity, value in (body or {}).items():
                self.give(camera, quantity, value)
            if body is not None:
                self.give(camera, Q.PERSON_COUNT, people)
            if db is not None:
                self.give("mic", Q.SOUND_LAF_DBA, db)
            self.found += self.detector.tick(self.now)

    def fall(self, people: float = 1.0, db: float | None = 45.0) -> "Home":
        self.live(FELL_AT - EVERY_S, STANDS, people, db)
        self.live(ASKED_AT, DOWN, people, db)
        return self

    def told(self) -> list[tuple[Stage, str]]:
        return [(each.stage, each.rule) for each in self.found]


ASKED = (Stage.PREALARM, "seen_fall")
NO_ANSWER = (Stage.ALARM, "no_answer")
