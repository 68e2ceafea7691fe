import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.certificates import CertificateFileError, Credentials, tls_context, valid_until
from agent.sections import HubConfig
from hw_mocks.authority import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def config(authority: Authority, certificate: Path, key: Path) -> HubConfig:
    return HubConfig(
        host="localhost", ca=str(authority.ca), certificate=str(certificate), key=str(key)
    )


@pytest.mark.parametrize("days", [-400, -1, 30, 365 * 40])  # beyond 2050 it is another ASN.1 type
def test_the_end_of_a_certificate_is_read(authority: Authority, days: int) -> None:
    certificate, _ = authority.issue("device", lasts=timedelta(days=days))
    expected = datetime.now(UTC) + timedelta(days=days)
    found = valid_until(certificate)
    assert found is not None
    assert abs(found - expected) < timedelta(minutes=5)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200))
def test_whatever_is_no_certificate_has_no_end_and_breaks_nothing(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "junk.pem"
    file.write_text(ssl.DER_cert_to_PEM_cert(junk), "ascii")
    valid_until(file)
    file.write_bytes(junk)
    assert valid_until(file) is None


def test_tls_is_1_2_at_least_and_the_hub_is_verified(authority: Authority) -> None:
    context = tls_context(config(authority, *authority.issue("device")))
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_key_that_wants_a_password_is_an_error_not_a_question(authority: Authority) -> None:
    certificate, key = authority.issue("device", password=b"secret")
    with pytest.raises(CertificateFileError, match=r"device\.key"):
        tls_context(config(authority, certificate, key))


def test_a_key_of_another_certificate_is_an_error(authority: Authority) -> None:
    certificate, _ = authority.issue("device")
    _, key = authority.issue("other")
    with pytest.raises(CertificateFileError, match="mismatch"):
        tls_context(config(authority, certificate, key))


def test_a_context_is_kept_until_one_of_its_files_is_another(authority: Authority) -> None:
    certificate, key = authority.issue("device")
    credentials = Credentials(config(authority, certificate, key))
    first = credentials.context(None)
    assert credentials.context(None) is first
    authority.issue("device")  # renewed
    renewed = credentials.context(None)
    assert renewed is not first
    key.unlink()
    with pytest.raises(CertificateFileError):
        credentials.context(None)


def test_a_kept_context_judges_dates_by_what_is_known_of_the_time_now(authority: Authority) -> None:
    credentials = Credentials(config(authority, *authority.issue("device")))
    ended = ssl.PEM_cert_to_DER_cert(
        authority.issue("old", lasts=timedelta(days=-2))[0].read_text()
    )
    now = datetime.now(UTC)
    judge = credentials.context(now - timedelta(days=30)).judge
    assert judge is not None
    judge(ended)
    judge = credentials.context(now).judge
    assert judge is not None
    with pytest.raises(ssl.SSLCertVerificationError):
        judge(ended)
    assert credentials.context(None).judge is None
