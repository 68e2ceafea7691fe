import errno
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import kept
from drivers.pose import Pose, Vector, tilt_deg, vibration
from drivers.sensor import NotReadyError, Quantity, SensorError, WrongDeviceError
from tests.drivers.i2c_rig import Rig, rig

TILT, VIBRATION = Quantity.TILT_DEG, Quantity.VIBRATION_M_S2
vectors = st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: math.hypot(*v) > 0.1)


@pytest.fixture
def adxl345(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path, "adxl345", up=[0, 0, 1]) as made:
        yield made


@given(vectors, vectors)
def test_tilt_is_the_angle_between_two_directions_whatever_their_length(
    a: Vector, b: Vector
) -> None:
    angle = tilt_deg(a, b)
    assert 0.0 <= angle <= 180.0
    assert angle == pytest.approx(tilt_deg(b, a))
    assert angle == pytest.approx(tilt_deg((9 * a[0], 9 * a[1], 9 * a[2]), b))
    assert angle + tilt_deg((-a[0], -a[1], -a[2]), b) == pytest.approx(180.0)


@given(st.floats(0.001, 179.999))
def test_small_and_large_angles_come_out_as_they_went_in(degrees: float) -> None:
    turned = (0.0, math.sin(math.radians(degrees)), math.cos(math.radians(degrees)))
    assert tilt_deg(turned, (0.0, 0.0, 1.0)) == pytest.approx(degrees, rel=1e-9)


@given(st.lists(vectors, min_size=1, max_size=32), vectors)
def test_vibration_is_what_gravity_leaves_whichever_way_that_points(
    samples: list[Vector], gravity: Vector
) -> None:
    _, alone = vibration(samples)
    lifted = [(x + gravity[0], y + gravity[1], z + gravity[2]) for x, y, z in samples]
    _, together = vibration(lifted)
    assert together == pytest.approx(alone, abs=1e-7)


@settings(deadline=None, max_examples=25)
@given(st.floats(0, 180), st.floats(0, 20))
def test_what_the_part_feels_comes_through(roll_deg: float, shake: float) -> None:
    with rig(Path("/nowhere"), "adxl345", up=[0, 0, 1]) as made:
        made.chip.roll_deg, made.chip.shake_m_s2 = roll_deg, shake
        reading = made.opened().read()
    assert reading[TILT] == pytest.approx(roll_deg, abs=0.4)
    # the library takes 4 mg for the 3.9 of a step, and half a step is lost
    assert reading[VIBRATION] == pytest.approx(shake, abs=0.03 * shake + 0.02)


def test_it_is_set_to_measure_16_g_at_50_hz_into_its_fifo(adxl345: Rig) -> None:
    adxl345.opened()
    told = adxl345.chip.registers.bytes
    assert (told[0x2C], told[0x2D], told[0x31], told[0x38]) == (0x09, 0x08, 0x0B, 0x9F)


def test_without_knowing_how_it_hangs_there_is_no_tilt(tmp_path: Path) -> None:
    with rig(tmp_path, "adxl345") as made:
        driver = made.opened()
        with pytest.raises(NotReadyError, match="no pose"):
            driver.read()
        x, y, z = driver.sample()
        pose = Pose(up=(x, y, z), taken_at="2025-01-02T03:04:05Z")
        kept.store(kept.path(made.board.state, "under_test"), pose)
        assert driver.read()[TILT] == pytest.approx(0.0, abs=0.1)
        made.chip.roll_deg = 90.0
        assert driver.read()[TILT] == pytest.approx(90.0, abs=0.3)


def test_an_empty_fifo_is_not_ready_and_opening_does_not_empty_it(adxl345: Rig) -> None:
    driver = adxl345.opened()
    adxl345.chip.entries = 0
    with pytest.raises(NotReadyError, match="no samples"):
        driver.read()
    adxl345.chip.entries = 3
    driver.open()
    assert driver.read()[TILT] == pytest.approx(0.0, abs=0.3)


def test_a_replugged_part_is_set_up_anew(adxl345: Rig) -> None:
    driver = adxl345.opened()
    adxl345.chip.fault = "absent"
    for attempt in (driver.read, driver.open):
        with pytest.raises(OSError, match="i2c-1:0x53") as caught:
            attempt()
        assert caught.value.errno == errno.EREMOTEIO
    adxl345.chip.fault = "none"
    driver.open()
    assert driver.read()[TILT] == pytest.approx(0.0, abs=0.3)


def test_no_gravity_at_all_is_a_broken_part(adxl345: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = adxl345.opened()
    monkeypatch.setattr(type(adxl345.chip), "_sample", lambda _chip, _sign: bytes(6))
    with pytest.raises(SensorError, match="no gravity"):
        driver.read()


def test_another_chip_is_the_wrong_device(adxl345: Rig) -> None:
    adxl345.chip.fault = "wrong_chip"
    with pytest.raises(WrongDeviceError, match="0x33, not 0xe5"):
        adxl345.opened()


@pytest.mark.parametrize("table", [{"up": [0, 0, 0]}, {"address": 0x20}, {"up": [0, 0, 2]}])
def test_a_place_or_direction_that_cannot_be_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"up|address"), rig(Path("/x"), "adxl345", **table):
        pass
