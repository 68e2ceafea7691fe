import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.field import measure_field, shift_ut
from drivers.pose import Vector
from drivers.sensor import NotReadyError, Quantity
from tests.drivers.i2c_rig import Rig, rig

SHIFT = Quantity.MAGNETIC_SHIFT_UT
vectors = st.tuples(*[st.floats(-400, 400)] * 3)


@pytest.fixture
def lis3mdl(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path, "lis3mdl") as made:
        yield made


@given(vectors, vectors)
def test_a_shift_is_how_far_the_field_moved_whichever_way(now: Vector, empty: Vector) -> None:
    found = shift_ut(now, empty)
    assert found == pytest.approx(shift_ut(empty, now))
    assert found >= 0.0
    assert shift_ut(now, now) == 0.0


def test_it_is_set_to_ten_samples_a_second_of_four_gauss_and_whole(lis3mdl: Rig) -> None:
    lis3mdl.opened()
    assert lis3mdl.chip.registers.bytes[0x20:0x25] == bytes([0x70, 0x00, 0x00, 0x0C, 0x40])


def test_a_gauss_is_6842_counts(lis3mdl: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = lis3mdl.opened()
    sample = struct.pack("<3h", 6842, -6842, 0)
    monkeypatch.setattr(type(lis3mdl.chip), "_sample", lambda _chip: sample)
    assert driver.sample() == pytest.approx((100.0, -100.0, 0.0))


def test_before_the_empty_place_was_measured_there_is_no_reading(lis3mdl: Rig) -> None:
    driver = lis3mdl.opened()
    with pytest.raises(NotReadyError, match="probe --baseline under_test"):
        driver.read()
    said = driver.commission([driver.sample()] * 5, taken_at="2025-01-02T03:04:05Z", heated_h=0.0)
    assert "50.0 µT" in said
    assert driver.read()[SHIFT] == pytest.approx(0.0, abs=0.05)


def test_a_car_that_comes_while_it_is_measured_is_no_empty_place() -> None:
    with pytest.raises(NotReadyError, match="keep cars away"):
        measure_field([(30.0, 2.0, -40.0), (30.0, 2.0, -10.0)], taken_at="2025-01-02T03:04:05Z")


def test_one_that_was_switched_off_meanwhile_has_no_sample(lis3mdl: Rig) -> None:
    driver = lis3mdl.opened()
    lis3mdl.chip.fault = "absent"
    lis3mdl.chip.fault = "none"
    with pytest.raises(NotReadyError, match="no sample"):
        driver.read()
    driver.open()
    assert driver.sample()


@settings(deadline=None, max_examples=25)
@given(st.floats(0, 300))
def test_what_the_car_does_to_the_field_comes_through(shift: float) -> None:
    with rig(Path("/nowhere"), "lis3mdl") as made:
        driver = made.opened()
        before = driver.sample()
        made.chip.shift_ut = shift
        assert shift_ut(driver.sample(), before) == pytest.approx(shift, abs=0.04)


def test_no_part_has_the_address_between() -> None:
    with pytest.raises(ValueError, match="0x1E"), rig(Path("/x"), "lis3mdl", address=0x1D):
        pass
