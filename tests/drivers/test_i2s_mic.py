"""The level of an I2S microphone, through real PortAudio and ALSA over a file of samples."""

import math
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent import config
from drivers import calibration, kept
from drivers.board import Board
from drivers.calibration import Calibration
from drivers.i2s_mic import I2sMic, I2sMicConfig
from drivers.pace import Pace
from drivers.sensor import DisconnectedError, NotReadyError, Quantity, SensorError
from drivers.trace import Trace
from hw_mocks.chips.i2s_mic import I2sMicSim, plug
from hw_mocks.wiring import Wiring

try:
    import sounddevice
except OSError as error:  # its word for a missing libportaudio2
    pytest.skip(str(error), allow_module_level=True)

CONFIG = I2sMicConfig(name="hall", card="sndrpigooglevoi", part="inmp441")
OVERLOAD_DB = I2sMicConfig.spans[Quantity.SOUND_LEQ_DB].saturates
TOP = """
profile = "ears"
title = {ko = "시험", en = "Test"}
"""
EAR = 'driver = "i2s_mic", part = "inmp441", card = "sndrpigooglevoi"'


@pytest.fixture
def wiring(tmp_path: Path) -> Iterator[Wiring]:
    wiring = Wiring(tmp_path / "w1")
    yield wiring
    wiring.close()


@pytest.fixture
def part(wiring: Wiring) -> I2sMicSim:
    return plug(wiring, CONFIG)


@pytest.fixture
def sensor(wiring: Wiring, part: I2sMicSim) -> Iterator[I2sMic]:
    sensor = CONFIG.build(wiring.board(wiring.devices.parent))
    yield sensor
    sensor.close()


def heard_db(sensor: I2sMic) -> float:
    return sensor.read()[Quantity.SOUND_LEQ_DB]


def calibrated(wiring: Wiring, offset_db: float) -> None:
    record = Calibration(
        taken_at="2025-01-02T03:04:05Z", reference="94 dB", offset_db=offset_db, floor_db=33.0
    )
    kept.store(calibration.path(wiring.devices.parent, "hall"), record)


@settings(
    deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(level=st.floats(30, 119.9), tens=st.integers(6, 1_500))
def test_the_level_of_a_tone_is_found_whatever_its_pitch(
    sensor: I2sMic, part: I2sMicSim, level: float, tens: int
) -> None:
    part.level_db, part.tone_hz = level, 10.0 * tens
    sensor.open()
    assert heard_db(sensor) == pytest.approx(level, abs=0.01)


def test_a_calibration_shifts_the_level_by_its_offset(
    wiring: Wiring, sensor: I2sMic, part: I2sMicSim
) -> None:
    calibrated(wiring, -2.5)
    part.level_db = 70.0
    sensor.open()
    assert heard_db(sensor) == pytest.approx(67.5, abs=0.01)


def test_a_garbled_calibration_is_no_reason_to_guess(wiring: Wiring, sensor: I2sMic) -> None:
    where = calibration.path(wiring.devices.parent, "hall")
    where.parent.mkdir(parents=True)
    where.write_text("{")
    with pytest.raises(NotReadyError, match="calibration garbled"):
        sensor.open()


@pytest.mark.parametrize("offset_db", [-10.0, 0.0, 10.0])
def test_beyond_its_end_it_says_its_end_whatever_its_calibration(
    wiring: Wiring, sensor: I2sMic, part: I2sMicSim, offset_db: float
) -> None:
    calibrated(wiring, offset_db)
    part.level_db = 126.0
    sensor.open()
    assert OVERLOAD_DB is not None
    assert heard_db(sensor) >= OVERLOAD_DB


def test_a_data_line_at_rest_is_no_silence(sensor: I2sMic, part: I2sMicSim) -> None:
    part.card.play([(0, 0)] * 48_000)
    sensor.open()
    with pytest.raises(DisconnectedError, match="24000 equal samples: no microphone"):
        sensor.read()


def test_a_select_pin_on_the_other_side_is_no_silence(wiring: Wiring, part: I2sMicSim) -> None:
    other = I2sMicConfig(name="hall", card=CONFIG.card, part="sph0645", side="right")
    sensor = other.build(wiring.board(wiring.devices.parent))
    sensor.open()
    with pytest.raises(DisconnectedError):
        sensor.read()
    sensor.close()


def test_a_card_that_is_not_there_is_an_oserror_until_it_comes(
    sensor: I2sMic, part: I2sMicSim
) -> None:
    part.card.unplug()
    with pytest.raises(OSError, match="no microphone on card 'sndrpigooglevoi'"):
        sensor.open()
    with pytest.raises(OSError, match="not open"):
        sensor.read()
    part.card.plug()
    sensor.open()
    assert heard_db(sensor) == pytest.approx(45.0, abs=0.01)


def test_the_trace_tells_a_count_and_a_level_and_no_sample(wiring: Wiring, part: I2sMicSim) -> None:
    board = wiring.board(wiring.devices.parent)
    board.trace = Trace()
    sensor = CONFIG.build(board)
    sensor.open()
    sensor.read()
    sensor.close()
    assert str(board.trace) == "alsa:sndrpigooglevoi: 24000 samples, 45.0 dB"
    assert CONFIG.is_private


@pytest.mark.parametrize(
    ("siren", "others"), [(18, ""), (25, f', {{{EAR}, name = "right", side = "right"}}')]
)
def test_the_header_has_one_i2s_and_it_needs_the_siren_elsewhere(
    siren: int, others: str, tmp_path: Path
) -> None:
    path = tmp_path / "device.toml"
    table = f'sensors = [{{{EAR}, name = "left"}}{others}]'
    path.write_text(f"{TOP}\nannunciator = {{siren = {{gpio = {siren}}}}}\n{table}\n")
    with pytest.raises(config.ConfigError, match=r"gpio(16|18) is used by"):
        config.load(path)


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
        wave = (round(2**24 * math.sin(math.pi * n / 48)) for n in range(2 * frames))
        return array("i", wave).tobytes(), loses


class CaptureBoard(Board):
    def __init__(self, stream: Capture, state: Path) -> None:
        super().__init__(pace=Pace(lambda: stream.now, lambda _: None), state=state)
        self._stream = stream

    def microphone(self, *_: object, **__: object) -> sounddevice.RawInputStream:
        return self._stream


@pytest.fixture
def capture() -> Capture:
    return Capture()


@pytest.fixture
def live(capture: Capture, tmp_path: Path) -> I2sMic:
    sensor = CONFIG.build(CaptureBoard(capture, tmp_path))
    sensor.open()
    return sensor


def test_lost_samples_leave_no_level_and_the_next_half_second_has_one(
    capture: Capture, live: I2sMic
) -> None:
    capture.loses_at = {6}
    with pytest.raises(SensorError, match="12000 samples lost"):
        live.read()
    assert heard_db(live) > 0


def test_what_was_lost_while_nobody_listened_is_no_loss(capture: Capture, live: I2sMic) -> None:
    live.read()
    capture.now += 5.0
    capture.loses_at = {capture.read_blocks + 1}
    assert heard_db(live) > 0
    assert capture.read_blocks == 16, "what waited since is stale"


def test_reads_without_a_pause_take_half_a_second_each(capture: Capture, live: I2sMic) -> None:
    live.read()
    before = capture.now
    live.read()
    assert capture.now - before == pytest.approx(0.5)
