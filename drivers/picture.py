"""A picture and where pictures come from: a camera, or a file that stands for one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Pixels of shape (height, width, 3), RGB, 8 bits; `at` in monotonic seconds."""

    rgb: "NDArray[np.uint8]"
    at: float


class FrameSource(Protocol):
    """One camera, used by one thread only."""

    def open(self) -> None:
        """Begin to stream; anew if it did.

        Raises:
            OSError: There is no such camera, or it is in use.
            SensorError: It cannot do what is asked.
        """

    def read(self, timeout_s: float) -> Frame:
        """Wait for the newest frame that was not read yet.

        Raises:
            TimeoutError: None came in time; ask again, and some time give up.
            OSError: It is not open, or the camera is gone.
            SensorError: What came is no picture.
        """

    def close(self) -> None:
        """End streaming. Never raises, and takes a few seconds at most."""

    @property
    def is_stuck(self) -> bool:
        """Whether it could not be closed: then only the end of the process gives it back."""
