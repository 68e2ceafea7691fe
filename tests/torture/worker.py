"""One device with a broker, a disk, a way and a clock of its own, and all rounds of it.

Prints a line as it goes and, at the end, one JSON object with what came of it.
"""

import argparse
import contextlib
import faulthandler
import json
import random
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from tests.brokers import Listener, Mosquitto
from tests.torture.clock import Clock
from tests.torture.comparison import Heard
from tests.torture.disk import CardDisk, DiskError, PlainDisk
from tests.torture.life import ARRIVE_S, DEVICE, Agent
from tests.torture.rounds import Rounds
from tests.torture.signed import audit, keep_copy
from tests.torture.way import Way
from tests.torture.weather import Weather

Piece = TypeVar("Piece")
POWER_CUT, HALF_OPEN, CLOCK_STEPS = "power-cut", "half-open", "clock-steps"
NEEDS = {
    POWER_CUT: "power cut and full disk: root, /dev/fuse, a loop device",
    HALF_OPEN: "half-open link and lost sessions: root, network namespaces",
    CLOCK_STEPS: "clock steps: a C compiler",
}
EVERY = 10  # rounds between two lines


def work(args: argparse.Namespace, stack: contextlib.ExitStack) -> dict[str, Any]:
    """Run all rounds; what came of them."""
    missing: dict[str, str] = {}

    def have(name: str, make: Any) -> Any:
        if name not in args.without:
            try:
                piece = make()
            except DiskError as error:
                missing[name] = str(error)
            else:
                stack.callback(piece.close)
                return piece
        return None

    folder: Path = args.folder
    folder.mkdir(parents=True)
    disk = have(POWER_CUT, lambda: CardDisk(folder)) or PlainDisk(folder)
    way = have(HALF_OPEN, lambda: Way(args.number))
    clock = have(CLOCK_STEPS, lambda: Clock(folder))
    address = "127.0.0.1" if way is None else way.hub
    # an address of our own has every port free; loopback's are others', too
    ports = (None, None) if way is None else (8883, 8884)
    broker, listener = _hub(folder / "hub", address, ports[0], stack)
    city_broker, city_listener = _hub(folder / "city", address, ports[1], stack)
    agent = Agent(
        folder,
        disk.state,
        around=[] if way is None else way.around,
        environment={} if clock is None else clock.environment,
        module=("hw_mocks",) if not args.sabotage else ("tests.torture.sabotage", args.sabotage),
    )
    hub = broker.config(DEVICE)
    agent.configure(hub, city_broker.config(DEVICE))
    rounds = Rounds(agent, disk, clock, random.Random(args.seed))
    weather = Weather(broker, listener, way, random.Random(args.seed + 1))
    city_weather = Weather(city_broker, city_listener, None, random.Random(args.seed + 2))
    written_before, begun = disk.bytes_written(), time.monotonic()
    done = _run(args.rounds, rounds, [weather, city_weather], [listener, city_listener])
    written = disk.bytes_written()
    record = rounds.record
    record.judge(_heard(listener), _heard(city_listener))
    keep_copy(disk.state, folder / "state-at-the-end")
    wanted = record.accepted.keys() - record.excused
    certificate = Path(hub.certificate)
    record.problems += audit(disk.state / "ledger", certificate, wanted)
    return {
        "rounds": done,
        "counts": record.counts,
        "calamities": dict(rounds.counts + weather.counts)
        | {f"the neighbour's {how}": count for how, count in city_weather.counts.items()},
        "sectors_lost": rounds.sectors_lost,
        "bytes": None if written is None or written_before is None else written - written_before,
        "steady": asdict(rounds.steady),
        "missing": missing,
        "problems": record.problems,
        "seconds": time.monotonic() - begun,
    }


def _hub(
    folder: Path, address: str, port: int | None, stack: contextlib.ExitStack
) -> tuple[Mosquitto, Listener]:
    """A hub's broker and who listens there."""
    broker = stack.enter_context(Mosquitto(folder, address=address, port=port))
    return broker, stack.enter_context(Listener(broker, "haetae/v1/#"))


def _run(wanted: int, rounds: Rounds, weathers: list[Weather], listeners: list[Listener]) -> int:
    """All rounds, then a last life in fair weather; how many there were."""
    done = 0
    try:
        for weather in weathers:
            weather.start()
        for done in range(1, wanted + 1):
            rounds.run_one()
            if done % EVERY == 0:
                sys.stdout.write(f"round {done}: {len(rounds.record.accepted)} rows\n")
                sys.stdout.flush()
    finally:
        for weather in weathers:
            weather.stop()
    home, city = listeners
    rounds.finish(lambda: {each.id for each in _heard(city)})
    ids = {id_ for id_, _ in rounds.record.accepted.keys() - rounds.record.excused}
    home.until(lambda: ids <= {each.id for each in _heard(home)}, ARRIVE_S)
    return done


def _heard(listener: Listener) -> list[Heard]:
    return [
        Heard(
            each.attributes["id"],
            int(each.attributes.get("revision", 0)),
            int(each.attributes["sequence"]),
            each.body,
        )
        for each in listener.events()
    ]


def main() -> None:
    """Work, and take all away that was made, also after SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--without", default="", type=lambda text: text.split(","))
    parser.add_argument("--sabotage", default="")
    args = parser.parse_args()
    faulthandler.register(signal.SIGUSR1)  # where it stands
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with contextlib.ExitStack() as stack:
        found = work(args, stack)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
