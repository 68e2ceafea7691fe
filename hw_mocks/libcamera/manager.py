"""libcamera's cameras: one simulated sensor that fills requests at its own pace."""

import os
import queue
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hw_mocks.libcamera import controls
from hw_mocks.libcamera.controls import ControlId
from hw_mocks.libcamera.geometry import Orientation
from hw_mocks.libcamera.streams import (
    CameraConfiguration,
    FrameBuffer,
    FrameMetadata,
    Request,
    StreamConfiguration,
    StreamRole,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hw_mocks.camera import SimCamera

_CHANNELS = {"BGR888": (0, 1, 2), "RGB888": (2, 1, 0), "XBGR8888": (0, 1, 2), "XRGB8888": (2, 1, 0)}


class Camera:
    """`libcamera.Camera` over a `SimCamera`, which says what it sees and what is wrong with it."""

    id = "/base/soc/i2c0mux/i2c@1/sim_imx219@10"

    def __init__(self, manager: "CameraManager", sim: "SimCamera") -> None:
        self._manager, self._sim = manager, sim
        self.controls, self.properties = dict(controls.CONTROLS), dict(controls.PROPERTIES)
        self._is_taken = False
        self._configuration: CameraConfiguration | None = None
        self._requests: queue.SimpleQueue[Request] = queue.SimpleQueue()
        self._stopping, self._thread = threading.Event(), threading.Thread()
        self._period_s, self._frames = 1 / 30, 0

    def acquire(self) -> None:
        """Have it for oneself.

        Raises:
            RuntimeError: Somebody else has it.
        """
        if self._is_taken or self._sim.is_busy:
            raise RuntimeError("Failed to acquire camera: Device or resource busy")
        self._is_taken = True

    def release(self) -> None:
        """Let others have it."""
        self._is_taken = False

    def generate_configuration(self, roles: list[StreamRole]) -> CameraConfiguration:
        """A first proposal."""
        return CameraConfiguration(roles, tiny=self._sim.is_tiny)

    def configure(self, configuration: CameraConfiguration) -> None:
        """Take it as it is."""
        self._configuration = configuration

    def create_request(self, cookie: int = 0) -> Request:
        """An empty one."""
        return Request(cookie)

    def start(self, wanted: Mapping[ControlId, Any]) -> None:
        """Begin to stream.

        Raises:
            RuntimeError: The sensor does not answer on its I2C bus.
        """
        if not self._sim.is_there:
            raise RuntimeError("Failed to start camera: Remote I/O error")
        self._pace(wanted)
        self._stopping.clear()
        self._sim.is_streaming = True
        self._thread = threading.Thread(target=self._stream, daemon=True, name="sim-sensor")
        self._thread.start()

    def queue_request(self, request: Request) -> None:
        """Have it filled in its turn."""
        self._requests.put(request)

    def stop(self) -> None:
        """End streaming; what was queued comes back cancelled. May hang, as a kernel driver can."""
        self._sim.may_stop.wait()
        self._stopping.set()
        self._thread.join()
        self._sim.is_streaming = False
        while not self._requests.empty():
            request = self._requests.get()
            request.status = Request.Status.Cancelled
            self._manager.done(request)

    def _pace(self, wanted: Mapping[ControlId, Any]) -> None:
        if limits := wanted.get(controls.FrameDurationLimits):
            self._period_s = max(limits[0], controls.CONTROLS[controls.FrameDurationLimits].min)
            self._period_s /= 1e6

    def _stream(self) -> None:
        due = time.monotonic()
        while not self._stopping.is_set():
            due = max(due + self._period_s, time.monotonic() - self._period_s)
            if self._stopping.wait(max(0.0, due - time.monotonic())):
                return
            if self._sim.gives_frames and not self._requests.empty():
                self._fill(self._requests.get())

    def _fill(self, request: Request) -> None:
        self._frames += 1
        at_ns = time.monotonic_ns()
        self._pace(request.controls)
        status = FrameMetadata.Status
        for each in self._configuration or ():
            buffer = request.buffers[each.stream]
            if each.role is not StreamRole.Raw:
                self._expose(buffer, each)
            buffer.metadata.sequence, buffer.metadata.timestamp = self._frames, at_ns
            buffer.metadata.status = status.Error if self._sim.is_corrupted else status.Success
        request.metadata = {controls.SensorTimestamp: at_ns}
        request.status = Request.Status.Complete
        self._manager.done(request)

    def _expose(self, buffer: FrameBuffer, stream: StreamConfiguration) -> None:
        width, height = stream.size.width, stream.size.height
        seen = _fitted(self._sim.expose(self._frames), width, height)
        if self._configuration and self._configuration.orientation is Orientation.Rotate180:
            seen = seen[::-1, ::-1]
        order = _CHANNELS[stream.pixel_format.name]
        rows = np.zeros((height, stream.stride), np.uint8)
        each = 4 if stream.pixel_format.name.startswith("X") else 3
        pixels = rows[:, : width * each].reshape(height, width, each)
        pixels[:, :, :3] = seen[:, :, order]
        rows[:, : width * each] = pixels.reshape(height, width * each)
        os.pwrite(buffer.planes[0].fd, rows.tobytes(), buffer.planes[0].offset)


def _fitted(picture: "NDArray[np.uint8]", width: int, height: int) -> "NDArray[np.uint8]":
    """Nearest pixels of the whole picture, which is (height, width, 3)."""
    rows = np.arange(height) * picture.shape[0] // height
    columns = np.arange(width) * picture.shape[1] // width
    fitted: NDArray[np.uint8] = picture[rows[:, None], columns]
    return fitted


class CameraManager:
    """`libcamera.CameraManager`; `sim` is set before anybody asks for the one there is."""

    sim: ClassVar["SimCamera"]
    _only: ClassVar["CameraManager | None"] = None

    @classmethod
    def singleton(cls) -> "CameraManager":
        """The one there is."""
        if cls._only is None:
            cls._only = cls()
        return cls._only

    def __init__(self) -> None:
        self.event_fd = os.eventfd(0, os.EFD_NONBLOCK)
        self._camera = Camera(self, self.sim)
        self._done: queue.SimpleQueue[Request] = queue.SimpleQueue()

    @property
    def cameras(self) -> list[Camera]:
        """Those that are plugged in."""
        return [self._camera] if self.sim.is_there else []

    def get(self, name: str) -> Camera:
        """One of them by its id.

        Raises:
            LookupError: It is not there.
        """
        for each in self.cameras:
            if each.id == name:
                return each
        raise LookupError(name)

    find = get

    def done(self, request: Request) -> None:
        """Have the application look at a request."""
        self._done.put(request)
        os.eventfd_write(self.event_fd, 1)

    def get_ready_requests(self) -> list[Request]:
        """Those that came back since the last time."""
        try:
            os.eventfd_read(self.event_fd)
        except BlockingIOError:
            return []
        ready = []
        while not self._done.empty():
            ready.append(self._done.get())
        return ready
