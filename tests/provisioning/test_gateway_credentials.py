"""The gateway's keys as systemd hands them over: copies that nobody else can read."""

from pathlib import Path

import pytest

from hw_mocks.authority import Authority
from provisioning.gateway.process import tls_of
from provisioning.gateway.settings import IDENTITY, BrokerConfig, file_of


def test_keys_come_as_credentials_where_systemd_hands_them_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    authority = Authority(tmp_path / "authority")
    certificate, key = authority.issue("gateway")
    for name, source in (("gateway.pem", certificate), ("gateway.key", key)):
        (tmp_path / f"identity_{name}").write_bytes(source.read_bytes())
    (tmp_path / "identity_ca.pem").write_bytes(authority.ca.read_bytes())
    assert tls_of(BrokerConfig()) is not None  # of IDENTITY's files there is none here


def test_without_systemd_or_from_another_folder_it_is_the_file_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert file_of(f"{IDENTITY}/gateway.key") == Path(IDENTITY, "gateway.key")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/haetae-gateway.service")
    assert file_of("/elsewhere/gateway.key") == Path("/elsewhere/gateway.key")
