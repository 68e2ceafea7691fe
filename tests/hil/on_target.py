"""What every driver promises, asked of the device's own wires: a program that runs there.

    python - --config PATH --state DIR [--simulated] <on_target.py

The other half of tests/drivers/test_conformance.py, which provokes faults on simulated parts: on
real ones this asks what can be asked of a sound part that nobody may break. Nothing else may hold
the wires. It reads sensors only: no output is touched. One JSON object a line, a promise each.
"""

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from agent import config as configuration
from agent.sections import Config
from drivers.board import Board, SensorConfig
from drivers.sensor import EdgeSensor, NotReadyError, Quantity, Sensor, SensorError

READS = 5  # within which every quantity is told once
PATIENCE_READS = 30  # a DHT fails a third of its reads; a part may be warming
Promise = Callable[[SensorConfig, Sensor, Board], str]  # why it was broken; empty: kept


def opens_twice(config: SensorConfig, sensor: Sensor, board: Board) -> str:
    """Opening again does no harm."""
    sensor.open()
    sensor.open()
    return "" if _reading(config, sensor, board) else "no reading"


def stays_within_its_spans(config: SensorConfig, sensor: Sensor, board: Board) -> str:
    """Each quantity that it promises comes, no other, and none that no transducer can report."""
    sensor.open()
    told: dict[Quantity, float] = {}
    for _ in range(READS):
        reading = _reading(config, sensor, board)
        told |= reading
        for quantity, value in reading.items():
            span = config.spans.get(quantity)
            if span is None or not span.low <= value <= span.high:
                return f"{quantity} {value:g}"
        if told.keys() == config.spans.keys():
            return ""
        board.pace.wait(config.every_s)
    return f"never told: {', '.join(sorted(config.spans.keys() - told.keys()))}"


def closes_twice_and_opens_anew(config: SensorConfig, sensor: Sensor, board: Board) -> str:
    """After two closes it reads again, once opened."""
    sensor.open()
    sensor.close()
    sensor.close()
    sensor.open()
    return "" if _reading(config, sensor, board) else "no reading"


def closed_it_fails_as_expected(config: SensorConfig, sensor: Sensor, board: Board) -> str:
    """A closed sensor raises OSError or SensorError, or reads truly; nothing else."""
    sensor.open()
    sensor.close()
    with contextlib.suppress(OSError, SensorError):
        reading = sensor.read()
        spans = config.spans
        if any(not spans[q].low <= value <= spans[q].high for q, value in reading.items()):
            return f"{reading}"
    return ""


PROMISES: tuple[Promise, ...] = (
    opens_twice,
    stays_within_its_spans,
    closes_twice_and_opens_anew,
    closed_it_fails_as_expected,
)


def judge(config: Config, board: Board) -> Iterator[dict[str, object]]:
    """Hold every sensor of a configuration to every promise."""
    for each in config.sensors:
        if each.is_perceived:  # another process holds its wire, and there is only one
            continue
        for promise in PROMISES:
            sensor = each.build(board)
            try:
                why = promise(each, sensor, board)
            except (OSError, SensorError) as error:
                why = f"{type(error).__name__}: {error}"
            finally:
                sensor.close()
            yield {"sensor": each.name, "wire": each.wire(), "promise": promise.__name__,
                   "kept": not why, "why": why}  # fmt: skip


def _reading(config: SensorConfig, sensor: Sensor, board: Board) -> Mapping[Quantity, float]:
    """The newest reading; what a sound part may fail with now and then is tried again.

    Raises:
        OSError, SensorError: It went on failing.
    """
    for left in reversed(range(PATIENCE_READS)):
        try:
            reading = sensor.read()
            while isinstance(sensor, EdgeSensor) and sensor.pending():
                reading = sensor.read()
        except (OSError, SensorError) as error:
            if not left:
                raise
            board.pace.wait(config.every_s)
            if not isinstance(error, NotReadyError):
                with contextlib.suppress(OSError, SensorError):
                    sensor.open()
        else:
            return reading
    return {}


@contextlib.contextmanager
def _board(config: Config, state: Path, *, simulated: bool) -> Iterator[Board]:
    if not simulated:
        board = Board(state=state)
        yield board
        board.close()
        return
    from hw_mocks.bench import Bench  # noqa: PLC0415  # not on a device
    from hw_mocks.life import write_baselines  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        with Bench(config, w1_root=place / "w1", state=place) as bench:
            write_baselines(config, bench, place, "2026-01-01T00:00:00Z", lambda _: None)
            yield bench.board


def main() -> int:
    """Judge; 0 if every promise was kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--simulated", action="store_true")
    args = parser.parse_args()
    config, broken = configuration.load(args.config), 0
    with _board(config, args.state, simulated=args.simulated) as board:
        for row in judge(config, board):
            broken += not row["kept"]
            sys.stdout.write(json.dumps(row) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
