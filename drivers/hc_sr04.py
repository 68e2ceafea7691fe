"""HC-SR04: ultrasonic range by the length of an echo pulse (its data sheet)."""

import errno
from collections.abc import Mapping
from typing import ClassVar

from drivers.board import Board, GpioNumber, SensorConfig
from drivers.edge_train import EdgeTrain
from drivers.output_pin import OutputPin
from drivers.pace import Pace
from drivers.sensor import Quantity, SensorError, Span
from drivers.sheet import Sheet

_PING_S = 15e-6  # "at least 10 µs"
_PATIENCE_S = 0.25  # without an echo it gives up after 38 ms, some after 200 ms
_FARTHEST_M = 4.0
_M_PER_S = 343.2  # of sound at 20 °C; 0.17 % more for each °C


class HcSr04Config(SensorConfig, frozen=True, kw_only=True, tag="hc_sr04"):
    """`trigger` and `echo` are pins; the echo's 5 V must be divided to 3.3 V."""

    trigger: GpioNumber
    echo: GpioNumber

    spans: ClassVar[Mapping[Quantity, Span]] = {
        # beyond 4 m, or with nothing there, it says 4 m: at least so much
        Quantity.DISTANCE_M: Span(0.0, _FARTHEST_M, saturates=_FARTHEST_M)
    }
    library: ClassVar[str] = "gpiozero"
    sheet: ClassVar[Sheet] = Sheet(
        part="HC-SR04",
        purpose="presence",
        range="0.02 to 4 m (saturates), 15° cone",
        accuracy="3 mm (maker); 1 cm with the host's time stamps; 2 % by the air's temperature",
        rate="each poll",
        warm_up="none",
        price="€",
        wiring="5 V; TRIG to a pin; ECHO, which gives 5 V, through 1 kΩ to a pin and from there "
        "2 kΩ to ground",
        limits="cloth and slanted walls swallow the ping: nothing there and nothing heard read "
        "alike, as 4 m. All of a device ping one after another; two devices in one room disturb "
        "each other. Below 2 cm it says anything",
        library="gpiozero's pins; not its DistanceSensor, which pings without end and smooths",
        source="HC-SR04 data sheet (ElecFreaks)",
    )

    def wire(self) -> str:
        """Air: one thread for all, lest they hear each other."""
        return "ultrasound"

    def claims(self) -> frozenset[str]:
        """Its pins."""
        return frozenset({f"gpio{self.trigger}", f"gpio{self.echo}"})

    def build(self, board: Board) -> "HcSr04":
        """Make the driver; opens nothing yet."""
        trigger = OutputPin(board, self.trigger, active_high=True)
        echo = EdgeTrain(board, self.echo, pull_up=False, bounce_s=None)
        return HcSr04(trigger, echo, board.pace)


class HcSr04:
    """Range in m, from the kernel's time stamps of both edges of the echo pulse."""

    def __init__(self, trigger: OutputPin, echo: EdgeTrain, pace: Pace) -> None:
        self._trigger, self._echo, self._pace = trigger, echo, pace

    def open(self) -> None:
        """Claim both pins.

        Raises:
            OSError: A pin cannot be had.
        """
        self._trigger.switch(on=False)
        self._echo.open()

    def read(self) -> dict[Quantity, float]:
        """Ping once, in m; 4 m where nothing is nearer.

        Raises:
            OSError: No echo pulse, or one without an end: nobody is there, or a wire is cut.
            SensorError: Half a pulse was seen.
        """
        self._echo.take()
        if self._echo.level() and not self._echo.wait_for_fall(_PATIENCE_S):
            raise OSError(errno.EIO, f"{self._echo.place}: the echo line stays high")
        self._echo.take()
        self._trigger.switch(on=True)
        self._pace.wait(_PING_S)
        self._trigger.switch(on=False)
        if not self._echo.wait_for_fall(_PATIENCE_S):
            raise OSError(errno.ETIMEDOUT, f"{self._echo.place}: no echo pulse: unplugged, no 5 V?")
        edges = self._echo.take()
        if len(edges) != 2 or edges[0].at >= edges[1].at:
            raise SensorError(f"{self._echo.place}: {len(edges)} edges are no echo pulse")
        metres = (edges[1].at - edges[0].at) * _M_PER_S / 2
        return {Quantity.DISTANCE_M: min(metres, _FARTHEST_M)}

    def close(self) -> None:
        """Give both pins back; never raises."""
        self._trigger.close()
        self._echo.close()
