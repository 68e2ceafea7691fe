"""What is looked for in a camera's pictures: fire by its look and its motion, and falls.

Whoever calls for eyes pays for the models once; each new pair of eyes begins anew.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from agent.perception.eyes import Eyes, Step
from agent.perception.sight import Sight
from drivers.camera import CameraConfig
from drivers.sensor import Quantity
from models import runtime

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

FIRE_EVERY_S = 1.0  # a fire that matters lasts
FLAMES_EVERY_S = 0.25  # flames flicker at some hertz
FALLS_EVERY_S = 0.1  # a fall takes half a second


def eyes(camera: CameraConfig) -> Callable[[], Eyes]:
    """Load what the camera is to look for; what comes back makes eyes, as often as it is called.

    Raises:
        models.runtime.ModelError: A model's file or the runtime is missing, or another one.
    """
    make: list[Callable[[], Step]] = []
    if camera.fire:
        make += [_fire(), _flames]
    if camera.falls:
        make.append(_falls(camera))
    return lambda: Eyes(Sight(), [step() for step in make])


def _fire() -> Callable[[], Step]:
    """How fire and smoke look."""
    from models.fire_image import FireImage  # noqa: PLC0415  # only what is looked for

    model = FireImage(runtime.load("fire_image"))

    def look(frame: "Pixels", _at: float) -> dict[Quantity, float]:
        scores = model.score(frame)
        return {Quantity.FIRE_SCORE: scores.fire, Quantity.SMOKE_SCORE: scores.smoke}

    return lambda: Step(look, FIRE_EVERY_S, hindered=True)


def _flames() -> Step:
    """How flames move."""
    from models.flame_motion import FlameMotion  # noqa: PLC0415  # as above

    motion = FlameMotion()
    return Step(
        lambda frame, at: {Quantity.FLAME_AREA_PCT: motion.update(frame, at).area_pct},
        FLAMES_EVERY_S,
        hindered=True,
    )


def _falls(camera: CameraConfig) -> Callable[[], Step]:
    """Who fell."""
    from models.fall import FallWatch  # noqa: PLC0415  # as above
    from models.pose import Pose  # noqa: PLC0415

    detector, landmarks, classifier = (
        runtime.load(name) for name in ("pose_detector", "pose_landmarks", "fall")
    )
    zones = [zone.points for zone in camera.zones]

    def step() -> Step:
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

        return Step(look, FALLS_EVERY_S)

    return step
