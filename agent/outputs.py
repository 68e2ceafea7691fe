"""What people hear and see, made from the configuration."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from agent.annunciator import Annunciator
from agent.deterrent import Deterrent
from agent.sections import Config, DeterrentConfig, RelayConfig, SirenConfig, VoiceConfig
from drivers.board import Board
from drivers.lamp import Lamp
from drivers.relay import Relay
from drivers.siren import Siren

if TYPE_CHECKING:
    from agent.speaker import Speaker


def siren(wiring: SirenConfig, board: Board) -> Siren:
    """The sounder; opens nothing yet."""
    return Siren(
        board,
        gpio=wiring.gpio,
        active_high=wiring.active_high,
        frequency_hz=wiring.frequency_hz,
    )


class ArmedRelay:
    """A relay that moves with the alarm where it is armed, and else says why it does not."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def on(self) -> None:
        """Arm and pull; PermissionError, which is an OSError, where the configuration forbids."""
        self._relay.arm()
        self._relay.on()

    def off(self) -> None:
        """Drop; OSError if the pin cannot be moved."""
        self._relay.off()


def annunciator(config: Config, board: Board, words: "Speaker | None" = None) -> Annunciator:
    """Siren and lamp on this board; opens nothing yet."""
    wiring = config.annunciator
    lamp = (
        None
        if wiring.lamp is None
        else Lamp(board, gpio=wiring.lamp.gpio, active_high=wiring.lamp.active_high)
    )
    return Annunciator(
        siren(wiring.siren, board),
        lamp,
        clock=time.monotonic,
        hush_s=wiring.hush_s,
        words=words,
        relay=None if wiring.relay is None else _relay(wiring.relay, board),
        repeats=config.neighbour.repeat,
        deterrent=None if wiring.deterrent is None else _relay(wiring.deterrent, board),
        bursts=None if wiring.deterrent is None else _bursts(wiring.deterrent),
    )


def _relay(wiring: RelayConfig | DeterrentConfig, board: Board) -> ArmedRelay:
    return ArmedRelay(
        Relay(board, gpio=wiring.gpio, active_high=wiring.active_high, may_arm=wiring.armed)
    )


def _bursts(wiring: DeterrentConfig) -> Deterrent:
    return Deterrent(burst_s=wiring.burst_s, pause_s=wiring.pause_s, per_hour=wiring.per_hour)


def speaker(wiring: VoiceConfig | None) -> "Speaker | None":
    """What speaks between the tones, where a loudspeaker is configured; plays nothing yet."""
    if wiring is None:
        return None
    from agent.speaker import Speaker, phrases  # noqa: PLC0415  # only where one is wired
    from drivers.voice import Voice  # noqa: PLC0415  # as above

    prompts = phrases(Path(wiring.folder), wiring.languages)
    return Speaker(Voice(wiring.card), prompts, clock=time.monotonic)
