"""The folder of a batch: whose it is, and what is told where it, or a part of it, is not there."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.provisioning.desks import HEADER, Desk, stalls

NOBODY = 65_534
NAMED = [f"osan,{n}호,No. {n},market-stall,x{n}" for n in (1, 2, 3)]
AS_ROOT = os.geteuid() == 0


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Its batches are made with sudo, where tests run as root."""
    monkeypatch.setenv("SUDO_UID", str(NOBODY))
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        monkeypatch.setenv("HOME", name)  # where fonts are looked for, too
        yield Desk(Path(name))


@contextmanager
def closed(path: Path) -> Iterator[None]:
    """Nobody may look into it, and root is somebody else."""
    mode = path.stat().st_mode
    path.chmod(0)
    os.seteuid(NOBODY if AS_ROOT else os.geteuid())
    try:
        yield
    finally:
        os.seteuid(os.getuid())
        path.chmod(mode)


def table(desk: Desk, *rows: str) -> Path:
    return desk.table(*rows, header=HEADER + ",device")


@pytest.mark.skipif(not AS_ROOT, reason="sudo makes one root")
def test_with_sudo_all_that_a_batch_makes_is_the_callers(desk: Desk) -> None:
    desk.out = desk.folder / "a" / "b"
    assert desk.batch(table(desk, *NAMED)).code == 0
    for name in ("one.png", "c/all.pdf"):
        assert desk.ask("label", desk.out, "--out", desk.folder / "a" / name).code == 0
    made = [desk.folder / "a", *(desk.folder / "a").rglob("*")]
    assert len(made) == 14
    assert {str(path): path.stat().st_uid for path in made} == {str(path): NOBODY for path in made}


@pytest.mark.parametrize("part", ["", "labels", "labels/x1.json"])
@pytest.mark.parametrize("command", ["batch", "label of a folder", "label", "commission"])
def test_labels_that_may_not_be_read_are_told_as_such(desk: Desk, part: str, command: str) -> None:
    rows = table(desk, *NAMED)
    desk.batch(rows)
    words = {
        "batch": ("batch", rows, "--out", desk.out),
        "label of a folder": ("label", desk.out, "--out", desk.folder / "x.pdf"),
        "label": ("label", "x1", "--out", desk.folder / "x.pdf"),
        "commission": ("commission", "x1"),
    }[command]
    desk.ask("commission", "x9")  # what it imports may be closed to others, too
    with closed(desk.out / part):
        said = desk.ask(*words)
    assert said.failure == "folder-unreadable"
    told = said.records[-1]["error"]["remedy"]["en"]
    assert f"chown -R $USER {desk.out}" in told
    assert "--remake" not in told


@pytest.mark.parametrize("part", ["seeds", "seeds/x1.toml"])
def test_a_seed_that_may_not_be_read_is_neither_gone_nor_damaged(desk: Desk, part: str) -> None:
    rows = table(desk, *NAMED)
    desk.batch(rows)
    image = desk.folder / "card.img"
    with closed(desk.out / part):
        assert desk.batch(rows).failure == "folder-unreadable"
        flashed = desk.ask("flash", image, "--image", image, "--device", "x1")
    assert flashed.failure == "folder-unreadable"


def test_a_folder_that_is_in_one_that_may_not_be_entered_is_told(desk: Desk) -> None:
    desk.out = desk.folder / "a" / "b"
    desk.batch(table(desk, *NAMED))
    with closed(desk.folder / "a"):
        said = desk.ask("label", desk.out, "--out", desk.folder / "x.pdf")
    assert said.failure == "folder-unreadable"


def test_a_folder_that_was_moved_is_to_be_moved_back_and_nothing_is_made(desk: Desk) -> None:
    desk.batch(desk.table(*stalls(2)))
    elsewhere = desk.out.rename(desk.folder / "elsewhere")
    said = desk.batch(desk.table(*stalls(3)))
    assert said.failure == "no-label"
    assert "move it back" in said.records[-1]["error"]["remedy"]["en"]
    assert not desk.out.exists()
    elsewhere.rename(desk.out)
    assert desk.batch(desk.table(*stalls(3))).records[-1]["new"] == 1


@pytest.mark.parametrize("way", ["without its row", "made again"])
def test_a_label_that_is_lost_is_not_left_off_the_sheet_without_a_word(
    desk: Desk, way: str
) -> None:
    desk.batch(table(desk, *NAMED))
    (desk.out / "labels" / "x2.json").unlink()
    (desk.out / "labels.pdf").unlink()
    said = desk.batch(table(desk, *NAMED))
    assert said.failure == "no-label"
    assert said.records[-1]["error"]["what"]["en"].startswith("x2:")
    assert not (desk.out / "labels.pdf").exists()
    if way == "made again":
        said = desk.batch(table(desk, *NAMED), "--remake", "x2")
    else:
        said = desk.batch(table(desk, *NAMED[::2]))
    assert said.code == 0
    assert (desk.out / "labels.pdf").exists()
