"""A microphone through real PortAudio and ALSA, over a file of samples."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.board import Board
from drivers.mic_level import INMP441_DBFS, level_db
from drivers.microphone import Microphone
from drivers.pace import Pace
from drivers.sensor import SensorError
from drivers.sound_card import device_of
from hw_mocks.microphone import SimMicrophone

CARD = "sndrpigooglevoi"
FULL = 2**31 - 1

try:
    import sounddevice
except OSError as error:  # its word for a missing libportaudio2
    pytest.skip(str(error), allow_module_level=True)


@pytest.fixture
def card(tmp_path: Path) -> Iterator[SimMicrophone]:
    with SimMicrophone(tmp_path, CARD) as made:
        yield made


def opened(frames: int = 480, channel: int = 0) -> Microphone:
    microphone = Microphone(Board(), CARD, block_frames=frames, channel=channel)
    microphone.open()
    return microphone


def test_reads_what_the_card_hears_sample_by_sample(card: SimMicrophone) -> None:
    left = [round(FULL * math.sin(2 * math.pi * n / 48)) for n in range(4_800)]
    card.play((each, -n) for n, each in enumerate(left))
    microphone = opened()
    heard = [sample for _ in range(10) for sample in microphone.read().samples]
    assert heard == left
    assert (microphone.delivered, microphone.lost, microphone.lost_ratio) == (4_800, 0, 0.0)
    microphone.close()


def test_the_calibrator_s_94_db_are_read_as_such(card: SimMicrophone) -> None:
    peak = FULL * math.pow(10, INMP441_DBFS / 20)
    wave = [round(peak * math.sin(2 * math.pi * n / 48)) for n in range(4_800)]
    card.play((each + 5_000_000, 0) for each in wave)  # an SPH0645 rests far from 0
    microphone = opened(4_800)
    assert level_db(microphone.read().samples, INMP441_DBFS) == pytest.approx(94.0, abs=0.01)
    microphone.close()


def test_a_data_line_that_nobody_drives_is_no_silence(card: SimMicrophone) -> None:
    card.play([(-1, -1)] * 4_800)
    microphone = opened(4_800)
    with pytest.raises(SensorError, match="4800 equal samples: no microphone"):
        level_db(microphone.read().samples, INMP441_DBFS)
    microphone.close()


def test_the_other_channel_is_read_as_well(card: SimMicrophone) -> None:
    card.play([(n, 1_000_000 + n) for n in range(480)])
    microphone = opened(channel=1)
    assert list(microphone.read().samples[:3]) == [1_000_000, 1_000_001, 1_000_002]
    microphone.close()


def test_a_card_that_is_not_there_is_an_oserror_that_says_what_is(card: SimMicrophone) -> None:
    card.unplug()
    with pytest.raises(OSError, match=f"no microphone on card '{CARD}'; there are: "):
        opened()


def test_a_card_that_comes_later_is_found(card: SimMicrophone) -> None:
    card.unplug()
    microphone = Microphone(Board(), CARD)
    with pytest.raises(OSError, match="no microphone"):
        microphone.open()
    card.plug()
    microphone.open()
    assert len(microphone.read().samples) == 4_800
    microphone.close()
    microphone.close()


def test_what_the_card_cannot_do_is_an_oserror(card: SimMicrophone) -> None:
    microphone = Microphone(Board(), CARD, channels=1_000)
    with pytest.raises(OSError, match=f"{CARD}: .*Invalid number of channels"):
        microphone.open()


def test_a_closed_microphone_is_an_oserror() -> None:
    with pytest.raises(OSError, match="not open"):
        Microphone(Board(), CARD).read()


class Overrun:
    """A stream that loses samples: no file can make ALSA do that, so this stands for PortAudio."""

    def __init__(self, time: list[float]) -> None:
        self._time, self.late_s = time, 0.0

    def start(self) -> None: ...

    def close(self, ignore_errors: bool = True) -> None: ...

    def read(self, frames: int) -> tuple[bytes, bool]:
        late_s, self.late_s = self.late_s, 0.0
        self._time[0] += frames / 48_000 + late_s
        return bytes(8 * frames), late_s > 0


class OverrunBoard(Board):
    def __init__(self, stream: Overrun, time: list[float]) -> None:
        super().__init__(pace=Pace(lambda: time[0], lambda _: None))
        self._capture = stream

    def microphone(self, *_: object, **__: object) -> sounddevice.RawInputStream:
        return self._capture


def test_lost_samples_are_counted_by_the_time_that_they_took() -> None:
    time = [1000.0]
    stream = Overrun(time)
    microphone = Microphone(OverrunBoard(stream, time), CARD)
    microphone.open()
    lost = []
    for late_s in (0.0, 0.5, 0.0, 1e-6):
        stream.late_s = late_s
        lost.append(microphone.read().lost)
    assert lost == [0, 24_000, 0, 1]  # an overrun that took no time still lost something
    assert (microphone.delivered, microphone.lost) == (19_200, 24_001)
    assert microphone.lost_ratio == pytest.approx(24_001 / 43_201)
    microphone.close()


DEVICES = (
    {"index": 0, "name": "bcm2835 Headphones: - (hw:0,0)", "max_input_channels": 0},
    {"index": 1, "name": "simple-card: snd_rpi (hw:1,0)", "max_input_channels": 2},
    {"index": 2, "name": "USB Audio: - (hw:10,0)", "max_input_channels": 1},
    {"index": 3, "name": "dsnooped", "max_input_channels": 2},
)


@pytest.mark.parametrize(("card", "index"), [("Mems", 1), ("Device", 2), ("dsnooped", 3)])
def test_a_card_is_found_by_its_name_whatever_its_number(
    tmp_path: Path, card: str, index: int
) -> None:
    for name, number in (("Headphones", 0), ("Mems", 1), ("Device", 10)):
        (tmp_path / name).symlink_to(f"card{number}")
    assert device_of(card, DEVICES, tmp_path) == index


@pytest.mark.parametrize("card", ["Headphones", "Gone"])
def test_a_card_that_only_plays_or_is_gone_is_an_oserror(tmp_path: Path, card: str) -> None:
    (tmp_path / "Headphones").symlink_to("card0")
    with pytest.raises(FileNotFoundError, match=f"no microphone on card '{card}'; there are: sim"):
        device_of(card, DEVICES, tmp_path)
