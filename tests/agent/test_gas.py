import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.annunciator import Annunciator
from agent.detectors.gas import GasConfig, GasDetector
from agent.detectors.presence import Source
from agent.values import Detection, Hazard, Reading, Stage
from drivers.sensor import Quantity


class Store:
    def __init__(self) -> None:
        self.detector, self.now = GasDetector(GasConfig()), 0.0

    def stay(self, minutes: float, ratio: float) -> list[Detection]:
        found, until = [], self.now + 60 * minutes
        while self.now < until:
            self.now += 5.0
            found += self.detector.update(Reading("gas", Quantity.GAS_RS_R0, ratio, self.now))
            found += self.detector.tick(self.now)
        return found


def stages(found: list[Detection]) -> list[Stage]:
    return [each.stage for each in found]


def test_gas_is_told_when_it_comes_when_it_is_much_and_when_it_is_gone() -> None:
    store = Store()
    assert store.stay(60, 0.8) == []
    (little,) = store.stay(1, 0.2)
    assert (little.hazard, little.stage) == (Hazard.GAS, Stage.PREALARM)
    assert "20 %" in little.why.en
    (much,) = store.stay(1, 0.1)
    assert much.stage is Stage.ALARM
    assert "Touch no electric switch" in much.why.en
    assert stages(store.stay(3, 0.9)) == [Stage.CLEARED]


def test_cooking_and_a_passing_spray_are_no_leak() -> None:
    store = Store()
    for _ in range(10):
        assert store.stay(10 / 60, 0.05) + store.stay(20, 0.45) == []


def test_a_cell_that_is_not_heard_ends_nothing() -> None:
    store = Store()
    store.stay(1, 0.05)
    store.now += 86_400.0
    assert store.detector.tick(store.now) == []
    assert store.stay(1, 0.9) == []


def test_a_cell_at_its_end_is_gas() -> None:
    assert stages(Store().stay(1, 0.0))[-1] is Stage.ALARM


def test_what_stands_is_the_cell_that_still_smells_it() -> None:
    store = Store()
    store.stay(1, 0.05)
    assert [each.sensor for each in store.detector.standing(Hazard.GAS)] == ["gas"]
    assert store.detector.standing(Hazard.CO) == ()
    store.stay(0.2, 1.0)
    assert store.detector.standing(Hazard.GAS) == ()


class Pin:
    def __init__(self) -> None:
        self.level = False

    def on(self) -> None:
        self.level = True

    def off(self) -> None:
        self.level = False


def test_a_gas_alarm_sounds_moves_the_relay_and_is_hushed_by_nobody() -> None:
    siren, relay = Pin(), Pin()
    shown = Annunciator(siren, None, clock=lambda: 5.0, hush_s=540.0, relay=relay)
    store = Store()
    found = store.stay(2, 0.05)
    for each in found:
        shown.show(each)
    shown.step()
    assert (siren.level, relay.level, shown.playing()) == (True, True, "gas")
    assert shown.press() == "refused"
    assert not shown.silence(Hazard.GAS, "gas")
    shown.step()
    assert siren.level


@given(st.lists(st.tuples(st.floats(0.0, 4.0), st.floats(0.1, 10.0)), max_size=15))
@settings(deadline=None, max_examples=60)
def test_it_goes_up_step_by_step_and_ends_once(spells: list[tuple[float, float]]) -> None:
    store, stage = Store(), Stage.CLEARED
    order = {Stage.CLEARED: 0, Stage.PREALARM: 1, Stage.ALARM: 2}
    for each in [d for ratio, minutes in spells for d in store.stay(minutes, ratio)]:
        assert each.stage is not stage
        assert each.stage is Stage.CLEARED or order[each.stage] > order[stage]
        stage = each.stage


@pytest.mark.parametrize("config", [GasConfig(fall=5.0), GasConfig(prealarm=9.0)])
def test_limits_that_do_not_rise_are_refused(config: GasConfig) -> None:
    sources = {"gas": Source(frozenset({Quantity.GAS_RS_R0}), 5.0)}
    assert list(config.problems(sources)) != []
    assert list(GasConfig().problems(sources)) == []
    assert list(GasConfig().problems({})) != []
