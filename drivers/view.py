"""What a camera can say of its own sight: one number of `Quantity.VIEW`."""

from collections.abc import Mapping
from enum import IntEnum


class View(IntEnum):
    """Only `CLEAR` sees; every other says why it does not."""

    CLEAR = 0
    STARTING = 1  # no picture yet, or too few to judge by
    DARK = 2
    COVERED = 3  # something stands or hangs before the lens
    BLURRED = 4  # out of focus, dirty or fogged
    MOVED = 5  # it looks elsewhere than when it was put in
    MUTED = 6  # people have switched it off
    FAILED = 7  # the camera gives no pictures


HINDERED: Mapping[View, str] = {  # people are not seen then; a flame may be
    View.DARK: "too dark to see people",
    View.COVERED: "something covers the lens",
    View.BLURRED: "blurred: dirty, fogged or out of focus",
    View.MOVED: "looks elsewhere than when it was put in",
}
