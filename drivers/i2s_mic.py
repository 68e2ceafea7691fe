"""An I2S MEMS microphone (INMP441, SPH0645) through ALSA: how loud it is, nothing else."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from drivers import calibration
from drivers.board import Board, SensorConfig
from drivers.mic_level import INMP441_DBFS, SPH0645_DBFS, level_db
from drivers.microphone import Microphone
from drivers.sensor import Quantity, SensorError, Span
from drivers.sheet import Sheet

_RATE_HZ, _FRAMES, _BLOCKS = 48_000, 4_800, 5  # half a second
_STALE_BLOCKS = 3  # the clock may have stopped: an INMP441 then sleeps, and wakes in 85 ms
_SENSITIVITY_DBFS = {"inmp441": INMP441_DBFS, "sph0645": SPH0645_DBFS}
_OVERLOAD_DB = 120.0  # both: where a sine of -26 dBFS at 94 dB reaches full scale


class I2sMicConfig(SensorConfig, frozen=True, kw_only=True, tag="i2s_mic"):
    """`card` is its name in /proc/asound/cards, `side` what its L/R (SEL) pin says: low is left.

    Without a calibration record the level may be 3 dB off. Each read takes half a second, and 0.3 s
    more after a pause.
    """

    card: Annotated[str, Meta(min_length=1, max_length=64)]
    part: Literal["inmp441", "sph0645"]
    side: Literal["left", "right"] = "left"
    every_s: Annotated[float, Meta(ge=1, le=3600)] = 5.0

    spans: ClassVar[Mapping[Quantity, Span]] = {
        # its own noise is 29 dB(A) at least; a square wave of full scale gives 123 dB
        Quantity.SOUND_LEQ_DB: Span(15.0, 165.0, saturates=_OVERLOAD_DB, frozen_after_s=24 * 3600.0)
    }
    warm_up_s: ClassVar[float] = 2.0  # until its high-pass has settled after power
    is_private: ClassVar[bool] = True  # people speak before it
    library: ClassVar[str] = "sounddevice"
    sheet: ClassVar[Sheet] = Sheet(
        part="I2S MEMS microphone (INMP441, SPH0645)",
        purpose="noise",
        range="40 to 117 dB, unweighted; own noise 33 dB(A) (INMP441), 29 dB(A) (SPH0645)",
        accuracy="±3 dB uncalibrated, ±1 dB calibrated",
        rate="half a second each 5 s",
        warm_up="2 s",
        price="€",
        wiring="3.3 V; SCK to GPIO 18, WS to 19, SD to 20, L/R to ground; "
        "`dtoverlay=googlevoicehat-soundcard`, which has GPIO 16, 21 too; libportaudio2, and the "
        "sound cards opened to the agent as in `systemd/haetae-agent.service.d/voice.conf`",
        limits="levels only, no sound is kept or sent; no A-weighting yet, so no verdict by any "
        "noise law. One a device. It belongs into the perception process once that is built: until "
        "then the agent itself may open the sound cards. `selftest --sound` may find it too slow. "
        "From 120 dB on it says its end",
        library="sounddevice",
        source="InvenSense INMP441 DS-INMP441-00 rev. 1.1; Knowles SPH0645LM4H-B rev. C",
    )

    def wire(self) -> str:
        """The card's: who waits for samples keeps nobody else waiting."""
        return f"alsa:{self.card}"

    def claims(self) -> frozenset[str]:
        """The header's one I2S (18 to 21), and what its overlay takes for an amplifier (16)."""
        return frozenset({"gpio16", "gpio18", "gpio19", "gpio20", "gpio21"})

    def build(self, board: Board) -> "I2sMic":
        """Make the driver; its calibration is looked for in the board's state directory."""
        return I2sMic(self, board)


class I2sMic:
    """The level of half a second, whole; the samples are forgotten with it."""

    def __init__(self, config: I2sMicConfig, board: Board) -> None:
        self._config, self._board = config, board
        channel = 0 if config.side == "left" else 1
        self._microphone = Microphone(
            board, config.card, rate_hz=_RATE_HZ, channel=channel, block_frames=_FRAMES
        )
        self._offset_db = 0.0
        self._heard_at: float | None = None

    def open(self) -> None:
        """Start to capture and load the calibration, if there is one.

        Raises:
            OSError: No such card, it is in use, or no PortAudio.
            NotReadyError: The calibration cannot be used.
        """
        self._heard_at = None
        self._microphone.open()
        found = calibration.load(self._board.state, self._config.name)
        self._offset_db = found.offset_db if found is not None else 0.0

    def read(self) -> dict[Quantity, float]:
        """The unweighted level of half a second, in dB re 20 µPa; at its end, the end or more.

        Raises:
            OSError: It is not open, or the card is gone.
            SensorError: Samples of this half second were lost.
            DisconnectedError: Nobody drives the data line.
        """
        clock, block_s = self._board.pace.clock, _FRAMES / _RATE_HZ
        if self._heard_at is None or clock() - self._heard_at > block_s:
            for _ in range(_STALE_BLOCKS):  # what waited since, or was lost: nobody listened
                self._microphone.read()
        blocks = [self._microphone.read() for _ in range(_BLOCKS)]
        self._heard_at = clock()
        if lost := sum(block.lost for block in blocks):
            raise SensorError(f"{self._config.card}: {lost} samples lost: no level of what is left")
        samples = [sample for block in blocks for sample in block.samples]
        raw = level_db(samples, _SENSITIVITY_DBFS[self._config.part])
        self._board.note(self._config.wire(), f"{len(samples)} samples, {raw:.1f} dB")
        level = raw + self._offset_db
        return {Quantity.SOUND_LEQ_DB: max(level, _OVERLOAD_DB) if raw >= _OVERLOAD_DB else level}

    def close(self) -> None:
        """Stop to capture; never raises."""
        self._microphone.close()
