"""`python -m models` as people call it: lines of JSON, one-line errors, exit codes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models import files, judges, runtime
from models.__main__ import main
from models.footage import FootageError, picture
from models.judges import Row, Rows
from tests.models.films import film


class Redness:
    """A judge that anybody can follow: the redder, the more of a fire; 0.5 alarms."""

    classes: tuple[str, ...] = ("fire", "smoke", "none")

    def __init__(self) -> None:
        self.latencies_ms = [3.0, 1.0, 2.0]

    def files(self, folder: Path, aside: list[Path]) -> Iterator[Path]:
        return files.pictures(folder, aside)

    def judge(self, path: Path) -> dict[str, Any]:
        return {"fire": float(picture(path)[..., 0].mean()) / 255}

    def is_right(self, label: str, row: Row) -> bool:
        return bool((row["fire"] >= 0.5) == (label == "fire"))

    def summary(self, rows: Rows) -> dict[str, Any]:
        return {"seen": {label: len(found) for label, found in rows.items()}}


def paint(path: Path, red: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((24, 32, 3), (red, 0, 0), np.uint8)).save(path)
    return path


def called(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, list[Any], str]:
    code = main([str(each) for each in words])
    told = capsys.readouterr()
    return code, [json.loads(line) for line in told.out.splitlines()], told.err


def here(name: str) -> bool:
    table = runtime.manifest().get(name, {})
    return "tflite" in table and (runtime.FOLDER / table["tflite"]).exists()


needs_fall = pytest.mark.skipif(
    not all(map(here, ("fall", "pose_detector", "pose_landmarks"))),
    reason=f"no pose files: {runtime.FETCH}",
)


def test_every_file_has_a_line_and_the_last_sums_up(tmp_path: Path) -> None:
    paint(tmp_path / "fire" / "a.png", 250)
    paint(tmp_path / "fire" / "deep" / "down" / "b.jpg", 100)
    paint(tmp_path / "none" / "c.webp", 0)
    (tmp_path / "none" / "notes.txt").write_text("not a picture")
    *lines, summary = judges.evaluation(Redness(), tmp_path)
    assert [(Path(each["file"]).name, each["class"], each["correct"]) for each in lines] == [
        ("a.png", "fire", True),
        ("b.jpg", "fire", False),
        ("c.webp", "none", True),
    ]
    assert summary == {
        "classes": {"fire": {"count": 2, "correct": 1}, "none": {"count": 1, "correct": 1}},
        "seen": {"fire": 2, "none": 1},
        "unreadable": 0,
        "latency_ms": 2.0,
        "latency_p95_ms": 3.0,
    }


def test_a_broken_picture_is_named_and_counted(tmp_path: Path) -> None:
    paint(tmp_path / "fire" / "a.png", 250)
    broken = tmp_path / "fire" / "b.jpg"
    broken.write_bytes(b"\xff\xd8 no picture")
    *lines, summary = judges.evaluation(Redness(), tmp_path)
    assert str(broken) in next(each["error"] for each in lines if "error" in each)
    assert summary["classes"] == {"fire": {"count": 1, "correct": 1}}
    assert summary["unreadable"] == 1


@pytest.mark.parametrize("content", [None, b"\xff\xd8 no picture"])
def test_a_folder_in_which_nothing_can_be_judged_is_an_error(
    tmp_path: Path, content: bytes | None
) -> None:
    (tmp_path / "none").mkdir()
    if content is not None:
        (tmp_path / "none" / "a.jpg").write_bytes(content)
    with pytest.raises(FootageError, match="nothing in none/ can be judged"):
        list(judges.evaluation(Redness(), tmp_path))


def test_class_folders_go_by_name_however_written(tmp_path: Path) -> None:
    for name in ("Smoke", "FIRE", "other"):
        (tmp_path / name).mkdir()
    found = files.classes(tmp_path, ("fire", "smoke", "none"))
    assert found == {"fire": tmp_path / "FIRE", "smoke": tmp_path / "Smoke"}
    with pytest.raises(FootageError, match="no sub-folder fall/, adl/: sort the files into these"):
        files.classes(tmp_path, ("fall", "adl"))
    with pytest.raises(FootageError, match="No such file or directory: name a folder"):
        files.classes(tmp_path / "gone", ("fall", "adl"))


def test_clips_are_videos_and_folders_of_pictures_through_links_too(tmp_path: Path) -> None:
    paint(tmp_path / "data" / "frames" / "1.png", 0)
    paint(tmp_path / "data" / "frames" / "more" / "2.png", 0)  # of that clip's folder, not another
    timed = paint(tmp_path / "data" / "deep" / "timed" / "images" / "1.png", 0).parent.parent
    (timed / "camera.csv").write_text("t_s,file\n0,images/1.png\n")
    for name in ("b.mp4", "a.AVI", ".hidden.mp4", "c.txt"):
        (tmp_path / "data" / name).write_bytes(b"")
    root = tmp_path / "sorted" / "fall"
    root.mkdir(parents=True)
    (root / "link").symlink_to(tmp_path / "data", target_is_directory=True)
    (tmp_path / "data" / "loop").symlink_to(root, target_is_directory=True)
    assert [str(each.relative_to(root / "link")) for each in files.clips(root)] == [
        "a.AVI",
        "b.mp4",
        "deep/timed",
        "frames",
    ]


def test_no_video_is_hidden_by_what_lies_beside_it(tmp_path: Path) -> None:
    room = tmp_path / "fall" / "room 1"
    paint(room / "cover.jpg", 0)
    paint(room.parent / "b" / "1.png", 0)
    (room / "deep").mkdir()
    for name in ("1.mp4", "2.3gp", "3.MTS", "4.flv", "5.m2ts", "6.ogv", "7.asf", "8.vob"):
        (room / name).write_bytes(b"")
    for name in ("README", "a.xml", "a.pdf", "a.mat", "a.zip", "a.srt", "unknown.dat"):
        (room / name).write_bytes(b"neither")
    film(tmp_path / "a.mp4", np.zeros((3, 48, 64, 3), np.uint8)).rename(room / "deep" / "plain")
    paint(tmp_path / "a.png", 0).rename(room / "deep" / "picture")
    aside: list[Path] = []
    found = [str(each.relative_to(tmp_path / "fall")) for each in files.clips(room.parent, aside)]
    videos = ("1.mp4", "2.3gp", "3.MTS", "4.flv", "5.m2ts", "6.ogv", "7.asf", "8.vob")
    assert found == ["b", *(f"room 1/{each}" for each in videos), "room 1/deep/plain"]
    assert {each.name for each in aside} == {
        *("README", "a.xml", "a.pdf", "a.mat", "a.zip", "a.srt", "unknown.dat"),
        *("cover.jpg", "picture"),
    }
    assert files.told(room, aside[-1:]) == f"{room}: 1 left aside: 1 without suffix"


def test_no_link_brings_in_another_class(tmp_path: Path) -> None:
    paint(tmp_path / "fire" / "a.png", 250)
    paint(tmp_path / "none" / "b.png", 0)
    for name, target in (("loop", ".."), ("other", "../none"), ("self", ".")):
        (tmp_path / "fire" / name).symlink_to(target, target_is_directory=True)
    said: list[str] = []
    *lines, summary = judges.evaluation(Redness(), tmp_path, said.append)
    assert [Path(each["file"]).name for each in lines] == ["a.png", "b.png"]
    assert summary["classes"]["fire"]["count"] == 1
    assert said == [f"{tmp_path / 'fire'}: 2 left aside: 2 without suffix"]


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("evaluate",),
        ("evaluate", "smoke", "."),
        ("score", "fall"),
        ("evaluate", "fall", ".", "--fps", "0"),
        ("evaluate", "fall", ".", "--runtime", "torch"),
        ("measure", "--runs", "0"),
        ("frobnicate",),
    ],
)
def test_wrong_words_end_with_64(capsys: pytest.CaptureFixture[str], words: Sequence[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    assert ended.value.code == 64
    assert capsys.readouterr().out == ""


def test_verify_finds_every_file_sound_and_runs_it(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines, told = called(capsys, "verify")
    assert {each["model"] for each in lines} == set(runtime.manifest())
    for each in lines:
        if not here(each["model"]):
            assert f"{runtime.FETCH}" in each["error"]
            continue
        assert each["sha256"] == "ok"
        assert each["runs_on"] == runtime.installed()
    assert (code == 0) == (not told) == all("error" not in each for each in lines)


def test_verify_names_a_file_that_was_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = runtime.manifest()["fire_sensors"]
    (tmp_path / "weights").mkdir()
    (tmp_path / "manifest.toml").write_bytes((runtime.FOLDER / "manifest.toml").read_bytes())
    for name in ("table", "tflite"):
        (tmp_path / table[name]).write_bytes((runtime.FOLDER / table[name]).read_bytes())
    (tmp_path / table["tflite"]).write_bytes(b"\0\0\0\0TFL3 but another")
    monkeypatch.setattr(runtime, "FOLDER", tmp_path)
    code, lines, told = called(capsys, "verify")
    assert code == 1
    assert "not the file that was measured" in lines[0]["error"]
    assert lines[0]["error"] in told


def test_measure_tells_time_and_memory_of_each_model_on_each_runtime(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, lines, _ = called(capsys, "measure", "--runs", "1")
    assert {(each["model"], each["runtime"]) for each in lines} == {
        (model, which) for model in [*runtime.manifest(), "all"] for which in runtime.installed()
    }
    sound = [each for each in lines if "error" not in each]
    assert sound
    assert all(each["cpu_ms"] > 0 and each["rss_mib"] > each["rss_before_mib"] for each in sound)


@needs_fall
def test_a_clip_that_cannot_be_read_is_one_line_and_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    code, lines, told = called(capsys, "score", "fall", tmp_path / "a.mp4", tmp_path / "none.mp4")
    assert code == 1
    assert [set(each) for each in lines] == [{"file", "error"}] * 2
    assert told.splitlines() == [each["error"] for each in lines]


@pytest.mark.skipif(not here("fire_image"), reason="no fire_image model here")
def test_a_name_that_is_not_utf_8_is_escaped_and_comes_back_whole(tmp_path: Path) -> None:
    name = os.fsencode(paint(tmp_path / "a.png", 0).rename(tmp_path / os.fsdecode(b"caf\xe9.png")))
    for encoding in ("utf-8:strict", "ascii:strict"):
        done = subprocess.run(
            [sys.executable, "-m", "models", "score", "fire-image", name],
            capture_output=True,
            check=True,
            env=os.environ | {"PYTHONIOENCODING": encoding},
        )
        assert os.fsencode(json.loads(done.stdout)["file"]) == name


@needs_fall
@pytest.mark.parametrize("side", [2, 16])
def test_a_video_of_few_pixels_does_not_end_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], side: int
) -> None:
    (tmp_path / "adl").mkdir()
    film(tmp_path / "adl" / "a.mp4", np.zeros((9, side, side, 3), np.uint8))
    for number in range(3):
        paint(tmp_path / "adl" / "room" / f"{number}.png", 90)
    code, (*_, summary), _ = called(capsys, "evaluate", "fall", tmp_path)
    assert code == 0
    assert summary["unreadable"] == (side < 16)
    assert summary["classes"]["adl"]["count"] == 1 + (side >= 16)


@needs_fall
def test_an_empty_room_is_quiet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(10):
        paint(tmp_path / "adl" / "room" / f"{number}.png", 90)
    code, (line, summary), told = called(capsys, "evaluate", "fall", tmp_path, "--fps", "10")
    assert (code, told) == (0, "")
    assert line["alarm_t_s"] is None
    assert (line["class"], line["correct"], line["frames"]) == ("adl", True, 10)
    assert summary["classes"] == {"adl": {"count": 1, "correct": 1}}
    assert summary["auc"] is None
    assert summary["negative_minutes"] == 0.01  # 0.9 s
    assert summary["false_alarms_per_hour"] == 0


@pytest.mark.skipif(not here("fire_image"), reason="no fire_image model here")
def test_pictures_are_scored_from_0_to_1_beside_the_threshold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grey = paint(tmp_path / "none" / "a.png", 0)
    code, (line,), _ = called(capsys, "score", "fire-image", grey)
    assert code == 0
    assert line["file"] == str(grey)
    assert 0 <= line["fire"] < line["threshold"] < 1
    assert 0 <= line["smoke"] < line["smoke_threshold"] < 1
    code, (_, summary), _ = called(capsys, "evaluate", "fire-image", tmp_path)
    assert code == 0
    assert summary["classes"] == {"none": {"count": 1, "correct": 1}}
    assert summary["latency_ms"] > 0


def test_help_needs_no_library() -> None:
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('numpy', 'PIL', 'av')))\n"
        "from models.__main__ import parser\n"
        "print(parser().format_help())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "evaluate" in done.stdout
