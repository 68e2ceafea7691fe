"""Chips that the kernel drives: found by label and place, in trees as the kernel shows them."""

import errno
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import catalog
from drivers.ads1115_input import Ads1115Adc
from drivers.board import Board
from drivers.sensor import DisconnectedError, NotReadyError, Quantity, SensorError
from drivers.sysfs import KernelDevice

Q = Quantity
HWMON, IIO = "class/hwmon/hwmon{}", "bus/iio/devices/iio:device{}"


class Kernel:
    """A tree like /sys: devices by bus and address, with links from their classes."""

    def __init__(self, root: Path) -> None:
        self.root, self._count = root, 7  # numbers mean nothing

    def shows(self, kind: str, place: str, files: dict[str, str]) -> Path:
        self._count += 1
        link = self.root / kind.format(self._count)
        below = "hwmon/" if kind is HWMON else ""
        bus = place.partition("-")[0]
        folder = self.root / f"devices/platform/soc/i2c-{bus}/{place}/{below}{link.name}"
        folder.mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(text + "\n")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(folder)
        return folder


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    return Kernel(tmp_path / "sys")


def built(kernel: Kernel, **table: Any) -> Any:
    config = catalog.decode({"name": "kernels", "sysfs": True} | table)
    return config.build(Board(sysfs=kernel.root, state=kernel.root.parent))


ROWS: list[tuple[dict[str, Any], Any, dict[Quantity, float]]] = [
    (
        {"driver": "sht4x"},
        (HWMON, "1-0044", {"name": "sht4x", "temp1_input": "21534", "humidity1_input": "45250"}),
        {Q.TEMPERATURE_C: 21.534, Q.RELATIVE_HUMIDITY_PCT: 45.25},
    ),
    (
        {"driver": "ina219"},
        (
            HWMON,
            "1-0040",
            {"name": "ina219", "in0_input": "60", "in1_input": "5104", "curr1_input": "-612"},
        ),
        {Q.SUPPLY_V: 5.104, Q.SUPPLY_A: -0.612},
    ),
    (
        {"driver": "ina219", "battery": True, "address": 0x41, "bus": 11},
        (HWMON, "11-0041", {"name": "ina219", "in1_input": "3712", "curr1_input": "0"}),
        {Q.BATTERY_V: 3.712},
    ),
    (
        {"driver": "bme680"},
        (
            IIO,
            "1-0077",
            {
                "name": "bme680",
                "in_temp_input": "23450",
                "in_pressure_input": "101.325",
                "in_humidityrelative_input": "41250",
                "in_resistance_input": "152340",
            },
        ),
        {
            Q.TEMPERATURE_C: 23.45,
            Q.PRESSURE_HPA: 1013.25,
            Q.RELATIVE_HUMIDITY_PCT: 41.25,
            Q.GAS_KOHM: 152.34,
        },
    ),
    (
        {"driver": "mlx90614"},
        (
            IIO,
            "1-005a",
            {
                "name": "mlx90614",
                "in_temp_ambient_raw": "14908",
                "in_temp_object_raw": "15510",
                "in_temp_offset": "-13657.500000",
                "in_temp_scale": "20",
            },
        ),
        {Q.TEMPERATURE_C: 25.01, Q.SURFACE_TEMPERATURE_C: 37.05},
    ),
    (
        {"driver": "scd41"},
        (
            IIO,
            "1-0062",
            {
                "name": "scd4x",
                "in_concentration_co2_raw": "642",
                "in_concentration_co2_scale": "0.000100000",
                "in_temp_raw": "26215",
                "in_temp_offset": "-16852.114285714",
                "in_temp_scale": "2.670288085",
                "in_humidityrelative_raw": "24248",
                "in_humidityrelative_scale": "1.525878906",
            },
        ),
        {Q.CO2_PPM: 642.0, Q.TEMPERATURE_C: 25.002, Q.RELATIVE_HUMIDITY_PCT: 37.0},
    ),
    (
        {"driver": "adxl345", "up": [0, 0, 1]},
        (
            IIO,
            "1-0053",
            {
                "name": "adxl345",
                "in_accel_x_raw": "0",
                "in_accel_y_raw": "128",
                "in_accel_z_raw": "222",
                "in_accel_scale": "0.038300",
            },
        ),
        {Q.TILT_DEG: 29.97, Q.VIBRATION_M_S2: 0.0},
    ),
    (
        {"driver": "ads1115", "channel": 2, "address": 0x49},
        (
            IIO,
            "1-0049",
            {"name": "ads1015", "in_voltage2_raw": "8800", "in_voltage2_scale": "0.125"},
        ),
        {Q.ANALOG_V: 1.1},
    ),
]


@pytest.mark.parametrize(("table", "shown", "reading"), ROWS, ids=lambda row: str(row)[:30])
def test_reads_what_the_kernel_shows(
    kernel: Kernel, table: dict[str, Any], shown: Any, reading: dict[Quantity, float]
) -> None:
    kernel.shows(*shown)
    driver = built(kernel, **table)
    driver.open()
    assert driver.read() == pytest.approx(reading, abs=0.011)


@pytest.mark.parametrize(("table", "shown", "reading"), ROWS, ids=lambda row: str(row)[:30])
def test_a_chip_at_another_place_or_of_another_label_is_not_it(
    kernel: Kernel, table: dict[str, Any], shown: Any, reading: dict[Quantity, float]
) -> None:
    kind, place, files = shown
    kernel.shows(kind, place[:-1] + "f", files)
    kernel.shows(kind, place, files | {"name": "another"})
    driver = built(kernel, **table)
    with pytest.raises(OSError, match="no driver of the kernel") as caught:
        driver.open()
    assert caught.value.errno == errno.ENODEV
    with pytest.raises((OSError, NotReadyError)):
        driver.read()


def test_its_number_may_change_when_it_is_replugged(kernel: Kernel) -> None:
    files = {"name": "sht4x", "temp1_input": "20000", "humidity1_input": "40000"}
    first = kernel.shows(HWMON, "1-0044", files)
    driver = built(kernel, driver="sht4x")
    driver.open()
    driver.read()
    for file in first.iterdir():
        file.unlink()
    first.rmdir()
    with pytest.raises(OSError, match="temp1"):
        driver.read()
    kernel.shows(HWMON, "1-0044", files | {"temp1_input": "30000"})
    driver.open()
    assert driver.read()[Q.TEMPERATURE_C] == 30.0


@pytest.mark.parametrize("text", ["", "n/a", "nan", "inf", "1 2"])
def test_what_is_no_number_is_no_reading(kernel: Kernel, text: str) -> None:
    files = {"name": "sht4x", "temp1_input": text, "humidity1_input": "40000"}
    kernel.shows(HWMON, "1-0044", files)
    driver = built(kernel, driver="sht4x")
    driver.open()
    with pytest.raises(SensorError, match="temp1_input"):
        driver.read()


@given(st.text(max_size=12))
def test_whatever_a_file_says_it_is_a_number_or_an_expected_failure(text: str) -> None:
    device = KernelDevice(Board(), "x", 1, 0x44)
    device._folder = Path("/nowhere")
    device._path = lambda _file: Said(text)  # type: ignore[method-assign, assignment, return-value]
    try:
        assert isinstance(device.value("in_temp"), float)
    except SensorError:
        return


class Said:
    def __init__(self, text: str) -> None:
        self._text = text

    def exists(self) -> bool:
        return True

    def read_text(self, _encoding: str, *, errors: str) -> str:
        return self._text


def test_a_chip_that_the_kernel_cannot_reach_is_an_oserror_with_its_place(kernel: Kernel) -> None:
    folder = kernel.shows(HWMON, "1-0044", {"name": "sht4x", "humidity1_input": "40000"})
    (folder / "temp1_input").mkdir()  # reading it is an error, as ENXIO and EIO would be
    driver = built(kernel, driver="sht4x")
    driver.open()
    with pytest.raises(OSError, match="sht4x at i2c-1:0x44: temp1"):
        driver.read()


def test_vibration_through_the_kernel_is_that_of_the_last_reads(kernel: Kernel) -> None:
    table, shown, _ = next(row for row in ROWS if row[0]["driver"] == "adxl345")
    folder = kernel.shows(*shown)
    driver = built(kernel, **table)
    driver.open()
    for n in range(20):
        (folder / "in_accel_x_raw").write_text("26" if n % 2 else "-26")
        driver.read()
    reading = driver.read()
    assert reading[Q.VIBRATION_M_S2] == pytest.approx(26 * 0.0383, rel=0.05)


def test_an_analogue_part_takes_its_voltage_from_the_kernel(kernel: Kernel) -> None:
    files = {"name": "ads1015", "in_voltage0_raw": "32767", "in_voltage0_scale": "0.125"}
    kernel.shows(IIO, "1-0048", files)
    source = Ads1115Adc(channel=0, sysfs=True).build(Board(sysfs=kernel.root))
    source.open()
    assert source.volts() == pytest.approx(source.rail_v, abs=1e-3)


def test_a_cut_wire_is_seen_through_the_kernel_as_well(kernel: Kernel) -> None:
    files = {"name": "ads1015", "in_voltage0_raw": "3", "in_voltage0_scale": "0.125"}
    kernel.shows(IIO, "1-0048", files)
    driver = built(kernel, driver="ads1115", channel=0)
    driver.open()
    with pytest.raises(DisconnectedError):
        driver.read()
