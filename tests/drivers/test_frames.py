"""The resynchronising parser, with the frames of the parts that use it."""

import itertools
import struct
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drivers import ld2410, ze07_co
from drivers.frames import Frames


def ze07(tenths: int) -> bytes:
    frame = b"\xff\x04\x03\x01" + tenths.to_bytes(2, "big") + b"\x13\x88"
    return frame + bytes([-sum(frame[1:]) & 0xFF])


def radar(cm: int) -> bytes:
    data = struct.pack("<BBBHBHBHBB", 2, 0xAA, 1, cm, 60, 0, 0, cm, 0x55, 0)
    return b"\xf4\xf3\xf2\xf1\x0d\x00" + data + b"\xf8\xf7\xf6\xf5"


quiet = st.binary(max_size=40).map(lambda noise: noise.replace(b"\xff", b"").replace(b"\xf4", b""))
a_frame = st.integers(0, 5000).map(ze07)
a_report = st.integers(0, 675).map(radar)
PARTS = [(ze07_co.frames, a_frame), (ld2410.frames, a_report)]


def fed(frames: Frames, chunks: list[bytes]) -> list[bytes]:
    return [frame for chunk in chunks for frame in frames.feed(chunk)]


@settings(deadline=None)
@given(data=st.data(), part=st.sampled_from(PARTS))
def test_frames_between_garbage_are_all_found_however_the_stream_is_cut(
    data: st.DataObject, part: tuple[Callable[[], Frames], st.SearchStrategy[bytes]]
) -> None:
    make, kind = part
    sent = data.draw(st.lists(kind, max_size=5))
    noise = data.draw(st.lists(quiet, min_size=len(sent) + 1, max_size=len(sent) + 1))
    stream = noise[0] + b"".join(f + n for f, n in zip(sent, noise[1:], strict=True))
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8).map(sorted))
    edges = [0, *cuts, len(stream)]
    frames = make()
    assert fed(frames, [stream[a:b] for a, b in itertools.pairwise(edges)]) == sent
    assert frames.skipped == sum(map(len, noise))
    assert frames.spoilt == 0


rubbish = st.one_of(
    st.binary(max_size=40),
    a_report.flatmap(lambda frame: st.integers(0, len(frame) - 1).map(lambda n: frame[:n])),
    a_report.map(lambda frame: frame[:-1] + b"\0"),
    st.just(b"\xf4\xf3\xf2\xf1\x23\x00"),
)


@settings(deadline=None)
@given(before=st.lists(rubbish, max_size=5).map(b"".join), frame=a_report)
@example(before=b"\xf4\xf3\xf2\xf1\x23\x00", frame=radar(1))
def test_no_false_start_swallows_a_true_frame(before: bytes, frame: bytes) -> None:
    frames = ld2410.frames()
    assert frame in fed(frames, [before, frame, bytes(50)])


@settings(deadline=None)
@given(stream=st.lists(st.binary(max_size=100), max_size=10))
def test_whatever_comes_is_given_in_frames_that_check_or_counted(stream: list[bytes]) -> None:
    for make, kept in ((ze07_co.frames, 9), (ld2410.frames, 45)):
        frames = make()
        found = fed(frames, stream)
        heard = sum(map(len, stream))
        accounted = frames.skipped + sum(map(len, found))
        assert heard - kept < accounted <= heard
        assert frames.begun() == (accounted < heard)


@pytest.mark.parametrize("tenths", [0x00FF, 0xFF00, 0xFF04])
def test_an_ff_within_a_frame_is_not_taken_for_its_start(tenths: int) -> None:
    frame, frames = ze07(tenths), ze07_co.frames()
    for cut in range(1, len(frame)):  # the stream is joined in the middle of a frame
        frames.clear()
        assert fed(frames, [frame[cut:] + 2 * frame])[-1:] == [frame]


def test_a_storm_of_spoilt_frames_is_counted_and_ends() -> None:
    frame, frames = ze07(37), ze07_co.frames()
    assert frames.feed(5 * (frame[:5] + bytes([frame[5] ^ 1]) + frame[6:])) == []
    assert frames.spoilt == 5
    assert frames.feed(frame) == [frame]


def test_forgetting_drops_a_half_heard_frame() -> None:
    frames = ze07_co.frames()
    frames.feed(ze07(37)[:4])
    assert frames.begun()
    frames.clear()
    assert not frames.begun()
    assert frames.feed(ze07(37)[4:]) == []
