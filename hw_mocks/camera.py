"""A simulated camera under the real picamera2: what it sees, and what is wrong with it.

What is replaced is what lies below picamera2: libcamera's bindings (`hw_mocks.libcamera`), the
kernel's DMA heap, whose buffers are anonymous files here, and `pykms`, which picamera2 imports for
a screen that no device has. picamera2 itself runs unchanged.
"""

import errno
import os
import sys
import threading
from collections.abc import Callable
from enum import StrEnum
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (height, width, 3), RGB


class CameraFault(StrEnum):
    """What is wrong with the camera."""

    NONE = "none"
    ABSENT = "absent"  # unplugged: no frame, and libcamera lists no camera
    BUSY = "busy"  # another process has it
    HANG = "hang"  # no frame is completed any more
    STUCK_STOP = "stuck_stop"  # no frame, and stopping never ends
    CORRUPTED = "corrupted"  # every frame is marked as an error
    GARBAGE = "garbage"  # frames of random bytes
    FROZEN = "frozen"  # the very same frame again and again
    TINY = "tiny"  # frames of 64 by 48 pixels, whatever was asked for
    NO_MEMORY = "no_memory"  # the contiguous memory is used up


class SimCamera:
    """The one sensor: `look` gives the picture of frame n, `noise` is its own, in levels of 255."""

    def __init__(self, look: Callable[[int], Picture] | None = None, noise: float = 1.5) -> None:
        self.look = look or (lambda _: grey_room())
        self.noise = noise
        self.is_streaming = False
        self.may_stop = threading.Event()
        self.may_stop.set()
        self._random = np.random.default_rng(5)
        self._fault = CameraFault.NONE
        self._last: Picture | None = None

    @property
    def fault(self) -> CameraFault:
        """What is wrong with it; `NONE` at first."""
        return self._fault

    @fault.setter
    def fault(self, fault: CameraFault) -> None:
        self._fault = fault
        if fault is CameraFault.STUCK_STOP:
            self.may_stop.clear()
        else:
            self.may_stop.set()

    @property
    def is_there(self) -> bool:
        """Whether it is plugged in."""
        return self.fault is not CameraFault.ABSENT

    @property
    def is_busy(self) -> bool:
        """Whether somebody else has it."""
        return self.fault is CameraFault.BUSY

    @property
    def is_tiny(self) -> bool:
        """Whether it gives 64 by 48 pixels only."""
        return self.fault is CameraFault.TINY

    @property
    def is_corrupted(self) -> bool:
        """Whether its frames come with an error."""
        return self.fault is CameraFault.CORRUPTED

    @property
    def gives_frames(self) -> bool:
        """Whether it completes any."""
        dead = {CameraFault.ABSENT, CameraFault.HANG, CameraFault.STUCK_STOP}
        return self.fault not in dead

    def expose(self, number: int) -> Picture:
        """The picture of frame `number`, with the sensor's noise."""
        if self.fault is CameraFault.FROZEN and self._last is not None:
            return self._last
        picture = self.look(number)
        if self.fault is CameraFault.GARBAGE:
            picture = self._random.integers(0, 256, (480, 640, 3), np.uint8)
        elif self.noise:
            speckle = self._random.normal(0.0, self.noise, picture.shape[:2]).astype(np.float32)
            picture = np.clip(picture + speckle[:, :, None], 0, 255).astype(np.uint8)
        self._last = picture
        return picture


def grey_room(width: int = 320, height: int = 240, seed: int = 7) -> Picture:
    """A still room of boxes: edges of every length in dull colours; no person and no fire."""
    random = np.random.default_rng(seed)
    room = np.full((height, width, 3), 120, np.uint8)
    for _ in range(60):
        x, y = random.integers(0, width), random.integers(0, height)
        w, h = random.integers(8, width // 4), random.integers(8, height // 4)
        room[y : y + h, x : x + w] = random.integers(40, 200) + random.integers(-12, 13, 3)
    return room


class _Kernel:
    """`fcntl.ioctl` on a DMA heap and its buffers; a buffer is an anonymous file."""

    def __init__(self, sim: SimCamera) -> None:
        self._sim = sim

    def ioctl(self, _fd: int, _request: int, argument: Any = 0) -> int:
        """Allocate where asked to; naming and syncing need nothing.

        Raises:
            OSError: No memory is left.
        """
        if hasattr(argument, "heap_flags"):  # struct dma_heap_allocation_data
            if self._sim.fault is CameraFault.NO_MEMORY:
                raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
            argument.fd = os.memfd_create("dma-heap")
            os.ftruncate(argument.fd, argument.len)
        return 0


class _Names:
    """Every name there is: the pixel formats of a screen."""

    def __getattr__(self, name: str) -> str:
        return name


class _SimLibcamera(ModuleType):
    """The bindings' name in `sys.modules`; it carries the process's camera."""

    sim: SimCamera


def install() -> SimCamera:
    """Put the simulated camera under picamera2, once a process; the same one ever after.

    Raises:
        RuntimeError: The real libcamera is loaded already.
        ImportError: picamera2 is not installed.
    """
    there = sys.modules.get("libcamera")
    if isinstance(there, _SimLibcamera):
        return there.sim
    if there is not None:
        raise RuntimeError("install the simulated camera before libcamera is first imported")
    from hw_mocks import libcamera  # noqa: PLC0415  # only in a simulation

    module = _SimLibcamera("libcamera")
    vars(module).update({name: getattr(libcamera, name) for name in libcamera.__all__})
    module.sim = libcamera.CameraManager.sim = SimCamera()
    vars(module)["_libcamera"] = module
    screen = ModuleType("pykms")
    vars(screen)["PixelFormat"] = _Names()
    names = {"libcamera": module, "libcamera.controls": libcamera.controls, "pykms": screen}
    sys.modules.update(names)
    _graft(module.sim)
    return module.sim


def _graft(sim: SimCamera) -> None:
    """Replace the kernel's side of the DMA heap."""
    from picamera2 import dma_heap  # noqa: PLC0415  # only in a simulation
    from picamera2.allocators import dmaallocator  # noqa: PLC0415

    dma_heap.heapNames[:] = [os.devnull]
    dma_heap.fcntl = dmaallocator.fcntl = _Kernel(sim)
