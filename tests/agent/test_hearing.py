"""Whether the siren was heard: synthetic levels first, then a simulated room."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.hearing import GAP_DB, LEAST_DB, Level, Verdict, hear, judge
from agent.sections import AnnunciatorConfig, Config, SirenConfig
from agent.values import Why
from drivers import catalog
from hw_mocks import blinka
from hw_mocks.bench import Bench
from hw_mocks.echo import Echo

BEFORE_S, AFTER_S = 3.0, 5.0
EDGES = [(0.0, True), (0.5, False), (1.0, True), (1.5, False), (2.0, True), (2.5, False)]
some_seconds = st.sampled_from([0.05, 0.125, 0.25, 0.5])


def sounding(at: float) -> bool:
    return any(on <= at < off for (on, _), (off, _) in zip(EDGES[::2], EDGES[1::2], strict=True))


def levels(db: Callable[[float], float], each_s: float) -> list[Level]:
    """What a microphone gives that measures for so long each time; `db` at the middle of it."""
    count = round((BEFORE_S + AFTER_S) / each_s)
    starts = [n * each_s - BEFORE_S for n in range(count)]
    return [Level(start, start + each_s, db(start + each_s / 2)) for start in starts]


@given(each_s=some_seconds, still=st.floats(30.0, 80.0), above=st.floats(LEAST_DB + 0.1, 60.0))
def test_a_siren_ten_decibels_above_the_room_is_proven(
    each_s: float, still: float, above: float
) -> None:
    found = judge(levels(lambda at: still + above * sounding(at), each_s), EDGES)
    assert found.verdict is Verdict.PROVEN, found.why


@given(each_s=some_seconds, above=st.floats(0.0, LEAST_DB - 0.1))
def test_a_siren_less_than_that_above_the_room_is_not_heard(each_s: float, above: float) -> None:
    found = judge(levels(lambda at: 50.0 + above * sounding(at), each_s), EDGES)
    assert found.verdict is Verdict.NOT_HEARD
    assert "10 dB are needed" in found.why


@given(each_s=some_seconds, seed=st.integers(), loudest=st.floats(50.0, 110.0))
def test_the_noise_of_a_busy_room_alone_never_passes(
    each_s: float, seed: int, loudest: float
) -> None:
    noise = random.Random(seed)
    heard = levels(lambda _: loudest - 16.0 * noise.random(), each_s)
    assert judge(heard, EDGES).verdict is Verdict.NOT_HEARD


@settings(max_examples=500)
@given(
    each_s=some_seconds,
    changes=st.lists(st.tuples(st.floats(-3, 5), st.floats(30, 110)), max_size=5),
    first=st.floats(30, 110),
)
def test_fewer_changes_than_the_siren_makes_never_pass(
    each_s: float, changes: list[tuple[float, float]], first: float
) -> None:
    def noise(at: float) -> float:
        return max([c for c in sorted(changes) if c[0] <= at], default=(0.0, first))[1]

    assert judge(levels(noise, each_s), EDGES).verdict is Verdict.NOT_HEARD


@settings(max_examples=500)
@given(
    each_s=some_seconds,
    period_s=st.floats(0.1, 6.0),
    shift=st.floats(0, 1),
    share=st.floats(0.05, 0.95),
    loud=st.floats(60.0, 110.0),
)
def test_hammering_at_whatever_rhythm_never_passes(
    each_s: float, period_s: float, shift: float, share: float, loud: float
) -> None:
    def noise(at: float) -> float:
        """A level is of its whole time: a blow anywhere in it is in it."""
        times = (at + each_s * n / 16 for n in range(-8, 9))
        struck = any((each / period_s + shift) % 1 < share for each in times)
        return loud if struck else 40.0

    assert judge(levels(noise, each_s), EDGES).verdict is Verdict.NOT_HEARD


def test_a_siren_that_sticks_on_between_the_tones_is_not_proven() -> None:
    found = judge(levels(lambda at: 90.0 if 0.0 <= at < 2.5 else 50.0, 0.125), EDGES)
    assert found.verdict is Verdict.NOT_HEARD
    assert "not in step" in found.why


def test_a_gap_that_rings_is_still_a_gap() -> None:
    def room(at: float) -> float:
        return 90.0 if sounding(at) else 90.0 - GAP_DB - 1.0 if 0.0 < at < 2.5 else 50.0

    assert judge(levels(room, 0.5), EDGES).verdict is Verdict.PROVEN


def test_one_weak_tone_is_not_heard() -> None:
    def room(at: float) -> float:
        return 50.0 + (20.0 if at > 1.9 else 40.0) * sounding(at)

    assert "not one siren" in judge(levels(room, 0.125), EDGES).why


def test_a_microphone_too_slow_to_follow_proves_nothing() -> None:
    found = judge(levels(lambda at: 90.0 if sounding(at) else 50.0, 1.0), EDGES)
    assert found.verdict is Verdict.NOT_HEARD
    assert "too slow" in found.why


@pytest.mark.parametrize("edges", [[], EDGES[:4], [(at, not on) for at, on in EDGES]])
def test_a_pin_that_did_not_follow_the_pattern_proves_nothing(
    edges: list[tuple[float, bool]],
) -> None:
    found = judge(levels(lambda at: 90.0 if sounding(at) else 50.0, 0.125), edges)
    assert (found.verdict, "edges" in found.why) == (Verdict.NOT_HEARD, True)


MICROPHONE = {
    "driver": "analog_noise",
    "name": "microphone",
    "adc": {"chip": "mcp3008", "channel": 3},
    "gain": 60,
}
PERCEIVED: dict[str, object] = {
    "driver": "i2s_mic",
    "name": "microphone",
    "card": "mic",
    "part": "inmp441",
}
SOS = {"driver": "button", "name": "sos", "gpio": 23}


def device(*sensors: dict[str, object], hz: int | None = None) -> Config:
    return Config(
        profile="hearing",
        title=Why(ko="시험", en="Test"),
        annunciator=AnnunciatorConfig(siren=SirenConfig(gpio=18, frequency_hz=hz)),
        sensors=[catalog.decode(each) for each in sensors],
    )


@pytest.mark.parametrize("hz", [None, 520, 3100])
def test_in_a_room_the_microphone_proves_the_siren(hz: int | None, tmp_path: Path) -> None:
    config = device(MICROPHONE, SOS, hz=hz)
    with Bench(config, w1_root=tmp_path / "w1", state=tmp_path) as bench:
        Echo(bench, "microphone.level_db")
        found = hear(config, bench.board)
        assert found.verdict is Verdict.PROVEN, found.why
        tones = [at for at, on in bench.edges("siren") if on]
        assert len(tones) == 3, "one group, and no more"
        assert bench.edges("siren")[-1][1] is False


def test_in_a_room_the_microphone_of_perception_proves_the_siren_by_longer_tones(
    tmp_path: Path,
) -> None:
    config = device(PERCEIVED, SOS)
    clock = blinka.install().time.monotonic
    with Bench(config, w1_root=tmp_path / "w1", state=tmp_path, clock=clock) as bench:
        Echo(bench, "microphone.level_db")
        found = hear(config, bench.board)
        assert found.verdict is Verdict.PROVEN, found.why
        assert len([at for at, on in bench.edges("siren") if on]) == 3
        assert bench.edges("siren")[-1][1] is False


def test_a_dead_siren_is_not_heard_by_the_microphone_of_perception(tmp_path: Path) -> None:
    config = device(PERCEIVED)
    clock = blinka.install().time.monotonic
    with Bench(config, w1_root=tmp_path / "w1", state=tmp_path, clock=clock) as bench:
        Echo(bench, "microphone.level_db").dead = True
        found = hear(config, bench.board)
    assert found.verdict is Verdict.NOT_HEARD
    assert "10 dB are needed" in found.why


@pytest.mark.parametrize(
    ("turn", "why"),
    [
        ({"dead": True}, "10 dB are needed"),
        ({"siren_db": 58.0}, "10 dB are needed"),
        ({"still_db": 90.0}, "10 dB are needed"),
    ],
)
def test_a_siren_that_is_dead_or_too_weak_is_not_heard(
    turn: dict[str, float], why: str, tmp_path: Path
) -> None:
    config = device(MICROPHONE)
    with Bench(config, w1_root=tmp_path / "w1", state=tmp_path) as bench:
        echo = Echo(bench, "microphone.level_db")
        for name, value in turn.items():
            setattr(echo, name, value)
        bench.set("microphone.level_db", echo.still_db)
        found = hear(config, bench.board)
    assert found.verdict is Verdict.NOT_HEARD
    assert why in found.why


def test_a_cut_microphone_says_so_and_the_siren_stays_silent_ever_after(tmp_path: Path) -> None:
    config = device(MICROPHONE)
    with Bench(config, w1_root=tmp_path / "w1", state=tmp_path) as bench:
        bench.set("microphone.fault", "absent")
        found = hear(config, bench.board)
        assert found.verdict is Verdict.NOT_HEARD
        assert "cut wire" in found.why
        assert not bench.edges("siren")


def test_without_a_microphone_nothing_sounds(tmp_path: Path) -> None:
    config = device(SOS)
    with Bench(config, w1_root=tmp_path / "w1", state=tmp_path) as bench:
        assert hear(config, bench.board).verdict is Verdict.NO_MICROPHONE
        assert not bench.edges("siren")
