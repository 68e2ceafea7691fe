"""What crosses from perception is numbers of a table, and few of them. Wider is a failed build."""

import math
import struct
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import record
from drivers.record import Bucket, RecordError
from drivers.sensor import Quantity

PAGE = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text("utf-8")
CHANGED = "what may cross has changed: change `docs/privacy.md`, and these figures, with it"
# what docs/privacy.md promises: code, low, high, resolution, records a second
PROMISED: Mapping[str, tuple[int, float, float, float, float]] = {
    "FIRE_SCORE": (1, 0.0, 1.0, 0.01, 2.0),
    "SMOKE_SCORE": (2, 0.0, 1.0, 0.01, 2.0),
    "FLAME_AREA_PCT": (3, 0.0, 100.0, 0.1, 2.0),
    "FALL_SCORE": (4, 0.0, 1.0, 0.01, 2.0),
    "LYING_SCORE": (5, 0.0, 1.0, 0.01, 2.0),
    "BODY_MOTION": (6, 0.0, 1.0, 0.01, 2.0),
    "POSE_LOST": (7, 0.0, 1.0, 1.0, 2.0),
    "PERSON_COUNT": (8, 0.0, 15.0, 1.0, 2.0),
    "VIEW": (9, 0.0, 7.0, 1.0, 2.0),
    "SOUND_LAF_DBA": (10, 0.0, 170.0, 0.1, 2.0),
    "SOUND_LAEQ_DBA": (11, 0.0, 170.0, 0.1, 2.0),
    "SOUND_LEQ_DB": (12, 0.0, 170.0, 0.1, 2.0),
    "SOUND_LOST_PCT": (13, 0.0, 100.0, 1.0, 2.0),
    "ALARM_PULSES": (14, 0.0, 4.0, 1.0, 2.0),
    "VIEW_OUTLINE_ROW": (15, 0.0, 24 * 2.0**32 - 1, 1.0, 2.0),
}
BYTES, BYTES_S, BITS_S = 24, 1_024, 506.0
quantities = st.sampled_from(list(record.TABLE))
finite = st.floats(allow_nan=False, allow_infinity=False)
times = st.floats(0.0, 1e8)


def test_the_table_is_what_the_page_promises() -> None:
    table = {
        str(quantity): (row.code, row.low, row.high, row.resolution, row.hz)
        for quantity, row in record.TABLE.items()
    }
    assert table == PROMISED, CHANGED
    assert f"{len(PROMISED)} quantities" in PAGE, CHANGED


def test_a_record_is_as_small_as_the_page_promises() -> None:
    assert record.SIZE == BYTES, CHANGED
    assert f"{BYTES} bytes a record" in PAGE, CHANGED
    for quantity in record.TABLE:
        assert len(record.encode("eyes", quantity, 0.0, 1.0)) == BYTES, CHANGED
    assert len(record.encode_mute("eyes", is_muted=True, at=1.0)) == BYTES, CHANGED


def test_the_budget_is_what_the_page_promises() -> None:
    assert record.BUDGET_BYTES_S == BYTES_S, CHANGED
    assert f"{BYTES_S:,} bytes a second" in PAGE, CHANGED
    spent = sum(row.hz * record.SIZE for row in record.TABLE.values())
    assert spent <= BYTES_S, "one sensor with every quantity must stay within the budget"


def test_no_more_can_be_told_in_a_second_than_the_page_promises() -> None:
    assert record.bits_per_s() <= BITS_S, CHANGED
    assert f"at most {BITS_S:g} bits a second" in PAGE, CHANGED


def test_the_figure_counts_every_number_and_every_time_that_is_let_through() -> None:
    times_let_through = math.ceil((record.MAX_AGE_S + record.AHEAD_S) / record.TIME_STEP_S)
    by_hand = sum(
        hz * math.log2((round((high - low) / step) + 1) * times_let_through)
        for _, low, high, step, hz in PROMISED.values()
    )
    assert by_hand <= record.bits_per_s() <= by_hand + 1.0


@given(quantity=quantities, value=finite, at=times)
@settings(deadline=None)
def test_a_number_comes_through_within_its_resolution(
    quantity: Quantity, value: float, at: float
) -> None:
    row = record.TABLE[quantity]
    found = record.decode(record.encode("eyes", quantity, value, at))
    cut = min(max(value, row.low), row.high)
    assert (found.source, found.quantity) == (record.source_of("eyes"), quantity)
    assert abs(found.value - cut) <= row.resolution / 2 + 1e-6
    assert row.low <= found.value <= row.high
    assert -1e-6 <= at - found.at <= record.TIME_STEP_S + 1e-6, "never ahead of the clock"


@given(quantity=quantities, value=finite, at=times)
@settings(deadline=None)
def test_reading_again_what_was_read_changes_nothing(
    quantity: Quantity, value: float, at: float
) -> None:
    once = record.decode(record.encode("eyes", quantity, value, at))
    assert record.decode(record.encode("eyes", quantity, once.value, once.at)) == once


@given(
    quantity=quantities,
    steps=st.lists(st.integers(0, 2**52), min_size=1, max_size=20),
    payload=st.integers(0, 2**20 - 1),
    at=st.floats(1.0, 1e6),
)
@settings(deadline=None)
def test_what_is_hidden_in_the_last_bits_does_not_survive(
    quantity: Quantity, steps: list[int], payload: int, at: float
) -> None:
    row = record.TABLE[quantity]
    for step in steps:
        plain = record.decode(
            record.encode("eyes", quantity, row.low + step % row.levels * row.resolution, at)
        )
        layout = struct.Struct("<4sHHdd")
        ulp = math.ulp(max(1.0, abs(plain.value)))
        below = int(row.resolution / 2 / ulp).bit_length() - 1  # bits that make no step
        marked = layout.pack(
            record.MAGIC, plain.source, row.code, smuggle(plain.value, payload, min(20, below)),
            smuggle(plain.at + record.TIME_STEP_S / 2, payload),
        )  # fmt: skip
        try:
            assert record.decode(marked) == plain
        except RecordError:
            assert plain.value == row.high, "only beyond the end is it refused"


def smuggle(value: float, payload: int, width: int = 20) -> float:
    """The number with `width` bits of something else in its lowest bits."""
    mask = (1 << width) - 1
    (bits,) = struct.unpack("<Q", struct.pack("<d", value))
    (marked,) = struct.unpack("<d", struct.pack("<Q", bits & ~mask | payload & mask))
    return float(marked)


@given(raw=st.binary(max_size=80))
@settings(deadline=None)
def test_bytes_of_another_length_or_beginning_are_refused(raw: bytes) -> None:
    if len(raw) != record.SIZE or not raw.startswith(record.MAGIC):
        for read in (record.decode, record.decode_mute):
            with pytest.raises(RecordError):
                read(raw)


@given(raw=st.binary(min_size=20, max_size=20))
@settings(deadline=None)
def test_bytes_with_the_right_beginning_are_a_number_of_the_table_or_refused(raw: bytes) -> None:
    try:
        found = record.decode(record.MAGIC + raw)
    except RecordError:
        return
    row = record.TABLE[found.quantity]
    assert row.low <= found.value <= row.high
    assert row.rounded(found.value) == found.value
    assert math.isfinite(found.at)


@given(raw=st.binary(min_size=18, max_size=18), quantity=quantities)
@settings(deadline=None)
def test_any_number_of_a_known_quantity_is_within_its_bounds_or_refused(
    raw: bytes, quantity: Quantity
) -> None:
    row = record.TABLE[quantity]
    code = struct.pack("<H", row.code)
    try:
        found = record.decode(record.MAGIC + raw[:2] + code + raw[2:])
    except RecordError:
        return
    assert row.low <= found.value <= row.high


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1.01, -0.01, 1e300])
def test_a_number_outside_its_bounds_is_refused(value: float) -> None:
    raw = struct.pack("<4sHHdd", record.MAGIC, 1, 1, value, 5.0)
    with pytest.raises(RecordError, match="FIRE_SCORE"):
        record.decode(raw)


@pytest.mark.parametrize("at", [math.nan, math.inf, -math.inf, -1.0, 1e12])
def test_a_time_that_no_clock_shows_is_refused(at: float) -> None:
    raw = struct.pack("<4sHHdd", record.MAGIC, 1, 1, 0.5, at)
    with pytest.raises(RecordError, match="time"):
        record.decode(raw)


@pytest.mark.parametrize("code", [0, 16, 0x7FFF, record.MUTE, record.OUTLINE])
def test_a_quantity_that_is_not_in_the_table_is_refused(code: int) -> None:
    raw = struct.pack("<4sHHdd", record.MAGIC, 1, code, 0.5, 5.0)
    with pytest.raises(RecordError, match="unknown"):
        record.decode(raw)


@pytest.mark.parametrize("quantity", sorted(set(Quantity) - record.TABLE.keys()))
def test_nothing_else_can_be_sent(quantity: Quantity) -> None:
    with pytest.raises(RecordError, match="may not cross"):
        record.encode("eyes", quantity, 0.0, 1.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_cannot_be_sent(bad: float) -> None:
    for value, at in ((bad, 1.0), (0.5, bad)):
        with pytest.raises(RecordError, match="not finite"):
            record.encode("eyes", Quantity.FIRE_SCORE, value, at)


@pytest.mark.parametrize("is_muted", [False, True])
def test_the_answer_says_off_or_on_and_is_no_reading(is_muted: bool) -> None:
    raw = record.encode_mute("eyes", is_muted=is_muted, at=12.345)
    said = record.decode_mute(raw)
    assert (said.source, said.is_muted) == (record.source_of("eyes"), is_muted)
    with pytest.raises(RecordError):
        record.decode(raw)


@pytest.mark.parametrize("value", [0.5, 2.0, -1.0, math.nan])
def test_an_answer_that_says_neither_is_refused(value: float) -> None:
    raw = struct.pack("<4sHHdd", record.MAGIC, 1, record.MUTE, value, 5.0)
    with pytest.raises(RecordError):
        record.decode_mute(raw)


@given(
    takes=st.lists(st.tuples(st.floats(0.1, 50.0), st.floats(0.0, 3.0)), max_size=200),
    rate=st.floats(1.0, 100.0),
    depth=st.floats(1.0, 100.0),
)
@settings(deadline=None)
def test_a_bucket_never_lets_through_more_than_its_depth_and_rate(
    takes: list[tuple[float, float]], rate: float, depth: float
) -> None:
    bucket, now, taken = Bucket(rate, depth), 0.0, 0.0
    for amount, pause_s in takes:
        now += pause_s
        taken += amount if bucket.take(amount, now) else 0.0
        assert taken <= depth + now * rate + 1e-6


def test_a_bucket_is_not_filled_by_a_clock_that_goes_back_and_forth() -> None:
    bucket = Bucket(1.0, 1.0)
    assert bucket.take(1.0, 10.0)
    assert not any(bucket.take(1.0, at) for at in (5.0, 10.0, 0.0, 10.0))
    assert bucket.take(1.0, 11.0)
