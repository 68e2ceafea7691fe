"""The boards' device trees, with the header's wires that the sensors need.

Debian's describe what is soldered to a board. Raspberry Pi's overlays would add the rest, but they
are made for Raspberry Pi's kernel, and Debian's trees lack the symbols that overlays refer to.
"""

from collections.abc import Mapping
from pathlib import Path

from image.suites import BOARDS
from image.tools import BuildError, run

_GPIO, _SPI = "/soc/gpio@7e200000", "/soc/spi@7e204000"
_SPI_PINS = ("spi0_gpio7", "spi0-gpio7")  # GPIO 7 to 11; the name depends on the kernel
_ANY_CHIP = "rohm,dh2228fv"  # what spidev takes for a chip that a program drives by itself
_SPI_HZ = 10_000_000
_ONE_WIRE_GPIO = 4
_FREE_PHANDLE = 0xFFF0


def device_trees(unpacked: Path, work: Path) -> dict[str, bytes]:
    """The trees of the boards that this kernel knows, by file name; copies lie in `work`."""
    found = sorted(unpacked.glob("usr/lib/linux-image-*/broadcom/*.dtb"))
    trees = {}
    for path in found:
        if path.name.startswith(BOARDS):
            tree = work / path.name
            tree.write_bytes(path.read_bytes())
            if not path.name.startswith("bcm2712"):  # its header hangs on another chip
                add_wires(tree)
            trees[path.name] = tree.read_bytes()
    return trees


def add_wires(tree: Path) -> None:
    """SPI 0 with both its chip selects, and a 1-Wire bus on GPIO 4.

    The bus takes its pin when its module is loaded (systemd/image/one-wire), not before.

    Raises:
        BuildError: The tree is none of a Raspberry Pi 3 or 4.
    """
    pins = next((each for each in _SPI_PINS if each in run("fdtget", "-l", tree, _GPIO)), None)
    if pins is None:
        raise BuildError(f"{tree.name}: no pins for SPI 0")
    _put(tree, f"{_GPIO}/{pins}", {"phandle": _FREE_PHANDLE})
    taken = {"pinctrl-names": "default", "pinctrl-0": _FREE_PHANDLE, "status": "okay"}
    _put(tree, _SPI, taken)
    for chip in (1, 0):  # a new node goes to the front
        node = f"{_SPI}/spidev@{chip}"
        run("fdtput", "-c", tree, node)
        _put(tree, node, {"compatible": _ANY_CHIP, "reg": chip, "spi-max-frequency": _SPI_HZ})
    gpio = int(run("fdtget", "-t", "u", tree, _GPIO, "phandle"))
    run("fdtput", "-c", tree, "/onewire")
    _put(tree, "/onewire", {"compatible": "w1-gpio", "gpios": (gpio, _ONE_WIRE_GPIO, 0)})


def _put(tree: Path, node: str, properties: Mapping[str, object]) -> None:
    """Set properties: a text, a number, or several of them."""
    for name, value in properties.items():
        kind = "s" if isinstance(value, str) else "u"
        words = value if isinstance(value, tuple) else (value,)
        run("fdtput", "-t", kind, tree, node, name, *map(str, words))
