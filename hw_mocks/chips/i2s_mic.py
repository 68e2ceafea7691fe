"""A simulated I2S microphone on a simulated card."""

import math
from typing import TYPE_CHECKING, Any

from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.microphone import SimMicrophone

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

KNOBS = ("level_db", "tone_hz")
_FULL, _RATE_HZ, _FRAMES = 2**31 - 1, 48_000, 4_800
_FULL_SCALE_DB = 120.0  # a sine there just reaches it, with 94 dB at -26 dBFS


def plug(wiring: "Wiring", config: Any) -> "I2sMicSim":
    """Put its card into ALSA until the wiring is closed; PortAudio is needed to read it."""
    folder = wiring.devices.parent / "alsa"
    folder.mkdir(exist_ok=True)
    card = wiring.undo.enter_context(SimMicrophone(folder, config.card))
    return I2sMicSim(card, left=config.side == "left")


class I2sMicSim:
    """Knobs `level_db` and `tone_hz`: a pure tone in the room, in dB re 20 µPa, whole tens of Hz.

    Faults: absent (its data line at rest, the card stays), saturated (a square wave of full
    scale). It cannot stick: a converter that always says the same is one that is absent. Does not
    imitate noise of its own, frequency response or lost samples.
    """

    def __init__(self, card: SimMicrophone, *, left: bool = True) -> None:
        self.card = card
        self._left, self._level_db, self._tone_hz, self._blocks = left, 45.0, 440.0, 0
        self._play()

    def _play(self) -> None:
        # ALSA reads on where it was and repeats its buffer at the end: each file is a bit longer
        self._blocks += 2
        wave = [self._sample(n) for n in range(_FRAMES)]
        self.card.play([(each, 0) if self._left else (0, each) for each in wave] * self._blocks)

    def _sample(self, n: int) -> int:
        if self.fault is Fault.ABSENT:
            return 0
        turn = math.sin(2 * math.pi * (self._tone_hz * n / _RATE_HZ + 1e-6))
        if self.fault is Fault.SATURATED:
            return _FULL if turn >= 0 else -_FULL
        peak = _FULL * math.pow(10, (self._level_db - _FULL_SCALE_DB) / 20)
        return max(-_FULL, min(_FULL, round(peak * turn)))

    fault = FaultKnob(Fault.ABSENT, Fault.SATURATED, then=_play)

    @property
    def level_db(self) -> float:
        """How loud it is."""
        return self._level_db

    @level_db.setter
    def level_db(self, level_db: float) -> None:
        self._level_db = level_db
        self._play()

    @property
    def tone_hz(self) -> float:
        """How high it is."""
        return self._tone_hz

    @tone_hz.setter
    def tone_hz(self, tone_hz: float) -> None:
        self._tone_hz = tone_hz
        self._play()
