"""The supply is lost: the hub hears of it while a capacitor lasts, before all else."""

import json
import time
from pathlib import Path
from typing import Any

from tests.brokers import DEVICE, Listener, Mosquitto
from tests.running import STALL, on_hub, running, until

MAINS = '\n[[sensors]]\nname = "mains"\ndriver = "supply_lost"\ngpio = 26\n'
CAPACITOR_S = 2.0  # 1 F at 5 V carries a Pi Zero 2 W with Wi-Fi, 1.5 W, down to 4.5 V for 1.6 s


def states(hub: Listener) -> list[dict[str, Any]]:
    return [json.loads(each) for each in hub.states() if each != b"offline"]


def test_a_lost_supply_is_the_next_thing_that_the_hub_hears(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "hub") as broker, Listener(broker) as hub:
        text = on_hub(STALL + MAINS, DEVICE, broker.config(heartbeat_s=3600.0))
        with running(tmp_path, text) as agent:
            until(agent.armed, 20, "armed")
            assert hub.until(hub.states)
            before = len(hub.messages)
            at = agent.set("mains.lost", 1)
            assert hub.until(lambda: states(hub)[-1].get("last_words"))
            took_s = time.monotonic() - at
            first, second = hub.messages[before : before + 2]
            agent.kill()
            assert hub.until(lambda: hub.states()[-1] == b"offline")
    event = json.loads(first.body)
    assert first.topic.endswith("/event/power")
    assert (event["stage"], event["rule"], event["subject"]) == ("alarm", "supply_lost", "mains")
    assert "전기가 끊겼습니다" in event["why"]["ko"]
    assert "supply is gone" in event["why"]["en"]
    assert second.topic.endswith("/state")
    assert states(hub)[1]["last_words"] == "last gasp: supply lost"
    assert took_s < CAPACITOR_S
