import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.plausibility import WIDEST, Plausibility, State, Watched
from agent.values import Failure, FailureKind, Reading
from drivers.sensor import Quantity, Span

T, RH, PM = Quantity.TEMPERATURE_C, Quantity.RELATIVE_HUMIDITY_PCT, Quantity.PM2_5_UG_M3
DHT = Watched({T: Span(-40, 80, frozen_after_s=600), RH: Span(0, 100)}, every_s=2.0)


def read(sensor: Plausibility, at: float, celsius: float = 21.0, humidity: float = 50.0) -> bool:
    believed = sensor.believe(Reading("ceiling", T, celsius, at))
    return sensor.believe(Reading("ceiling", RH, humidity, at)) and believed


def fail(sensor: Plausibility, at: float, kind: FailureKind = FailureKind.CORRUPTED) -> None:
    sensor.fail(Failure("ceiling", kind, "checksum 0x12 is not 0x34", at))


@pytest.mark.parametrize("quantity", Quantity)
def test_every_quantity_has_a_widest_span(quantity: Quantity) -> None:
    assert WIDEST[quantity].low < WIDEST[quantity].high


@pytest.mark.parametrize("celsius", [math.nan, math.inf, -math.inf, 80.1, -40.1])
def test_what_no_transducer_reports_is_not_believed(celsius: float) -> None:
    sensor = Plausibility(DHT)
    assert read(sensor, 0)
    assert not read(sensor, 2, celsius)
    assert read(sensor, 4)
    assert sensor.fault is None


@pytest.mark.parametrize("celsius", [-40.0, 80.0])
def test_both_ends_of_a_span_are_believed(celsius: float) -> None:
    assert read(Plausibility(DHT), 0, celsius)


@settings(deadline=None)
@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_sensor_that_nobody_configured_is_held_to_the_widest_span(value: float) -> None:
    span = WIDEST[T]
    believed = Plausibility(None).believe(Reading("odd", T, value, 0.0))
    assert believed == (span.low <= value <= span.high)


def test_impossible_values_that_last_are_a_fault_though_the_other_quantity_is_well() -> None:
    sensor = Plausibility(DHT)
    for k in range(8):
        assert sensor.believe(Reading("ceiling", RH, 50.0 + k, 2.0 * k))
        assert not sensor.believe(Reading("ceiling", T, 99.0, 2.0 * k))
    assert sensor.fault == "range"
    assert sensor.health().state is State.DOUBTED
    assert "99" in sensor.health().why


def test_a_number_that_stands_still_is_frozen_until_it_moves() -> None:
    sensor = Plausibility(DHT)
    believed = [read(sensor, 2.0 * k, 21.0, 50 + k % 3) for k in range(400)]
    assert all(believed[:301])
    assert not any(believed[301:])
    assert sensor.fault == "frozen"
    for k in range(400, 405):
        read(sensor, 2.0 * k, 21.0 + 0.1 * (k - 400))
    assert sensor.fault is None


def test_a_saturated_hazard_is_believed_however_long_it_stands() -> None:
    span = Span(0, 1000, saturates=1000, frozen_after_s=60)
    sensor = Plausibility(Watched({PM: span}, every_s=1))
    values = [8.0] + [1000.0] * 600 + [8.0] * 10
    assert all(sensor.believe(Reading("pm", PM, value, k)) for k, value in enumerate(values))


def test_a_gap_is_no_frozen_value() -> None:
    sensor = Plausibility(DHT)
    assert read(sensor, 0)
    assert read(sensor, 1e6)


def test_one_bad_checksum_is_no_fault_nor_is_the_third_of_reads_that_a_dht_loses() -> None:
    noise, sensor = random.Random(7), Plausibility(DHT)
    for k in range(43_200):  # a day
        if noise.random() < 0.3:
            fail(sensor, 2.0 * k)
        else:
            read(sensor, 2.0 * k, 21 + noise.random())
        assert sensor.fault is None


def test_checksums_that_never_fit_are_a_fault_after_half_a_minute() -> None:
    sensor = Plausibility(DHT)
    for k in range(14):
        fail(sensor, 2.0 * k)
    assert sensor.fault is None
    fail(sensor, 28)
    assert sensor.fault == "corrupted"
    assert sensor.health().state is State.FAILING
    assert "checksum" in sensor.health().why


@pytest.mark.parametrize("kind", [FailureKind.WRONG_DEVICE, FailureKind.DISCONNECTED])
def test_a_wrong_chip_or_a_cut_wire_is_a_fault_at_the_second_read(kind: FailureKind) -> None:
    sensor = Plausibility(DHT)
    fail(sensor, 0, kind)
    assert sensor.fault is None
    fail(sensor, 2, kind)
    assert sensor.fault == kind


def test_no_answer_is_a_fault_after_ten_seconds_and_ends_after_three_good_reads() -> None:
    sensor = Plausibility(DHT)
    for k in range(6):
        assert sensor.fault is None
        fail(sensor, 2.0 * k, FailureKind.NO_ANSWER)
    assert sensor.fault == "no_answer"
    for k in range(6, 9):
        read(sensor, 2.0 * k)
        assert sensor.fault == "no_answer"
    read(sensor, 18)
    assert sensor.fault is None
    assert sensor.health().is_sound


def test_two_failures_of_three_are_a_fault_by_their_density() -> None:
    sensor, k = Plausibility(DHT), 0
    while sensor.fault is None:
        (read if k % 3 == 0 else fail)(sensor, 2.0 * k)
        k += 1
        assert k < 90
    assert sensor.fault == "error_density"
    for more in range(k, k + 60):
        read(sensor, 2.0 * more, 21 + 0.1 * (more % 2))
    assert sensor.fault is None


def test_silence_is_found_by_time_alone_and_ends_with_readings() -> None:
    sensor = Plausibility(DHT)
    sensor.wait(0)
    sensor.wait(10)
    assert sensor.fault is None
    sensor.wait(10.1)
    assert sensor.fault == "silent"
    assert sensor.health().state is State.SILENT
    for k in range(4):
        read(sensor, 20 + 2.0 * k)
    assert sensor.fault is None
    sensor.wait(36)
    assert sensor.fault is None
    sensor.wait(36.1)
    assert sensor.fault == "silent"


def test_a_slow_sensor_may_be_silent_for_three_of_its_intervals() -> None:
    sensor = Plausibility(Watched({T: Span(-55, 125)}, every_s=60))
    sensor.believe(Reading("wire", T, 21.0, 0))
    sensor.wait(180)
    assert sensor.fault is None
    sensor.wait(181)
    assert sensor.fault == "silent"


def test_a_cold_sensor_is_not_believed_yet_and_warms_anew_after_losing_its_power() -> None:
    gas = Watched({Quantity.GAS_RS_R0: Span(0, 20)}, every_s=1, warm_up_s=180)
    sensor = Plausibility(gas)

    def reads(at: float) -> bool:
        return sensor.believe(Reading("gas", Quantity.GAS_RS_R0, 1.0, at))

    assert sensor.health().state is State.WARMING
    assert not reads(100)
    assert not reads(279)
    assert sensor.health().state is State.WARMING
    assert reads(280)
    assert sensor.health().state is State.OK
    sensor.wait(300)
    assert sensor.fault == "silent"
    assert not reads(400)
    assert not reads(579)
    assert reads(580)


def test_a_part_that_has_never_measured_is_no_fault_and_is_not_relied_on() -> None:
    sensor = Plausibility(DHT)
    fail(sensor, 0.0, FailureKind.NOT_READY)
    assert sensor.fault is None
    assert not sensor.health().is_sound
    assert "checksum" in sensor.health().why
    assert read(sensor, 2.0)
    assert sensor.health().is_sound


def test_what_people_switched_off_is_told_at_once() -> None:
    sensor = Plausibility(DHT)
    assert read(sensor, 0.0)
    fail(sensor, 2.0, FailureKind.MUTED)
    assert sensor.fault == "muted"
    assert not sensor.health().is_sound


def test_a_part_that_is_not_ready_is_given_its_warm_up() -> None:
    sensor = Plausibility(Watched({T: Span(-40, 80)}, every_s=2, warm_up_s=120))
    for k in range(60):
        fail(sensor, 2.0 * k, FailureKind.NOT_READY)
    assert sensor.fault is None
    fail(sensor, 120, FailureKind.NOT_READY)
    assert sensor.fault == "not_ready"


def test_a_part_that_learns_may_say_that_it_is_not_ready_for_as_long_as_it_learns() -> None:
    learning = Plausibility(Watched(spans={}, every_s=1.0, ready_within_s=3600.0))
    for at in range(0, 3600, 10):
        learning.fail(Failure("voc", FailureKind.NOT_READY, "learns clean air", float(at)))
        assert learning.fault is None
    learning.fail(Failure("voc", FailureKind.NOT_READY, "learns clean air", 3601.0))
    assert learning.fault == "not_ready"
