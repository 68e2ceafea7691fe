"""The agent's side of a microphone, on the real socket with a simulated perception process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import config
from drivers import calibration, kept
from drivers.calibration import Calibration
from drivers.i2s_mic import I2sMic, I2sMicConfig
from drivers.sensor import NotReadyError, Quantity
from hw_mocks.chips.i2s_mic import I2sMicSim, plug
from hw_mocks.wiring import Wiring

CONFIG = I2sMicConfig(name="hall", card="sndrpigooglevoi", part="inmp441")
LEVELS = (Quantity.SOUND_LAF_DBA, Quantity.SOUND_LAEQ_DBA, Quantity.SOUND_LEQ_DB)
OVERLOAD_DB = 120.0
TOP = """
profile = "ears"
title = {ko = "시험", en = "Test"}
"""
EAR = 'driver = "i2s_mic", part = "inmp441", card = "sndrpigooglevoi"'


class Rig:
    """A microphone whose time is turned by hand."""

    def __init__(self, folder: Path) -> None:
        self.now, self.folder = 5000.0, folder
        self.wiring = Wiring(folder / "w1", lambda: self.now)
        self.board = self.wiring.board(folder)
        self.part: I2sMicSim = plug(self.wiring, CONFIG)
        self.sensor: I2sMic = CONFIG.build(self.board)

    def calibrate(self, offset_db: float) -> None:
        found = Calibration(
            taken_at="2025-01-02T03:04:05Z", reference="94 dB", offset_db=offset_db, floor_db=33.0
        )
        kept.store(calibration.path(self.folder, "hall"), found)

    def read(self, after_s: float = 0.5) -> dict[Quantity, float]:
        self.now += after_s
        return self.sensor.read()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.board.close()
    made.wiring.close()


def test_a_calibration_shifts_each_level_by_its_offset(rig: Rig) -> None:
    rig.calibrate(-2.5)
    rig.part.level_db = 70.0
    rig.sensor.open()
    found = rig.read()
    assert [found[each] for each in LEVELS] == pytest.approx([67.5] * 3)
    assert found[Quantity.SOUND_LOST_PCT] == 0.0


def test_a_garbled_calibration_is_no_reason_to_guess(rig: Rig) -> None:
    where = calibration.path(rig.folder, "hall")
    where.parent.mkdir(parents=True)
    where.write_text("{")
    with pytest.raises(NotReadyError, match="calibration garbled"):
        rig.sensor.open()


@pytest.mark.parametrize("offset_db", [-10.0, 0.0, 10.0])
def test_beyond_its_end_it_says_its_end_whatever_its_calibration(
    rig: Rig, offset_db: float
) -> None:
    rig.calibrate(offset_db)
    rig.part.level_db = 123.0
    rig.sensor.open()
    assert rig.read()[Quantity.SOUND_LEQ_DB] >= OVERLOAD_DB


def test_a_level_is_given_once_however_often_it_is_read(rig: Rig) -> None:
    rig.sensor.open()
    given = [len(rig.read(0.1)) for _ in range(20)]
    assert sum(bool(each) for each in given) == 4, "perception speaks twice a second"


def test_the_highest_level_between_two_reads_is_not_missed(rig: Rig) -> None:
    rig.sensor.open()
    rig.read()
    rig.part.level_db = 81.0
    rig.board.perception().drain()
    rig.now += 0.5
    rig.board.perception().drain()
    rig.part.level_db = 40.0
    assert rig.read()[Quantity.SOUND_LAF_DBA] == 81.0


def test_its_own_noise_is_that_of_its_sheet() -> None:
    noise = {
        part: I2sMicConfig(name="a", card="b", part=part).self_noise_dba()
        for part in ("inmp441", "sph0645")
    }
    assert noise == {"inmp441": 33.0, "sph0645": 29.0}


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
