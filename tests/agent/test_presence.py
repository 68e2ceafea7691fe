from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detectors.presence import (
    HOLD_S,
    LOST_S,
    Occupancy,
    Presence,
    PresenceConfig,
    PresenceDetector,
    Source,
)
from agent.values import Reading
from drivers.sensor import Quantity

MOTION, DOOR, RADAR, BED = (
    Quantity.MOTION,
    Quantity.CONTACT_OPEN,
    Quantity.PRESENCE,
    Quantity.BED_OCCUPIED,
)
QUANTITIES = {"motion": MOTION, "door": DOOR, "radar": RADAR, "bed": BED}
HOME = {name: Source(frozenset({quantity}), 2.0) for name, quantity in QUANTITIES.items()}
STEP_S = 20.0


class Room:
    """Every sensor says its level every twenty seconds, but for those that are lost."""

    def __init__(self, **sources: Source) -> None:
        self.presence = Presence(sources or HOME)
        self.levels = dict.fromkeys(sources or HOME, 0.0)
        self.now = 0.0

    def wait(self, seconds: float, *lost: str, **levels: float) -> Occupancy:
        self.levels |= levels
        for _ in range(int(seconds / STEP_S)):
            self.now += STEP_S
            for name in self.levels.keys() - set(lost):
                reading = Reading(name, QUANTITIES[name], self.levels[name], self.now)
                self.presence.update(reading)
        return self.presence.state(self.now)

    def leave(self) -> Occupancy:
        self.wait(100, motion=1.0)
        self.wait(20, motion=0.0, door=1.0)
        return self.wait(HOLD_S + 40, door=0.0)


def test_motion_is_somebody() -> None:
    assert Room().wait(20, motion=1.0) is Occupancy.OCCUPIED


def test_who_left_by_the_door_is_gone() -> None:
    assert Room().leave() is Occupancy.EMPTY


def test_who_sleeps_behind_shut_doors_is_still_there_ten_hours_later() -> None:
    room = Room()
    room.leave()
    room.wait(20, door=1.0)
    room.wait(80, door=0.0)
    for _ in range(2):
        room.wait(20, motion=1.0)
        room.wait(20, motion=0.0)
    assert room.wait(36_000) is Occupancy.OCCUPIED


def test_one_sunbeam_behind_shut_doors_is_nobody_for_long() -> None:
    room = Room()
    room.leave()
    assert room.wait(20, motion=1.0) is Occupancy.OCCUPIED
    assert room.wait(HOLD_S + 40, motion=0.0) is Occupancy.EMPTY


def test_a_quiet_room_whose_door_was_never_seen_to_move_is_unknown() -> None:
    assert Room().wait(7200) is Occupancy.UNKNOWN


def test_a_radar_alone_proves_nobody_and_keeps_nobody_away() -> None:
    room = Room()
    room.leave()
    assert room.wait(60, radar=1.0) is Occupancy.UNKNOWN
    assert room.wait(60, radar=1.0, bed=1.0) is Occupancy.OCCUPIED


def test_without_a_door_or_a_camera_a_still_room_is_unknown() -> None:
    room = Room(motion=HOME["motion"])
    room.wait(20, motion=1.0)
    assert room.wait(7200, motion=0.0) is Occupancy.UNKNOWN


def test_who_shuts_the_door_from_outside_is_not_taken_for_inside() -> None:
    room = Room()
    room.wait(100, motion=1.0)
    room.wait(20, door=1.0)
    room.wait(20, door=0.0)  # the motion sensor still holds
    assert room.wait(HOLD_S + 60, motion=0.0) is Occupancy.EMPTY


def test_a_lost_sensor_makes_an_empty_home_unknown() -> None:
    for lost in HOME:
        room = Room()
        room.leave()
        assert room.wait(LOST_S + 40, lost) is Occupancy.UNKNOWN, lost


def test_a_door_that_was_lost_for_a_while_tells_nothing_of_who_left() -> None:
    room = Room()
    room.leave()
    room.wait(600, "door")
    assert room.wait(3600) is Occupancy.UNKNOWN


def test_a_fridge_is_no_way_out() -> None:
    fridge = Source(frozenset({DOOR}), 2.0, is_exit=False)
    presence = Presence({"door": HOME["door"], "motion": HOME["motion"], "fridge": fridge})
    for k in range(200):
        for name, level in (
            ("door", 0.0),
            ("motion", float(k in {2, 4})),
            ("fridge", float(k % 2)),
        ):
            quantity = QUANTITIES.get(name, DOOR)
            presence.update(Reading(name, quantity, level, 20.0 * k))
    assert presence.state(4000.0) is Occupancy.OCCUPIED
    unknown = PresenceConfig(inner_doors=["motion"]).problems(HOME)
    assert len(list(unknown)) == 1


def test_it_says_which_sensor_says_what() -> None:
    room = Room()
    room.leave()
    room.wait(LOST_S + 40, "bed", radar=1.0)
    why = room.presence.verdict(room.now).why
    assert "door: shut" in why.en
    assert "bed: not heard" in why.en
    assert "radar: somebody now" in why.en
    assert "motion: somebody 1" in why.en
    assert "문" not in why.ko
    assert "door: 닫힘" in why.ko


def test_occupancy_is_shown_as_a_level_and_the_unknown_as_none() -> None:
    detector = PresenceDetector(Presence(HOME))
    assert list(detector.derived()) == []
    detector.update(Reading("motion", MOTION, 1.0, 5.0))
    detector.tick(6.0)
    assert [each[:3] for each in detector.derived()] == [("presence", "OCCUPANCY", 1.0)]


STEPS = st.lists(
    st.tuples(st.sampled_from(list(HOME)), st.sampled_from([0.0, 1.0]), st.floats(0.0, 2 * LOST_S)),
    max_size=150,
)


@settings(deadline=None)
@given(STEPS)
def test_empty_is_never_said_while_a_sensor_is_unheard(
    steps: list[tuple[str, float, float]],
) -> None:
    presence, at, heard = Presence(HOME), 0.0, dict.fromkeys(HOME, -1e9)
    for name, level, after_s in steps:
        at += after_s
        heard[name] = at
        presence.update(Reading(name, QUANTITIES[name], level, at))
        if presence.state(at) is Occupancy.EMPTY:
            assert at - min(heard.values()) <= LOST_S
        assert presence.explain(at).ko


@settings(deadline=None)
@given(STEPS)
def test_taking_a_sensor_away_never_makes_a_home_empty(
    steps: list[tuple[str, float, float]],
) -> None:
    presence, at = Presence(HOME), 0.0
    for name, level, after_s in steps:
        if name != "motion":
            presence.update(Reading(name, QUANTITIES[name], level, at))
        at += after_s
        assert presence.state(at) is not Occupancy.EMPTY
