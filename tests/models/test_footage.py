"""Pictures and clips of every kind become frames; what is damaged is named and left out."""

import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from models import footage
from models.footage import Footage, FootageError
from tests.models.films import film

Pixels = NDArray[np.uint8]


def scene(width: int = 64, height: int = 48, red: int = 200) -> Pixels:
    """Red above, blue below on the left, and black: every turn of it looks different."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, :, 0] = red
    pixels[height // 2 :, : width // 2, 2] = 200
    return pixels


def close(one: Pixels, other: Pixels, tolerance: float = 12) -> bool:
    apart = np.abs(one.astype(float) - other)
    return one.shape == other.shape and float(apart.mean()) < tolerance


@pytest.mark.parametrize("suffix", ["mp4", "avi", "mkv", "mov"])
def test_a_video_gives_its_frames_in_time(tmp_path: Path, suffix: str) -> None:
    shades = [40, 80, 120, 160, 200]
    path = film(tmp_path / f"clip.{suffix}", (scene(red=each) for each in shades))
    found = list(Footage(path).frames())
    assert [round(each.t_s, 3) for each in found] == [0, 0.04, 0.08, 0.12, 0.16]
    for frame, red in zip(found, shades, strict=True):
        assert frame.pixels.dtype == np.uint8
        assert close(frame.pixels, scene(red=red))


def test_a_video_is_sampled_to_the_nearest_frames_and_never_stretched(tmp_path: Path) -> None:
    path = film(tmp_path / "clip.mp4", (scene() for _ in range(50)))
    assert [round(f.t_s, 2) for f in Footage(path, 5).frames()] == pytest.approx(
        [k / 5 for k in range(10)]
    )
    assert len(list(Footage(path, 60).frames())) == 50


@settings(deadline=None)
@given(
    st.lists(st.floats(0.001, 0.7), max_size=60),
    st.sampled_from([0.5, 1, 4, 10, 25]),
    st.floats(0, 1000),
)
def test_the_frames_taken_are_those_nearest_to_each_step(
    gaps: list[float], rate_hz: float, start: float
) -> None:
    times = [start]
    for gap in gaps:
        times.append(times[-1] + gap)
    found = [each for each, _ in footage.nearest(((t, None) for t in times), rate_hz)]
    assert found == sorted(set(found))
    steps = [start + k / rate_hz for k in range(int((times[-1] - start) * rate_hz) + 1)]
    for step in steps:
        best = min(abs(t - step) for t in times)
        assert min(abs(t - step) for t in found) == pytest.approx(best, abs=1e-6)
    assert len(found) <= len(steps) + 1


def turned_in_place(path: Path, quarters: int) -> None:
    """Write a telephone's rotation into the track header's matrix (ISO 14496-12, 8.3.2)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 4 + 20 + 16
    one = 0x10000
    a, b, c, d = {0: (1, 0, 0, 1), 1: (0, 1, -1, 0), 2: (-1, 0, 0, -1), 3: (0, -1, 1, 0)}[quarters]
    for place, value in zip((0, 4, 12, 16), (a, b, c, d), strict=True):
        data[at + place : at + place + 4] = (value * one).to_bytes(4, "big", signed=True)
    path.write_bytes(data)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_telephones_video_stands_upright(tmp_path: Path, quarters: int) -> None:
    """The matrix turns clockwise when shown."""
    path = film(tmp_path / "clip.mp4", [scene(64, 48)] * 3)
    turned_in_place(path, quarters)
    frame = next(Footage(path).frames())
    assert close(frame.pixels, np.rot90(scene(64, 48), -quarters))


def test_a_video_cut_short_gives_what_was_read(tmp_path: Path) -> None:
    path = film(tmp_path / "clip.mkv", (scene(red=each) for each in range(0, 250, 5)))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    reader = Footage(path)
    assert 5 < len(list(reader.frames())) < 50


def test_a_video_with_damage_in_the_middle_says_so_and_goes_on(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (40, 48, 64, 3), np.uint8)
    path = film(tmp_path / "clip.avi", noise, codec="mjpeg")
    data = bytearray(path.read_bytes())
    chunks = [n for n in range(len(data)) if data[n : n + 4] == b"00dc"][:40]
    for at in chunks[10:13]:
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        data[at + 8 : at + 8 + length] = bytes(length)
    path.write_bytes(data)
    reader = Footage(path)
    assert len(list(reader.frames())) == 37
    assert reader.skipped == 3
    assert str(path) in reader.problem


@pytest.mark.parametrize("content", [b"", b"no video", b"neither", bytes(5000)])
def test_what_is_no_video_is_an_error_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(FootageError, match=r"clip\.mp4: .*: name a video") as told:
        list(Footage(path).frames())
    assert "\n" not in str(told.value)
    with pytest.raises(FootageError, match="No such file"):
        list(Footage(tmp_path / "none.mp4").frames())
    with pytest.raises(FootageError, match=r"clip\.dat: .*: name a video"):
        list(Footage(path.rename(tmp_path / "clip.dat")).frames())


def test_a_pipe_is_refused_rather_than_waited_for(tmp_path: Path) -> None:
    for name in ("a.jpg", "camera.csv"):
        os.mkfifo(tmp_path / name)
    with pytest.raises(FootageError, match=r"a\.jpg: no regular file"):
        footage.picture(tmp_path / "a.jpg")
    with pytest.raises(FootageError, match=r"a\.jpg: no regular file"):
        list(Footage(tmp_path / "a.jpg").frames())
    with pytest.raises(FootageError, match=r"camera\.csv: no regular file"):
        list(Footage(tmp_path).frames())


def test_the_remedy_for_a_folder_or_a_missing_picture_is_another_name(tmp_path: Path) -> None:
    with pytest.raises(FootageError, match=r"a folder: name a file in it$"):
        footage.picture(tmp_path)
    with pytest.raises(FootageError, match=r"directory: name a file that is there$"):
        footage.picture(tmp_path / "gone.jpg")


@pytest.mark.parametrize(("width", "height"), [(1, 1), (15, 64), (64, 15), (2000, 16)])
def test_frames_too_small_to_show_a_person_are_refused(
    tmp_path: Path, width: int, height: int
) -> None:
    Image.fromarray(scene(width, height)).save(tmp_path / "a.png")
    with pytest.raises(FootageError, match=f"not one frame: .*: {width} x {height} px"):
        list(Footage(tmp_path).frames())
    Image.fromarray(scene()).save(tmp_path / "b.png")
    reader = Footage(tmp_path)
    assert (len(list(reader.frames())), reader.skipped) == (1, 1)


def test_sound_without_pictures_is_an_error(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "sound.mp4"), "w") as out:
        stream = out.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 16000
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with pytest.raises(FootageError, match="no pictures in it"):
        list(Footage(tmp_path / "sound.mp4").frames())


def test_a_folder_with_times_gives_its_pictures_at_them(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        Image.fromarray(scene()).save(tmp_path / f"{name}.png")
    (tmp_path / "camera.csv").write_text("t_s,file\n1.5,b.png\n2.0,a.png\n3.25,c.png\n")
    found = list(Footage(tmp_path).frames())
    assert [each.t_s for each in found] == [1.5, 2.0, 3.25]
    assert np.array_equal(found[0].pixels, scene())


def test_a_folder_without_times_goes_by_name_nine_before_ten(tmp_path: Path) -> None:
    for number in (10, 9, 1):
        Image.fromarray(scene(red=number)).save(tmp_path / f"frame-{number}.png")
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / ".hidden.png").write_text("not a picture")
    found = list(Footage(tmp_path, still_hz=10).frames())
    assert [each.pixels[0, 0, 0] for each in found] == [1, 9, 10]
    assert [each.t_s for each in found] == [0, 0.1, 0.2]


def test_a_damaged_or_missing_picture_is_left_out_and_counted(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        Image.fromarray(scene()).save(tmp_path / f"{name}.jpg")
    (tmp_path / "b.jpg").write_bytes((tmp_path / "b.jpg").read_bytes()[:300])
    (tmp_path / "camera.csv").write_text("t_s,file\n0,a.jpg\n1,b.jpg\n2,gone.jpg\n3,c.jpg\n")
    reader = Footage(tmp_path)
    assert [each.t_s for each in reader.frames()] == [0, 3]
    assert reader.skipped == 2
    assert "b.jpg" in reader.problem


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ("t,name\n", r"camera\.csv:1: not `t_s,file`"),
        ("t_s,file\nnow,a.jpg\n", r"camera\.csv:2: 'now': write seconds"),
        ("t_s,file\n2,a.jpg\n1,a.jpg\n", r"camera\.csv:3: t_s 1 after 2: sort the rows"),
        ("t_s,file\nnan,a.jpg\n", "sort the rows"),
        ("t_s,file\n1,../a.jpg\n", "name a file of this folder"),
        ("t_s,file\n1\n", "name a file of this folder"),
        ("t_s,file\n", "not one frame"),
        ("t_s,file\n0,gone.jpg\n", r"not one frame: .*gone\.jpg: No such file"),
    ],
)
def test_a_table_that_cannot_be_used_names_its_line(
    tmp_path: Path, table: str, complaint: str
) -> None:
    (tmp_path / "camera.csv").write_text(table)
    with pytest.raises(FootageError, match=complaint):
        list(Footage(tmp_path).frames())


def test_a_folder_without_pictures_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FootageError, match="no pictures"):
        list(Footage(tmp_path).frames())


MODES = {
    "1.png": "1",
    "L.png": "L",
    "LA.png": "LA",
    "P.png": "P",
    "RGBA.png": "RGBA",
    "I16.png": "I;16",
    "CMYK.jpg": "CMYK",
    "L.jpg": "L",
    "RGB.webp": "RGB",
    "RGBA.webp": "RGBA",
    "RGB.bmp": "RGB",
    "RGB.tiff": "RGB",
    "P.gif": "P",
}


@pytest.mark.parametrize(("name", "mode"), MODES.items())
@pytest.mark.parametrize("size", [(1, 1), (3, 200), (64, 48)])
def test_a_picture_of_any_kind_is_rgb(
    tmp_path: Path, name: str, mode: str, size: tuple[int, int]
) -> None:
    width, height = size
    pixels = np.full((height, width, 3), 255, np.uint8)
    if mode == "I;16":
        Image.fromarray(np.full((height, width), 0xFF80, np.uint16)).save(tmp_path / name)
    else:
        Image.fromarray(pixels).convert(mode).save(tmp_path / name)
    found = footage.picture(tmp_path / name)
    assert found.dtype == np.uint8
    assert found.shape == (height, width, 3)
    assert int(found.min()) >= 250


def test_what_is_transparent_stands_on_white(tmp_path: Path) -> None:
    Image.new("RGBA", (8, 8), (200, 0, 0, 0)).save(tmp_path / "clear.png")
    assert footage.picture(tmp_path / "clear.png").min() == 255


@pytest.mark.parametrize(("orientation", "quarters"), [(1, 0), (6, -1), (3, 2), (8, 1)])
def test_a_telephones_picture_stands_upright(
    tmp_path: Path, orientation: int, quarters: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(scene()).save(tmp_path / "a.jpg", exif=exif, quality=95)
    assert close(footage.picture(tmp_path / "a.jpg"), np.rot90(scene(), quarters))


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_great_picture_is_read_small(tmp_path: Path, suffix: str) -> None:
    Image.new("RGB", (6000, 4500), "red").save(tmp_path / f"great.{suffix}")
    height, width, _ = footage.picture(tmp_path / f"great.{suffix}").shape
    assert (width, height) in {(3000, 2250), (1500, 1125)}


def test_a_picture_beyond_all_measure_is_refused(tmp_path: Path) -> None:
    """Small in bytes, but its header asks for gigabytes."""
    path = tmp_path / "bomb.png"
    Image.new("1", (20_000, 20_000)).save(path)
    with pytest.raises(FootageError, match="make it smaller"):
        footage.picture(path)


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_no_damage_is_more_than_an_error_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    suffix = data.draw(st.sampled_from(["jpg", "png", "webp", "bmp", "gif", "tiff"]))
    path = tmp_path_factory.getbasetemp() / f"whole.{suffix}"
    Image.fromarray(scene()).save(path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    told = ""
    try:
        assert footage.picture(path).ndim == 3
    except FootageError as error:
        told = str(error)
    assert "\n" not in told
    assert not told or str(path) in told


def test_importing_it_loads_no_library() -> None:
    code = "import sys, models.footage; print(*{m.partition('.')[0] for m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"numpy", "PIL", "av"}


def test_without_the_libraries_the_error_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('av', 'PIL')))\n"
        "from pathlib import Path\n"
        "from models import footage\n"
        "for what in (lambda: list(footage.Footage(Path('a.mp4')).frames()),\n"
        "             lambda: footage.picture(Path('a.jpg'))):\n"
        "    try: what()\n"
        "    except footage.FootageError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert [line.endswith(footage.INSTALL) for line in done.stdout.splitlines()] == [True, True]
