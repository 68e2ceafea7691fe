import gzip
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import recording
from agent.recording import RecordingError
from agent.values import Reading
from drivers.sensor import Quantity

TOML = 'title = "t"\nscenario = "s"\nsource = "x"\nignition_t_s = 4\n'
CSV = "t_s,sensor,quantity,value\n0,a,TEMPERATURE_C,21.5\n0,b,CO_PPM,0\n2.5,a,TEMPERATURE_C,21.6\n"


def folder(tmp_path: Path, toml: str = TOML, csv: str = CSV) -> Path:
    (tmp_path / "recording.toml").write_text(toml)
    (tmp_path / "readings.csv").write_text(csv)
    return tmp_path


def rows(path: Path) -> list[Reading]:
    return list(recording.load(path).readings())


def test_reads_rows_and_labels(tmp_path: Path) -> None:
    found = recording.load(folder(tmp_path))
    assert (found.title, found.scenario, found.source) == ("t", "s", "x")
    assert found.labels == {"ignition_t_s": 4.0}
    assert list(found.readings()) == [
        Reading("a", Quantity.TEMPERATURE_C, 21.5, 0.0),
        Reading("b", Quantity.CO_PPM, 0.0, 0.0),
        Reading("a", Quantity.TEMPERATURE_C, 21.6, 2.5),
    ]


def test_what_is_no_time_is_no_label(tmp_path: Path) -> None:
    toml = TOML + f"big = {10**400}\nodd = nan\nyes = true\nraw_readings = 7\n"
    assert recording.load(folder(tmp_path, toml)).labels == {
        "ignition_t_s": 4.0,
        "raw_readings": 7.0,
    }


@pytest.mark.parametrize(
    "start",
    ['"2025-01-01 00:04"', '"2026-11-21T23:00:00+09:00"', "2026-11-21T23:00:00Z", '"not given"'],
)
def test_a_start_may_be_written_as_its_source_wrote_it(tmp_path: Path, start: str) -> None:
    assert recording.load(folder(tmp_path, TOML + f"start = {start}\n")).start


def test_reads_compressed_rows_with_windows_line_ends_spaces_and_a_mark(tmp_path: Path) -> None:
    (tmp_path / "recording.toml").write_text(TOML)
    text = "\ufeff" + CSV.replace("\n", "\r\n").replace("21.6", " 21.6 ") + "\r\n"
    (tmp_path / "readings.csv.gz").write_bytes(gzip.compress(text.encode()))
    assert [reading.value for reading in rows(tmp_path)] == [21.5, 0.0, 21.6]


@pytest.mark.parametrize(
    ("csv", "says"),
    [
        ("a,b\n", r"readings.csv:1: .* make it the first line"),
        (CSV + "3,a,TEMPERATURE_F,70\n", r":5: unknown quantity 'TEMPERATURE_F': use one of"),
        (CSV + "3,a,TEMPERATURE_C,warm\n", r":5: .*'warm': write a number"),
        (CSV + "soon,a,TEMPERATURE_C,2\n", r":5: .*'soon': write a number"),
        (CSV + "3,a,TEMPERATURE_C\n", r":5: 3 columns, not 4"),
        (CSV + "3,,TEMPERATURE_C,2\n", r":5: no sensor name"),
        (CSV + "1,a,TEMPERATURE_C,2\n", r":5: t_s 1 after 2.5: sort the rows"),
        (CSV + "nan,a,TEMPERATURE_C,2\n", r":5: t_s nan after 2.5"),
        (CSV + "inf,a,TEMPERATURE_C,2\n", r":5: t_s inf after 2.5"),
    ],
)
def test_a_bad_row_is_named_by_its_line_with_the_remedy(
    tmp_path: Path, csv: str, says: str
) -> None:
    with pytest.raises(RecordingError, match=says):
        rows(folder(tmp_path, csv=csv))


def test_what_is_no_recording_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="not a folder"):
        recording.load(tmp_path / "missing")
    with pytest.raises(RecordingError, match=r"recording\.toml: No such file"):
        recording.load(tmp_path)
    (tmp_path / "recording.toml").write_text("title = \n")
    with pytest.raises(RecordingError, match="not TOML"):
        recording.load(tmp_path)
    (tmp_path / "recording.toml").write_text("title = 3\n")
    with pytest.raises(RecordingError, match="`title` is not a text"):
        recording.load(tmp_path)
    (tmp_path / "recording.toml").write_text(TOML)
    with pytest.raises(RecordingError, match=r"no readings\.csv"):
        rows(tmp_path)
    (tmp_path / "readings.csv").write_bytes(b"t_s,sensor,quantity,value\n0,\xff,CO_PPM,1\n")
    with pytest.raises(RecordingError, match="UTF-8"):
        rows(tmp_path)
    (tmp_path / "readings.csv.gz").write_bytes(b"")
    with pytest.raises(RecordingError, match="remove one"):
        rows(tmp_path)


@pytest.mark.parametrize("cut", [5, 40, 70])
def test_a_file_cut_short_is_said_to_be(tmp_path: Path, cut: int) -> None:
    (tmp_path / "recording.toml").write_text(TOML)
    (tmp_path / "readings.csv.gz").write_bytes(gzip.compress(CSV.encode())[:cut])
    with pytest.raises(RecordingError, match="cut short or damaged"):
        rows(tmp_path)


def test_pictures_and_sound_are_replayed(tmp_path: Path) -> None:
    folder(tmp_path)
    assert recording.load(tmp_path).camera is None
    (tmp_path / "camera").mkdir()
    (tmp_path / "microphone.wav").write_bytes(b"")
    found = recording.load(tmp_path)
    assert found.camera == tmp_path / "camera"
    assert found.microphone == tmp_path / "microphone.wav"


def test_pictures_come_as_a_folder_or_as_a_video(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "camera.mp4").write_bytes(b"")
    assert recording.load(tmp_path).camera == tmp_path / "camera.mp4"
    (tmp_path / "camera").mkdir()
    with pytest.raises(RecordingError, match=r"camera and camera\.mp4: remove one of them"):
        recording.load(tmp_path)


READINGS = st.lists(
    st.builds(
        Reading,
        sensor=st.from_regex(r"[a-z][a-z0-9_]{0,31}", fullmatch=True),
        quantity=st.sampled_from(Quantity),
        value=st.floats(allow_nan=False),
        at=st.integers(0, 10**9).map(lambda millis: 5000.0 + millis / 1000),
    ),
    max_size=50,
)


@settings(deadline=None)
@given(READINGS, st.text(), st.floats(0, 1e6))
def test_what_is_written_reads_back(readings: list[Reading], title: str, label: float) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "made" / "one"
        recording.write(path, title, "simulated", readings, {"alarm_t_s": label})
        found = recording.load(path)
        assert (found.title, found.labels) == (title, {"alarm_t_s": label})
        ordered = sorted(readings, key=lambda reading: reading.at)
        again = list(found.readings())
        assert [(r.sensor, r.quantity, r.value) for r in again] == [
            (r.sensor, r.quantity, r.value) for r in ordered
        ]
        first = ordered[0].at if ordered else 0.0
        assert [r.at for r in again] == [round(r.at - first, 6) for r in ordered]


def test_writing_twice_gives_the_same_bytes_and_never_half_a_folder(tmp_path: Path) -> None:
    readings = [Reading("a", Quantity.CO_PPM, 1.0, 7.0), Reading("a", Quantity.CO_PPM, 2.0, 9.0)]
    for name in ("one", "two"):
        recording.write(tmp_path / name, "t", "s", readings, {})
    one, two = (
        [file.read_bytes() for file in sorted((tmp_path / name).iterdir())]
        for name in ("one", "two")
    )
    assert one == two
    with pytest.raises(OSError, match="not empty"):
        recording.write(tmp_path / "one", "t", "s", readings, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]
