import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.addresses import is_loopback
from agent.certificates import tls_context
from agent.hub import Hub
from agent.sections import HubConfig
from agent.wallclock import BUILD_FLOOR
from hw_mocks.authority import Authority
from hw_mocks.broker import free_port
from tests.agent.events import row_of
from tests.brokers import DEVICE, SITE, Mosquitto


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "hub") as running:
        yield running


def hub_of(config: HubConfig, *, device: str = DEVICE) -> Hub:
    return Hub(config, device=device, site=SITE, state=lambda: b'{"fire": "proven"}')


def test_an_expired_certificate_is_told(broker: Mosquitto) -> None:
    files = broker.authority.issue(DEVICE, lasts=timedelta(days=-1))
    hub = hub_of(broker.config(files=files))
    assert not hub.send(row_of())
    assert hub.status.startswith("the hub refused the device certificate: expired")


def test_a_certificate_from_another_authority_is_told(broker: Mosquitto, tmp_path: Path) -> None:
    files = Authority(tmp_path / "other", "another authority").issue(DEVICE)
    hub = hub_of(broker.config(files=files))
    assert not hub.send(row_of())
    assert hub.status == (
        "the hub refused the device certificate: its CA is not one that the hub trusts"
    )


def test_a_hub_of_another_authority_is_not_trusted(broker: Mosquitto, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other", "another authority")
    hub = hub_of(broker.config(ca=str(other.ca)))
    assert not hub.send(row_of())
    assert hub.status.startswith(f"the certificate of localhost:{broker.port} is not trusted: ")


def test_a_hub_that_is_not_running_is_told(tmp_path: Path) -> None:
    port = free_port()
    authority = Authority(tmp_path)
    certificate, key = authority.issue(DEVICE)
    config = HubConfig(
        host="127.0.0.1",
        port=port,
        ca=str(authority.ca),
        certificate=str(certificate),
        key=str(key),
    )
    hub = hub_of(config)
    assert not hub.send(row_of())
    assert hub.status == f"127.0.0.1:{port} refuses connections: no broker listens there"


def test_a_name_that_cannot_be_resolved_is_told(broker: Mosquitto) -> None:
    hub = hub_of(broker.config(host="hub.invalid"))
    assert not hub.send(row_of())
    assert hub.status.startswith("the name hub.invalid cannot be resolved: ")


@pytest.mark.parametrize("lacking", ["ca", "certificate", "key"])
def test_a_certificate_file_that_is_missing_is_told(broker: Mosquitto, lacking: str) -> None:
    changes: dict[str, Any] = {lacking: "/nowhere/file.pem"}
    hub = hub_of(broker.config(**changes))
    assert not hub.send(row_of())
    assert "/nowhere/file.pem" in hub.status
    assert "no such file" in hub.status.lower()


def test_certificates_are_read_anew_at_each_connection(broker: Mosquitto, tmp_path: Path) -> None:
    files = tmp_path / "device.pem", tmp_path / "device.key"
    hub = hub_of(broker.config(files=files))
    assert not hub.send(row_of())
    certificate, key = broker.authority.issue(DEVICE)
    certificate.rename(files[0])
    key.rename(files[1])
    assert hub.send(row_of()), hub.status
    hub.close()


def test_plain_text_is_refused_to_another_machine() -> None:
    hub = hub_of(HubConfig(host="192.0.2.1", port=1883, tls=False))
    assert not hub.send(row_of())
    assert hub.status == "192.0.2.1:1883: plain text is for loopback only"


@pytest.mark.parametrize(
    ("host", "same"), [("127.8.0.1", True), ("::1", True), ("localhost", True), ("hub", False)]
)
def test_loopback_is_this_machine_only(host: str, same: bool) -> None:
    assert is_loopback(host) is same


def test_with_a_clock_that_was_never_set_only_dates_are_not_verified(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "hub", server_lasts=timedelta(days=-1)) as broker:
        config = broker.config()
        context = tls_context(config, earliest=BUILD_FLOOR)
        with (
            socket.create_connection(("localhost", broker.port)) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as tls,
        ):
            assert tls.version() == "TLSv1.3"
        with (
            socket.create_connection(("localhost", broker.port)) as plain,
            pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"),
        ):
            context.wrap_socket(plain, server_hostname="elsewhere")
