"""A recording's pictures go the way of a living camera's, and come out as readings and events."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from agent.media import Held
from agent.recording import RecordingError
from agent.replay import replay
from agent.sections import AnnunciatorConfig, Config, SirenConfig
from agent.values import Why
from drivers.camera import CameraConfig
from drivers.sensor import Quantity
from drivers.view import View
from models import runtime
from models.footage import Footage, picture
from tests.models.films import film

Pixels = NDArray[np.uint8]

DATA = Path(os.environ.get("HAETAE_DATA", Path(__file__).parents[3] / "shared" / "data"))
FALL = DATA / "falls" / "le2i" / "Lecture_room_6.mp4"  # falls at 6.5 s, and lies to the end
FIRES = DATA / "fire-images" / "fire"
needs_data = pytest.mark.skipif(not FALL.exists(), reason=f"no clips of falls at {DATA}")
ROOT = Path(__file__).parents[2]


def here(*names: str) -> bool:
    known = runtime.manifest()
    return all(n in known and (runtime.FOLDER / known[n]["tflite"]).exists() for n in names)


SEES_FALLS = here("fall", "pose_detector", "pose_landmarks")
needs_falls = pytest.mark.skipif(not SEES_FALLS, reason=f"no pose files: {runtime.FETCH}")
needs_all = pytest.mark.skipif(not (SEES_FALLS and here("fire_image")), reason="not all models")


def config(camera: CameraConfig) -> Config:
    return Config(
        profile="replay",
        title=Why("시험", "test"),
        annunciator=AnnunciatorConfig(siren=SirenConfig(gpio=18)),
        sensors=[camera],
    )


EYE = config(CameraConfig(name="eye", fire=False))


def recorded(folder: Path, rows: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "recording.toml").write_text('title = "made up"\nscenario = "test"\n')
    if rows:
        (folder / "readings.csv").write_text(f"t_s,sensor,quantity,value\n{rows}")
    return folder


def played(folder: Path, how: Config = EYE) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Events and derived readings."""
    found = list(replay(folder, how, readings=True))
    return [e for e in found if "hazard" in e], [e for e in found if "hazard" not in e]


def room(seconds: float, rate_hz: int = 10) -> Iterator[Pixels]:
    """A room with edges and grain, in which nobody is."""
    draw = np.random.default_rng(3)
    still = np.kron(draw.integers(60, 200, (12, 16, 3)), np.ones((20, 20, 1))).astype(np.int16)
    for _ in range(round(seconds * rate_hz)):
        yield np.clip(still + draw.integers(-4, 5, still.shape), 0, 255).astype(np.uint8)


@needs_falls
@pytest.mark.parametrize("kind", ["video", "folder"])
def test_an_empty_room_gives_readings_twice_a_second_and_no_event(
    tmp_path: Path, kind: str
) -> None:
    folder = recorded(tmp_path / kind)
    if kind == "video":
        film(folder / "camera.mp4", room(8), rate_hz=10)
    else:
        (folder / "camera").mkdir()
        lines = ["t_s,file"]
        for number, pixels in enumerate(room(8)):
            Image.fromarray(pixels).save(folder / "camera" / f"{number}.png")
            lines.append(f"{number / 10},{number}.png")
        (folder / "camera" / "camera.csv").write_text("\n".join(lines))
    events, rows = played(folder)
    assert events == []
    assert {each["sensor"] for each in rows} == {"eye"}
    views = [each["t_s"] for each in rows if each["quantity"] == "VIEW"]
    assert views == pytest.approx([step / 2 for step in range(18)])  # the last one stands for 1 s
    people = [each["value"] for each in rows if each["quantity"] == "PERSON_COUNT"]
    assert people
    assert set(people) == {0.0}


@needs_falls
def test_pictures_and_rows_are_merged_by_time(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "both", "0.7,sos,BUTTON,0\n3.2,sos,BUTTON,1\n")
    film(folder / "camera.mp4", room(5), rate_hz=10)
    _, rows = played(folder)
    times = [each["t_s"] for each in rows]
    assert times == sorted(times)
    assert {each["sensor"] for each in rows} == {"eye"}  # the rows are known already


def burning(flames: Pixels, seconds: float, rate_hz: int = 10) -> Iterator[Pixels]:
    """A real picture of a fire, 320 x 240, whose flames dance."""
    draw = np.random.default_rng(5)
    still = np.asarray(Image.fromarray(flames).resize((320, 240)))
    hot = (still[..., 0] > 150) & (still[..., 0].astype(int) - still[..., 2] > 60)
    for _ in range(round(seconds * rate_hz)):
        shifts = draw.integers(-6, 7, len(still))
        moved = [np.roll(line, int(by), 0) for line, by in zip(still, shifts, strict=True)]
        yield np.where(hot[..., None], np.stack(moved), still)


@needs_all
@needs_data
def test_a_fall_and_a_fire_on_film_come_out_as_events(tmp_path: Path) -> None:
    """The fire is seen first, a prealarm, and a chamber beside it confirms it: an alarm."""
    frames = [each.pixels for each in Footage(FALL, 10).frames()]
    fire = burning(picture(FIRES / "cair-00060.jpg"), 14)
    smoke = (min(6.0, max(0.0, t - 15)) for t in range(40))
    rows = (f"{t},chamber,SMOKE_OBSCURATION_PCT_PER_M,{each}" for t, each in enumerate(smoke))
    folder = recorded(tmp_path / "full", "\n".join(rows) + "\n")
    film(folder / "camera.mp4", [*frames, *fire], rate_hz=10)
    found = list(replay(folder, config(CameraConfig(name="eye")), readings=False))
    at = {(e["hazard"], e["stage"], e.get("local", False)): e["t_s"] for e in reversed(found)}
    assert 6.5 < at["fall", "prealarm", True] < 8.3 + 3
    assert at["fall", "alarm", False] == pytest.approx(at["fall", "prealarm", True] + 30, abs=1.1)
    assert len(frames) / 10 < at["fire", "prealarm", False] < len(frames) / 10 + 10
    assert at["fire", "prealarm", False] < at["fire", "alarm", False]
    assert "seen_fire" in {each["rule"] for each in found}


def test_pictures_that_cannot_be_read_end_the_replay(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "broken", "0,sos,BUTTON,0\n")
    (folder / "camera.mp4").write_bytes(b"no video")
    if not SEES_FALLS:
        pytest.skip(f"no pose files: {runtime.FETCH}")
    with pytest.raises(RecordingError, match=r"camera\.mp4: .*: name a video"):
        list(replay(folder, EYE, readings=False))


def test_a_recording_whose_models_are_missing_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = recorded(tmp_path / "pictures", "0,sos,BUTTON,0\n")
    film(folder / "camera.mp4", room(1), rate_hz=10)
    known = runtime.manifest()
    (tmp_path / "manifest.toml").write_bytes((runtime.FOLDER / "manifest.toml").read_bytes())
    (tmp_path / "weights").mkdir()
    for name in ("table", "tflite"):
        path = known["fire_sensors"][name]
        (tmp_path / path).write_bytes((runtime.FOLDER / path).read_bytes())
    monkeypatch.setattr(runtime, "FOLDER", tmp_path)
    with pytest.raises(RecordingError, match="-m models fetch"):
        list(replay(folder, EYE, readings=False))


def test_a_peak_counts_once_and_others_as_last_seen() -> None:
    held = Held(CameraConfig(name="eye"))
    clear = {Quantity.VIEW: float(View.CLEAR)}
    for at, score, lying in ((0.0, 0.2, 0.9), (0.1, 0.904, 0.8), (0.2, 0.3, 0.1)):
        held.take(clear | {Quantity.FALL_SCORE: score, Quantity.LYING_SCORE: lying}, at)
    assert held.read(0.2) == clear | {Quantity.FALL_SCORE: 0.9, Quantity.LYING_SCORE: 0.1}
    assert held.read(0.7) == clear | {Quantity.FALL_SCORE: 0.3, Quantity.LYING_SCORE: 0.1}


def test_a_camera_that_does_not_see_says_only_that_and_in_the_dark_what_shines() -> None:
    held = Held(CameraConfig(name="eye"))
    held.take({Quantity.VIEW: float(View.CLEAR), Quantity.FALL_SCORE: 0.9}, 0.0)
    held.take({Quantity.VIEW: float(View.COVERED)}, 0.1)
    assert held.read(0.1) == {Quantity.VIEW: float(View.COVERED)}
    dark = {Quantity.VIEW: float(View.DARK), Quantity.FIRE_SCORE: 0.9}
    held.take(dark | {Quantity.LYING_SCORE: 0.9}, 0.2)
    assert held.read(0.2) == dark  # a fire shines
    held.take({Quantity.VIEW: float(View.CLEAR)}, 5.0)
    assert held.read(5.0) == {Quantity.VIEW: float(View.CLEAR)}  # a score so old is no news


def test_a_recording_of_rows_alone_loads_no_library_of_pictures() -> None:
    code = (
        "import sys, agent.cli\n"
        "agent.cli.main(['replay', 'tests/replays/flaming-stall'])\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert not set(done.stdout.splitlines()[-1].split()) & {"numpy", "scipy", "av", "PIL"}
