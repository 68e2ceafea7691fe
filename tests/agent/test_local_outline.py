"""The outline on which beds are drawn: asked for by the agent, row by row, and then no more."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.perceived import outline_of as asked_of
from agent.perception.outline import outline_of
from drivers import record
from drivers.outline import ASKED_S, COLUMNS, ROWS, packed, unpacked
from drivers.record import MuteRecord, OutlineRecord, RecordError
from drivers.sensor import Quantity
from hw_mocks.chips.camera import ROOM
from tests.agent.perception.test_watcher import Heard, Played, live
from tests.test_perceived import BY_BUTTON, Device

ALL_S = ROWS * 0.5 + 1.0
WHOLE = [int(row.replace(".", "0").replace("#", "1"), 2) for row in ROOM]


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    made = Device(tmp_path, BY_BUTTON)
    made.live(1.0)
    yield made
    made.close()


def rows(device: Device, camera: str = "eyes") -> list[int | None]:
    found = asked_of(device.config, device.bench.board, camera)
    assert found is not None
    answer: list[int | None] = found["rows"]
    return answer


def drawn(device: Device) -> list[int | None]:
    """Ask as the page does, until all have come."""
    rows(device)
    device.live(ALL_S)
    return rows(device)


def test_what_the_camera_sees_comes_row_by_row(device: Device) -> None:
    assert rows(device) == [None] * ROWS
    device.live(3.0)
    assert None in rows(device)
    device.live(ALL_S)
    assert rows(device) == WHOLE


def test_unasked_no_row_ever_crosses(device: Device) -> None:
    link = device.bench.board.perception()
    device.live(20.0)
    assert link.age_s("eyes", Quantity.VIEW_OUTLINE_ROW, device.now) == float("inf")


def test_when_nobody_asks_any_more_it_ends(device: Device) -> None:
    link = device.bench.board.perception()
    assert drawn(device) == WHOLE
    device.live(ASKED_S + 2.0)
    before = link.age_s("eyes", Quantity.VIEW_OUTLINE_ROW, device.now)
    device.live(5.0)
    after = link.age_s("eyes", Quantity.VIEW_OUTLINE_ROW, device.now)
    assert after - before == pytest.approx(5.0, abs=0.2)
    assert rows(device) == [None] * ROWS, "and what was seen is forgotten"


def test_a_row_that_nobody_asked_for_is_refused(device: Device) -> None:
    link = device.bench.board.perception()
    device.bench.parts["eyes"].draw(is_wanted=True)  # a perception that babbles
    refused = link.troubles.refused
    device.live(5.0)
    assert link.troubles.refused > refused
    assert "nobody draws zones" in link.troubles.last
    assert rows(device) == [None] * ROWS


def test_a_muted_camera_shows_no_outline(device: Device) -> None:
    device.press()
    device.live(2.0)
    assert drawn(device) == [None] * ROWS


def test_perception_sends_rows_only_while_they_are_wanted() -> None:
    played, heard = Played(), Heard()
    watcher = played.watcher(heard)

    def sent() -> list[int]:
        found = [each.get(Quantity.VIEW_OUTLINE_ROW) for each in heard.posts]
        heard.posts.clear()
        return [unpacked(each)[0] for each in found if each is not None]

    live(watcher, played, 20.0)
    assert not sent()
    watcher.draw(is_wanted=True)
    live(watcher, played, 13.0)
    assert sent()[:ROWS] == list(range(ROWS))
    watcher.draw(is_wanted=False)
    live(watcher, played, 20.0)
    assert not sent()
    watcher.draw(is_wanted=True)
    live(watcher, played, ASKED_S + 1.0)
    sent()
    live(watcher, played, 20.0)
    assert not sent(), "an agent that died says no more, and means no"


def test_only_a_camera_has_one(device: Device) -> None:
    assert asked_of(device.config, device.bench.board, "smoke_alarm") is None
    assert asked_of(device.config, device.bench.board, "nobody") is None


@given(
    index=st.integers(0, ROWS - 1),
    cells=st.lists(st.booleans(), min_size=COLUMNS, max_size=COLUMNS),
)
@settings(deadline=None)
def test_a_row_crosses_bit_by_bit(index: int, cells: list[bool]) -> None:
    raw = record.encode("eyes", Quantity.VIEW_OUTLINE_ROW, packed(index, cells), 5.0)
    found_index, bits = unpacked(record.decode(raw).value)
    assert found_index == index
    assert f"{bits:0{COLUMNS}b}" == "".join("1" if each else "0" for each in cells)


def test_the_agent_says_two_things_and_no_third() -> None:
    asked = record.encode_outline("eyes", is_wanted=True, at=5.0)
    muted = record.encode_mute("eyes", is_muted=True, at=5.0)
    assert isinstance(record.decode_said(asked), OutlineRecord)
    assert isinstance(record.decode_said(muted), MuteRecord)
    with pytest.raises(RecordError):
        record.decode_said(record.encode("eyes", Quantity.VIEW, 0.0, 5.0))
    with pytest.raises(RecordError):
        record.decode_mute(asked)


def test_the_edges_of_a_bed_are_where_it_ends() -> None:
    frame = np.full((480, 640, 3), 60, np.uint8)
    frame[240:400, 320:600] = 200  # from column 16 to 29, row 12 to 19
    found = [f"{unpacked(row)[1]:0{COLUMNS}b}" for row in outline_of(frame)]
    assert [unpacked(row)[0] for row in outline_of(frame)] == list(range(ROWS))
    assert found[12] == "0" * 16 + "1" * 15 + "0"
    assert found[15] == "0" * 16 + "1" + "0" * 13 + "1" + "0"
    assert "1" not in found[5]


def test_noise_is_no_edge() -> None:
    noise = np.random.default_rng(1).integers(90, 110, (480, 640, 3)).astype(np.uint8)
    assert not any(unpacked(row)[1] for row in outline_of(noise))


@pytest.mark.parametrize("size", [(ROWS, COLUMNS), (100, 77), (1080, 1920)])
def test_any_size_gives_an_outline(size: tuple[int, int]) -> None:
    frame = np.random.default_rng(2).integers(0, 255, (*size, 3)).astype(np.uint8)
    assert len(outline_of(frame)) == ROWS
