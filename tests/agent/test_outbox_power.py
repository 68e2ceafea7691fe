"""What is on the medium when the power goes: the image of a disk, copied without a sync."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.outbox import Outbox
from agent.values import Hazard
from tests.agent.events import deliver, opened, put
from tests.disks import mounted

IMAGE_BYTES = 16 << 20


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image"
    path.write_bytes(bytes(IMAGE_BYTES))
    if shutil.which("mkfs.ext4") is None:
        pytest.skip("needs mkfs.ext4")
    subprocess.run(["mkfs.ext4", "-q", "-F", str(path)], check=True, capture_output=True)
    return path


@pytest.fixture
def outbox(image: Path, tmp_path: Path) -> Iterator[Outbox]:
    with (
        mounted("ext4", str(image), tmp_path / "disk", "loop") as disk,
        opened(disk / "outbox.db") as found,
    ):
        yield found


def left_by_a_power_cut(image: Path) -> list[int]:
    """The rows that another device finds with the card as it is now."""
    copy = image.with_name("copy")
    shutil.copy(image, copy)
    with (
        mounted("ext4", str(copy), image.with_name("other"), "loop") as disk,
        opened(disk / "outbox.db") as found,
    ):
        assert (found.trouble, found.verify()) == (None, None)
        return sorted(row.seq for row in found.recent(1000))


def test_an_alarm_is_on_the_medium_when_put_returns_and_all_before_it(
    image: Path, outbox: Outbox
) -> None:
    put(outbox, 3, Hazard.AIR)
    assert left_by_a_power_cut(image) == []
    put(outbox)
    assert left_by_a_power_cut(image) == [1, 2, 3, 4]


def test_what_is_no_alarm_is_on_the_medium_after_a_flush(image: Path, outbox: Outbox) -> None:
    put(outbox, 3, Hazard.FAULT)
    outbox.flush()
    put(outbox, 2, Hazard.FAULT)
    assert left_by_a_power_cut(image) == [1, 2, 3]


def test_what_others_were_shown_is_on_the_medium(image: Path, outbox: Outbox) -> None:
    put(outbox, 3, Hazard.FAULT)
    assert [row.seq for row in outbox.recent(2)] == [3, 2]
    assert left_by_a_power_cut(image) == [1, 2, 3]


def test_the_newest_is_there_after_hundreds_were_confirmed_and_pruned(
    image: Path, outbox: Outbox
) -> None:
    for n in range(400):
        (event,) = put(outbox, 1, Hazard.AIR if n % 3 else Hazard.SOS)
        if n % 20 == 0:
            deliver(outbox)
    (event,) = put(outbox)
    assert left_by_a_power_cut(image)[-1] == event.seq
