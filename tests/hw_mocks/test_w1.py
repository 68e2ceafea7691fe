from pathlib import Path

import pytest

from hw_mocks.chips.ds18b20 import Ds18b20Sim
from hw_mocks.w1 import SimW1, crc8

ID = "28-00000a1b2c3d"


@pytest.mark.parametrize(
    ("data", "crc"),
    [
        ("02 1c b8 01 00 00 00", 0xA2),  # Maxim application note 27
        ("50 05 4b 46 7f ff 0c 10", 0x1C),  # a DS18B20 at power-on
        ("00 00 00 00 00 00 00 00", 0x00),
    ],
)
def test_the_checksum_is_that_of_1_wire(data: str, crc: int) -> None:
    assert crc8(bytes.fromhex(data)) == crc


def test_w1_slave_reads_as_the_kernel_writes_it(tmp_path: Path) -> None:
    Ds18b20Sim(SimW1(tmp_path), ID, 23.125)  # a real one's answer at that temperature
    assert (tmp_path / ID / "w1_slave").read_text() == (
        "72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 4b 46 7f ff 0e 10 57 t=23125\n"
    )
    assert (tmp_path / ID / "name").read_text() == f"{ID}\n"
    assert (tmp_path / ID / "resolution").read_text() == "12\n"


def test_an_older_kernel_prints_spoilt_bytes_and_no(tmp_path: Path) -> None:
    chip = Ds18b20Sim(SimW1(tmp_path, judges=False), ID)
    chip.fault = "corrupted"
    assert " NO\n" in (tmp_path / ID / "w1_slave").read_text()


def test_a_newer_kernel_shows_nothing_and_the_error_in_resolution(tmp_path: Path) -> None:
    chip = Ds18b20Sim(SimW1(tmp_path), ID)
    chip.fault = "corrupted"
    assert (tmp_path / ID / "w1_slave").read_text() == ""
    assert (tmp_path / ID / "resolution").read_text() == "-5\n"


def test_a_chip_that_went_leaves_no_folder_and_its_neighbour_stays(tmp_path: Path) -> None:
    bus = SimW1(tmp_path)
    chip, neighbour = Ds18b20Sim(bus, ID), "28-0000000000ff"
    Ds18b20Sim(bus, neighbour)
    chip.fault = "absent"
    assert [folder.name for folder in tmp_path.iterdir()] == [neighbour]


def test_after_a_fault_the_files_are_as_before(tmp_path: Path) -> None:
    chip = Ds18b20Sim(SimW1(tmp_path), ID)
    before = (tmp_path / ID / "w1_slave").read_text()
    for fault in ("absent", "wrong_chip", "corrupted", "saturated", "none"):
        chip.fault = fault
    assert (tmp_path / ID / "w1_slave").read_text() == before
    assert [folder.name for folder in tmp_path.iterdir()] == [ID]
