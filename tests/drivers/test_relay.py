import errno

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.sections import RelayConfig
from drivers.board import Board
from drivers.relay import Relay
from hw_mocks.gpio import SimPins


def made(pins: SimPins, *, armed: bool, active_high: bool = True) -> Relay:
    return Relay(Board(pins=pins), gpio=26, active_high=active_high, may_arm=armed)


def test_it_is_unarmed_unless_the_configuration_says_so() -> None:
    assert msgspec.convert({"gpio": 26}, RelayConfig).armed is False
    pins = SimPins()
    relay = made(pins, armed=False)
    for move in (relay.arm, relay.on):
        with pytest.raises(OSError, match="gpio26: not armed") as refused:
            move()
        assert refused.value.errno == errno.EPERM
    for harmless in (relay.off, relay.disarm, relay.close):
        harmless()
    assert not pins.wire(26).moves


def test_it_is_refused_until_armed_and_after_disarming() -> None:
    pins = SimPins()
    relay = made(pins, armed=True)
    with pytest.raises(PermissionError, match="`arm` it first"):
        relay.on()
    relay.arm()
    relay.on()
    assert pins.wire(26).level
    relay.disarm()
    assert not pins.wire(26).level
    with pytest.raises(PermissionError):
        relay.on()


@pytest.mark.parametrize("active_high", [True, False])
def test_arming_leaves_it_off_and_so_does_closing(active_high: bool) -> None:
    pins = SimPins()
    relay, pin = made(pins, armed=True, active_high=active_high), pins.wire(26)
    relay.arm()
    assert pin.level != active_high
    relay.on()
    assert pin.level == active_high
    relay.close()
    with pytest.raises(PermissionError):
        relay.on()


@pytest.mark.parametrize("armed", [True, False])
def test_what_a_killed_process_left_on_is_dropped_where_it_may_be_moved(armed: bool) -> None:
    """A line that is freed keeps its level on some boards (pinctrl-rp1: persist_gpio_outputs)."""
    pins = SimPins()
    pins.wire(26).drive(True)
    relay = made(pins, armed=armed)
    relay.off()
    assert pins.wire(26).level is not armed


def test_a_board_that_went_first_does_not_make_closing_raise() -> None:
    pins = SimPins()
    relay = made(pins, armed=True)
    relay.arm()
    pins.close()
    relay.close()
    relay.close()


MOVES = ("arm", "disarm", "on", "off", "close")


@settings(deadline=None)
@given(moves=st.lists(st.sampled_from(MOVES), max_size=20), armed=st.booleans())
def test_over_any_calls_it_is_on_only_when_armed_twice_and_told_to(
    moves: list[str], armed: bool
) -> None:
    pins = SimPins()
    relay, is_armed, is_on = made(pins, armed=armed), False, False
    for move in moves:
        refused = (move == "arm" and not armed) or (move == "on" and not is_armed)
        if refused:
            with pytest.raises(PermissionError):
                getattr(relay, move)()
        else:
            getattr(relay, move)()
            is_armed = move == "arm" or (is_armed and move not in {"disarm", "close"})
            is_on = move == "on" or (is_on and move not in {"arm", "disarm", "off", "close"})
        assert pins.wire(26).level == is_on
    relay.close()
