"""The pages of the profiles are what the code says, whole, and legible."""

import csv
import io
import itertools
import re
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import config
from agent.sections import Config
from agent.values import Hazard
from drivers.sensor import Quantity
from provisioning import limits, parts_list
from provisioning.drawing import lanes, width_of, wrapped
from provisioning.wiring import flat, is_on_header, physical, plan
from provisioning.wiring_phone import phone_picture
from provisioning.wiring_picture import picture

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "profiles"
NAMES = [path.stem for path in sorted((ROOT / "provisioning" / "profiles").glob("*.toml"))]
SVG = "{http://www.w3.org/2000/svg}"
A4 = 277 / 190  # of a sheet with margins of 10 mm
# sections that decide nothing by a limit of their own
WITHOUT = {"calendar", "presence", "recorder", "device", "annunciator"}


def profile(name: str) -> Config:
    return config.load(ROOT / "provisioning" / "profiles" / f"{name}.toml")


def texts(svg: str) -> Iterator[tuple[float, str]]:
    for each in ET.fromstring(svg).iter(f"{SVG}text"):
        yield float(each.attrib["font-size"]), each.text or ""


def test_the_pages_are_made_from_the_code() -> None:
    command = (sys.executable, str(ROOT / "scripts" / "profiles_page.py"), "--check")
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"make profiles-page: {done.stdout}{done.stderr}"


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_the_same_each_time_and_names_itself(name: str) -> None:
    conf = profile(name)
    made = picture(plan(conf), conf.title)
    assert made == picture(plan(profile(name)), conf.title)
    root = ET.fromstring(made)
    assert root.attrib["role"] == "img"
    assert conf.title.ko in (root.findtext(f"{SVG}title") or "")
    described = root.findtext(f"{SVG}desc") or ""
    assert all(sensor.name in described for sensor in conf.sensors)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_can_be_read_on_a_sheet_and_on_a_phone(name: str) -> None:
    conf = profile(name)
    paper, phone = (make(plan(conf), conf.title) for make in (picture, phone_picture))
    _, _, width, height = map(float, ET.fromstring(paper).attrib["viewBox"].split())
    mm = min(190 / width, 277 / height)
    assert min(size for size, _ in texts(paper)) * mm > 1.7, "capitals of 1.2 mm, as on a pill box"
    _, _, width, _ = map(float, ET.fromstring(phone).attrib["viewBox"].split())
    assert min(size for size, _ in texts(phone)) * 320 / width > 9


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_written_beyond_the_edge(name: str) -> None:
    conf = profile(name)
    for make in (picture, phone_picture):
        root = ET.fromstring(make(plan(conf), conf.title))
        _, _, width, height = map(float, root.attrib["viewBox"].split())
        for each in root.iter(f"{SVG}text"):
            x, y = float(each.attrib["x"]), float(each.attrib["y"])
            wide = width_of(each.text or "", float(each.attrib["font-size"]))
            left = x - wide * {"start": 0, "middle": 0.5, "end": 1}[each.attrib["text-anchor"]]
            assert left >= -1, each.text
            assert left + wide <= width + 1, each.text
            assert 0 < y < height


def horizontals(svg: str) -> Iterator[tuple[float, float, float, str]]:
    """Every level stretch of a wire: y, from, to, and its colour."""
    for each in ET.fromstring(svg).iter(f"{SVG}path"):
        if each.attrib["stroke"] == "#ffffff":
            continue
        points = [tuple(map(float, p.split())) for p in each.attrib["d"][1:].split("L")]
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            if y0 == y1 and x0 != x1:
                yield y0, min(x0, x1), max(x0, x1), each.attrib["stroke"]


@pytest.mark.parametrize("name", NAMES)
def test_no_two_wires_of_different_colours_fall_together(name: str) -> None:
    conf = profile(name)
    found = sorted(horizontals(picture(plan(conf), conf.title)))
    for n, (y, left, right, colour) in enumerate(found):
        for other_y, other_left, other_right, other in found[n + 1 :]:
            if other_y - y > 4:
                break
            overlap = min(right, other_right) - max(left, other_left)
            assert other == colour or overlap <= 0, (y, colour, other)


def test_wires_that_keep_their_order_do_not_cross() -> None:
    wires = [(10.0, 40.0), (20.0, 60.0), (90.0, 70.0), (100.0, 80.0)]
    found = lanes(wires)
    assert sorted(found) == [0, 1, 2, 3]
    assert found[1] < found[0], "of those that go down the lower turns first"
    assert found[2] < found[3], "of those that go up the upper"


def test_a_text_is_wrapped_at_spaces_and_nothing_is_lost() -> None:
    words = "온습도 센서 (DHT22) · 천장 아래 공기"
    assert " ".join(wrapped(words, 100, 16)) == words
    assert len(wrapped(words, 100, 16)) > 1
    assert wrapped("short", 100, 16) == ["short"]


@pytest.mark.parametrize("name", NAMES)
def test_the_list_has_every_part_and_the_table_every_wire(name: str) -> None:
    conf = profile(name)
    boxes = plan(conf)
    items = parts_list.items(boxes)
    wired = [each for each in conf.sensors if each.sheet.wiring != "none"]
    labels = [each.label for each in flat(boxes) if each.driver]
    counted = sum(each.count for each in items if each.name in labels)
    assert counted == len(wired)
    assert all(each.price for each in items)
    rows = parts_list.wire_rows(boxes)
    pins = {row[2] for row in rows} - {"-"}
    assert pins == {
        str(physical(each.net))
        for box in flat(boxes)
        for each in box.terminals
        if is_on_header(each)
    }


def test_a_list_is_the_same_in_markdown_html_and_csv() -> None:
    rows = [["연기 | 감지기", "2"], ['a "b", <c>', "1"]]
    assert parts_list.markdown(("x", "y"), rows).count("\n") == 3
    assert "<td>a &quot;b&quot;, &lt;c&gt;</td>" in parts_list.html_table(("x", "y"), rows)
    assert list(csv.reader(io.StringIO(parts_list.csv_text(("x", "y"), rows)))) == [
        ["x", "y"],
        *rows,
    ]


def test_every_limit_has_words_for_a_key_that_there_is() -> None:
    quantities, hazards = {str(each) for each in Quantity}, {str(each) for each in Hazard}
    for row in limits.rows():
        assert set(row.needs) <= quantities
        assert row.hazard in hazards, row
        assert row.stage in {"prealarm", "alarm", "cleared"}
        assert re.search("[가-힣]", row.ko)
        for path in (row.at, row.hold):
            section = path.partition(".")[0]
            assert not path or section in Config.__struct_fields__, path


@pytest.mark.parametrize("name", NAMES)
def test_every_section_of_a_profile_is_told_by_its_limits(name: str) -> None:
    conf = profile(name)
    told = {each.key.partition(".")[0] for each in limits.limits(conf)}
    text = (ROOT / "provisioning" / "profiles" / f"{name}.toml").read_text("utf-8")
    sections = {
        each.partition(".")[0] for each in re.findall(r"^\[([a-z_.]+)\]", text, re.MULTILINE)
    }
    assert sections - WITHOUT <= told


def test_a_figure_on_a_page_is_the_profiles_own() -> None:
    page = (FOLDER / "single-room.md").read_text("utf-8")
    assert "| 57 °C | 4 s | EN 54-5" in page
    noise = (FOLDER / "apartment-noise.md").read_text("utf-8")
    assert "39 dB(A)" in noise
    assert "34 dB(A)" in noise


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_says_what_it_is_for_in_both_languages(name: str) -> None:
    told = tomllib.loads((ROOT / "provisioning" / "about.toml").read_text("utf-8"))["profiles"]
    assert re.search("[가-힣]", told[name]["about"]["ko"])
    assert told[name]["about"]["en"]
