"""The agent's side of a camera, on the real socket with a simulated perception process."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from drivers import catalog, record
from drivers.camera import CameraConfig
from drivers.sensor import (
    DisconnectedError,
    MutedError,
    NotReadyError,
    Quantity,
    Sensor,
    SensorError,
)
from drivers.view import HINDERED, View
from hw_mocks.chips import chip
from hw_mocks.faults import Fault
from hw_mocks.scenario import load
from hw_mocks.wiring import Wiring
from hw_mocks.world import World

TABLE = {"driver": "camera", "name": "eyes"}
BED = {"name": "bed", "points": [[0.1, 0.5], [0.6, 0.5], [0.6, 1.0]]}


class Rig:
    """A camera whose time is turned by hand."""

    def __init__(self, folder: Path, **table: Any) -> None:
        self.now = 5000.0
        self.wiring = Wiring(folder / "w1", lambda: self.now)
        self.board = self.wiring.board(folder)
        self.config = catalog.decode(TABLE | table)
        self.eyes = chip("camera").plug(self.wiring, self.config)
        self.sensor: Sensor = self.config.build(self.board)
        self.sensor.open()

    def read(self, after_s: float = 0.5) -> Any:
        self.now += after_s
        return self.sensor.read()

    def close(self) -> None:
        self.sensor.close()
        self.board.close()
        self.wiring.close()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


@pytest.fixture
def mutable(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path, mute="privacy")
    yield made
    made.close()


@pytest.mark.parametrize("view", HINDERED)
def test_what_hinders_it_hides_people_and_not_fires(rig: Rig, view: View) -> None:
    rig.eyes.view, rig.eyes.fire_score = float(view), 0.9
    rig.read()
    found = rig.read()
    assert found[Quantity.FIRE_SCORE] == 0.9
    assert found[Quantity.VIEW] == view
    assert not {Quantity.FALL_SCORE, Quantity.PERSON_COUNT} & found.keys()


@pytest.mark.parametrize("view", set(View) - {View.CLEAR, *HINDERED})
def test_a_camera_that_cannot_see_says_why_and_gives_no_numbers(rig: Rig, view: View) -> None:
    rig.read()
    rig.eyes.view = float(view)
    with pytest.raises(SensorError) as raised:
        rig.read()
    assert str(raised.value)


def test_the_first_picture_is_waited_for_and_a_second_start_is_a_failure(rig: Rig) -> None:
    rig.eyes.view = float(View.STARTING)
    with pytest.raises(NotReadyError, match="no picture yet"):
        rig.read()
    rig.eyes.view = 0.0
    rig.read()
    rig.eyes.view = float(View.STARTING)
    with pytest.raises(DisconnectedError, match="no picture yet"):
        rig.read()


def test_numbers_stand_for_two_and_a_half_seconds_and_no_longer(rig: Rig) -> None:
    rig.eyes.fire_score = 0.7
    assert rig.read()[Quantity.FIRE_SCORE] == 0.7
    rig.eyes.fault = Fault.ABSENT
    assert rig.read(2.4)[Quantity.FIRE_SCORE] == 0.7
    with pytest.raises(DisconnectedError, match=r"nothing for 2\.6 s of eyes VIEW"):
        rig.read(0.2)


@dataclass
class Other:
    """Another process that says only how it sees, by a clock that may be `late_s` slow."""

    late_s: float = 0.0
    name: str = "eyes"

    def datagrams(self, at: float) -> Iterator[bytes]:
        yield record.encode(self.name, Quantity.VIEW, float(View.CLEAR), at - self.late_s)

    def is_flooding(self) -> bool:
        return False

    def obey(self, *, is_muted: bool) -> None:
        raise AssertionError(is_muted)

    def draw(self, *, is_wanted: bool) -> None:
        raise AssertionError(is_wanted)


def test_a_model_that_hangs_is_a_failure_though_the_camera_sees(rig: Rig) -> None:
    rig.read()
    rig.eyes.fault = Fault.ABSENT
    rig.wiring.perception.add(Other())
    for _ in range(5):
        rig.read()
    with pytest.raises(DisconnectedError, match="eyes FIRE_SCORE"):
        rig.read()


def test_silence_names_what_came_last_and_was_no_news(rig: Rig) -> None:
    rig.read()
    rig.eyes.fault = Fault.ABSENT
    rig.wiring.perception.add(Other(late_s=10.0))
    with pytest.raises(DisconnectedError, match=r"last: eyes VIEW: 10\.0 s old"):
        rig.read(3.0)


def test_a_fall_between_two_reads_is_not_lost(rig: Rig) -> None:
    rig.read()
    rig.eyes.fall_score = 0.9
    rig.now += 0.5
    rig.wiring.perception.clock()
    rig.eyes.fall_score = 0.1
    assert rig.read()[Quantity.FALL_SCORE] == 0.9
    assert rig.read()[Quantity.FALL_SCORE] == 0.1


def test_a_camera_that_can_be_muted_begins_muted_until_the_agent_says_otherwise(
    mutable: Rig,
) -> None:
    for _ in range(5):
        with pytest.raises(NotReadyError, match="being switched on"):
            mutable.read()
    mutable.board.perception().mute("eyes", is_muted=False)
    with pytest.raises(NotReadyError):
        mutable.read()
    assert mutable.read()[Quantity.VIEW] == View.CLEAR


def test_a_camera_that_is_muted_though_nobody_wants_it_says_so(mutable: Rig) -> None:
    mutable.board.perception().mute("eyes", is_muted=False)
    with pytest.raises(NotReadyError):
        mutable.read()
    mutable.read()
    mutable.eyes.is_muted = True
    with pytest.raises(MutedError, match="being switched on"):
        mutable.read()
    assert mutable.read()[Quantity.VIEW] == View.CLEAR, "the agent has it switched on again"


def test_nothing_is_believed_from_the_moment_that_people_mute_it(mutable: Rig) -> None:
    link = mutable.board.perception()
    link.mute("eyes", is_muted=False)
    with pytest.raises(NotReadyError):
        mutable.read()
    mutable.read()
    mutable.eyes.fire_score = 1.0
    link.mute("eyes", is_muted=True)
    with pytest.raises(MutedError, match="not confirmed"):
        mutable.read()
    with pytest.raises(MutedError, match=r"^muted by hand$"):
        mutable.read()
    assert mutable.eyes.is_muted


def test_a_perception_that_starts_anew_is_muted_again(mutable: Rig) -> None:
    mutable.board.perception().mute("eyes", is_muted=True)
    with pytest.raises(MutedError):
        mutable.read()
    mutable.eyes.is_muted = False  # a new process that looks at once
    said = []
    for _ in range(4):
        with pytest.raises(MutedError) as raised:
            mutable.read()
        said.append(str(raised.value))
    assert mutable.eyes.is_muted
    assert said[-1] == "muted by hand"


def test_a_muted_camera_that_dies_is_cut_off_not_muted(mutable: Rig) -> None:
    mutable.board.perception().mute("eyes", is_muted=True)
    with pytest.raises(MutedError):
        mutable.read()
    mutable.eyes.fault = Fault.ABSENT
    with pytest.raises(DisconnectedError):
        mutable.read(3.0)


@pytest.mark.parametrize(
    ("table", "said", "withheld"),
    [
        ({"fire": False}, Quantity.FALL_SCORE, Quantity.FIRE_SCORE),
        ({"falls": False}, Quantity.FIRE_SCORE, Quantity.FALL_SCORE),
        ({"falls": False, "people": True}, Quantity.PERSON_COUNT, Quantity.LYING_SCORE),
    ],
)
def test_it_claims_only_what_it_watches_for(
    table: dict[str, Any], said: Quantity, withheld: Quantity
) -> None:
    config = catalog.decode(TABLE | table)
    assert said in config.spans
    assert withheld not in config.spans
    assert {said, withheld} <= CameraConfig.spans.keys()


def test_what_it_may_say_is_what_may_cross() -> None:
    for quantity, span in CameraConfig.spans.items():
        row = record.TABLE[quantity]
        assert (span.low, span.high) == (row.low, row.high)


def test_zones_are_read() -> None:
    config = catalog.decode(TABLE | {"zones": [BED], "rotate_deg": 180})
    assert isinstance(config, CameraConfig)
    assert config.zones[0].points == ((0.1, 0.5), (0.6, 0.5), (0.6, 1.0))


@pytest.mark.parametrize(
    "table",
    [
        {"fire": False, "falls": False, "people": False},
        {"rotate_deg": 90},
        {"number": 4},
        {"every_s": 2.0},
        {"mute": "A Button"},
        {"zones": [BED | {"points": [[0, 0], [1, 1]]}]},
        {"zones": [BED | {"points": [[0, 0], [1, 1], [0, 1.5]]}]},
        {"zones": [BED | {"points": [[0, 0], [1, 1], [0]]}]},
        {"zones": [BED | {"colour": "red"}]},
        {"zones": [BED] * 9},
    ],
)
def test_a_camera_that_cannot_be_is_refused(table: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        catalog.decode(TABLE | table)


@pytest.mark.parametrize(
    ("scenario", "t_s", "burns"), [("flaming_stall", 900.0, True), ("quiet_day", 900.0, False)]
)
def test_a_simulated_camera_sees_the_simulated_fire(scenario: str, t_s: float, burns: bool) -> None:
    felt = dict(World(load(scenario), {"eyes": "camera"}).step(t_s))
    for knob in ("eyes.fire_score", "eyes.smoke_score"):
        assert (float(felt[knob]) > 0.5) is burns
