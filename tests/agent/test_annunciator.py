"""Siren and lamp in virtual time, edge by edge."""

import itertools
from collections.abc import Iterator

import pytest

from agent.annunciator import GROWING_S, Annunciator
from agent.values import PLACE, Detection, Hazard, Stage, Why

HUSH_S = 540.0


class Pin:
    """An output that remembers its edges; `broken` is a wire that is gone."""

    def __init__(self, clock: list[float]) -> None:
        self.clock, self.broken = clock, False
        self.edges: list[tuple[float, bool]] = []

    def on(self) -> None:
        self._switch(level=True)

    def off(self) -> None:
        self._switch(level=False)

    def _switch(self, *, level: bool) -> None:
        if self.broken:
            raise OSError("no such line")
        self.edges.append((self.clock[0], level))

    def ons(self) -> list[float]:
        return [at for at, level in self.edges if level]


class Room:
    """An annunciator with its pins and a clock that only the test moves."""

    def __init__(self, *, repeats: bool = False) -> None:
        self.clock = [1000.0]
        self.siren, self.lamp = Pin(self.clock), Pin(self.clock)
        self.annunciator = Annunciator(
            self.siren, self.lamp, clock=lambda: self.clock[0], hush_s=HUSH_S, repeats=repeats
        )

    def show(
        self, hazard: Hazard, stage: Stage, rule: str = "smoke_density", subject: str = PLACE
    ) -> None:
        why = Why("연기가 납니다.", "There is smoke.")
        self.annunciator.show(Detection(hazard, stage, subject, rule, (), self.clock[0], why))

    def live(self, seconds: float) -> None:
        end = self.clock[0] + seconds
        while self.clock[0] < end:
            self.clock[0] = min(end, self.clock[0] + self.annunciator.step())

    def lengths(self) -> Iterator[tuple[bool, float]]:
        """Each level of the siren and how long it stood."""
        edges = self.siren.edges
        for (at, level), (until, _) in itertools.pairwise(edges):
            yield level, until - at


@pytest.fixture
def room() -> Room:
    return Room()


def test_a_fire_sounds_temporal_three_within_the_tolerances_of_iso_8201(room: Room) -> None:
    room.live(0.1)
    room.siren.edges.clear()
    room.show(Hazard.FIRE, Stage.ALARM)
    room.live(3600.0)
    lengths = list(room.lengths())
    assert len(lengths) > 5000
    for n, (level, seconds) in enumerate(lengths):
        assert level is (n % 2 == 0)
        expected, tolerance = (1.5, 0.15) if n % 6 == 5 else (0.5, 0.05)
        assert abs(seconds - expected) <= tolerance
    groups = room.siren.ons()[::3]
    assert groups[-1] - groups[0] == pytest.approx(4.0 * (len(groups) - 1))  # no drift


def test_carbon_monoxide_sounds_temporal_four_and_slows_after_four_minutes(room: Room) -> None:
    room.show(Hazard.CO, Stage.ALARM, rule="co_dose")
    room.live(600.0)
    ons = room.siren.ons()
    early = [at for at in ons if at < 1240]
    assert [b - a for a, b in itertools.pairwise(early[:5])] == pytest.approx([0.2, 0.2, 0.2, 5.1])
    late = [at for at in ons if at >= 1240]
    assert late[4] - late[0] == pytest.approx(60.0)


def test_the_siren_is_on_at_the_first_step_after_the_alarm(room: Room) -> None:
    room.live(7.3)
    room.show(Hazard.FIRE, Stage.ALARM)
    room.annunciator.step()
    assert room.siren.edges[-1] == (room.clock[0], True)


def test_fire_is_heard_before_carbon_monoxide(room: Room) -> None:
    room.show(Hazard.CO, Stage.ALARM, rule="co_dose")
    room.show(Hazard.FIRE, Stage.ALARM)
    assert room.annunciator.playing() == "t3"


def test_a_prealarm_lights_the_lamp_and_leaves_the_siren_silent(room: Room) -> None:
    room.show(Hazard.FIRE, Stage.PREALARM)
    room.live(60.0)
    assert room.siren.ons() == []
    assert len(room.lamp.ons()) == 30


def test_the_button_hushes_smoke_for_a_while(room: Room) -> None:
    room.show(Hazard.FIRE, Stage.ALARM)
    room.live(5.0)
    assert room.annunciator.press() == "hushed"
    hushed = room.clock[0]
    room.live(HUSH_S + 10)
    assert next(at for at in room.siren.ons() if at > hushed) == pytest.approx(
        hushed + HUSH_S, abs=1.6
    )


def test_a_hushed_fire_that_grows_is_heard_again_and_not_hushed(room: Room) -> None:
    room.show(Hazard.FIRE, Stage.ALARM)
    room.annunciator.press()
    room.live(30.0)
    assert room.annunciator.playing() == "hushed"
    room.show(Hazard.FIRE, Stage.ALARM)  # the detector says: more of it
    assert room.annunciator.playing() == "t3"
    assert room.annunciator.press() == "refused"
    room.live(GROWING_S + 1)
    assert room.annunciator.press() == "hushed"


@pytest.mark.parametrize("rule", ["fixed_heat", "rate_of_rise", "a_rule_of_tomorrow"])
def test_heat_and_unknown_rules_are_never_hushed(room: Room, rule: str) -> None:
    room.show(Hazard.FIRE, Stage.ALARM, rule=rule)
    assert room.annunciator.press() == "refused"
    room.live(GROWING_S + 1)
    room.show(Hazard.FIRE, Stage.ALARM, rule="smoke_density")  # smoke joins: heat has spoken
    room.live(GROWING_S + 1)
    assert room.annunciator.press() == "refused"


def test_a_prealarm_by_heat_becomes_an_alarm(room: Room) -> None:
    room.show(Hazard.FIRE, Stage.PREALARM, rule="temperature_rise")
    room.show(Hazard.FIRE, Stage.ALARM, rule="smoke_density")
    assert room.annunciator.playing() == "t3"


def test_the_button_tests_when_all_is_quiet(room: Room) -> None:
    room.live(1.0)
    assert room.annunciator.press() == "test"
    room.live(60.0)
    assert len(room.siren.ons()) == 3
    assert room.annunciator.playing() == "quiet"


def test_a_fire_during_the_test_is_heard(room: Room) -> None:
    room.annunciator.press()
    room.show(Hazard.FIRE, Stage.ALARM)
    room.live(20.0)
    assert len(room.siren.ons()) == 15


def test_a_cleared_fire_falls_silent_and_a_fault_does_not_sound(room: Room) -> None:
    room.show(Hazard.FIRE, Stage.ALARM)
    room.show(Hazard.FAULT, Stage.ALARM, rule="silent", subject="ceiling")
    room.live(4.0)
    room.show(Hazard.FIRE, Stage.CLEARED)
    room.live(0.1)
    heard = len(room.siren.ons())
    room.live(120.0)
    assert len(room.siren.ons()) == heard
    assert room.annunciator.playing() == "fault"


def test_a_siren_wire_that_comes_back_sounds_and_is_said_once_each_way(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    room.live(1.0)
    room.siren.broken = True
    room.show(Hazard.FIRE, Stage.ALARM)
    room.live(10.0)
    assert "siren" in room.annunciator.trouble
    room.siren.broken = False
    room.live(10.0)
    assert room.siren.ons()
    assert room.annunciator.trouble == {}
    assert [r.getMessage() for r in caplog.records] == [
        "siren: cannot be switched: no such line",
        "siren: can be switched again",
    ]


def test_an_alarm_next_door_is_repeated_for_a_minute_where_the_profile_says_so() -> None:
    room = Room(repeats=True)
    room.show(Hazard.NEIGHBOUR_ALARM, Stage.ALARM, "t3")
    room.live(120.0)
    assert room.annunciator.playing() == "neighbour"
    assert len(room.siren.ons()) == 45, "15 groups of three"
    assert room.siren.edges[-1][0] < 1060.0


def test_it_can_be_hushed_and_gives_way_to_a_fire_of_ones_own() -> None:
    room = Room(repeats=True)
    room.show(Hazard.NEIGHBOUR_ALARM, Stage.ALARM, "t3")
    room.live(5.0)
    assert room.annunciator.press() == "hushed"
    room.live(1.0)
    assert room.siren.edges[-1][1] is False
    room.show(Hazard.FIRE, Stage.ALARM, "fixed_heat")
    assert room.annunciator.playing() == "t3"


def test_else_the_siren_is_silent_about_it() -> None:
    room = Room()
    room.show(Hazard.NEIGHBOUR_ALARM, Stage.ALARM, "t3")
    room.live(20.0)
    assert not room.siren.ons()


@pytest.mark.parametrize(
    ("hazard", "stage", "alarms"),
    [
        (Hazard.FIRE, Stage.ALARM, True),
        (Hazard.CO, Stage.ALARM, True),
        (Hazard.GAS, Stage.ALARM, True),
        (Hazard.SOS, Stage.ALARM, True),
        (Hazard.FALL, Stage.ALARM, True),
        (Hazard.FIRE, Stage.PREALARM, False),
        (Hazard.FALL, Stage.PREALARM, False),
        (Hazard.FAULT, Stage.ALARM, False),
    ],
)
def test_an_alarm_that_sounds_is_known_until_it_is_over(
    room: Room, hazard: Hazard, stage: Stage, alarms: bool
) -> None:
    assert not room.annunciator.is_alarming
    room.show(hazard, stage)
    room.annunciator.step()
    assert room.annunciator.is_alarming is alarms
    room.show(hazard, Stage.CLEARED)
    room.live(10.0)
    assert not room.annunciator.is_alarming


def test_a_hushed_alarm_is_still_one_and_a_test_is_none(room: Room) -> None:
    room.annunciator.press()
    room.annunciator.step()
    assert room.annunciator.playing() == "test"
    assert not room.annunciator.is_alarming
    room.show(Hazard.FIRE, Stage.ALARM)
    room.annunciator.press()
    room.annunciator.step()
    assert room.annunciator.playing() == "hushed"
    assert room.annunciator.is_alarming
