from drivers.sensor import DisconnectedError, Quantity, WrongDeviceError
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

FIRE = {Quantity.FIRE_SCORE: 0.0, Quantity.SMOKE_SCORE: 0.0, Quantity.FLAME_AREA_PCT: 0.0}
FALLS = {
    Quantity.FALL_SCORE: 0.0,
    Quantity.LYING_SCORE: 0.0,
    Quantity.BODY_MOTION: 0.0,
    Quantity.POSE_LOST: 0.0,
    Quantity.PERSON_COUNT: 0.0,
}
VIEW = {Quantity.VIEW: 0.0}
FAULTS = {
    Fault.ABSENT: DisconnectedError,
    Fault.CORRUPTED: WrongDeviceError,
    Fault.SLOW: DisconnectedError,
    Fault.SATURATED: DisconnectedError,
}
BURNING = {"fire_score": 0.93, "smoke_score": 0.41, "flame_area_pct": 12.3}
SAID_BURNING = {
    Quantity.FIRE_SCORE: 0.93,
    Quantity.SMOKE_SCORE: 0.41,
    Quantity.FLAME_AREA_PCT: 12.3,
}
FALLEN = {
    "fall_score": 0.87,
    "lying_score": 0.52,
    "body_motion": 1.0,
    "pose_lost": 1.0,
    "person_count": 2.0,
}
SAID_FALLEN = {
    Quantity.FALL_SCORE: 0.87,
    Quantity.LYING_SCORE: 0.52,
    Quantity.BODY_MOTION: 1.0,
    Quantity.POSE_LOST: 1.0,
    Quantity.PERSON_COUNT: 2.0,
}

PARTS = (
    Part(
        {"driver": "camera"},
        (({}, FIRE | FALLS | VIEW), (BURNING | FALLEN, SAID_BURNING | SAID_FALLEN | VIEW)),
        FAULTS,
    ),
    Part(
        {"driver": "camera", "falls": False},
        (({}, FIRE | VIEW), (BURNING, SAID_BURNING | VIEW)),
        FAULTS,
        note="for fire",
    ),
    Part(
        {"driver": "camera", "fire": False},
        (({}, FALLS | VIEW), (FALLEN, SAID_FALLEN | VIEW)),
        FAULTS,
        note="for falls",
    ),
    Part(
        {"driver": "camera", "fire": False, "falls": False, "people": True},
        (
            ({}, {Quantity.PERSON_COUNT: 0.0} | VIEW),
            ({"person_count": 3.0}, {Quantity.PERSON_COUNT: 3.0} | VIEW),
        ),
        FAULTS,
        note="for people",
    ),
)
