import itertools
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.board import Board
from drivers.edge_input import EdgeInput
from hw_mocks.gpio import SimPins


@pytest.fixture
def pins() -> SimPins:
    return SimPins()


def opened(pins: SimPins, *, pull_up: bool = True) -> EdgeInput:
    contact = EdgeInput(Board(pins=pins), 17, pull_up=pull_up, bounce_s=None)
    contact.open()
    return contact


@pytest.mark.parametrize("pull_up", [True, False])
def test_an_open_wire_is_inactive_whatever_the_pull(pins: SimPins, pull_up: bool) -> None:
    assert opened(pins, pull_up=pull_up).read() is False


def test_a_contact_already_closed_at_start_is_seen(pins: SimPins) -> None:
    pins.wire(17).drive(False)
    contact = opened(pins)
    assert contact.read() is True
    assert not contact.pending()


def test_a_press_between_two_reads_is_not_lost(pins: SimPins) -> None:
    contact = opened(pins)
    assert contact.read() is False
    pins.wire(17).drive(False)
    pins.wire(17).drive(None)
    assert [contact.pending(), contact.read(), contact.pending(), contact.read()] == [
        True,
        True,
        True,
        False,
    ]
    assert not contact.pending()


def test_an_edge_wakes_whoever_asked(pins: SimPins) -> None:
    contact, woken = opened(pins), threading.Event()
    contact.on_edge(woken.set)
    pins.wire(17).drive(False)
    assert woken.is_set()


def test_a_chattering_contact_ends_at_its_last_level(pins: SimPins) -> None:
    contact = opened(pins)
    for _ in range(1000):
        pins.wire(17).drive(False)
        pins.wire(17).drive(None)
    pins.wire(17).drive(False)
    levels = [contact.read()]
    while contact.pending():
        levels.append(contact.read())
    assert len(levels) <= 64
    assert contact.read() is True


def test_a_spike_without_an_edge_is_ignored_but_a_lost_callback_is_healed(pins: SimPins) -> None:
    contact, wire = opened(pins), pins.wire(17)
    wire.mute = True  # the level moves, and no callback comes
    wire.drive(False)
    assert contact.read() is False
    wire.drive(None)
    assert contact.read() is False
    wire.drive(False)
    assert [contact.read(), contact.read()] == [False, True]


def test_opening_again_keeps_latched_edges_and_the_callback(pins: SimPins) -> None:
    contact, calls = opened(pins), list[int]()
    contact.on_edge(lambda: calls.append(1))
    pins.wire(17).drive(False)
    contact.open()
    assert contact.read() is True
    pins.wire(17).drive(None)
    assert len(calls) == 2


def test_a_closed_input_is_an_oserror_until_opened_again(pins: SimPins) -> None:
    contact = opened(pins)
    contact.close()
    contact.close()
    with pytest.raises(OSError, match="gpio17: not open"):
        contact.read()
    contact.open()
    assert contact.read() is False


def test_a_pin_in_use_is_an_oserror(pins: SimPins) -> None:
    first = opened(pins)
    with pytest.raises(OSError, match="gpio17: pin GPIO17 is already in use"):
        opened(pins)
    first.close()


def test_a_fixed_pull_up_against_a_pull_down_is_an_oserror(pins: SimPins) -> None:
    contact = EdgeInput(Board(pins=pins), 2, pull_up=False, bounce_s=None)
    with pytest.raises(OSError, match=r"gpio2: .*fixed pull"):
        contact.open()


@settings(deadline=None)
@given(bursts=st.lists(st.lists(st.booleans(), max_size=20), max_size=10))
def test_whatever_happens_between_reads_is_read_in_order(bursts: list[list[bool]]) -> None:
    pins = SimPins()
    contact, read, wire = opened(pins), [False], [False]
    for burst in bursts:
        for closed in burst:
            pins.wire(17).drive(False if closed else None)
        wire += burst
        read.append(contact.read())
        while contact.pending():
            read.append(contact.read())
    contact.close()
    assert [level for level, _ in itertools.groupby(read)] == [
        level for level, _ in itertools.groupby(wire)
    ]


def test_edges_from_two_threads_keep_their_order(pins: SimPins) -> None:
    contact, levels = opened(pins), list[bool]()
    contact.on_edge(lambda: levels.append(contact.read()))

    def chatter() -> None:
        for closed in (True, False) * 500:
            pins.wire(17).drive(not closed)

    threads = [threading.Thread(target=chatter) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(first != second for first, second in itertools.pairwise(levels))
    assert contact.read() is not pins.wire(17).level
