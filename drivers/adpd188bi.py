"""Analog Devices ADPD188BI optical smoke chamber, blue and infrared, on I2C."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

from msgspec import Meta

from drivers import kept
from drivers.adpd188bi_chip import RAIL, Adpd188bi
from drivers.board import Board
from drivers.i2c_chip import I2cChip, I2cConfig
from drivers.sensor import NotReadyError, Quantity, Span
from drivers.sheet import Sheet
from drivers.smoke_chamber import Channel, CleanChamber, measure_clean, obscuration_pct_per_m
from drivers.stimulus import Answer, Reach

_PROVOKED = 1.5  # what its walls are made to scatter more: as smoke of 14.6 %/m would

SmokePtr = Annotated[float, Meta(ge=0.1, le=2)]


class Adpd188biConfig(I2cConfig, frozen=True, kw_only=True, tag="adpd188bi"):
    """`blue_at_10` and `ir_at_10`: nW/mW that smoke of 10 %/m adds in this chamber.

    Measure them in smoke beside a reference meter. Until then the defaults take the least light
    with which any fire's smoke makes alarms sound, so that other smoke reads as more than it is.
    """

    address: Annotated[int, Meta(ge=0x64, le=0x64)] = 0x64
    every_s: Annotated[float, Meta(ge=1, le=10)] = 2.0
    blue_at_10: SmokePtr = 0.5  # 0.5 to 5 nW/mW across the fires of UL 217 (TI TIDUF52, 2.2.3)
    ir_at_10: SmokePtr = 0.5

    spans: ClassVar[Mapping[Quantity, Span]] = {
        # below zero: an LED that fades faster than it is followed
        Quantity.SMOKE_OBSCURATION_PCT_PER_M: Span(
            -50.0, 100.0, saturates=100.0, frozen_after_s=1800.0
        )
    }
    life_years: ClassVar[float | None] = 10.0  # the maker names none; NFPA 72: any smoke alarm
    own_stimulus: ClassVar[Answer | None] = Answer(
        rise=10.0, most=60.0, on_s=30.0, back_s=30.0, reaches=Reach.ELEMENT
    )
    library: ClassVar[str] = "haetae"
    sheet: ClassVar[Sheet] = Sheet(
        part="Analog Devices ADPD188BI in its EVAL-CHAMBER",
        purpose="smoke and particles",
        range="0 to 100 %/m; the converter ends at 162 nW/mW",
        accuracy="±10 % from part to part by its fuses; in %/m as good as `blue_at_10`, `ir_at_10`",
        rate="1 s; each reading is the mean of those since the last",
        warm_up="none; a baseline in clean air first",
        price="€€€",
        wiring=(
            "I2C at 0x64, 1.8 V: level shifters (MIKROE Smoke 2 Click has them), 400 kHz at most; "
            "1.8 V and LED supply of 3.3 to 5 V as on its board"
        ),
        limits=(
            "scattered light, not obscuration: pale smoke scatters more than black, so the greater "
            "of both colours counts. Steam and dust scatter too. Dust is taken off by 1.05 %/m at "
            "most and within a week at the fastest; more of it reads as smoke, and a prealarm "
            "calls for cleaning. Less than 80 % of the clean chamber's light is a fault: LED worn, "
            "chamber open or cleaned; an LED that fades while dust makes up for it is not seen: "
            "only smoke, let to it once a year, proves it. A part that is stuck is told within an "
            "hour. A fire's heat is not compensated. No checksum on its bus"
        ),
        library="haetae",
        source="Analog Devices ADPD188BI data sheet; AN-1567, AN-2033, CN0537; EN 54-7:2000, 4.8; "
        "NFPA 72",
    )

    def build(self, board: Board) -> "SmokeChamber":
        """Make the driver; its baseline is looked for in the board's state directory."""
        return SmokeChamber(board, self)


class SmokeChamber:
    """Obscuration in %/m, by blue and infrared light scattered in a chamber, once a second."""

    def __init__(self, board: Board, config: Adpd188biConfig) -> None:
        self._chip = Adpd188bi(I2cChip(board, config.bus, config.address))
        self._config, self._path = config, kept.path(board.state, config.name)
        self._channels: tuple[Channel, Channel] | None = None

    def open(self) -> None:
        """See whether it is one, and have it measure. The baseline is loaded by the first `read`.

        Raises:
            OSError: No such bus, or nobody answers.
            SensorError: Another chip answers, or its fuses cannot be read.
        """
        self._chip.open()

    def read(self) -> dict[Quantity, float]:
        """%/m above the clean chamber, in steps of 0.01: a part that is stuck shows as frozen.

        Raises:
            OSError: Nobody answers, or the bus is locked.
            SensorError: No sample or no baseline yet, or an LED has lost its light.
        """
        codes, ptrs = self._measure()
        channels = self._compensation()
        if max(codes) >= RAIL:
            return {Quantity.SMOKE_OBSCURATION_PCT_PER_M: 100.0}
        levels = [channel.smoke(ptr) for channel, ptr in zip(channels, ptrs, strict=True)]
        found = round(obscuration_pct_per_m(max(levels)), 2)
        return {Quantity.SMOKE_OBSCURATION_PCT_PER_M: found}

    def sample(self) -> tuple[float, float]:
        """Blue and infrared PTR now, in nW/mW, for a baseline; needs none.

        Raises:
            OSError: Nobody answers, or the bus is locked.
            SensorError: No sample yet.
        """
        _, ptrs = self._measure()
        return ptrs

    def commission(
        self, samples: Sequence[tuple[float, ...]], *, taken_at: str, heated_h: float
    ) -> str:
        """Keep the two channels of the clean chamber; it is not heated.

        Raises:
            NotReadyError: The samples are too few, or still move.
            OSError: The disk is full, read-only or broken; the old baseline stays.
        """
        del heated_h
        clean = measure_clean([(blue, ir) for blue, ir in samples], taken_at=taken_at)
        kept.store(self._path, clean)
        self._channels = None
        return f"clean chamber: blue {clean.blue:.3f}, infrared {clean.ir:.3f} nW/mW"

    def provoke(self, *, on: bool) -> None:
        """Put more light into the chamber, whose walls then scatter as smoke of 15 %/m would.

        Raises:
            OSError: Nobody answers, or the bus is locked.
            NotReadyError: There is no clean-chamber baseline yet.
        """
        most = max(channel.clean_level for channel in self._compensation()) if on else math.inf
        self._chip.flash(1 + math.ceil(_PROVOKED / most))

    def close(self) -> None:
        """Leave it measuring, which takes 0.1 mA."""

    def _measure(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Mean codes, and what they are in nW/mW."""
        samples, scales = self._chip.samples(), self._chip.nw_mw_per_code
        if scales is None:
            raise NotReadyError(f"{self._chip.place}: not open")
        blue, ir = (sum(channel) / len(samples) for channel in zip(*samples, strict=True))
        return (blue, ir), (blue * scales[0], ir * scales[1])

    def _compensation(self) -> tuple[Channel, Channel]:
        if self._channels is None:
            remedy = f"in clean air, run `haetae probe --baseline {self._config.name}`"
            clean = kept.load(
                self._path, CleanChamber, what="clean-chamber baseline", remedy=remedy
            )
            every_s = self._config.every_s
            self._channels = (
                Channel(f"{self._chip.place}: blue", clean.blue, self._config.blue_at_10, every_s),
                Channel(f"{self._chip.place}: infrared", clean.ir, self._config.ir_at_10, every_s),
            )
        return self._channels
