"""A Raspberry Pi's camera through picamera2 and libcamera: small pictures, each within a deadline.

picamera2 waits for ever for a sensor that hangs (its issues 962, 1102), and so does its `close`
while somebody waits for a frame; here every wait ends.
"""

import atexit
import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from drivers.picture import Frame
from drivers.sensor import SensorError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from picamera2 import Picamera2

log = logging.getLogger(__name__)

WIDTH = 640
MIN_SIDE = 120  # pixels; nothing can be told from less
_BUFFERS = 3  # contiguous memory is scarce: picamera2's default is 6
_FORMAT = "BGR888"  # a DRM name: the bytes in memory are R, G, B. "RGB888" gives blue fires
_STOP_S = 1.0
_FROZEN_FRAMES = 30  # a living sensor has noise, but for a black picture
_BLACK = 2  # of 255
_GRID = 16  # pixels; every so manieth is compared


class PiCamera:
    """Camera `number`, its whole field of view, 640 pixels wide, `rate_hz` frames a second.

    `is_turned` is for one that hangs upside down. Needs the Debian package python3-libcamera.
    """

    def __init__(self, number: int = 0, *, rate_hz: float = 10.0, is_turned: bool = False) -> None:
        self._number, self._rate_hz, self._is_turned = number, rate_hz, is_turned
        self._name = f"camera {number}"
        self._camera: Picamera2 | None = None
        self._job: Any = None
        self._last: NDArray[np.uint8] | None = None
        self._same = 0
        self._is_stuck = False

    @property
    def is_stuck(self) -> bool:
        """Whether it could not be closed: then only the end of the process gives it back."""
        return self._is_stuck

    def open(self) -> None:
        """Take the camera and begin to stream; anew if it did.

        Raises:
            OSError: No picamera2, no such camera, it is in use, or no contiguous memory is left.
        """
        self.close()
        try:
            from picamera2 import Picamera2  # noqa: PLC0415  # only where a camera is wired
        except ImportError as error:
            raise OSError(errno.ENODEV, f"{self._name}: no picamera2 here ({error})") from error
        with self._errors():
            if self._number >= len(Picamera2.global_camera_info()):  # else it leaks two files
                raise FileNotFoundError(errno.ENODEV, f"{self._name}: not there")
            self._camera = camera = Picamera2(self._number)
        try:
            with self._errors():
                camera.configure(self._configuration(camera))
                camera.start()
        except OSError:
            self.close()
            raise
        self._last, self._same = None, 0

    def read(self, timeout_s: float) -> Frame:
        """Wait for the newest frame that was not read yet.

        Raises:
            TimeoutError: None came in time; the next `read` waits on.
            OSError: It is not open, or the camera is gone.
            SensorError: The frame has another shape, or is the very same again and again.
        """
        if self._camera is None:
            raise OSError(errno.ENODEV, f"{self._name}: not open")
        with self._errors():
            job, self._job = self._job, None
            if job is None:
                job = self._camera.capture_arrays(["main"], wait=False)
            try:
                (rgb,), metadata = self._camera.wait(job, timeout=timeout_s)
            except TimeoutError:
                self._job = job
                raise TimeoutError(errno.ETIMEDOUT, f"{self._name}: no frame") from None
        self._check(rgb)
        return Frame(rgb, metadata["SensorTimestamp"] / 1e9)

    def close(self) -> None:
        """End streaming and give the camera back. Never raises."""
        camera, self._camera, self._job = self._camera, None, None
        if camera is None:
            return
        try:
            camera.cancel_all_and_flush()  # else stopping waits behind a frame that never comes
            if camera.started:
                camera.dispatch_functions([camera.stop_], wait=_STOP_S, immediate=True)
            camera.close()
        except TimeoutError:
            log.error("%s: cannot be stopped", self._name)  # noqa: TRY400  # no traceback
            self._is_stuck = True
            atexit.unregister(camera.close)  # which would wait for ever
        except RuntimeError as error:
            log.warning("%s: not closed well: %s", self._name, error)

    def _configuration(self, camera: "Picamera2") -> dict[str, Any]:
        """One stream without a raw one.

        On every Pi camera the mode of half the resolution is the smallest that sees the whole
        picture: the smaller ones, as an IMX219's 640 x 480, see its middle only.
        """
        from libcamera import Transform  # noqa: PLC0415  # only where a camera is wired

        width, height = camera.sensor_resolution
        period_us = round(1e6 / self._rate_hz)
        configuration: dict[str, Any] = camera.create_video_configuration(
            main={"format": _FORMAT, "size": (WIDTH, WIDTH * height // width // 2 * 2)},
            raw=None,
            sensor={"output_size": (width // 2, height // 2)},
            transform=Transform(hflip=self._is_turned, vflip=self._is_turned),
            buffer_count=_BUFFERS,
            controls={"FrameDurationLimits": (period_us, period_us)},
        )
        return configuration

    def _check(self, rgb: "NDArray[np.uint8]") -> None:
        """Refuse what is no picture of a living sensor."""
        if rgb.ndim != 3 or rgb.shape[2] != 3 or min(rgb.shape[:2]) < MIN_SIDE:
            raise SensorError(f"{self._name}: frames of shape {rgb.shape}")
        seen = rgb[::_GRID, ::_GRID].copy()
        is_same = self._last is not None and bool((seen == self._last).all())
        self._same = self._same + 1 if is_same and int(seen.max()) > _BLACK else 0
        self._last = seen
        if self._same >= _FROZEN_FRAMES:
            raise SensorError(f"{self._name}: the same frame {self._same + 1} times")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """What libcamera cannot do is a `RuntimeError`, or no more than a missing index."""
        try:
            yield
        except (RuntimeError, LookupError) as error:
            cause = error.__cause__ or error
            raise OSError(errno.EIO, f"{self._name}: {error}: {cause}") from error
        except ValueError as error:  # the buffer and the shape do not go together
            raise SensorError(f"{self._name}: {error}") from error
