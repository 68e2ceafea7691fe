"""A digital input that loses no edge between two polls: contacts, buttons, motion sensors."""

import errno
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from drivers.board import Board, GpioNumber, SensorConfig
from drivers.pin_errors import pin_errors_as_oserror, release

if TYPE_CHECKING:
    from gpiozero import DigitalInputDevice

_LATCHED_EDGES = 64  # a chattering contact drops its oldest; the last one is always the newest


class PinConfig(SensorConfig, frozen=True, kw_only=True):
    """A contact, button or motion sensor on a pin of its own; `gpio` is its BCM number."""

    gpio: GpioNumber

    library: ClassVar[str] = "gpiozero"

    def wire(self) -> str:
        """All inputs share the thread that edges wake."""
        return "gpio"

    def claims(self) -> frozenset[str]:
        """Its pin."""
        return frozenset({f"gpio{self.gpio}"})


class EdgeInput:
    """One pin with the chip's own pull resistor, watched for edges and for its level.

    A level is True while the wire is drawn away from its pull: closed to ground where `pull_up`,
    driven high otherwise. A cut wire is therefore always False.

    Edges are debounced by lgpio, which reports a level once it has stood for `bounce_s` seconds
    (a delay of that length), and latched in gpiozero's callback thread. `open` and `read` are for
    one thread; edges may arrive in any.
    """

    def __init__(self, board: Board, gpio: int, *, pull_up: bool, bounce_s: float | None) -> None:
        self._board, self._gpio, self._pull_up, self._bounce_s = board, gpio, pull_up, bounce_s
        self._device: DigitalInputDevice | None = None
        self._latched: deque[bool] = deque(maxlen=_LATCHED_EDGES)
        self._level = False
        self._doubted = False
        self._wake: Callable[[], None] | None = None

    def on_edge(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each latched edge, in gpiozero's thread: it must not raise."""
        self._wake = callback

    def open(self) -> None:
        """Claim the pin. Edges that were latched before stay; so does the callback.

        Raises:
            OSError: The pin cannot be had.
        """
        from gpiozero import DigitalInputDevice  # noqa: PLC0415  # only where a pin is used

        self.close()
        with pin_errors_as_oserror(f"gpio{self._gpio}"):
            device = DigitalInputDevice(
                self._gpio,
                pull_up=self._pull_up,
                bounce_time=self._bounce_s,
                pin_factory=self._board.pins(),
            )
            device.when_activated, device.when_deactivated = self._rose, self._fell
            self._level = device.is_active  # one already active at start fires no callback
        self._device, self._doubted = device, False

    def pending(self) -> bool:
        """Whether an edge waits that `read` has not given yet."""
        return bool(self._latched)

    def read(self) -> bool:
        """Give the oldest latched level, or else the level now.

        The pin itself is not debounced, so a level that no edge announced counts only if two
        reads in a row see it: that heals a lost callback without trusting a spike.

        Raises:
            OSError: The pin is not open, or cannot be read.
        """
        if self._device is None:
            raise OSError(errno.ENODEV, f"gpio{self._gpio}: not open")
        with pin_errors_as_oserror(f"gpio{self._gpio}"):
            seen: bool = self._device.is_active
        waiting = f", {len(self._latched)} edges wait" if self._latched else ""
        self._board.note(
            f"gpio{self._gpio}", ("low" if seen is self._pull_up else "high") + waiting
        )
        if self._latched:
            self._level, self._doubted = self._latched.popleft(), False
        elif seen == self._level:
            self._doubted = False
        elif self._doubted:
            self._level, self._doubted = seen, False
        else:
            self._doubted = True
        return self._level

    def close(self) -> None:
        """Give the pin back; never raises."""
        device, self._device = self._device, None
        release(device, f"gpio{self._gpio}")

    def _rose(self) -> None:
        self._latch(level=True)

    def _fell(self) -> None:
        self._latch(level=False)

    def _latch(self, *, level: bool) -> None:
        self._latched.append(level)
        if self._wake is not None:
            self._wake()
