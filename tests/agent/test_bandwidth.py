"""The daily budget of bytes: what waits when it runs out, and that alarms never do."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.bandwidth import DAY_S, THINNED_S, Budget
from agent.hub import Hub
from agent.hub_cause import Cause
from agent.lanes import Lane
from agent.line import wire_bytes
from agent.values import Hazard
from hw_mocks.network import Forwarder
from tests.agent.events import AT_S, row_of
from tests.brokers import DEVICE, SITE, Listener, Mosquitto


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "hub") as running:
        yield running


def test_heartbeats_thin_out_first_then_information_waits_then_trouble_and_never_an_alarm() -> None:
    budget = Budget(1000.0, Clock())
    beats: list[float] = []
    waiting: list[list[str]] = []
    for _ in range(11):
        beats.append(budget.heartbeat_s(60.0))
        waiting.append([lane.name for lane in Lane if not budget.admits(lane)])
        budget.spend(100_000)
    assert beats == pytest.approx([60.0] * 8 + [75.0, 150.0, THINNED_S])
    assert waiting == [[]] * 9 + [["INFORMATION"], ["TROUBLE", "INFORMATION"]]


@settings(deadline=None)
@given(
    spent=st.lists(st.tuples(st.integers(0, 3_000_000), st.floats(0, 1e6)), max_size=30),
    usual_s=st.floats(1, 3600),
)
def test_no_spending_thins_heartbeats_beyond_supervision_or_holds_an_alarm(
    spent: list[tuple[int, float]], usual_s: float
) -> None:
    clock = Clock()
    budget = Budget(2000.0, clock)
    for count, later_s in spent:
        budget.spend(count)
        clock.now += later_s
        assert usual_s <= budget.heartbeat_s(usual_s) <= max(usual_s, THINNED_S)
        assert budget.admits(Lane.ALARM)
        assert -0.1 <= budget.share <= 1.0
        assert budget.admits(Lane.TROUBLE) or not budget.admits(Lane.INFORMATION)


def test_a_day_brings_a_days_budget_back_and_no_more() -> None:
    clock = Clock()
    budget = Budget(500.0, clock)
    budget.spend(500_000)
    clock.now += DAY_S / 2
    assert budget.share == pytest.approx(0.5)
    clock.now += DAY_S * 3
    assert budget.share == pytest.approx(1.0)
    assert budget.spent_kb == 500.0


def test_the_kernel_counts_what_went_over_the_wire_and_more() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = socket.create_connection(server.getsockname())
        far, _ = server.accept()
        with near, far:
            near.sendall(b"x" * 1000)
            far.sendall(b"y" * 500)
            while near.recv(500, socket.MSG_WAITALL) != b"y" * 500:
                pass
            assert 1500 + 3 * 52 <= wire_bytes(near) <= 1500 + 12 * 52


def test_what_is_no_tcp_costs_nothing() -> None:
    near, far = socket.socketpair()
    with near, far:
        assert wire_bytes(near) == 0


def test_an_hour_of_heartbeats_is_counted_as_a_tariff_would(broker: Mosquitto) -> None:
    now = [AT_S]
    with Forwarder(broker.port) as line, Listener(broker) as listener:
        config = broker.config(port=line.port)
        hub = Hub(config, device=DEVICE, site=SITE, state=lambda: b"{}", clock=lambda: now[0])
        assert hub.send(row_of())
        assert hub.heartbeat_if_due()
        before, counted = line.up + line.down, hub.budget.spent_kb
        assert 1000 * counted > before > 3000  # TLS, certificates and all
        for number in range(2, 22):
            now[0] += config.heartbeat_s + 1.0
            while len(listener.states()) < number:
                assert hub.heartbeat_if_due()
                listener.until(lambda n=number: len(listener.states()) >= n, 0.01)  # type: ignore[misc]
        assert hub.send(row_of(seq=2))
        hub.heartbeat_if_due()
        beats = (1000 * (hub.budget.spent_kb - counted) - 1500) / 20
        hub.close()
    an_idle_day = beats * DAY_S / config.heartbeat_s
    assert an_idle_day < 2_000_000 * 0.75  # leaves heartbeats as they are


def test_over_the_budget_only_alarms_go_out_and_the_hub_is_told(broker: Mosquitto) -> None:
    config = broker.config(budget_kb_per_day=400.0)
    hub = Hub(config, device=DEVICE, site=SITE, state=lambda: b"{}")
    with Listener(broker):
        assert hub.send(row_of())
        assert hub.takes(row_of(Hazard.AIR))
        assert hub.trouble == ""
        hub.budget.spend(380_000)
        assert not hub.takes(row_of(Hazard.AIR))
        assert hub.takes(row_of(Hazard.FAULT))
        assert hub.cause is Cause.BUDGET_SPENT
        hub.budget.spend(400_000)
        assert not hub.takes(row_of(Hazard.FAULT))
        assert hub.takes(row_of(Hazard.FIRE))
        assert hub.takes(row_of(Hazard.POWER))
        assert "bandwidth budget is used up" in hub.trouble
        hub.close()


def test_over_the_budget_nobody_dials_but_for_an_alarm(broker: Mosquitto) -> None:
    urgent = [False]
    hub = Hub(
        broker.config(budget_kb_per_day=400.0),
        device=DEVICE,
        site=SITE,
        state=lambda: b"{}",
        urgent=lambda: urgent[0],
    )
    assert hub.heartbeat_if_due()
    hub.budget.spend(800_000)
    hub._link.drop()  # type: ignore[union-attr]  # the line breaks
    while hub.heartbeat_if_due():
        pass
    assert not hub.heartbeat_if_due()
    urgent[0] = True
    assert hub.heartbeat_if_due()
    hub.close()
