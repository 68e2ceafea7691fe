"""The simulated camera under the real picamera2, for one test; skips where that is missing."""

import gc
import importlib.util
import warnings
from collections.abc import Iterator

import numpy as np
import pytest

from hw_mocks import camera
from hw_mocks.camera import CameraFault, Picture, SimCamera, grey_room

needs_picamera2 = pytest.mark.skipif(
    importlib.util.find_spec("picamera2") is None,
    reason="picamera2 is not installed (extra `camera`; needs libcap-dev and a C compiler)",
)
# picamera2 0.3.38 starts its thread in a way that Python has deprecated since 3.10
old_threads = pytest.mark.filterwarnings("ignore:setDaemon:DeprecationWarning")


def simulated() -> Iterator[SimCamera]:
    """The process's one camera, well and looking at a still room; well again afterwards."""
    sim = camera.install()
    yield sim
    sim.fault, sim.look, sim.noise = CameraFault.NONE, lambda _: grey_room(), 1.5
    with warnings.catch_warnings():  # a Picamera2 that cannot be made leaves two files open
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def plain(red: int, green: int, blue: int) -> Picture:
    """A picture of one colour."""
    picture = np.empty((240, 320, 3), np.uint8)
    picture[:] = red, green, blue
    return picture
