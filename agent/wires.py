"""One sampler for each wire that a configuration uses."""

from collections.abc import Callable, Sequence

from agent.sampler import Channel, Sampler
from agent.values import Failure, Reading
from drivers.board import Board, SensorConfig
from drivers.i2c_recovery import recovery
from drivers.sensor import Sensor
from drivers.stimulus import LineStimulus, Provokable, Provoker
from drivers.stimulus_line import StimulusLine


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
        sensor = each.build(board)
        stimulus = _stimulus(each, sensor, board)
        is_off = None if isinstance(stimulus, StimulusLine) else False  # a line may still be on
        channel = Channel(each.name, sensor, each.every_s, stimulus=stimulus, is_provoked=is_off)
        wires.setdefault(each.wire(), []).append(channel)
    return [
        Sampler(wire, channels, put=put, clock=clock, pace=pace, polled=recovery(board, wire))
        for wire, channels in wires.items()
    ]


def _stimulus(config: SensorConfig, sensor: Sensor, board: Board) -> Provoker | None:
    """What provokes it, where something does."""
    if isinstance(config.stimulus, LineStimulus):
        return StimulusLine(board, config.stimulus)
    if config.stimulus is not None and isinstance(sensor, Provokable):
        return sensor
    return None
