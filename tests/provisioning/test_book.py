"""The book of parts has every driver, in both languages, and says nothing of what there is not."""

import pytest

from agent.sections import AnnunciatorConfig
from drivers import catalog
from drivers.board import SensorConfig
from provisioning.book import Book, Part, book
from provisioning.wiring_words import PLACES

SYMBOLIC = {"3V3", "5V", "GND", "pin", "sda", "scl", "adc", "w1", "txd", "rxd", "chip_select"}
ENTRIES = book()


def kind(driver: str) -> type[SensorConfig]:
    (found,) = catalog.config_types([driver])
    return found


def every_part(entries: Book) -> dict[str, Part]:
    return {**entries.parts, **entries.outputs, **entries.shared}


@pytest.mark.parametrize("driver", catalog.DRIVERS)
def test_every_driver_has_an_entry_with_its_wires(driver: str) -> None:
    part = ENTRIES.parts[driver]
    assert part.wires
    assert part.why is not None
    for wire in part.wires:
        if wire.to == "pin":
            assert wire.key in kind(driver).__struct_fields__
        for key in (wire.level_v, wire.share):
            assert not isinstance(key, str) or key in kind(driver).__struct_fields__


def test_every_entry_is_of_a_driver_or_of_an_output_that_there_is() -> None:
    assert set(ENTRIES.parts) == set(catalog.DRIVERS)
    outputs = {key.partition(".")[0] for key in ENTRIES.outputs}
    assert outputs <= set(AnnunciatorConfig.__struct_fields__)


@pytest.mark.parametrize("key", every_part(ENTRIES))
def test_a_wire_goes_to_a_place_that_there_is(key: str) -> None:
    for wire in every_part(ENTRIES)[key].wires:
        is_pin = wire.to.startswith("gpio") and 2 <= int(wire.to.removeprefix("gpio")) <= 27
        assert is_pin or wire.to in SYMBOLIC | PLACES.keys()
        assert wire.colour is None or wire.colour in ENTRIES.colours


@pytest.mark.parametrize("key", every_part(ENTRIES))
def test_whatever_lies_between_is_named_and_used(key: str) -> None:
    part = every_part(ENTRIES)[key]
    for piece in (*part.pieces, *(name for wire in part.wires for name in wire.pieces)):
        assert piece in ENTRIES.pieces


def test_no_piece_is_there_that_nothing_needs() -> None:
    parts = every_part(ENTRIES).values()
    used = {name for each in parts for name in each.pieces}
    wires = [wire for each in parts for wire in (*each.wires, each.test) if wire is not None]
    used |= {name for wire in wires for name in wire.pieces}
    assert set(ENTRIES.pieces) - used <= {"usb_serial"}  # in place of the header's port


@pytest.mark.parametrize("driver", catalog.DRIVERS)
def test_a_part_that_gives_more_than_3_3_v_has_something_in_between(driver: str) -> None:
    for wire in ENTRIES.parts[driver].wires:
        if isinstance(wire.level_v, int | float) and wire.level_v > 3.3:
            assert wire.pieces
            assert wire.share != 1.0


def test_a_board_that_a_pin_switches_from_5_v_is_said_to_take_3_3_v() -> None:
    switched = [
        each
        for each in ENTRIES.outputs.values()
        if {wire.to for wire in each.wires} >= {"pin", "5V"}
    ]
    assert switched
    for each in switched:
        assert any("3.3 V" in ENTRIES.pieces[name].name.en for name in each.pieces), each.name.en


def test_every_name_is_in_both_languages() -> None:
    parts = every_part(ENTRIES).values()
    names = [each.name for each in parts] + [each.name for each in ENTRIES.pieces.values()]
    for name in (*names, *(each.why for each in parts if each.why), *ENTRIES.roles.values()):
        assert any("가" <= each <= "힣" for each in name.ko) or "Pi" in name.ko, name
        assert name.en, name
        assert not any("가" <= each <= "힣" for each in name.en), name
