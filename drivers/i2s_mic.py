"""An I2S MEMS microphone (INMP441, SPH0645), as the agent hears it: levels from perception."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from drivers import calibration
from drivers.board import Board, SensorConfig
from drivers.feed import Feed
from drivers.sensor import Quantity, Span
from drivers.sheet import Sheet

OVERLOAD_DB = 120.0  # both: where a sine of -26 dBFS at 94 dB reaches full scale
_SELF_NOISE_DBA = {"inmp441": 33.0, "sph0645": 29.0}  # 61 and 65 dB(A) below 94 dB
_LEVELS = (Quantity.SOUND_LAF_DBA, Quantity.SOUND_LAEQ_DBA, Quantity.SOUND_LEQ_DB)
_NEWER_S = 1e-3


class I2sMicConfig(SensorConfig, frozen=True, kw_only=True, tag="i2s_mic"):
    """`card` is its name in /proc/asound/cards, `side` what its L/R (SEL) pin says: low is left.

    Without a calibration record the levels may be 3 dB off.
    """

    card: Annotated[str, Meta(min_length=1, max_length=64)]
    part: Literal["inmp441", "sph0645"]
    side: Literal["left", "right"] = "left"
    every_s: Annotated[float, Meta(ge=0.1, le=0.5)] = 0.5  # each second's level is taken once

    spans: ClassVar[Mapping[Quantity, Span]] = {
        Quantity.SOUND_LAF_DBA: Span(0.0, 194.0),
        # its own noise is 29 dB(A) at least; a square wave of full scale gives 123 dB
        Quantity.SOUND_LAEQ_DBA: Span(0.0, 194.0, frozen_after_s=24 * 3600.0),
        Quantity.SOUND_LEQ_DB: Span(0.0, 194.0, saturates=OVERLOAD_DB, frozen_after_s=24 * 3600.0),
        Quantity.SOUND_LOST_PCT: Span(0.0, 100.0),
        Quantity.ALARM_PULSES: Span(0.0, 4.0),
    }
    is_private: ClassVar[bool] = True  # people speak before it
    is_perceived: ClassVar[bool] = True
    sheet: ClassVar[Sheet] = Sheet(
        part="I2S MEMS microphone (INMP441, SPH0645)",
        purpose="noise, alarms next door",
        range="36 to 117 dB(A); own noise 33 dB(A) (INMP441), 29 dB(A) (SPH0645)",
        accuracy="±3 dB uncalibrated, ±1 dB calibrated",
        rate="highest F level twice a second, equivalent level each second",
        warm_up="none",
        price="€",
        wiring="3.3 V; SCK to GPIO 18, WS to 19, SD to 20, L/R to ground; "
        "`dtoverlay=googlevoicehat-soundcard`, which has GPIO 16, 21 too; libportaudio2; "
        "`haetae-perception` holds the card",
        limits="levels only, no sound is kept or sent. At night (34 dB(A)) the verdict by noise "
        "law is `indeterminate`: its own noise is too near. One a device. From 120 dB on it says "
        "its end",
        library="sounddevice in the perception process",
        source="InvenSense INMP441 DS-INMP441-00 rev. 1.1; Knowles SPH0645LM4H-B rev. C",
    )

    def self_noise_dba(self) -> float:
        """The level in dB(A) that it says in perfect silence, by its data sheet."""
        return _SELF_NOISE_DBA[self.part]

    def wire(self) -> str:
        """The socket, which all perceived sensors share."""
        return "perception"

    def claims(self) -> frozenset[str]:
        """The header's one I2S (18 to 21), and what its overlay takes for an amplifier (16)."""
        return frozenset({"gpio16", "gpio18", "gpio19", "gpio20", "gpio21"})

    def build(self, board: Board) -> "I2sMic":
        """Make the agent's side; its calibration is looked for in the board's state directory."""
        return I2sMic(self, board)


class I2sMic:
    """What is new of one microphone, or why nothing is."""

    def __init__(self, config: I2sMicConfig, board: Board) -> None:
        self._config, self._board, self._link = config, board, board.perception()
        self._feed = Feed(self._link, config.name, board.pace.wait, board.note)
        self._offset_db = 0.0
        self._taken_at: dict[Quantity, float] = {}

    def open(self) -> None:
        """Listen for perception, and load the calibration, if there is one.

        Raises:
            OSError: The run directory is missing or read-only, or another agent listens.
            NotReadyError: The calibration cannot be used.
        """
        found = calibration.load(self._board.state, self._config.name)
        self._offset_db = found.offset_db if found is not None else 0.0
        self._taken_at.clear()
        self._feed.open()

    def read(self) -> dict[Quantity, float]:
        """Levels in dB re 20 µPa that have not been read yet; at its end, the end or more.

        What came since the last read is given once: a second's level must not count twice in a
        minute's. So a read may give nothing, as twice a second is what perception says.

        Raises:
            OSError: The socket is gone and cannot be had again.
            DisconnectedError: Perception is silent or floods, or has no microphone.
            WrongDeviceError: What comes is no records.
        """
        self._feed.news(Quantity.ALARM_PULSES)
        fresh = [each for each in self._config.spans if self._is_new(each)]
        found = dict(self._feed.take(fresh))
        end_db = OVERLOAD_DB if found.get(Quantity.SOUND_LEQ_DB, 0.0) >= OVERLOAD_DB else 0.0
        for each in _LEVELS:
            if each in found:
                found[each] += self._offset_db
        if end_db:
            found[Quantity.SOUND_LEQ_DB] = max(found[Quantity.SOUND_LEQ_DB], end_db)
        return found

    def close(self) -> None:
        """Nothing to do: the board closes the socket, which others share; never raises."""

    def _is_new(self, quantity: Quantity) -> bool:
        """Whether a record came that no read has given; then it counts as given."""
        now = self._feed.now
        said_at = now - self._link.age_s(self._config.name, quantity, now)
        is_new = said_at > self._taken_at.get(quantity, now - 60.0) + _NEWER_S
        if is_new:
            self._taken_at[quantity] = said_at
        return is_new
