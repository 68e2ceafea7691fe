from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import calibration, kept
from drivers.calibration import Calibration
from drivers.sensor import NotReadyError
from drivers.sound_level import level_db, pressure_pa, rms

AT = "2025-01-02T03:04:05+09:00"
CALIBRATOR = "IEC 60942 class 1, 94 dB at 1 kHz"


def measured(heard: list[float], silent: list[float]) -> Calibration:
    return calibration.measure(heard, silent, reference_db=94.0, reference=CALIBRATOR, taken_at=AT)


def test_the_offset_makes_the_reference_true_and_moves_the_floor_with_it() -> None:
    found = measured([91.0, 91.2] * 5, [36.0] * 10)
    assert found.offset_db == pytest.approx(2.9)
    assert found.floor_db == pytest.approx(38.9)
    assert (found.reference, found.taken_at) == (CALIBRATOR, AT)


@pytest.mark.parametrize(
    ("heard", "silent", "why"),
    [
        ([94.0] * 9, [36.0] * 10, "too few levels: take 10"),
        ([94.0] * 10, [36.0] * 9, "too few levels: take 10"),
        ([90.0, 94.0] * 5, [36.0] * 10, r"not steady: ±2\.1 dB"),
        ([94.0] * 10, [85.0] * 10, r"only 9\.0 dB above silence"),
    ],
)
def test_a_calibration_that_would_not_hold_is_refused(
    heard: list[float], silent: list[float], why: str
) -> None:
    with pytest.raises(NotReadyError, match=why):
        measured(heard, silent)


def test_it_is_kept_over_restarts_and_its_absence_is_none(tmp_path: Path) -> None:
    assert calibration.load(tmp_path, "hall") is None
    found = measured([91.0] * 10, [36.0] * 10)
    kept.store(calibration.path(tmp_path, "hall"), found)
    assert calibration.load(tmp_path, "hall") == found
    assert calibration.load(tmp_path, "kitchen") is None


@pytest.mark.parametrize("text", [b"", b"{}", b"\xff", b'{"offset_db": 1}'])
def test_one_that_is_garbled_is_never_taken_for_none(tmp_path: Path, text: bytes) -> None:
    where = calibration.path(tmp_path, "hall")
    where.parent.mkdir()
    where.write_bytes(text)
    with pytest.raises(NotReadyError, match=r"calibration garbled .* or remove hall\.json"):
        calibration.load(tmp_path, "hall")


@settings(deadline=None)
@given(
    offset=st.floats(-40, 40),
    floor=st.floats(-20, 120),
    reference=st.text(min_size=1, max_size=200),
)
def test_every_record_is_read_back(offset: float, floor: float, reference: str) -> None:
    record = Calibration(taken_at=AT, reference=reference, offset_db=offset, floor_db=floor)
    assert msgspec.json.decode(msgspec.json.encode(record), type=Calibration) == record


@given(level=st.floats(-20, 160))
def test_a_level_is_the_level_of_its_pressure(level: float) -> None:
    assert level_db(pressure_pa(level)) == pytest.approx(level, abs=1e-9)


def test_one_pascal_is_94_db_and_a_sine_s_effective_value_its_peak_over_root_two() -> None:
    assert level_db(1.0) == pytest.approx(93.98, abs=0.01)
    assert rms([1.0, 3.0]) == pytest.approx(1.0)  # the mean is no sound
