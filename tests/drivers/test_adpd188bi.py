import errno
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.plausibility import Plausibility, Watched
from agent.values import Reading
from drivers import kept
from drivers.adpd188bi_chip import BLUE_MA, IR_MA, calibrated, mended
from drivers.sensor import (
    ChecksumError,
    DisconnectedError,
    NotReadyError,
    Quantity,
    SensorError,
    WrongDeviceError,
)
from hw_mocks.chips.adpd188bi import commission, with_code
from tests.drivers.i2c_rig import Rig, rig

SMOKE = Quantity.SMOKE_OBSCURATION_PCT_PER_M
TYPICAL = (30, 112, 112, 206, 154, *[0] * 9)
bytes_14 = st.lists(st.integers(0, 255), min_size=14, max_size=14)


@pytest.fixture
def adpd188bi(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path, "adpd188bi") as made:
        commission(tmp_path, made.config, "2025-01-02T03:04:05Z")
        yield made


def test_the_leds_have_the_currents_of_the_recommended_settings() -> None:
    assert pytest.approx(169.8, abs=0.05) == BLUE_MA
    assert pytest.approx(229.4, abs=0.05) == IR_MA


def test_a_code_is_so_many_nw_per_mw_as_analog_devices_reckons() -> None:
    """0.41 nA a code, four pulses, 0.26 and 0.41 A/W, 0.38 (less 44 %) and 0.22 W/A."""
    blue, ir = calibrated(with_code(TYPICAL), "here")
    assert blue == pytest.approx(0.41 / 4 / 169.78 / 0.26 / (0.38 * 0.556), rel=0.002)
    assert ir == pytest.approx(0.41 / 4 / 229.41 / 0.41 / 0.22, rel=0.002)


@given(st.sampled_from([30, 31, 33]), *[st.integers(60, 200)] * 2, st.integers(100, 255))
def test_the_fuses_of_a_brighter_led_make_its_codes_worth_less(
    kind: int, gain: int, other: int, offset: int
) -> None:
    low, high = sorted((gain, other))
    codes = [
        calibrated(with_code((kind, at, at, offset, offset, *[0] * 9)), "here")
        for at in (low, high)
    ]
    assert codes[0][0] >= codes[1][0]
    assert codes[0][1] >= codes[1][1]


def test_an_unknown_kind_of_module_is_refused() -> None:
    with pytest.raises(SensorError, match="kind 7"):
        calibrated(with_code((7, *TYPICAL[1:])), "here")


@given(bytes_14, st.integers(0, 119))
def test_one_flipped_fuse_is_put_right(data: list[int], bit: int) -> None:
    fuses = with_code(tuple(data))
    assert mended(fuses, "here") == data
    fuses[bit // 8] ^= 1 << bit % 8
    assert mended(fuses, "here") == data


@given(bytes_14, st.sets(st.integers(0, 119), min_size=2, max_size=2))
def test_two_flipped_fuses_are_refused(data: list[int], flipped: set[int]) -> None:
    fuses = with_code(tuple(data))
    for bit in flipped:
        fuses[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ChecksumError, match="here: fuses"):
        mended(fuses, "here")


@settings(deadline=None, max_examples=40)
@given(st.floats(0, 60), st.floats(0.2, 2), st.floats(0.2, 2))
def test_smoke_comes_through_whatever_it_scatters(smoke: float, blue: float, ir: float) -> None:
    with rig(Path("/nowhere"), "adpd188bi", blue_at_10=blue, ir_at_10=ir) as made:
        made.board.state = Path(made.wiring.devices)  # nowhere to keep anything
        driver = made.built()
        driver._channels = channels(made, blue, ir)
        made.chip.smoke_pct_per_m = smoke
        driver.open()
        steps = max(0.011 / blue, 0.005 / ir)  # of a code, in levels
        assert driver.read()[SMOKE] == pytest.approx(smoke, abs=10.6 * steps)


def channels(made: Rig, blue: float, ir: float) -> object:
    from drivers.smoke_chamber import Channel  # noqa: PLC0415

    every_s = made.config.every_s
    return Channel("blue", 0.40, blue, every_s), Channel("infrared", 0.25, ir, every_s)


def test_it_is_set_up_as_the_data_sheet_recommends_for_smoke(adpd188bi: Rig) -> None:
    adpd188bi.opened()
    told = adpd188bi.chip.words
    assert told[0x10] == 2
    table_26 = {0x11: 0x30A9, 0x14: 0x011D, 0x22: 0x3539, 0x23: 0x3536, 0x25: 0x630C}
    table_26 |= {0x30: 0x0320, 0x31: 0x040E, 0x42: 0x1C34, 0x43: 0xADA5, 0x58: 0x0544}
    assert {at: told[at] for at in table_26} == table_26
    assert told[0x57] == 0, "fuses off again"
    assert told[0x4B] == 0x2692


def test_a_module_with_trimmed_clocks_gets_its_trim(adpd188bi: Rig) -> None:
    adpd188bi.chip.fuses = with_code((33, 112, 112, 174, 118, 0, 0, 0x15, 0x9C, *[0] * 5))
    adpd188bi.opened()
    assert adpd188bi.chip.words[0x4B] == 0x2695
    assert adpd188bi.chip.words[0x4D] & 0xFF == 0x9C


def test_without_a_baseline_there_is_no_reading_but_a_remedy(tmp_path: Path) -> None:
    with rig(tmp_path, "adpd188bi") as made:
        driver = made.opened()
        with pytest.raises(NotReadyError, match="probe --baseline under_test"):
            driver.read()
        assert driver.sample() == pytest.approx((0.40, 0.25), abs=0.006)
        commission(tmp_path, made.config, "2025-01-02T03:04:05Z")
        assert driver.read()[SMOKE] == pytest.approx(0.0, abs=0.25)


def test_without_a_sample_it_is_not_ready_and_opening_does_not_set_it_up_anew(
    adpd188bi: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = adpd188bi.opened()
    adpd188bi.chip.samples = 0
    with pytest.raises(NotReadyError, match="no sample"):
        driver.read()
    told: list[int] = []
    monkeypatch.setattr(driver._chip, "tell", lambda register, _word: told.append(register))
    driver.open()
    assert not told


def test_samples_of_the_past_are_thrown_away(adpd188bi: Rig) -> None:
    driver = adpd188bi.opened()
    adpd188bi.chip.samples = 16
    with pytest.raises(NotReadyError, match="newest are missing"):
        driver.read()
    adpd188bi.chip.samples, adpd188bi.chip.smoke_pct_per_m = 2, 20.0
    assert driver.read()[SMOKE] == pytest.approx(20.0, abs=0.3)


def test_a_fifo_out_of_step_is_no_reading_and_is_put_in_step(adpd188bi: Rig) -> None:
    driver = adpd188bi.opened()
    adpd188bi.chip._fill()
    adpd188bi.chip._fifo.popleft()  # somebody else read a word
    adpd188bi.chip._fifo.append(0)
    with pytest.raises(SensorError, match="out of step"):
        driver.read()
    driver.open()
    assert driver.read()[SMOKE] == pytest.approx(0.0, abs=0.25)


def test_a_replugged_part_is_set_up_anew(adpd188bi: Rig) -> None:
    driver = adpd188bi.opened()
    driver.read()
    adpd188bi.chip.fault = "absent"
    for attempt in (driver.read, driver.open):
        with pytest.raises(OSError, match="i2c-1:0x64") as caught:
            attempt()
        assert caught.value.errno == errno.EREMOTEIO
    adpd188bi.chip.fault = "none"
    adpd188bi.chip.smoke_pct_per_m = 5.0
    driver.open()
    assert driver.read()[SMOKE] == pytest.approx(5.0, abs=0.3)


def test_another_chip_is_the_wrong_device(adpd188bi: Rig) -> None:
    adpd188bi.chip.fault = "wrong_chip"
    with pytest.raises(WrongDeviceError, match="0x0a18, not 0x0916"):
        adpd188bi.opened()


def test_spoilt_fuses_are_a_checksum_error_and_fuses_that_never_come_are_not_ready(
    adpd188bi: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    adpd188bi.chip.fuses[1] ^= 0x03
    with pytest.raises(ChecksumError):
        adpd188bi.opened()
    monkeypatch.setattr("hw_mocks.chips.adpd188bi._FUSE_STATE", 0xFE)
    with pytest.raises(NotReadyError, match="fuses"):
        adpd188bi.opened()


def test_a_dark_led_is_a_lost_channel_and_not_clean_air(adpd188bi: Rig) -> None:
    driver = adpd188bi.opened()
    driver.read()
    adpd188bi.chip.light = 0.5
    with pytest.raises(DisconnectedError, match="blue"):
        driver.read()


def test_light_at_the_converters_end_counts_as_all_the_smoke_there_is(adpd188bi: Rig) -> None:
    driver = adpd188bi.opened()
    adpd188bi.chip.fault = "saturated"
    assert driver.read() == {SMOKE: adpd188bi.config.spans[SMOKE].saturates}


def test_a_stuck_chamber_is_told_within_an_hour_although_dust_is_learnt(adpd188bi: Rig) -> None:
    """What is taken off moves so slowly that a standing value still shows as one."""
    config = adpd188bi.config
    driver, known = adpd188bi.opened(), Plausibility(Watched(config.spans, config.every_s))
    adpd188bi.chip.dust = 0.05
    now = 0.0
    while known.fault is None and now < 7200.0:
        now += config.every_s
        for quantity, value in driver.read().items():
            known.believe(Reading("chamber", quantity, value, now))
    assert known.fault == "frozen"
    assert now <= 3600.0 + 2 * config.every_s


def test_a_garbled_baseline_is_not_ready(adpd188bi: Rig) -> None:
    kept.path(adpd188bi.board.state, "under_test").write_bytes(b'{"blue": 0}')
    with pytest.raises(NotReadyError, match="garbled"):
        adpd188bi.opened().read()


@pytest.mark.parametrize("at_10", [0.2, 0.5, 2.0])
def test_provoked_a_clean_chamber_scatters_as_one_full_of_smoke(
    tmp_path: Path, at_10: float
) -> None:
    with rig(tmp_path, "adpd188bi", blue_at_10=at_10, ir_at_10=at_10) as made:
        commission(tmp_path, made.config, "2025-01-02T03:04:05Z")
        driver = made.opened()
        owed = made.config.own_stimulus
        assert driver.read()[SMOKE] < 1.0
        driver.provoke(on=True)
        assert owed.rise + 1.0 < driver.read()[SMOKE] < owed.most - 1.0
        assert made.chip.words[0x10] == 2, "it measures again"
        driver.provoke(on=False)
        assert made.chip.words[0x31] == made.chip.words[0x36] == 0x040E
        assert driver.read()[SMOKE] < 1.0


def test_a_chamber_without_a_baseline_is_not_provoked(tmp_path: Path) -> None:
    with rig(tmp_path, "adpd188bi") as made, pytest.raises(NotReadyError):
        made.opened().provoke(on=True)
