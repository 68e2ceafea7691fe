import errno
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from drivers import kept
from drivers.board import Board
from drivers.pace import Pace
from drivers.sensor import NotReadyError, Quantity, SensorError, WrongDeviceError
from drivers.voc_learning import VocState, boot_id
from tests.drivers.i2c_rig import Answers, Rig, rig

VOC = Quantity.VOC_INDEX
LEARNT = 3 * 3600


@dataclass
class Clock:
    now: float = 50_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Sgp40:
    """A rig whose waits pass on a clock of its own, one second a read."""

    rig: Rig
    clock: Clock
    board: Board

    def opened(self) -> Any:
        driver = self.rig.built(self.board)
        driver.open()
        return driver

    def learns(self, driver: Any, reads: int) -> None:
        for _ in range(reads):
            self.clock.now += 1
            with pytest.raises(NotReadyError, match="learns"):
                driver.read()

    def reads(self, driver: Any, count: int) -> float:
        value = -1.0
        for _ in range(count):
            self.clock.now += 1
            value = driver.read()[VOC]
        return value

    @property
    def state(self) -> Path:
        return kept.path(self.board.state, "under_test")

    def keep(self, **other: Any) -> None:
        about = {"mean": 11_000 << 16, "deviation": 30 << 16, "at_s": self.clock.now}
        kept.store(self.state, VocState(**(about | {"boot_id": boot_id()} | other)))


@pytest.fixture
def sgp40(tmp_path: Path) -> Iterator[Sgp40]:
    with rig(tmp_path, "sgp40") as made:
        clock = Clock()
        made.board = Board(state=tmp_path, pace=Pace(clock, lambda _: None))
        yield Sgp40(made, clock, made.board)


def test_while_it_learns_there_is_no_index(sgp40: Sgp40) -> None:
    driver = sgp40.opened()
    sgp40.learns(driver, 2699)
    assert driver.read()[VOC] == pytest.approx(100.0, abs=2.0)


def test_what_it_learnt_is_kept_when_closed_and_taken_up_at_once(sgp40: Sgp40) -> None:
    driver = sgp40.opened()
    sgp40.learns(driver, 2699)
    sgp40.reads(driver, LEARNT - 2699)
    driver.close()
    sgp40.clock.now += 500.0
    assert sgp40.opened().read()[VOC] == pytest.approx(100.0, abs=1.0)


def test_a_killed_agent_finds_what_was_kept_half_an_hour_ago(sgp40: Sgp40) -> None:
    driver = sgp40.opened()
    sgp40.learns(driver, 2699)
    sgp40.reads(driver, LEARNT + 1700 - 2699)
    at_s = kept.load(sgp40.state, VocState, what="", remedy="").at_s
    assert at_s == pytest.approx(sgp40.clock.now - 1700)
    assert sgp40.opened().read()[VOC] == pytest.approx(100.0, abs=1.0)


def test_gas_is_seen_at_once_after_a_restart(sgp40: Sgp40) -> None:
    sgp40.keep()
    driver = sgp40.opened()
    sgp40.rig.chip.ticks = 29_000
    assert sgp40.reads(driver, 60) > 400


@pytest.mark.parametrize(
    "other",
    [{"at_s": 47_000.0}, {"at_s": 50_001.0}, {"boot_id": "another run of the kernel"}],
    ids=["too old", "from the future", "of another boot"],
)
def test_a_state_that_may_be_too_old_is_not_taken_up(sgp40: Sgp40, other: dict[str, Any]) -> None:
    sgp40.keep(**other)
    sgp40.learns(sgp40.opened(), 10)


@pytest.mark.parametrize("text", [b"", b"{}", b"\xff", b'{"mean": "much"}'])
def test_a_garbled_state_is_learnt_anew(sgp40: Sgp40, text: bytes) -> None:
    sgp40.state.parent.mkdir()
    sgp40.state.write_bytes(text)
    sgp40.learns(sgp40.opened(), 3)


def test_a_full_disk_costs_only_the_learning(sgp40: Sgp40) -> None:
    sgp40.keep()
    driver = sgp40.opened()
    sgp40.state.unlink()
    sgp40.state.mkdir()  # what cannot be replaced by a file
    sgp40.reads(driver, 3)
    driver.close()


def test_after_ten_minutes_without_it_clean_air_is_learnt_anew(sgp40: Sgp40) -> None:
    sgp40.keep()
    driver = sgp40.opened()
    sgp40.reads(driver, 3)
    sgp40.rig.chip.fault = "absent"
    for _ in range(601):
        with pytest.raises(OSError, match="i2c-1:0x59") as caught:
            driver.open()
        assert caught.value.errno == errno.EREMOTEIO
    sgp40.state.unlink()
    sgp40.rig.chip.fault = "none"
    driver.open()
    sgp40.learns(driver, 3)


def test_a_short_pause_costs_nothing(sgp40: Sgp40) -> None:
    sgp40.keep()
    driver = sgp40.opened()
    sgp40.reads(driver, 3)
    sgp40.rig.chip.fault = "absent"
    for _ in range(60):
        with pytest.raises(OSError, match="i2c-1:0x59"):
            driver.open()
    sgp40.rig.chip.fault = "none"
    driver.open()
    assert sgp40.reads(driver, 1) == pytest.approx(100.0, abs=1.0)


def test_a_signal_at_its_end_counts_as_gas_and_a_broken_one_as_nothing(sgp40: Sgp40) -> None:
    sgp40.keep()
    driver = sgp40.opened()
    sgp40.rig.chip.ticks = 0
    assert sgp40.reads(driver, 120) > 450
    sgp40.rig.chip.ticks = 65_535
    with pytest.raises(SensorError, match="broken"):
        driver.read()


def test_without_an_sht4x_it_takes_the_data_sheets_air_for_granted(sgp40: Sgp40) -> None:
    sgp40.keep()
    sgp40.opened().read()
    assert sgp40.rig.chip.told == (0x8000, 0x6666)


def test_an_sht4x_beside_it_compensates_humidity_and_its_failure_is_one(tmp_path: Path) -> None:
    with rig(tmp_path, "sgp40", sht4x=0x44) as made:
        driver, beside = made.opened(), made.chip.beside
        beside.celsius, beside.humidity_pct = 30.0, 80.0
        with pytest.raises(NotReadyError, match="learns"):
            driver.read()
        assert made.chip.told == (round(0.8 * 0xFFFF), round(75 / 175 * 0xFFFF))
        beside.fault = "absent"
        with pytest.raises(OSError, match="i2c-1:0x44"):
            driver.read()


def test_another_chip_at_its_address_is_the_wrong_device(sgp40: Sgp40) -> None:
    sgp40.rig.wiring.buses[1].chips[0x59] = Answers(b"\x55" * 3)
    with pytest.raises(WrongDeviceError):
        sgp40.opened()
