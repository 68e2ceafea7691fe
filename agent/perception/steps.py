"""What is looked for in a camera's pictures: fire by its look and its motion, falls, people.

Whoever calls for eyes pays for the models once; each new pair of eyes begins anew.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from agent.perception.eyes import Eyes, Step
from agent.perception.sight import Sight
from agent.perception.test_pattern import try_out
from drivers.camera import CameraConfig
from drivers.sensor import Quantity
from models import runtime

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

FIRE_EVERY_S = 1.0  # a fire that matters lasts
FLAMES_EVERY_S = 0.25  # flames flicker at some hertz
PEOPLE_EVERY_S = 0.5  # nobody comes and goes faster
FALLS_EVERY_S = 0.1  # a fall takes half a second


def eyes(camera: CameraConfig) -> Callable[[], Eyes]:
    """Load what the camera is to look for; what comes back makes eyes, as often as it is called.

    Raises:
        models.runtime.ModelError: A model's file or the runtime is missing, or another one, or what
            looks for fire does not see a moving test pattern.
    """
    make: list[Callable[[], list[Step]]] = []
    if camera.fire:
        make.append(_fire())
        try_out(make[-1]())
    if camera.falls:
        make.append(_falls(camera))
    elif camera.people:
        make.append(_people())
    return lambda: Eyes(Sight(), [step for steps in make for step in steps()])


def _fire() -> Callable[[], list[Step]]:
    """How fire and smoke look, the whole room and where flames move; and how flames move."""
    from models.fire_image import FireImage  # noqa: PLC0415  # only what is looked for
    from models.flame_motion import FlameMotion  # noqa: PLC0415  # as above

    model = FireImage(runtime.load("fire_image"))

    def steps() -> list[Step]:
        motion = FlameMotion()

        def look(frame: "Pixels", _at: float) -> dict[Quantity, float]:
            scores, near = model.score(frame), motion.around(frame)
            fire = scores.fire if near is None else max(scores.fire, model.score(near).fire)
            return {Quantity.FIRE_SCORE: fire, Quantity.SMOKE_SCORE: scores.smoke}

        def watch(frame: "Pixels", at: float) -> dict[Quantity, float]:
            return {Quantity.FLAME_AREA_PCT: motion.update(frame, at).area_pct}

        return [
            Step(watch, FLAMES_EVERY_S, hindered=True),
            Step(look, FIRE_EVERY_S, hindered=True),
        ]

    return steps


def _people() -> Callable[[], list[Step]]:
    """How many people there are, and nothing else of them."""
    from models.pose import Pose  # noqa: PLC0415  # as above

    detector, landmarks = (runtime.load(name) for name in ("pose_detector", "pose_landmarks"))

    def steps() -> list[Step]:
        pose = Pose(detector, landmarks)

        def look(frame: "Pixels", _at: float) -> dict[Quantity, float]:
            return {Quantity.PERSON_COUNT: float(len(pose.people(frame)))}

        return [Step(look, PEOPLE_EVERY_S)]

    return steps


def _falls(camera: CameraConfig) -> Callable[[], list[Step]]:
    """Who fell."""
    from models.fall import FallWatch  # noqa: PLC0415  # as above
    from models.pose import Pose  # noqa: PLC0415

    detector, landmarks, classifier = (
        runtime.load(name) for name in ("pose_detector", "pose_landmarks", "fall")
    )
    zones = [zone.points for zone in camera.zones]

    def steps() -> list[Step]:
        pose, watch = Pose(detector, landmarks), FallWatch(classifier, zones)

        def look(frame: "Pixels", at: float) -> dict[Quantity, float]:
            scores = watch.update(pose.people(frame), at)
            return {
                Quantity.FALL_SCORE: scores.fall,
                Quantity.LYING_SCORE: scores.lying,
                Quantity.BODY_MOTION: scores.motion,
                Quantity.POSE_LOST: float(scores.lost),
                Quantity.PERSON_COUNT: float(scores.count),
            }

        return [Step(look, FALLS_EVERY_S)]

    return steps
