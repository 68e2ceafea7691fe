"""The alarm next door: made sounds first, then recordings; what it is not matters as much."""

import os
from pathlib import Path

import numpy as np
import pytest

from agent.perception.alarm_sound import AlarmSound
from tests.agent.perception.sounds import Samples, in_room, pink, pulses, through_wall, times, tone

RATE_HZ = 16_000
SOUNDS = (
    Path(os.environ.get("HAETAE_DATA", Path(__file__).parents[4] / "shared" / "data")) / "sounds"
)
T3, T4 = (0.5, 0.5, 3, 1.5), (0.1, 0.1, 4, 5.0)
NO_DATA = f"no recordings of sounds at {SOUNDS}"


def heard(sound: Samples, rate_hz: int = RATE_HZ) -> list[tuple[float, int]]:
    """When what was said changed, in seconds, and to what."""
    ear, size, said = AlarmSound(rate_hz), rate_hz // 4, 0
    found = []
    for n in range(len(sound) // size):
        pulses = ear.update(sound[n * size : (n + 1) * size])
        if pulses != said:
            found.append(((n + 1) / 4, pulses))
        said = pulses
    return found


def noisy(sound: Samples, below_db: float, seed: int = 5) -> Samples:
    """With pink noise so far below the sound while it sounds."""
    level = np.sqrt((sound[np.abs(sound) > 0.1 * np.abs(sound).max()] ** 2).mean())
    return sound + pink(RATE_HZ, len(sound) / RATE_HZ, level * 10 ** (-below_db / 20), seed)


@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 48_000])
@pytest.mark.parametrize(("cadence", "count", "within_s"), [(T3, 3, 8.0), (T4, 4, 11.6)])
def test_two_groups_are_enough(
    rate_hz: int, cadence: tuple[float, float, int, float], count: int, within_s: float
) -> None:
    found = heard(pulses(rate_hz, 3100.0, 15.0, cadence), rate_hz)
    assert [pulses for _, pulses in found] == [count]
    assert found[0][0] <= 1.0 + within_s


@pytest.mark.parametrize("hz", [520.0, 2000.0, 3100.0, 3500.0])
@pytest.mark.parametrize("rt60_s", [0.4, 0.8])
def test_a_t3_is_heard_through_a_wall_in_a_room_that_rings(hz: float, rt60_s: float) -> None:
    sound = pulses(RATE_HZ, hz, 14.0, is_square=hz < 1000)
    sound = through_wall(in_room(sound, RATE_HZ, rt60_s), RATE_HZ)
    assert [pulses for _, pulses in heard(noisy(sound, 0.0))] == [3]


@pytest.mark.parametrize("hz", [2900.0, 3400.0])
def test_a_t4_is_heard_through_a_wall_in_a_furnished_room(hz: float) -> None:
    sound = through_wall(in_room(pulses(RATE_HZ, hz, 20.0, T4), RATE_HZ, 0.3), RATE_HZ)
    assert [pulses for _, pulses in heard(noisy(sound, 6.0))] == [4]


@pytest.mark.parametrize("slower", [0.92, 0.96, 1.04, 1.08])
def test_a_slow_or_fast_clock_in_the_alarm_does_not_matter(slower: float) -> None:
    on_s, off_s, count, pause_s = T3
    cadence = (on_s * slower, off_s * slower, count, pause_s * slower)
    assert [pulses for _, pulses in heard(pulses(RATE_HZ, 3100.0, 15.0, cadence))] == [3]


def test_it_is_over_when_it_has_not_been_heard_for_a_while() -> None:
    sound = np.concatenate((pulses(RATE_HZ, 3100.0, 14.0), np.zeros(12 * RATE_HZ)))
    found = heard(noisy(sound, 20.0))
    assert [pulses for _, pulses in found] == [3, 0]


def test_one_group_is_none() -> None:
    assert not heard(noisy(pulses(RATE_HZ, 3100.0, 4.5), 20.0))


def once_a_minute(hz: float) -> Samples:
    single = pulses(RATE_HZ, hz, 3.0, (0.1, 0.1, 4, 60.0))
    return np.concatenate((np.zeros(56 * RATE_HZ), single))


def test_a_t4_that_was_heard_is_kept_alive_by_one_group_a_minute() -> None:
    lively = pulses(RATE_HZ, 3100.0, 13.5, T4)
    sound = np.concatenate((lively, *[once_a_minute(3100.0)] * 3, np.zeros(15 * RATE_HZ)))
    found = heard(noisy(sound, 15.0))
    assert [pulses for _, pulses in found] == [4, 0] * 4


def test_one_group_a_minute_is_none_before_two_were_heard_nor_at_another_pitch() -> None:
    assert not heard(noisy(np.concatenate([once_a_minute(3100.0)] * 2), 15.0))
    sound = np.concatenate((pulses(RATE_HZ, 3100.0, 13.5, T4), once_a_minute(2500.0)))
    assert [pulses for _, pulses in heard(noisy(sound, 15.0))] == [4, 0]


def test_a_gap_in_the_samples_begins_anew() -> None:
    ear, sound = AlarmSound(RATE_HZ), pulses(RATE_HZ, 3100.0, 9.5)
    said = [
        ear.update(sound[n : n + 1_600], 100 if n == 80_000 else 0)
        for n in range(0, len(sound) - 1_599, 1_600)
    ]
    assert not any(said)


NOT_ALARMS = {
    "a beeper without a pause": (0.5, 0.5, 1, 0.5),
    "a reversing lorry": (0.45, 0.55, 1, 0.55),
    "a reversing lorry, slower": (0.6, 0.6, 1, 0.6),
    "the pulse in an ICU": (0.12, 0.68, 1, 0.68),
    "an ICU's alarm of medium priority": (0.2, 0.2, 3, 2.5),
    "an ICU's alarm of high priority": (0.12, 0.1, 5, 1.5),
    "an alarm clock": (0.06, 0.06, 4, 0.5),
    "a microwave": (1.0, 0.5, 3, 4.0),
    "a refrigerator's door": (0.2, 0.8, 2, 3.0),
    "two beeps": (0.5, 0.5, 2, 2.5),
    "four long beeps": (0.5, 0.5, 4, 1.5),
    "a ring tone": (1.0, 2.0, 1, 2.0),
    "a busy line": (0.5, 0.5, 1, 0.5),
    "a low battery": (0.05, 30.0, 1, 30.0),
    "three quick beeps": (0.1, 0.1, 3, 5.0),
}


@pytest.mark.parametrize("what", NOT_ALARMS)
@pytest.mark.parametrize("hz", [1000.0, 2800.0])
def test_what_beeps_otherwise_is_no_alarm(what: str, hz: float) -> None:
    sound = pulses(RATE_HZ, hz, 16.0, NOT_ALARMS[what])
    room = in_room(sound, RATE_HZ, 0.5) if hz > 2000 else sound
    assert not heard(noisy(room, 15.0)), what


def test_melodies_are_no_alarm() -> None:
    """Notes of a beat at 60 and 120 a minute, rests among them, over an octave and a half."""
    draw = np.random.default_rng(11)
    for beat_s in (0.25, 0.5, 1.0):
        notes = []
        for _ in range(round(60 / beat_s)):
            hz = 523.25 * 2 ** (draw.integers(0, 19) / 12)
            rests = draw.random() < 0.25
            wave = tone(RATE_HZ, float(hz), beat_s, 0.0 if rests else 0.1)
            notes.append(wave * np.minimum(1.0, 8 * (beat_s - times(RATE_HZ, beat_s)) / beat_s))
        assert not heard(noisy(np.concatenate(notes), 25.0)), beat_s


def test_noise_alone_is_no_alarm() -> None:
    assert not heard(pink(RATE_HZ, 120.0, 0.1))


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("is_pink", [True, False])
@pytest.mark.parametrize("rt60_s", [0.0, 0.5])
def test_bursts_of_noise_in_the_time_of_a_t3_are_no_alarm(
    seed: int, is_pink: bool, rt60_s: float
) -> None:
    noise = pink(RATE_HZ, 30.0, 0.1, seed)
    if not is_pink:
        noise = np.random.default_rng(seed).normal(0.0, 0.1, len(noise))
    at = times(RATE_HZ, 30.0)
    bursts = noise * ((at % 4.0 < 3.0) & (at % 1.0 < 0.5))
    sound = in_room(bursts, RATE_HZ, rt60_s) if rt60_s else bursts
    assert not heard(noisy(sound, 25.0))


def decoded(path: Path) -> tuple[Samples, int]:
    av = pytest.importorskip("av")
    with av.open(str(path)) as file:
        stream = file.streams.audio[0]
        frames = [each.to_ndarray() for each in file.decode(stream)]
        rate_hz = int(stream.rate)
    sound = np.concatenate([each.mean(axis=0) for each in frames])
    whole = np.issubdtype(sound.dtype, np.integer) or np.abs(sound).max() > 2
    return sound.astype(np.float64) / (32_768.0 if whole else 1.0), rate_hz


def test_the_recorded_t3_is_heard_within_two_groups() -> None:
    path = SOUNDS / "alarm" / "alh-fire_alarm_1.flac"
    if not path.exists():
        pytest.skip(NO_DATA)
    found = heard(*decoded(path))
    assert found[0][1] == 3
    assert found[0][0] <= 0.94 + 2 * 4.0  # it begins at 0.94 s


def test_nothing_else_that_was_recorded_is_an_alarm() -> None:
    """All that is not of ESC-10, and one in 20 of that: all of it takes minutes."""
    paths = (
        sorted((SOUNDS / "other").glob("*.flac")) + sorted((SOUNDS / "other").glob("*.ogg"))[::20]
    )
    if not paths:
        pytest.skip(NO_DATA)
    for path in paths:
        sound, rate_hz = decoded(path)
        repeated = np.concatenate([sound] * (3 if len(sound) < 6 * rate_hz else 1))
        assert not heard(repeated, rate_hz), path.name
