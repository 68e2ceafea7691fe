"""A water meter's pulses: a reed, or a Hall wheel's open collector, between pin and ground."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from drivers import kept
from drivers.board import Board, GpioNumber, SensorConfig
from drivers.edge_train import EdgeTrain
from drivers.sensor import Quantity, Span
from drivers.sheet import Sheet

# A write costs the card some 20 KiB, and a power cut the litres since the last: at 500 L a day that
# are 100 KiB a day; at a burst pipe's 3 m³/h, 600 KiB an hour.
_KEEP_EVERY_L = 100.0


class Count(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The pulses since the counter was set; as old as its file.

    `starts` is how often counting was taken up again: up to 100 L may be missing for each.
    """

    pulses: Annotated[int, Meta(ge=0)]
    starts: Annotated[int, Meta(ge=0)]


class WaterMeterConfig(SensorConfig, frozen=True, kw_only=True, tag="water_meter"):
    """`WATER_L` is what flowed since the counter was set, kept over restarts.

    `litres_per_pulse` is printed on the meter. A pulse stands for `bounce_ms` at least: less for
    Hall wheels, which give hundreds a second.
    """

    gpio: GpioNumber
    litres_per_pulse: Annotated[float, Meta(gt=0, le=1000)]
    bounce_ms: Annotated[float, Meta(ge=0.5, le=200)] = 20.0  # a reed beside a slow magnet

    spans: ClassVar[Mapping[Quantity, Span]] = {Quantity.WATER_L: Span(0.0, 1e9)}
    library: ClassVar[str] = "gpiozero"
    sheet: ClassVar[Sheet] = Sheet(
        part="water meter with pulse output (reed or Hall wheel)",
        purpose="water",
        range="litres since the counter was set, in steps of one pulse",
        accuracy="the meter's own (MID class 2: ±2 %)",
        rate="each poll",
        warm_up="none",
        price="€€€",
        wiring="between the pin and ground; a Hall wheel's 5 V output through an open collector",
        limits="a cut wire is a tap that nobody opens. While the device is off nothing is counted, "
        "and a power cut loses up to 100 L of the count: it is a lower bound",
        library="gpiozero",
        source="EN 14154; OIML R 49",
    )

    def wire(self) -> str:
        """Inputs that are polled; pulses are counted meanwhile."""
        return "gpio"

    def claims(self) -> frozenset[str]:
        """Its pin."""
        return frozenset({f"gpio{self.gpio}"})

    def build(self, board: Board) -> "WaterMeter":
        """Make the driver: pulled up, closed to ground by a pulse."""
        pin = EdgeTrain(board, self.gpio, pull_up=True, bounce_s=self.bounce_ms / 1000)
        count = board.state / "counters" / f"{self.name}.json"
        return WaterMeter(pin, count, self.litres_per_pulse)


class WaterMeter:
    """Pulses are counted as they come, the count is kept each 100 L and at `close`."""

    def __init__(self, pin: EdgeTrain, count: Path, litres_per_pulse: float) -> None:
        self._pin, self._path, self._litres = pin, count, litres_per_pulse
        self._began: Count | None = None  # what there was before this driver counted
        self._kept = 0  # pulses of its own that are on disk

    def open(self) -> None:
        """Claim the pin and take the count up again. Pulses counted before stay.

        Raises:
            OSError: The pin cannot be had.
            NotReadyError: The kept count cannot be used.
        """
        if self._began is None and self._path.exists():
            remedy = f"set the counter anew: remove {self._path.name}"
            found = kept.load(self._path, Count, what="kept count", remedy=remedy)
            self._began = Count(pulses=found.pulses, starts=found.starts + 1)
        elif self._began is None:
            self._began = Count(pulses=0, starts=0)
        self._pin.open()

    def read(self) -> dict[Quantity, float]:
        """Litres since the counter was set.

        Raises:
            OSError: The pin is not open, or cannot be read.
        """
        self._pin.level()  # tells a pin that is gone
        self._pin.take()
        own = self._pin.rises
        if (own - self._kept) * self._litres >= _KEEP_EVERY_L:
            self._keep(own)
        before = self._began.pulses if self._began is not None else 0
        return {Quantity.WATER_L: (before + own) * self._litres}

    def close(self) -> None:
        """Keep the count and give the pin back; never raises."""
        self._pin.close()
        if (own := self._pin.rises) != self._kept:
            self._keep(own)

    def _keep(self, own: int) -> None:
        """Write the count; on a full or worn disk the next pulse tries again."""
        began = self._began
        if began is not None:
            with suppress(OSError):
                kept.store(self._path, Count(pulses=began.pulses + own, starts=began.starts))
                self._kept = own
