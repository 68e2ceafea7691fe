"""The call post of `safe-return`: both cities' hubs are told, and which camera stands by."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import config
from agent.hand_over import HandOverConfig, handed_over
from agent.values import Detection, Hazard, Stage, Why
from agent.watch import detectors
from drivers.sensor import Quantity
from hw_mocks.broker import embedded_broker
from hw_mocks.child import PROFILES, Agent, device_toml, until
from hw_mocks.listener import Heard, Listener
from tests.agent.public import DAY_S, calendar, feed

WHY = Why("도움 요청입니다.", "A call for help.")
CAMERAS = HandOverConfig(cameras=["cctv-1", "cctv-2"])


@given(st.sampled_from(Hazard), st.sampled_from(Stage))
def test_only_alarms_of_the_hazards_named_are_handed_over(hazard: Hazard, stage: Stage) -> None:
    found = Detection(hazard, stage, "bell", "button", (), 1.0, WHY)
    (told,) = handed_over([found], CAMERAS)
    is_handed_over = stage is Stage.ALARM and hazard in {Hazard.SOS, Hazard.FALL}
    assert told.cameras == (("cctv-1", "cctv-2") if is_handed_over else ())
    assert ("cctv-2" in told.why.ko) is is_handed_over
    assert ("cctv-2" in told.why.en) is is_handed_over
    assert handed_over([found], None) == [found]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cities")


def sos_at(hub: Listener) -> Heard:
    return until(
        lambda: next((each for each in hub.messages if each.event is not None), None),
        20.0,
        "a call at the hub",
    )


def test_a_press_is_told_to_both_cities_with_the_camera_that_stands_by(folder: Path) -> None:
    for name in ("home", "neighbour"):
        (folder / name).mkdir()
    with (
        embedded_broker(folder / "home") as home_port,
        embedded_broker(folder / "neighbour") as neighbour_port,
        Listener(home_port) as home,
        Listener(neighbour_port) as neighbour,
    ):
        neighbours = (
            f'tls = false\n[[neighbours]]\nname = "gunpo"\nhost = "127.0.0.1"\n'
            f'port = {neighbour_port}\ntls = false\nhazards = ["sos"]'
        )
        text = device_toml("safe-return", port=home_port, hub=[neighbours])
        with Agent(folder / "agent", text) as agent:
            until(agent.armed, 20.0, "the agent armed")
            agent.control.set("bell.pressed", 1)
            heard = [sos_at(hub) for hub in (home, neighbour)]
    assert heard[0].payload == heard[1].payload
    event = heard[0].event
    assert event is not None
    assert event["cameras"] == ["cctv-0001"]
    assert "cctv-0001" in event["why"]["ko"]
    assert all("frame" not in key and "image" not in key for key in event)


def test_a_week_of_wind_and_children_is_quiet() -> None:
    """Wind up to 4 m/s², and a swing of one second every hour."""
    loaded = config.load(PROFILES / "safe-return.toml")
    rows = (
        (3.0 * n, "strap", Quantity.VIBRATION_M_S2, 20.0 if n % 1200 == 7 else 0.5 + n % 8 * 0.5)
        for n in range(int(7 * DAY_S / 3))
    )
    sos = next(each for each in detectors(loaded, calendar()) if "Sos" in type(each).__name__)
    assert feed(sos, rows) == []
