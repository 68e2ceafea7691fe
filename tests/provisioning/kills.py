"""Kill the gateway again and again under a stream of events, and count what each system has.

python -m tests.provisioning.kills [--kills 20] [--events 600] [--seed 7]
"""

import argparse
import json
import random
import signal
import sys
import tempfile
import threading
from pathlib import Path

from agent.values import Stage
from tests.brokers import Mosquitto
from tests.provisioning.receivers import HOME_TOPICS, Ear, WebServer
from tests.provisioning.telling import event
from tests.provisioning.test_gateway import (
    configure,
    entities,
    gateway,
    hooks,
    speaker,
    told_to,
    waiting,
)
from tests.running import until

EVERY_S = 0.05
TWICE = 7  # each seventh event is published twice, as a device does whose PUBACK was lost


def tell(broker: Mosquitto, count: int) -> None:
    """Publish so many events, beginnings and ends in turn."""
    pause = threading.Event()
    with speaker(broker) as say:
        for number in range(count):
            stage = Stage.CLEARED if number % 2 else Stage.ALARM
            for _ in range(2 if number % TWICE == 0 else 1):
                say(event(seq=number, id=f"a-{number}", stage=stage))
            pause.wait(EVERY_S)


def torment(folder: Path, *, kills: int, count: int, seed: int) -> bool:
    """Do it; whether each system has each event."""
    lots, pause = random.Random(seed), threading.Event()
    with Mosquitto(folder / "hub") as broker:
        web, home = WebServer(), Ear(broker, "home-assistant", *HOME_TOPICS)
        mobius = Ear(broker, "onem2m", "/oneM2M/req/#")
        configure(folder, broker, web)
        with gateway(folder, home) as first:
            first.end()  # its session is there from now on
        telling = threading.Thread(target=tell, args=(broker, count))
        telling.start()
        for _ in range(kills):
            with gateway(folder, home) as running:
                pause.wait(lots.uniform(0, 1))
                running.end(signal.SIGKILL)
        telling.join()
        with gateway(folder, home):
            until(lambda: not any(waiting(home).values()), 300, "all told")
        home.close()
        mobius.close()
        web.close()
    found = {
        "cap": [path.stem for path in (folder / "cap").glob("*.xml")],
        "home_assistant": told_to(home),
        "onem2m": [json.loads(each)["rqi"] for each in mobius.on("/oneM2M/req/")],
        "ngsi_ld": [each["data"]["value"]["event"] for each in entities(web)],
        "webhook": [each["id"] for each in hooks(web)],
    }
    wanted = [f"a-{number}" for number in range(count)]
    good = True
    for name, names in found.items():
        ids = [each.rpartition("_")[2] for each in names]
        lost, order = len(set(wanted) - set(ids)), list(dict.fromkeys(ids))
        in_order = name == "cap" or order == [each for each in wanted if each in set(ids)]
        good = good and lost == 0 and in_order
        again = len(ids) - len(set(ids))
        said = "files" if name == "cap" else "in order" if in_order else "OUT OF ORDER"
        sys.stdout.write(f"{name}: {lost} lost, {again} again by the same name, {said}\n")
    return good


def main() -> int:
    """Read the arguments, and do it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--events", type=int, default=600)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        good = torment(Path(folder), kills=args.kills, count=args.events, seed=args.seed)
    sys.stdout.write(f"kills: {args.kills} in {args.events} events: {'ok' if good else 'FAILED'}\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
