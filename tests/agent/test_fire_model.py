"""Whatever the model says, the alarms are those of the rules: no later, no other."""

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detectors.fire import SENSORS_MODEL, FireConfig, FireDetector
from agent.pipeline import Pipeline
from agent.values import Detection, Reading, Stage
from drivers.sensor import Quantity


class Liar:
    """An adversary in the model's place."""

    def __init__(self, scores: list[float]) -> None:
        self._scores, self._said = scores, 0

    def update(self, reading: Reading) -> Reading | None:
        """Say the next score, to every reading of the others."""
        self._said += 1
        score = self._scores[self._said % len(self._scores)]
        return (
            None
            if reading.quantity is Quantity.FIRE_SCORE
            else Reading(SENSORS_MODEL, Quantity.FIRE_SCORE, score, reading.at)
        )


def alarms(pipeline: Pipeline, rows: list[tuple[Quantity, float]]) -> list[tuple[float, str]]:
    found: list[Detection] = []
    for k, (quantity, value) in enumerate(rows):
        found += pipeline.handle(Reading(f"a {quantity}", quantity, value, 2.0 * k))
    return [(each.at, each.rule) for each in found if each.stage is Stage.ALARM]


values = st.one_of(
    st.tuples(st.just(Quantity.TEMPERATURE_C), st.floats(10, 80)),
    st.tuples(st.just(Quantity.SMOKE_OBSCURATION_PCT_PER_M), st.floats(0, 20)),
    st.tuples(st.just(Quantity.CO_PPM), st.floats(0, 300)),
    st.tuples(st.just(Quantity.PM2_5_UG_M3), st.floats(0, 1000)),
)


@settings(deadline=None)
@given(
    rows=st.lists(values, min_size=20, max_size=120),
    scores=st.lists(st.floats(0, 1), min_size=1, max_size=12),
)
def test_a_lying_model_changes_no_alarm(
    rows: list[tuple[Quantity, float]], scores: list[float]
) -> None:
    honest = Pipeline({}, [FireDetector(FireConfig())])
    lied_to = Pipeline({}, [FireDetector(FireConfig())], [Liar(scores)])
    assert alarms(lied_to, rows) == alarms(honest, rows)


def test_a_model_that_insists_raises_a_prealarm() -> None:
    pipeline = Pipeline({}, [FireDetector(FireConfig())], [Liar([1.0])])
    found = []
    for k in range(30):
        found += pipeline.handle(Reading("ceiling", Quantity.TEMPERATURE_C, 20.0, 2.0 * k))
    assert [(each.stage, each.rule) for each in found] == [(Stage.PREALARM, "model")]
    assert "모델이 불과 닮았다고 봅니다" in found[0].why.ko


def test_a_score_that_is_no_score_is_not_believed() -> None:
    pipeline = Pipeline({}, [FireDetector(FireConfig())], [Liar([float("nan"), 7.0])])
    for k in range(60):
        assert not [
            each
            for each in pipeline.handle(Reading("c", Quantity.TEMPERATURE_C, 20.0, 2.0 * k))
            if each.hazard == "fire"
        ]


def test_what_somebody_does_to_one_sensor_is_kept_from_the_model_and_nothing_else() -> None:
    """Its score names no sensor: a trial's prealarm would go out as a real one."""
    pipeline = Pipeline({}, [FireDetector(FireConfig())], [Liar([1.0])])
    pipeline.spare({"tried"})
    found = []
    for k in range(30):
        found += pipeline.handle(Reading("tried", Quantity.TEMPERATURE_C, 20.0 + k / 6, 2.0 * k))
    assert [(each.stage, each.rule) for each in found] == [(Stage.PREALARM, "heat")]
    for k in range(30):
        found += pipeline.handle(Reading("tried", Quantity.TEMPERATURE_C, 70.0, 60.0 + 2 * k))
    assert found[1].stage is Stage.ALARM
    pipeline = Pipeline({}, [FireDetector(FireConfig())], [Liar([1.0])])
    pipeline.spare({"tried"})
    found = []
    for k in range(30):
        found += pipeline.handle(Reading("other", Quantity.TEMPERATURE_C, 20.0, 2.0 * k))
    assert [(each.stage, each.rule) for each in found] == [(Stage.PREALARM, "model")]


def test_a_sign_that_has_sunk_to_nothing_is_not_told_again_and_again() -> None:
    air = [(Quantity.TEMPERATURE_C, 10.0)] * 3
    rows = [*air, (Quantity.CO_PPM, 100.0), *air, (Quantity.TEMPERATURE_C, 28.0)]
    rows += [(Quantity.CO_PPM, 100.0), (Quantity.CO_PPM, 0.0), (Quantity.TEMPERATURE_C, 28.0)]
    rows += [(Quantity.TEMPERATURE_C, 10.0)] * 12
    told = alarms(Pipeline({}, [FireDetector(FireConfig())]), rows)
    assert len(told) == 1, told
