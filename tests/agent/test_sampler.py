"""The thread of one wire, turned by hand."""

from collections.abc import Callable, Mapping

import pytest

from agent.sampler import Channel, Sampler
from agent.values import Failure, FailureKind, Reading
from drivers.sensor import (
    ChecksumError,
    DisconnectedError,
    NotReadyError,
    Quantity,
    SensorError,
    WrongDeviceError,
)


class Scripted:
    """A sensor that answers what the test wants next."""

    def __init__(self) -> None:
        self.answer: float | Exception = 21.5
        self.opened = 0

    def open(self) -> None:
        self.opened += 1

    def read(self) -> Mapping[Quantity, float]:
        if isinstance(self.answer, Exception):
            raise self.answer
        return {Quantity.TEMPERATURE_C: self.answer}

    def close(self) -> None:
        pass


class Contact(Scripted):
    """A contact with latched edges."""

    def __init__(self) -> None:
        super().__init__()
        self.latched: list[float] = []
        self.wake: Callable[[], None] | None = None

    def pending(self) -> bool:
        return bool(self.latched)

    def on_edge(self, callback: Callable[[], None]) -> None:
        self.wake = callback

    def read(self) -> Mapping[Quantity, float]:
        return {Quantity.BUTTON: self.latched.pop(0) if self.latched else 0.0}


class Turned:
    """A sampler, its clock and what came out of it."""

    def __init__(self, *channels: Channel) -> None:
        self.now = 0.0
        self.out: list[Reading | Failure] = []
        self.beats = 0
        self.sampler = Sampler("wire", list(channels), put=self.out.append, clock=lambda: self.now)

    def step(self, at: float) -> None:
        self.now = at
        self.sampler.step(self.beat)

    def beat(self) -> None:
        self.beats += 1


def test_polls_each_channel_on_its_own_schedule() -> None:
    turned = Turned(Channel("fast", Scripted(), 2.0), Channel("slow", Scripted(), 5.0))
    for at in range(11):
        turned.step(float(at))
    assert [(r.sensor, r.at) for r in turned.out] == [
        ("fast", 0.0), ("slow", 0.0), ("fast", 2.0), ("fast", 4.0), ("slow", 5.0),
        ("fast", 6.0), ("fast", 8.0), ("fast", 10.0), ("slow", 10.0),
    ]  # fmt: skip
    assert turned.beats == 9


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(121, "Remote I/O error"), FailureKind.NO_ANSWER),
        (WrongDeviceError("0x18: manufacturer id 0x1234"), FailureKind.WRONG_DEVICE),
        (ChecksumError("sum 0x12, not 0x34"), FailureKind.CORRUPTED),
        (DisconnectedError("0 V"), FailureKind.DISCONNECTED),
        (NotReadyError("heating"), FailureKind.NOT_READY),
        (SensorError("nonsense"), FailureKind.UNUSABLE),
    ],
)
def test_an_expected_failure_is_named_and_the_sensor_opened_anew(
    error: Exception, kind: FailureKind
) -> None:
    sensor = Scripted()
    turned = Turned(Channel("ceiling", sensor, 2.0))
    turned.step(0.0)
    sensor.answer = error
    turned.step(2.0)
    sensor.answer = 22.0
    turned.step(4.0)
    assert turned.out == [
        Reading("ceiling", Quantity.TEMPERATURE_C, 21.5, 0.0),
        Failure("ceiling", kind, str(error), 2.0),
        Reading("ceiling", Quantity.TEMPERATURE_C, 22.0, 4.0),
    ]
    assert sensor.opened == 2


def test_a_bug_in_a_driver_is_not_an_expected_failure() -> None:
    sensor = Scripted()
    sensor.answer = ZeroDivisionError("a bug")
    with pytest.raises(ZeroDivisionError):
        Turned(Channel("ceiling", sensor, 2.0)).step(0.0)


def test_a_press_and_its_release_between_two_polls_are_both_seen_at_once() -> None:
    button = Contact()
    turned = Turned(Channel("sos", button, 10.0))
    turned.step(0.0)
    button.latched = [1.0, 0.0]
    turned.step(0.1)
    assert [(r.value, r.at) for r in turned.out if isinstance(r, Reading)] == [
        (0.0, 0.0), (1.0, 0.1), (0.0, 0.1),
    ]  # fmt: skip


def test_an_edge_wakes_the_thread_of_its_wire() -> None:
    button = Contact()
    sampler = Turned(Channel("sos", button, 3600.0)).sampler
    beats: list[int] = []

    def beat() -> None:  # called after each poll, on the sampler's thread: here on this one
        beats.append(len(beats))
        if button.wake is None or len(beats) == 3:
            sampler.stop()
        else:
            button.latched.append(1.0)
            button.wake()

    sampler.run(beat)  # returns only if each edge woke it: the next poll is due in an hour
    assert len(beats) == 3
