"""Which of the hub's cameras look at the place of an alarm; the device sends no picture."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated

import msgspec
from msgspec import Meta

from agent import public_wording as wording
from agent.care_wording import joined
from agent.values import Detection, Hazard, Stage

CameraId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}\Z")]


class HandOverConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[hand_over]`. An alarm of one of `hazards` names the hub's `cameras`, in the hub's own ids.

    The hub then looks by itself: the device neither has those cameras nor opens a way to them.
    """

    cameras: Annotated[list[CameraId], Meta(min_length=1, max_length=8)]
    hazards: Annotated[tuple[Hazard, ...], Meta(min_length=1)] = (Hazard.SOS, Hazard.FALL)


def handed_over(found: Iterable[Detection], config: HandOverConfig | None) -> list[Detection]:
    """The same detections; the alarms among them name the cameras that stand by."""
    if config is None:
        return list(found)
    cameras = tuple(config.cameras)
    said = wording.standing_by(cameras)
    return [
        replace(each, cameras=cameras, why=joined(each.why, said))
        if each.stage is Stage.ALARM and each.hazard in config.hazards
        else each
        for each in found
    ]
