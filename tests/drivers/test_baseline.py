import errno
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import baseline
from drivers.baseline import Baseline
from drivers.kept import path as kept_path
from drivers.sensor import NotReadyError

CLEAN = Baseline(r0_kohm=31.5, taken_at="2025-01-02T03:04:05Z", burn_in_h=48.0)


def test_what_was_stored_is_given_back(tmp_path: Path) -> None:
    baseline.store(tmp_path, "gas", CLEAN)
    assert baseline.load(tmp_path, "gas") == CLEAN
    assert [each.name for each in (tmp_path / "baselines").iterdir()] == ["gas.json"]


def test_a_new_baseline_replaces_the_old_one(tmp_path: Path) -> None:
    baseline.store(tmp_path, "gas", Baseline(r0_kohm=1.0, taken_at=CLEAN.taken_at, burn_in_h=0.0))
    baseline.store(tmp_path, "gas", CLEAN)
    assert baseline.load(tmp_path, "gas") == CLEAN


def test_a_full_disk_leaves_the_old_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    baseline.store(tmp_path, "gas", CLEAN)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        baseline.store(
            tmp_path, "gas", Baseline(r0_kohm=9.0, taken_at=CLEAN.taken_at, burn_in_h=0.0)
        )
    assert baseline.load(tmp_path, "gas") == CLEAN


def test_a_missing_baseline_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match="in clean air, run `haetae probe --baseline gas`"):
        baseline.load(tmp_path, "gas")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\xfe",
        b'{"r0_kohm": 0, "taken_at": "2025-01-02T03:04:05Z", "burn_in_h": 1}',
        b'{"r0_kohm": 5, "taken_at": "yesterday", "burn_in_h": 1}',
        b'{"r0_kohm": 5, "taken_at": "2025-01-02T03:04:05Z"}',
        b'{"r0_kohm": 5, "taken_at": "2025-01-02T03:04:05Z", "burn_in_h": 1, "r1": 2}',
    ],
)
def test_a_garbled_baseline_is_none(tmp_path: Path, text: bytes) -> None:
    kept = kept_path(tmp_path, "gas")
    kept.parent.mkdir()
    kept.write_bytes(text)
    with pytest.raises(NotReadyError, match=r"garbled .*haetae probe --baseline gas"):
        baseline.load(tmp_path, "gas")


@settings(deadline=None)
@given(text=st.binary(max_size=200))
def test_no_bytes_on_the_disk_raise_anything_else(
    tmp_path_factory: pytest.TempPathFactory, text: bytes
) -> None:
    kept = kept_path(tmp_path_factory.getbasetemp(), "fuzz")
    kept.parent.mkdir(exist_ok=True)
    kept.write_bytes(text)
    with pytest.raises(NotReadyError):
        baseline.load(tmp_path_factory.getbasetemp(), "fuzz")


def test_an_unreadable_baseline_is_told_apart(tmp_path: Path) -> None:
    kept_path(tmp_path, "gas").mkdir(parents=True)
    with pytest.raises(NotReadyError, match=r"unreadable .*directory"):
        baseline.load(tmp_path, "gas")


def measured(rs_kohm: list[float]) -> Baseline:
    return baseline.measure_r0(rs_kohm, taken_at=CLEAN.taken_at, burn_in_h=24.0)


@settings(deadline=None)
@given(noise=st.lists(st.floats(-0.02, 0.02), min_size=30, max_size=100))
def test_a_settled_cell_gives_its_median(noise: list[float]) -> None:
    taken = measured([20.0 * (1 + share) for share in noise])
    assert taken.r0_kohm == pytest.approx(20.0, rel=0.02)


def test_one_wild_reading_does_not_move_it() -> None:
    assert measured([20.0] * 20 + [900.0] + [20.0] * 20).r0_kohm == 20.0


def test_a_heating_cell_is_refused() -> None:
    with pytest.raises(NotReadyError, match="still drifting, 11"):
        measured([10.0 + 0.2 * n for n in range(40)])


def test_too_few_readings_are_refused() -> None:
    with pytest.raises(NotReadyError, match="3 readings are too few: take 30"):
        measured([20.0] * 3)
