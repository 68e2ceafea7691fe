"""The living microphone: real PortAudio and ALSA over a file of samples, to numbers."""

import itertools
import math
import threading
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from agent.perception.ears import Ears
from agent.perception.listener import LONGEST_PAUSE_S, Listener
from drivers.board import Board
from drivers.i2s_mic import I2sMicConfig
from drivers.pace import Pace
from drivers.sensor import DisconnectedError, Quantity
from hw_mocks.microphone import SimMicrophone

try:
    import sounddevice
except OSError as error:  # its word for a missing libportaudio2
    pytest.skip(str(error), allow_module_level=True)

CARD = "sndrpigooglevoi"
CONFIG = I2sMicConfig(name="hall", card=CARD, part="inmp441")
FULL = 2**31 - 1


def wave(level_db: float, hz: float = 1000.0, blocks: int = 80) -> list[int]:
    """A tone in the room, in whole tens of Hz, for so many tenths of a second."""
    peak = FULL * math.pow(10, (level_db - 120) / 20)
    once = [round(peak * math.sin(2 * math.pi * hz * n / 48_000)) for n in range(4_800)]
    return [max(-FULL, min(FULL, each)) for each in once] * blocks


@pytest.fixture
def card(tmp_path: Path) -> Iterator[SimMicrophone]:
    with SimMicrophone(tmp_path, CARD) as made:
        yield made


def second(ears: Ears) -> Mapping[Quantity, float]:
    while Quantity.SOUND_LAEQ_DBA not in (found := ears.listen()):
        pass
    return found


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("level_db", [40.0, 94.0])
def test_a_tone_in_the_room_is_as_loud_as_it_is(
    card: SimMicrophone, level_db: float, side: str
) -> None:
    quiet = [(n % 7) for n in range(80 * 4_800)]
    left, right = (wave(level_db), quiet) if side == "left" else (quiet, wave(level_db))
    card.play(zip(left, right, strict=True))
    ears = Ears(I2sMicConfig(name="hall", card=CARD, part="inmp441", side=side), Board())  # type: ignore[arg-type]
    ears.open()
    found = second(ears)
    ears.close()
    assert found[Quantity.SOUND_LAEQ_DBA] == pytest.approx(level_db, abs=0.05)
    assert found[Quantity.SOUND_LEQ_DB] == pytest.approx(level_db, abs=0.05)
    assert found[Quantity.SOUND_LAF_DBA] == pytest.approx(level_db, abs=0.2)
    assert found[Quantity.ALARM_PULSES] == found[Quantity.SOUND_LOST_PCT] == 0.0


def test_at_its_end_it_says_so(card: SimMicrophone) -> None:
    card.play((each, 0) for each in wave(126.0))
    ears = Ears(CONFIG, Board())
    ears.open()
    assert second(ears)[Quantity.SOUND_LEQ_DB] >= 120.0
    ears.close()


@pytest.mark.parametrize("rest", [0, -1])
def test_a_data_line_that_nobody_drives_is_no_silence(card: SimMicrophone, rest: int) -> None:
    card.play([(rest, 5)] * 96_000)
    ears = Ears(CONFIG, Board())
    ears.open()
    with pytest.raises(DisconnectedError, match="4800 equal samples: no microphone"):
        ears.listen()
    ears.close()


def test_a_card_that_is_not_there_is_an_oserror(card: SimMicrophone) -> None:
    card.unplug()
    ears = Ears(CONFIG, Board())
    with pytest.raises(OSError, match=f"no microphone on card '{CARD}'"):
        ears.open()
    with pytest.raises(OSError, match="not open"):
        ears.listen()


def test_listening_leaves_no_sound_behind(
    card: SimMicrophone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file appears, and none grows: what was heard is gone once it is a number."""
    card.play((each, 0) for each in wave(80.0))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    ears = Ears(CONFIG, Board())
    ears.open()
    heard = [ears.listen() for _ in range(4)]
    ears.close()
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    assert all(isinstance(value, float) for each in heard for value in each.values())
    assert max(len(each) for each in heard) == 5


class Capture:
    """A stream that loses samples: no file can make ALSA do that, so this stands for PortAudio."""

    def __init__(self) -> None:
        self.now, self.read_blocks = 1000.0, 0
        self.loses_at = set[int]()  # blocks, counted from 1

    def start(self) -> None: ...

    def close(self, ignore_errors: bool = True) -> None: ...

    def read(self, frames: int) -> tuple[bytes, bool]:
        self.read_blocks += 1
        loses = self.read_blocks in self.loses_at
        self.now += frames / 48_000 + 0.25 * loses
        samples = (round(2**24 * math.sin(math.pi * n / 48)) for n in range(2 * frames))
        return array("i", samples).tobytes(), loses


class CaptureBoard(Board):
    def __init__(self, stream: Capture) -> None:
        super().__init__(pace=Pace(lambda: stream.now, lambda _: None))
        self._stream = stream

    def microphone(self, *_: object, **__: object) -> sounddevice.RawInputStream:
        return self._stream


def test_lost_samples_are_told_with_their_second() -> None:
    capture = Capture()
    capture.loses_at = {24, 25}
    ears = Ears(CONFIG, CaptureBoard(capture))
    ears.open()
    lost = [second(ears)[Quantity.SOUND_LOST_PCT] for _ in range(3)]
    assert lost == pytest.approx([100 * 0.5 / 1.5, 0.0, 0.0], abs=0.01)


class Flaky:
    """Ears that fail a few times."""

    def __init__(self, fails: int) -> None:
        self.fails, self.opened, self.closed = fails, 0, 0

    def open(self) -> None:
        self.opened += 1
        if self.opened <= self.fails:
            raise OSError("no such card")

    def listen(self) -> Mapping[Quantity, float]:
        return {Quantity.SOUND_LAF_DBA: 50.0}

    def close(self) -> None:
        self.closed += 1


class Stop(threading.Event):
    """Counts what is waited for, and waits for nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.waited_s = 0.0

    def wait(self, timeout: float | None = None) -> bool:
        self.waited_s += timeout or 0.0
        return self.is_set()


def test_a_microphone_that_fails_is_opened_again_ever_more_seldom() -> None:
    stop, ears, posted = Stop(), Flaky(8), list[float]()

    def post(name: str, values: Mapping[Quantity, float], at: float, now: float) -> None:
        posted.append(values[Quantity.SOUND_LAF_DBA])
        stop.set()

    beats: list[float] = []
    listener = Listener("hall", ears, post, clock=lambda: 1.0)
    listener.run(stop, lambda: beats.append(stop.waited_s))
    assert posted == [50.0]
    assert (ears.opened, ears.closed) == (9, 9)
    assert stop.waited_s >= 1 + 2 + 4 + 8 + 16 + 32 + 2 * LONGEST_PAUSE_S
    longest_s = max(b - a for a, b in itertools.pairwise(beats))
    assert longest_s <= 5.0, "a pause is no hang"
