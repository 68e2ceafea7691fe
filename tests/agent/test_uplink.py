import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Self

import pytest

from agent import uplink
from agent.hub import Hub
from agent.lanes import hazard_of
from agent.outbox import HOME, Outbox, Row
from agent.values import Hazard
from tests.agent.events import making, opened, put
from tests.brokers import DEVICE, SITE, Listener, Mosquitto


@dataclass
class Hall:
    """A hub that answers as told, and ends the run once it has."""

    stop: threading.Event
    answers: list[bool]
    sent: list[int] = field(default_factory=list)
    held: set[int] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    closed: bool = False

    def takes(self, row: Row) -> bool:
        return row.seq not in self.held

    def send(self, row: Row) -> bool:
        self.sent.append(row.seq)
        return self.answers.pop(0) and not self.denies(row)

    def denies(self, row: Row) -> bool:
        return hazard_of(row.body) in self.denied

    def heartbeat_if_due(self) -> bool:
        if not self.answers:
            self.stop.set()
        return True

    def close(self) -> None:
        self.closed = True


@dataclass
class Sleeper:
    """A clock that moves only while somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> bool:
        self.slept.append(seconds)
        self.now += seconds
        return False


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with opened(tmp_path / "outbox.db") as found:
        yield found


def run(outbox: Outbox, answers: list[bool], *, jitter: float = 1.0) -> tuple[Hall, Sleeper, int]:
    stop, sleeper, beats = threading.Event(), Sleeper(), [0]
    hall = Hall(stop, answers)

    def beat() -> None:
        beats[0] += 1

    uplink.forward(
        outbox.reader(HOME),
        hall,
        stop=stop,
        beat=beat,
        clock=sleeper.clock,
        jitter=lambda: jitter,
        wait=sleeper.sleep,
    )
    return hall, sleeper, beats[0]


def test_each_row_is_sent_until_it_is_confirmed_oldest_first(outbox: Outbox) -> None:
    put(outbox, 3)
    hall, _, _ = run(outbox, [True, False, False, True, True])
    assert hall.sent == [1, 2, 2, 2, 3]
    assert hall.closed
    assert outbox.pending() == 0


def pauses(outbox: Outbox, answers: list[bool]) -> list[float]:
    """How long is waited between two attempts, in seconds, at the longest."""
    attempts: list[float] = []
    stop, sleeper = threading.Event(), Sleeper()

    class Timed(Hall):
        def send(self, row: Row) -> bool:
            attempts.append(sleeper.now)
            return super().send(row)

    uplink.forward(
        outbox.reader(HOME),
        Timed(stop, answers),
        stop=stop,
        beat=lambda: None,
        clock=sleeper.clock,
        jitter=lambda: 1.0,
        wait=sleeper.sleep,
    )
    return [round(b - a, 6) for a, b in pairwise(attempts)]


def test_pauses_double_up_to_a_minute_and_start_anew_after_a_success(outbox: Outbox) -> None:
    put(outbox, 2, Hazard.FAULT)
    outbox.flush()
    found = pauses(outbox, [False] * 9 + [True, False, True])
    assert found == [1, 2, 4, 8, 16, 32, 60, 60, 60, 0, 1]


def test_while_an_alarm_waits_no_pause_is_longer_than_ten_seconds(outbox: Outbox) -> None:
    put(outbox, 2, Hazard.FIRE)
    assert pauses(outbox, [False] * 6 + [True, True]) == [1, 2, 4, 8, 10, 10, 0]


def test_a_hazard_that_the_hub_denies_holds_up_no_other(outbox: Outbox) -> None:
    for hazard in (Hazard.WATER, Hazard.FIRE, Hazard.WATER, Hazard.FAULT):
        put(outbox, 1, hazard)
    outbox.flush()
    stop, sleeper = threading.Event(), Sleeper()
    hall = Hall(stop, [True] * 7, denied={Hazard.WATER})

    def sleep(seconds: float) -> bool:
        if sleeper.now > 2 * uplink.DENIED_S:
            hall.denied.clear()  # the hub's operator has mended it
        return sleeper.sleep(seconds)

    uplink.forward(
        outbox.reader(HOME),
        hall,
        stop=stop,
        beat=lambda: None,
        clock=sleeper.clock,
        jitter=lambda: 1.0,
        wait=sleep,
    )
    assert hall.sent == [1, 2, 4, 1, 1, 1, 3]
    assert outbox.pending() == 0
    assert sleeper.now == pytest.approx(3 * uplink.DENIED_S, abs=5)


def test_jitter_takes_any_part_of_the_pause(outbox: Outbox) -> None:
    put(outbox)
    _, sleeper, _ = run(outbox, [False] * 5 + [True], jitter=0.1)
    assert sum(sleeper.slept[:-1]) == pytest.approx(0.1 * (1 + 2 + 4 + 8 + 10))


def test_progress_is_shown_every_second_however_long_the_hub_is_away(outbox: Outbox) -> None:
    put(outbox)
    _, sleeper, beats = run(outbox, [False] * 8 + [True])
    assert max(sleeper.slept) <= 1.0
    assert beats >= sleeper.now


def test_no_progress_is_shown_while_a_call_to_the_hub_hangs(outbox: Outbox) -> None:
    put(outbox)
    beats: list[int] = []
    hanging, release, stop = threading.Event(), threading.Event(), threading.Event()

    class Hung(Hall):
        def send(self, row: Row) -> bool:
            hanging.set()
            release.wait(20.0)
            return super().send(row)

    hub = Hung(stop, [True])
    thread = threading.Thread(
        target=lambda: uplink.forward(
            outbox.reader(HOME), hub, stop=stop, beat=lambda: beats.append(1)
        )
    )
    thread.start()
    assert hanging.wait(20.0)
    assert len(beats) == 1
    release.set()
    outbox.wake()
    thread.join(20.0)
    assert len(beats) > 1


def test_a_put_ends_the_pause_between_two_attempts(outbox: Outbox) -> None:
    put(outbox)
    stop, sent = threading.Event(), threading.Semaphore(0)

    class Away(Hall):
        def send(self, row: Row) -> bool:
            sent.release()
            return False

    thread = threading.Thread(
        target=lambda: uplink.forward(
            outbox.reader(HOME),
            Away(stop, [False]),
            stop=stop,
            beat=lambda: None,
            jitter=lambda: 3600.0,
        )
    )
    thread.start()
    for _ in range(5):
        assert sent.acquire(timeout=20.0)
        outbox.put(making())
    stop.set()
    outbox.wake()
    thread.join(20.0)


class Delivery:
    """The real uplink between a real outbox and a real broker, on a thread of its own."""

    def __init__(self, outbox: Outbox, hub: Hub) -> None:
        self._outbox, self._hub, self._stop = outbox, hub, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        uplink.forward(
            self._outbox.reader(HOME),
            self._hub,
            stop=self._stop,
            beat=lambda: None,
            jitter=lambda: 0.05,
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._outbox.wake()
        self._thread.join(30.0)


@pytest.mark.parametrize("die", [Mosquitto.kill, Mosquitto.stop])
def test_a_broker_that_dies_in_the_middle_loses_and_disorders_nothing(
    outbox: Outbox, tmp_path: Path, die: Callable[[Mosquitto], None]
) -> None:
    with (
        Mosquitto(tmp_path / "hub") as broker,
        Listener(broker) as listener,
        Listener(broker, qos=0) as ear,  # hears what a killed broker confirmed in its last breath
    ):
        hub = Hub(
            broker.config(puback_timeout_s=1.0), device=DEVICE, site=SITE, state=lambda: b"{}"
        )
        with Delivery(outbox, hub):
            for round_ in range(3):
                put(outbox, 10)
                assert listener.until(lambda n=round_: len(once(listener)) > 20 * n)  # type: ignore[misc]
                die(broker)
                put(outbox, 10)
                broker.start()
                assert listener.until(lambda: listener.subscribed)
            everything = set(range(1, 61))
            assert listener.until(lambda: {*once(listener), *once(ear)} == everything)
    assert once(listener) == sorted(once(listener))
    assert once(ear) == sorted(once(ear))


def test_a_broker_that_freezes_in_the_middle_gets_the_same_row_again(
    outbox: Outbox, tmp_path: Path
) -> None:
    with Mosquitto(tmp_path / "hub") as broker, Listener(broker) as listener:
        hub = Hub(
            broker.config(puback_timeout_s=0.5), device=DEVICE, site=SITE, state=lambda: b"{}"
        )
        with Delivery(outbox, hub):
            put(outbox, 5)
            assert listener.until(lambda: len(once(listener)) == 5)
            with broker.frozen():
                put(outbox, 5)
                while "no PUBACK" not in hub.status:
                    outbox.reader(HOME).wait(0.01)
            assert listener.until(lambda: len(once(listener)) == 10)
    assert once(listener) == list(range(1, 11))


def once(listener: Listener) -> list[int]:
    """The sequence numbers as they take effect: of each id, the first that came."""
    ids = {each.attributes["id"]: int(each.attributes["sequence"]) for each in listener.events()}
    return list(ids.values())
