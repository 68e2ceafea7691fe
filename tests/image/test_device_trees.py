"""The wires that are added to a board's device tree."""

import shutil
import subprocess
from pathlib import Path

import pytest
from image import device_trees, tools

pytestmark = pytest.mark.skipif(
    shutil.which("dtc") is None, reason="not installed: device-tree-compiler"
)
# as much of a Pi's tree as the header needs
BOARD = """\
/dts-v1/;
/ {
    soc {
        #address-cells = <1>; #size-cells = <1>;
        gpio: gpio@7e200000 {
            reg = <0x7e200000 0xb4>;
            #gpio-cells = <2>;
            %s { brcm,pins = <7 8 9 10 11>; };
        };
        spi@7e204000 {
            reg = <0x7e204000 0x200>;
            #address-cells = <1>; #size-cells = <0>;
            status = "disabled";
        };
        led { gpios = <&gpio 47 0>; };
    };
};
"""


def compiled(folder: Path, name: str, text: str) -> Path:
    target = folder / name
    subprocess.run(("dtc", "-q", "-o", str(target), "-"), input=text, text=True, check=True)
    return target


def value(tree: Path, node: str, name: str, kind: str = "u") -> str:
    command = ("fdtget", "-t", kind, str(tree), node, name)
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("pins", ["spi0_gpio7", "spi0-gpio7"])
def test_a_board_gets_spi_and_one_wire(tmp_path: Path, pins: str) -> None:
    tree = compiled(tmp_path, "bcm2837-rpi-3-b.dtb", BOARD % pins)
    device_trees.add_wires(tree)
    assert value(tree, "/soc/spi@7e204000", "status", "s") == "okay"
    for chip in ("0", "1"):
        assert value(tree, f"/soc/spi@7e204000/spidev@{chip}", "reg") == chip
    # the pins that SPI asks for are those of GPIO 7 to 11, and the bus is on the same controller
    asked = value(tree, "/soc/spi@7e204000", "pinctrl-0")
    assert value(tree, f"/soc/gpio@7e200000/{pins}", "phandle") == asked
    gpio = value(tree, "/soc/gpio@7e200000", "phandle")
    assert value(tree, "/onewire", "gpios") == f"{gpio} 4 0"
    assert asked != gpio


def test_a_board_without_those_pins_is_refused(tmp_path: Path) -> None:
    tree = compiled(tmp_path, "other.dtb", BOARD % "uart0")
    with pytest.raises(tools.BuildError, match=r"other\.dtb: no pins for SPI 0"):
        device_trees.add_wires(tree)


def test_every_board_of_the_kernel_is_there_and_none_else(tmp_path: Path) -> None:
    broadcom = tmp_path / "usr/lib/linux-image-1/broadcom"
    broadcom.mkdir(parents=True)
    for name in ("bcm2837-rpi-3-b.dtb", "bcm2711-rpi-4-b.dtb", "bcm4908-router.dtb"):
        compiled(broadcom, name, BOARD % "spi0_gpio7")
    work = tmp_path / "work"
    work.mkdir()
    trees = device_trees.device_trees(tmp_path, work)
    assert sorted(trees) == ["bcm2711-rpi-4-b.dtb", "bcm2837-rpi-3-b.dtb"]
    again = tmp_path / "again"
    again.mkdir()
    assert device_trees.device_trees(tmp_path, again) == trees
