from itertools import pairwise

import pytest

from hw_mocks.blinka import VirtualTime
from hw_mocks.chips.dht import DhtSim
from hw_mocks.dht import DhtLine


def edges(line: DhtLine, time: VirtualTime, start_low_s: float) -> list[tuple[bool, float]]:
    """Levels as a host sees them for 250 ms after its start signal, and when each began."""
    line.drive(False)
    time.sleep(start_low_s)
    line.release()
    released = time.now_s
    seen = [(True, released)]
    while time.now_s - released < 0.25:
        if (level := line.level()) is not seen[-1][0]:
            seen.append((level, time.now_s))
    return seen


@pytest.mark.parametrize(("dht11", "start_low_s"), [(False, 0.8e-3), (True, 18e-3)])
def test_a_start_signal_shorter_than_the_datasheets_is_not_answered(
    dht11: bool, start_low_s: float
) -> None:
    time = VirtualTime()
    line = DhtLine(time, DhtSim(dht11=dht11))
    assert len(edges(line, time, 0.9 * start_low_s)) == 1
    assert len(edges(line, time, 1.1 * start_low_s)) == 1 + 2 + 80 + 2


def test_pulses_last_as_long_as_the_datasheet_says_to_within_one_look() -> None:
    time = VirtualTime()
    line = DhtLine(time, DhtSim(35.1, 65.2), poll_us=1.0)
    seen = edges(line, time, 1e-3)
    widths_us = [(later - sooner) * 1e6 for (_, sooner), (_, later) in pairwise(seen)]
    for width_us, real_us in zip(widths_us, DhtSim(35.1, 65.2).pulses_us(), strict=True):
        assert width_us == pytest.approx(real_us, abs=1.01)


def test_a_held_line_shows_what_the_host_drives() -> None:
    line = DhtLine(VirtualTime(), DhtSim())
    for high in (True, False):
        line.drive(high)
        assert line.level() is high


def test_a_fault_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="melted"):
        DhtSim().fault = "melted"
