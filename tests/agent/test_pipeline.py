import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detectors.co import CoConfig, CoDetector
from agent.detectors.detector import Detector
from agent.detectors.fire import FireConfig, FireDetector
from agent.detectors.sos import SosDetector
from agent.pipeline import Pipeline, State, Watched
from agent.values import Detection, Failure, FailureKind, Hazard, Reading, Stage
from drivers.sensor import Quantity, Span

T, SMOKE = Quantity.TEMPERATURE_C, Quantity.SMOKE_OBSCURATION_PCT_PER_M
WATCHED = {
    "ceiling": Watched({T: Span(-40, 80)}, every_s=2.0),
    "smoke": Watched({SMOKE: Span(0, 100, saturates=95)}, every_s=2.0),
}


def detectors() -> list[Detector]:
    return [FireDetector(FireConfig()), CoDetector(CoConfig()), SosDetector(["sos"])]


def summary(found: list[Detection]) -> list[tuple[Hazard, Stage, str, str]]:
    return [(each.hazard, each.stage, each.subject, each.rule) for each in found]


def test_a_fault_is_told_once_when_it_begins_and_once_when_it_ends() -> None:
    pipeline, found = Pipeline(WATCHED, detectors()), []
    for k in range(60):
        at = 2.0 * k
        found += pipeline.handle(Reading("smoke", SMOKE, 0.1 * (k % 2), at))
        if 10 <= k < 30:
            kind = FailureKind.NO_ANSWER
            found += pipeline.failed(Failure("ceiling", kind, "[Errno 121] Remote I/O", at))
        else:
            found += pipeline.handle(Reading("ceiling", T, 21.0, at))
        found += pipeline.tick(at)
    assert summary(found) == [
        (Hazard.FAULT, Stage.ALARM, "ceiling", "no_answer"),
        (Hazard.FAULT, Stage.CLEARED, "ceiling", "no_answer"),
    ]
    assert "Remote I/O" in found[0].why.en
    assert "ceiling" in found[0].why.ko


def test_who_falls_silent_is_told_by_the_tick() -> None:
    pipeline = Pipeline(WATCHED, detectors())
    assert pipeline.tick(0) == []
    pipeline.handle(Reading("ceiling", T, 21.0, 9))
    assert summary(pipeline.tick(11)) == [(Hazard.FAULT, Stage.ALARM, "smoke", "silent")]
    assert pipeline.tick(12) == []
    assert pipeline.health("smoke").state is State.SILENT
    assert pipeline.health("ceiling").is_sound


def burning(pipeline: Pipeline) -> list[Detection]:
    found = []
    for k in range(20):
        found += pipeline.handle(Reading("smoke", SMOKE, 30.0, 2.0 * k))
        found += pipeline.handle(Reading("ceiling", T, 20.0 + k, 2.0 * k))
    return found


def test_a_saturated_hazard_counts_as_the_hazard() -> None:
    pipeline, found = Pipeline(WATCHED, detectors()), []
    for k in range(20):
        found += pipeline.handle(Reading("smoke", SMOKE, 95.0, 2.0 * k))
    assert (Hazard.FIRE, Stage.ALARM) in [(each.hazard, each.stage) for each in found]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e9, -1e9])
def test_doubted_readings_never_raise_an_alarm(value: float) -> None:
    pipeline, found = Pipeline(WATCHED, detectors()), []
    for k in range(200):
        for sensor, quantity in (("smoke", SMOKE), ("ceiling", T), ("co", Quantity.CO_PPM)):
            found += pipeline.handle(Reading(sensor, quantity, value, 2.0 * k))
        found += pipeline.tick(2.0 * k)
    assert {each.hazard for each in found} == {Hazard.FAULT}


JUNK = st.one_of(st.sampled_from([math.nan, math.inf, -math.inf]), st.floats(min_value=1e6))


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), JUNK, st.sampled_from(FailureKind)), max_size=300))
def test_faults_silence_and_doubt_never_end_an_alarm(
    course: list[float | FailureKind | None],
) -> None:
    pipeline = Pipeline(WATCHED, detectors())
    assert Stage.ALARM in [each.stage for each in burning(pipeline)]
    found = []
    for k, what in enumerate(course):
        at = 100 + 5.0 * k
        if isinstance(what, FailureKind):
            found += pipeline.failed(Failure("smoke", what, "dead", at))
            found += pipeline.failed(Failure("ceiling", what, "dead", at))
        elif what is not None:
            found += pipeline.handle(Reading("smoke", SMOKE, what, at))
            found += pipeline.handle(Reading("ceiling", T, what, at))
        found += pipeline.tick(at)
    assert not [each for each in found if each.hazard is not Hazard.FAULT]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ceiling", "smoke", "co", "sos"]),
            st.sampled_from([T, SMOKE, Quantity.CO_PPM, Quantity.BUTTON]),
            st.floats(allow_nan=True),
            st.floats(0, 100),
        ),
        max_size=200,
    )
)
def test_any_stream_gives_finite_evidence_and_stages_that_alternate(
    rows: list[tuple[str, Quantity, float, float]],
) -> None:
    pipeline, at = Pipeline(WATCHED, detectors()), 0.0
    active: set[tuple[Hazard, str]] = set()
    for sensor, quantity, value, dt in rows:
        at += dt
        for each in pipeline.handle(Reading(sensor, quantity, value, at)) + pipeline.tick(at):
            incident = each.hazard, each.subject
            assert all(math.isfinite(reading.value) for reading in each.evidence)
            assert each.stage is not Stage.CLEARED or incident in active
            assert each.why.ko
            assert each.why.en
            (active.discard if each.stage is Stage.CLEARED else active.add)(incident)


def test_the_fire_is_still_told_when_its_first_sensor_dies() -> None:
    pipeline = Pipeline(WATCHED, detectors())
    burning(pipeline)
    found = []
    for k in range(30):
        at = 40 + 2.0 * k
        found += pipeline.failed(Failure("smoke", FailureKind.NO_ANSWER, "burnt", at))
        found += pipeline.handle(Reading("ceiling", T, 40.0 + k, at))
    grown = [each for each in found if each.hazard is Hazard.FIRE]
    assert {each.stage for each in grown} == {Stage.ALARM}
    assert "fixed_heat" in {each.rule for each in grown}


def test_a_sensor_nobody_configured_is_heard() -> None:
    pipeline = Pipeline({}, detectors())
    found = burning(pipeline)
    assert Stage.ALARM in [each.stage for each in found]
    with pytest.raises(KeyError):
        pipeline.health("nobody")
