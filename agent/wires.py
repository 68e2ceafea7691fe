"""One sampler for each wire that a configuration uses."""

from collections.abc import Callable, Sequence

from agent.sampler import Channel, Sampler
from agent.values import Failure, Reading
from drivers.board import Board, SensorConfig
from drivers.i2c_recovery import recovery


def samplers(
    sensors: Sequence[SensorConfig],
    board: Board,
    *,
    put: Callable[[Reading | Failure], None],
    clock: Callable[[], float],
    pace: float,
) -> list[Sampler]:
    """A sampler a wire, with all the sensors on it; `clock` and `pace` are the agent's."""
    wires: dict[str, list[Channel]] = {}
    for each in sensors:
        channel = Channel(each.name, each.build(board), each.every_s)
        wires.setdefault(each.wire(), []).append(channel)
    return [
        Sampler(wire, channels, put=put, clock=clock, pace=pace, polled=recovery(board, wire))
        for wire, channels in wires.items()
    ]
