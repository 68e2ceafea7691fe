"""The gateway's memory on a disk that is nearly full, or that damages it."""

from pathlib import Path

import pytest

from tests.brokers import Mosquitto
from tests.provisioning.receivers import STATUS, Ear, WebServer
from tests.provisioning.telling import event, named_by
from tests.provisioning.test_gateway import (
    configure,
    gateway,
    hooks,
    last_status,
    speaker,
    waiting,
)
from tests.running import until

pytestmark = pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")

OFFLINE = b'{"status":"offline"}'


def test_a_disk_that_is_nearly_full_takes_nothing_more_and_says_so_while_it_delivers(
    tmp_path: Path, broker: Mosquitto, web: WebServer, home: Ear, mobius: Ear
) -> None:
    configure(tmp_path, broker, web)
    path = tmp_path / "gateway.toml"
    good = path.read_text().replace("[broker]", "[broker]\nask_again_s = 1.5")
    path.write_text(good)
    mobius.is_deaf = True
    with gateway(tmp_path, home), speaker(broker) as say:
        say(event(seq=1))
        until(lambda: waiting(home).get("onem2m"), 20, "one waits")
    mobius.is_deaf = False
    path.write_text(good + "[spool]\nkeep_free_mb = 1000000000\n")
    with gateway(tmp_path, home), speaker(broker) as say:
        for seq in range(2, 107):  # more than the broker sends ahead
            say(event(seq=seq))
        until(lambda: "too little" in last_status(home).get("trouble", ""), 20, "it is said")
        until(lambda: not any(waiting(home).values()), 20, "what waited goes out")
        gone = home.on(STATUS).count(OFFLINE)
        until(lambda: home.on(STATUS).count(OFFLINE) > gone, 20, "the broker is asked again")
        until(lambda: last_status(home)["status"] == "online", 20, "its last will is taken back")
    assert mobius.instances == {named_by(event(seq=1))}
    path.write_text(good)
    with gateway(tmp_path, home):
        until(lambda: len(mobius.instances) > 1, 20, "the broker gives them again")


@pytest.mark.parametrize("at", [18, 4096], ids=["header", "page"])
def test_a_damaged_memory_is_set_aside_and_said_and_the_gateway_goes_on(
    tmp_path: Path, broker: Mosquitto, web: WebServer, home: Ear, at: int
) -> None:
    configure(tmp_path, broker, web)
    with gateway(tmp_path, home) as first, speaker(broker) as say:
        say(event(seq=1))
        until(lambda: hooks(web), 20, "told")
        assert first.end() == 0  # nothing is left in the log beside the file
    path = tmp_path / "state" / "gateway.db"
    content = bytearray(path.read_bytes())
    content[at : at + 64] = b"\xff" * 64
    path.write_bytes(content)
    with gateway(tmp_path, home), speaker(broker) as say:
        until(lambda: "gateway.db.damaged-1" in last_status(home).get("memory", ""), 20, "said")
        say(event(seq=1))
        until(lambda: last_status(home).get("taken") == 1, 20, "it is told again")
    assert path.with_name("gateway.db.damaged-1").read_bytes() == content
