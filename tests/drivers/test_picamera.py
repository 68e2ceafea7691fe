"""The Pi's camera through the real picamera2, over simulated libcamera bindings."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from drivers.picamera import PiCamera
from drivers.sensor import SensorError
from hw_mocks.camera import CameraFault, SimCamera
from tests.cameras import needs_picamera2, old_threads, plain, simulated

pytestmark = [needs_picamera2, old_threads]
FAST_HZ = 50.0
sim = pytest.fixture(simulated)


@pytest.fixture
def camera(sim: SimCamera) -> Iterator[PiCamera]:
    camera = PiCamera(rate_hz=FAST_HZ)
    camera.open()
    yield camera
    sim.fault = CameraFault.NONE
    camera.close()


def read(camera: PiCamera, frames: int, timeout_s: float = 2.0) -> None:
    for _ in range(frames):
        camera.read(timeout_s)


def test_red_is_first_whatever_picamera2_calls_the_format(sim: SimCamera, camera: PiCamera) -> None:
    sim.look, sim.noise = lambda _: plain(200, 100, 50), 0.0
    camera.read(2.0)
    camera.read(2.0)
    assert camera.read(2.0).rgb[240, 320].tolist() == [200, 100, 50]


def test_frames_are_small_whole_and_in_the_order_of_time(camera: PiCamera) -> None:
    frames = [camera.read(2.0) for _ in range(5)]
    assert {frame.rgb.shape for frame in frames} == {(480, 640, 3)}
    assert {frame.rgb.dtype for frame in frames} == {np.dtype(np.uint8)}
    times = [frame.at for frame in frames]
    assert times == sorted(set(times))


def test_a_camera_upside_down_is_turned(sim: SimCamera) -> None:
    picture = plain(10, 10, 10)
    picture[:120, :160] = 250
    sim.look = lambda _: picture
    camera = PiCamera(rate_hz=FAST_HZ, is_turned=True)
    camera.open()
    try:
        seen = camera.read(2.0).rgb
    finally:
        camera.close()
    assert seen[470, 630].mean() > 200
    assert seen[10, 10].mean() < 50


def test_the_newest_frame_wins_over_those_that_nobody_read(camera: PiCamera) -> None:
    before = camera.read(2.0)
    threading.Event().wait(0.5)  # as a board that is slow
    assert camera.read(2.0).at - before.at > 0.4


def test_a_sensor_that_hangs_is_a_timeout_and_the_next_read_waits_on(
    sim: SimCamera, camera: PiCamera
) -> None:
    camera.read(2.0)
    sim.fault = CameraFault.HANG
    with pytest.raises(TimeoutError, match="camera 0: no frame"):
        read(camera, 5, timeout_s=0.3)
    with pytest.raises(TimeoutError):
        camera.read(0.1)
    sim.fault = CameraFault.NONE
    assert camera.read(2.0).rgb.shape == (480, 640, 3)


def test_a_hanging_sensor_can_be_closed_and_opened_again(sim: SimCamera, camera: PiCamera) -> None:
    sim.fault = CameraFault.HANG
    with pytest.raises(TimeoutError):
        read(camera, 5, timeout_s=0.3)
    camera.close()
    assert not camera.is_stuck
    sim.fault = CameraFault.NONE
    camera.open()
    assert camera.read(2.0).rgb.shape == (480, 640, 3)


def test_a_camera_whose_driver_never_stops_is_left_and_told(sim: SimCamera) -> None:
    camera = PiCamera(rate_hz=FAST_HZ)
    camera.open()
    camera.read(2.0)
    left, sim.fault = camera._camera, CameraFault.STUCK_STOP
    camera.close()
    assert camera.is_stuck
    sim.fault = CameraFault.NONE  # what the end of the process does
    assert left is not None
    left.close()


def test_frames_with_errors_are_no_frames(sim: SimCamera, camera: PiCamera) -> None:
    sim.fault = CameraFault.CORRUPTED
    with pytest.raises(TimeoutError):
        read(camera, 5, timeout_s=0.3)


def test_a_camera_in_use_is_an_oserror_and_free_again_later(sim: SimCamera) -> None:
    camera, sim.fault = PiCamera(rate_hz=FAST_HZ), CameraFault.BUSY
    with pytest.raises(OSError, match="busy"):
        camera.open()
    sim.fault = CameraFault.NONE
    camera.open()
    camera.close()


def test_no_camera_is_an_oserror(sim: SimCamera) -> None:
    sim.fault = CameraFault.ABSENT
    with pytest.raises(OSError, match="camera 0"):
        PiCamera().open()


def test_a_camera_number_that_is_not_there_is_an_oserror(sim: SimCamera) -> None:
    with pytest.raises(OSError, match="camera 1"):
        PiCamera(1).open()


def test_no_contiguous_memory_is_an_oserror(sim: SimCamera) -> None:
    sim.fault = CameraFault.NO_MEMORY
    with pytest.raises(OSError, match="memory"):
        PiCamera().open()
    sim.fault = CameraFault.NONE
    camera = PiCamera(rate_hz=FAST_HZ)
    camera.open()
    camera.close()


def test_an_unplugged_camera_gives_no_frame_and_cannot_be_opened(
    sim: SimCamera, camera: PiCamera
) -> None:
    sim.fault = CameraFault.ABSENT
    with pytest.raises(TimeoutError):
        read(camera, 5, timeout_s=0.3)
    camera.close()
    with pytest.raises(OSError, match="camera 0"):
        camera.open()


def test_a_frame_too_small_to_see_anything_is_refused(sim: SimCamera) -> None:
    sim.fault = CameraFault.TINY
    camera = PiCamera(rate_hz=FAST_HZ)
    camera.open()
    try:
        with pytest.raises(SensorError, match="shape"):
            camera.read(2.0)
    finally:
        camera.close()


def test_the_very_same_frame_again_and_again_is_a_stuck_sensor(
    sim: SimCamera, camera: PiCamera
) -> None:
    sim.fault = CameraFault.FROZEN
    with pytest.raises(SensorError, match="the same frame"):
        read(camera, 60)


def test_a_still_room_and_a_black_night_are_no_stuck_sensor(
    sim: SimCamera, camera: PiCamera
) -> None:
    read(camera, 40)
    sim.look, sim.noise = lambda _: plain(0, 0, 0), 0.0
    read(camera, 40)


def test_reading_a_closed_camera_is_an_oserror(sim: SimCamera) -> None:
    with pytest.raises(OSError, match="not open"):
        PiCamera().read(0.1)


def test_closing_twice_is_no_error_and_the_sensor_stops(sim: SimCamera) -> None:
    camera = PiCamera(rate_hz=FAST_HZ)
    camera.open()
    assert sim.is_streaming
    camera.close()
    camera.close()
    assert not sim.is_streaming
