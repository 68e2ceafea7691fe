"""The race of `make bench-peers`: what of it needs none of the others installed."""

import json
from pathlib import Path

import pytest

from hw_mocks.peers.__main__ import Found, Sizes, as_table
from hw_mocks.peers.bridge import Bridge
from hw_mocks.peers.hub import Hub, told
from hw_mocks.peers.node_red import NodeRed
from hw_mocks.peers.process import NotInstalledError


def test_an_event_is_counted_for_the_peer_that_brought_it() -> None:
    alarm = json.dumps({"id": "a-1", "stage": "alarm"}).encode()
    rows = json.dumps({"stall": [{"ts": 1, "values": {"n": 4}}, {"ts": 2, "values": {}}]}).encode()
    assert told("haetae/v1/seomun-market/demo-stall/event/sos", alarm) == ("haetae", ["a-1"])
    assert told("v1/gateway/telemetry", rows) == ("thingsboard-gateway", ["4"])
    assert told("peer/node-red", b'{"n": 7}') == ("node-red", ["7"])


def test_what_is_no_alarm_is_counted_for_nobody() -> None:
    cleared = json.dumps({"id": "a-2", "stage": "cleared"}).encode()
    assert told("haetae/v1/seomun-market/demo-stall/event/sos", cleared) is None
    assert told("haetae/v1/seomun-market/demo-stall/state", b"offline") is None


def test_a_bridge_brings_an_event_through_an_outage_of_the_hub(tmp_path: Path) -> None:
    with Hub(tmp_path / "hub") as hub:
        bridge = Bridge(tmp_path / "bridge", hub)
        try:
            bridge.start()
            bridge.fire(1)
            assert hub.until(bridge.name, 1, 30.0)
            hub.go_down()
            bridge.fire(2)
            hub.start()
            assert hub.until(bridge.name, 2, 60.0)
        finally:
            bridge.stop()
    assert set(hub.heard(bridge.name)) == {"1", "2"}


def test_a_peer_that_is_not_installed_says_how_to_get_it(tmp_path: Path) -> None:
    with Hub(tmp_path / "hub") as hub, pytest.raises(NotInstalledError, match="make bench-peers"):
        NodeRed(tmp_path / "node-red", hub, tmp_path / "nowhere")


def test_the_table_has_a_row_for_each_peer_and_says_its_settings() -> None:
    found = Found("1.0, as shipped", [0.001, 0.002], 1, 12.0, 0.01, ["0 of 30", "2 of 30, 1 twice"])
    table = as_table({"peer": found}, Sizes(events=3))
    assert "| peer | 1.0 ms | 2.0 ms | 12.0 MiB | 1.00 % | 0 of 30 | 2 of 30, 1 twice |" in table
    assert "- peer: 1.0, as shipped." in table
    assert "1 of 3 did not come within 10 s" in table
