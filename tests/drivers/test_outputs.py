import pytest

from drivers.board import Board
from drivers.lamp import Lamp
from drivers.siren import Siren
from hw_mocks.gpio import SimPins

every_output = pytest.mark.parametrize("output", [Siren, Lamp])


@every_output
@pytest.mark.parametrize("active_high", [True, False])
def test_it_follows_on_and_off_and_is_off_when_closed(
    output: type[Siren | Lamp], active_high: bool
) -> None:
    pins = SimPins()
    pin, made = pins.wire(18), output(Board(pins=pins), gpio=18, active_high=active_high)
    levels = []
    for move in (made.off, made.on, made.on, made.off, made.on, made.close):
        move()
        levels.append(pin.level == active_high)
    assert levels == [False, True, True, False, True, False]


@every_output
def test_building_it_moves_nothing(output: type[Siren | Lamp]) -> None:
    pins = SimPins()
    output(Board(pins=pins), gpio=18)
    assert not pins.wire(18).moves


def test_each_edge_is_recorded_with_its_monotonic_time() -> None:
    pins = SimPins()
    siren = Siren(Board(pins=pins), gpio=18)
    for _ in range(3):
        siren.on()
        siren.off()
    moves = list(pins.wire(18).moves)
    assert [level for _, level in moves] == [True, False] * 3
    assert [at for at, _ in moves] == sorted(at for at, _ in moves)


@every_output
def test_a_pin_in_use_is_an_oserror_and_the_next_call_tries_anew(
    output: type[Siren | Lamp],
) -> None:
    pins = SimPins()
    first, second = (output(Board(pins=pins), gpio=18) for _ in range(2))
    first.off()
    for move in (second.on, second.off):
        with pytest.raises(OSError, match="gpio18: pin GPIO18 is already in use"):
            move()
    second.close()
    first.close()
    second.on()
    assert pins.wire(18).level


@every_output
def test_closing_never_raises(output: type[Siren | Lamp]) -> None:
    pins = SimPins()
    made = output(Board(pins=pins), gpio=18)
    made.close()
    made.on()
    pins.close()  # the board's wires went first
    made.close()
    made.close()


@pytest.mark.parametrize("active_high", [True, False])
@pytest.mark.parametrize("tone_hz", [520, 3100])
def test_a_bare_sounder_is_given_a_square_wave_while_on(tone_hz: int, active_high: bool) -> None:
    pins = SimPins()
    pin = pins.wire(18)
    siren = Siren(Board(pins=pins), gpio=18, active_high=active_high, frequency_hz=tone_hz)
    swings = []
    for move in (siren.off, siren.on, siren.on, siren.off, siren.on):
        move()
        swings.append((pin.frequency, pin.duty))
    off = (tone_hz, 0.0 if active_high else 1.0)
    assert swings == [off, (tone_hz, 0.5), (tone_hz, 0.5), off, (tone_hz, 0.5)]
    assert [level for _, level in pin.moves][-3:] == [True, False, True]
    siren.close()
    assert (pin.frequency, pin.level) == (None, False)


def test_a_pin_that_gives_no_tone_is_an_oserror_and_the_next_call_tries_anew() -> None:
    pins = SimPins()
    other, siren = (
        Siren(Board(pins=pins), gpio=18),
        Siren(Board(pins=pins), gpio=18, frequency_hz=520),
    )
    other.off()
    with pytest.raises(OSError, match="gpio18: pin GPIO18 is already in use"):
        siren.on()
    other.close()
    siren.on()
    assert pins.wire(18).frequency == 520
    siren.close()
