"""A device pays only for the parts that its configuration names."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent import config
from drivers import catalog
from tests.drivers.parts import Part, collect

ROOT = Path(__file__).parents[2]
PARTS = {part.driver: part for part in collect()}  # one of each driver
LIBRARIES = {kind.library for kind in catalog.config_types(catalog.DRIVERS)}
TOP = """
profile = "one-part"
title = {ko = "시험", en = "Test"}
annunciator = {siren = {gpio = 25}}
"""
# what is asked for, since a library may not be importable where the tests run
LISTEN = """
import sys, json, pathlib
asked = []
class Ear:
    def find_spec(self, name, path=None, target=None):
        asked.append(name)
sys.meta_path.insert(0, Ear())
from agent import config
from drivers.board import Board
(sensor,) = config.load(pathlib.Path(sys.argv[1])).sensors
loaded = list(asked)
try:
    sensor.build(Board())
except Exception:
    pass
print(json.dumps([loaded, asked]))
"""


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(each) for each in value) + "]"
    return json.dumps(value)


def written(folder: Path, part: Part) -> Path:
    file = folder / "device.toml"
    file.write_text(f"{TOP}\nsensors = [{toml(part.table | {'name': 'only'})}]\n", "utf-8")
    return file


@pytest.mark.parametrize("driver", PARTS)
def test_parts_and_libraries_that_are_not_named_are_never_imported(
    driver: str, tmp_path: Path
) -> None:
    command = (sys.executable, "-c", LISTEN, str(written(tmp_path, PARTS[driver])))
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    loaded, asked = (set(names) for names in json.loads(done.stdout.splitlines()[-1]))
    assert {each for each in catalog.DRIVERS if f"drivers.{each}" in asked} == {driver}
    assert not loaded & LIBRARIES, "a library is imported when a part is built, not when named"
    assert asked & LIBRARIES <= {PARTS[driver].config.library}


@pytest.mark.parametrize("driver", PARTS)
def test_a_file_that_names_the_driver_is_read(driver: str, tmp_path: Path) -> None:
    (sensor,) = config.load(written(tmp_path, PARTS[driver])).sensors
    assert sensor == catalog.decode(PARTS[driver].table | {"name": "only"})


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("door", "Expected `object`, got `str`"),
        ({"name": "x"}, "missing required field `driver`"),
        ({"driver": 7}, r"Expected `str`, got `int` - at `\$\.driver`"),
        ({"driver": "dor"}, r"Invalid value 'dor' - at `\$\.driver`"),
        ({"driver": "drivers.door"}, "Invalid value"),
        ({"driver": "sensor"}, "Invalid value"),
    ],
)
def test_what_is_no_sensors_table_is_refused(table: Any, says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says):
        catalog.decode(table)


def test_a_driver_that_does_not_exist_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        catalog.config_types(["door", "dor"])
