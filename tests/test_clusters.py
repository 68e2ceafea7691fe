"""The device against a hub that is a cluster; the whole of it, and RabbitMQ, by `make clusters`."""

import os
import shutil
from pathlib import Path

import pytest

from hw_mocks.clusters.nats import Nats
from hw_mocks.clusters.outages import CLIENTS, outages


def test_nothing_is_lost_when_the_node_of_a_nats_cluster_dies_to_which_a_device_speaks(
    tmp_path: Path,
) -> None:
    if shutil.which("nats-server", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        pytest.skip("needs nats-server: apt install nats-server")
    said: list[str] = []
    with Nats(tmp_path / "nats", CLIENTS) as cluster:
        verdict = outages(cluster, tmp_path / "device", 3, said.append, [(0,)])
    assert verdict.problems == []
    assert verdict.accepted >= 3 * 3
    assert len(said) == 1
