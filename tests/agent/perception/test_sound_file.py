"""microphone.wav through `haetae replay`: the same levels as the living device would give."""

import json
import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent import cli
from agent.config import load
from agent.perception.a_weighting import response
from agent.perception.sound_file import readings_of_wav
from agent.recording import RecordingError
from agent.replay import replay
from drivers.sensor import Quantity
from tests.agent.perception.sounds import pink, pulses, tone, write_recording, write_wav

PROFILE = Path(__file__).parents[3] / "provisioning" / "profiles" / "single-room.toml"


def rows(folder: Path) -> list[dict[str, Any]]:
    return list(replay(folder, load(PROFILE), readings=True))


def values(found: list[dict[str, Any]], quantity: str) -> list[float]:
    return [each["value"] for each in found if each.get("quantity") == quantity]


@pytest.mark.parametrize("kind", ["i2", "i3", "i4", "f4", "f8"])
@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 48_000])
def test_every_way_to_write_a_sample_reads_the_same(
    tmp_path: Path, kind: str, rate_hz: int
) -> None:
    write_wav(tmp_path / "a.wav", tone(rate_hz, 1000.0, 3.0), rate_hz, kind)
    found = list(readings_of_wav(tmp_path / "a.wav"))
    laeq = [each.value for each in found if each.quantity is Quantity.SOUND_LAEQ_DBA]
    assert laeq[1:] == pytest.approx([100.0, 100.0], abs=0.05)
    assert [each.at for each in found if each.quantity is Quantity.SOUND_LAEQ_DBA] == [1, 2, 3]


@pytest.mark.parametrize("full_scale_db", [94.0, 120.0, 130.5])
def test_the_recording_says_how_loud_its_full_scale_is(
    tmp_path: Path, full_scale_db: float
) -> None:
    text = f"microphone_full_scale_db = {full_scale_db}"
    found = rows(write_recording(tmp_path, tone(16_000, 1000.0, 3.0), 16_000, text))
    assert values(found, "SOUND_LAEQ_DBA")[-1] == pytest.approx(full_scale_db - 20, abs=0.1)


@pytest.mark.parametrize("value", ['"loud"', "true", "nan", "inf", "500", "-3", "[120]"])
def test_a_full_scale_that_cannot_be_is_refused_by_file_and_key(tmp_path: Path, value: str) -> None:
    text = f"microphone_full_scale_db = {value}"
    write_recording(tmp_path, tone(16_000, 1000.0, 1.0), 16_000, text)
    with pytest.raises(RecordingError, match=r"recording\.toml: `microphone_full_scale_db`"):
        rows(tmp_path)


def test_pink_noise_replays_with_its_level_within_a_fifth_of_a_decibel(tmp_path: Path) -> None:
    sound = pink(48_000, 30.0, 0.003)
    power = np.abs(np.fft.rfft(sound)) ** 2
    weighted = power * np.abs(response(np.fft.rfftfreq(len(sound), 1 / 48_000))) ** 2
    expected = 120 + 10 * math.log10(2 * 0.003**2 * weighted.sum() / power.sum())
    found = rows(write_recording(tmp_path, sound, 48_000))
    assert values(found, "LAEQ_DBA_WHOLE") == pytest.approx([expected], abs=0.1)
    each_second = values(found, "SOUND_LAEQ_DBA")
    mean = 10 * math.log10(sum(10 ** (db / 10) for db in each_second) / len(each_second))
    assert mean == pytest.approx(expected, abs=0.1)


def test_a_burst_of_50_ms_replays_with_the_levels_of_table_4(tmp_path: Path) -> None:
    steady = rows(write_recording(tmp_path / "steady", tone(48_000, 4000.0, 8.0), 48_000))
    sound = tone(48_000, 4000.0, 4.0)
    sound[:48_000], sound[50_400:] = 0.0, 0.0
    found = rows(write_recording(tmp_path / "burst", sound, 48_000))
    fast = max(values(found, "SOUND_LAF_DBA")) - values(steady, "SOUND_LAF_DBA")[-1]
    slow = max(values(found, "LAS_MAX_DBA")) - values(steady, "LAS_MAX_DBA")[-1]
    assert [fast, slow] == pytest.approx([-4.8, -13.1], abs=0.2)


def test_a_minute_has_its_levels_and_percentiles(tmp_path: Path) -> None:
    sound = np.concatenate((tone(16_000, 1000.0, 45.0, 0.001), tone(16_000, 1000.0, 15.0, 0.1)))
    found = rows(write_recording(tmp_path, sound, 16_000))
    for name, db in {"LA10": 100.0, "LA90": 60.0, "LAEQ": 94.0, "LAF_MAX": 100.0}.items():
        assert values(found, f"{name}_DBA") == pytest.approx([db], abs=0.1)


def test_an_alarm_next_door_is_an_event_of_any_profile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_recording(tmp_path, pulses(16_000, 3100.0, 15.0), 16_000)
    assert cli.main(["replay", str(tmp_path), "--profile", "single-room", "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(each["hazard"], each["stage"], each["rule"]) for each in events] == [
        ("neighbour_alarm", "alarm", "t3")
    ]
    assert events[0]["t_s"] <= 9.0


def test_a_file_that_was_cut_off_is_read_as_far_as_it_goes_and_it_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, tone(16_000, 1000.0, 5.0), 16_000)
    path.write_bytes(path.read_bytes()[: 44 + 2 * 16_000 * 3])
    assert max(each.at for each in readings_of_wav(path)) == 3.0
    assert f"{path}: cut off: it says 5.0 s of sound and has 3.0 s" in caplog.text


def test_digital_silence_has_no_level(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.zeros(48_000), 16_000)
    found = {each.quantity for each in readings_of_wav(tmp_path / "a.wav")}
    assert found == {Quantity.SOUND_LOST_PCT, Quantity.ALARM_PULSES}


def damaged(folder: Path) -> Iterator[tuple[str, bytes]]:
    write_wav(folder / "good.wav", tone(16_000, 1000.0, 1.0), 16_000)
    good = (folder / "good.wav").read_bytes()
    yield "no WAV file", b"OggS" + good[4:]
    yield "cut short", good[:20]
    yield "cut short", b""
    yield "no sound in it", good[:36]
    yield "no sound in it", good[:44]
    yield "no sound in it, or less than 0.5 s", good[: 44 + 2 * 7_999]
    yield "2 channels", good[:22] + struct.pack("<H", 2) + good[24:]
    yield "8000 Hz", good[:24] + struct.pack("<I", 8_000) + good[28:]
    yield "16001 Hz", good[:24] + struct.pack("<I", 16_001) + good[28:]
    yield "8 bits", good[:34] + struct.pack("<H", 8) + good[36:]
    yield "of kind 2", good[:20] + struct.pack("<H", 2) + good[22:]


def test_a_file_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    path = tmp_path / "microphone.wav"
    for why, raw in damaged(tmp_path):
        path.write_bytes(raw)
        with pytest.raises(RecordingError, match=why):
            list(readings_of_wav(path))


def test_a_sample_that_is_no_number_is_refused(tmp_path: Path) -> None:
    sound = tone(16_000, 1000.0, 1.0)
    sound[777] = np.nan
    write_wav(tmp_path / "a.wav", sound, 16_000, "f4")
    with pytest.raises(RecordingError, match="no number"):
        list(readings_of_wav(tmp_path / "a.wav"))


def test_no_recording_of_sound_is_left_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the replay writes, it is no sound: nothing at all."""
    write_recording(tmp_path / "in", pulses(16_000, 3100.0, 10.0), 16_000)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "work"))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert rows(tmp_path / "in")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
