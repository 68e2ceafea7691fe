"""The device's own key: in a file, or in a TPM."""

import json
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from agent.quarantine import MARK, name_at_hub
from agent.signing import load_signer
from hw_mocks.authority import Authority
from provisioning.identity import Identity, certificate_request, make_key
from provisioning.remedy import ProvisioningError
from tests.brokers import Listener
from tests.provisioning.cities import DEVICE, City, Stall
from tests.provisioning.tpm_device import NOT_HERE

ROOT = Path(__file__).parents[2]
PROGRAMS = ("swtpm", "tpm2-abrmd", "tpm2_getcap", "dbus-run-session", "openssl")


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    return Identity(tmp_path / "identity", tpm=tmp_path / "no-tpm")


def test_a_key_is_made_once_and_kept_until_it_is_of_use(identity: Identity) -> None:
    first = identity.prepare()
    assert first.key.stat().st_mode & 0o777 == 0o600
    assert first.folder.stat().st_mode & 0o077 == 0
    assert identity.prepare() == first
    assert identity.current is None


def test_two_devices_never_have_the_same_key(tmp_path: Path) -> None:
    keys = {make_key(tmp_path / "no-tpm") for _ in range(20)}
    assert len(keys) == 20


@given(device=st.from_regex(r"[a-z0-9][a-z0-9-]{0,47}", fullmatch=True))
def test_a_request_names_the_device_and_is_signed_by_its_key(
    device: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    key = tmp_path_factory.getbasetemp() / "request.key"
    if not key.exists():
        key.write_bytes(make_key(key.with_name("no-tpm")))
    found = x509.load_der_x509_csr(certificate_request(load_signer(key), device))
    assert found.subject.rfc4514_string() == f"CN={device}"
    assert found.is_signature_valid
    assert not list(found.extensions)


def test_a_certificate_of_another_key_is_not_taken(identity: Identity, tmp_path: Path) -> None:
    certificate, _ = Authority(tmp_path / "authority").issue(DEVICE)
    with pytest.raises(ProvisioningError, match="certificate-wrong"):
        identity.take(identity.prepare(), certificate.read_bytes())
    with pytest.raises(ProvisioningError, match="certificate-wrong"):
        identity.take(identity.prepare(), b"no certificate")


def test_a_key_without_a_certificate_is_not_switched_to(identity: Identity) -> None:
    with pytest.raises(ProvisioningError, match="key-unusable"):
        identity.switch(identity.prepare())
    assert identity.current is None


def test_a_pair_that_was_there_before_is_gone_back_to(city: City, tmp_path: Path) -> None:
    """As where the authority came back from a backup that is older than the last renewal."""
    stall = Stall(tmp_path / "stall", city, city.claim())
    assert stall.enrol() == 0
    first = stall.serial
    stall.write_seed(claim=city.claim())
    assert stall.enrol() == 0
    assert stall.serial != first
    assert stall.identity.go_back()
    assert stall.serial == first
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(*stall.files)
    assert not stall.identity.go_back()


@pytest.mark.parametrize("name", [DEVICE, MARK + DEVICE, MARK + "stall-18", "hub"])
def test_only_its_own_quarantine_changes_a_devices_name(name: str, tmp_path: Path) -> None:
    certificate, _ = Authority(tmp_path).issue(name)
    expected = name if name == MARK + DEVICE else DEVICE
    assert name_at_hub(DEVICE, certificate) == expected
    assert name_at_hub(DEVICE, tmp_path / "none.pem") == DEVICE


def test_a_tpm_that_does_not_answer_is_said(tmp_path: Path) -> None:
    """There is a device node, but no chip behind it."""
    if Path("/dev/tpmrm0").exists():
        pytest.skip("this machine has a TPM")
    with pytest.raises(ProvisioningError, match="key-unusable") as raised:
        make_key(tmp_path)
    assert "TPM" in raised.value.failure.detail


@pytest.mark.skipif(
    not all(map(shutil.which, PROGRAMS)), reason=f"needs {', '.join(PROGRAMS)} (apt.txt)"
)
def test_a_key_in_a_tpm_enrols_signs_and_logs_in(city: City, tmp_path: Path) -> None:
    stall = Stall(tmp_path / "stall", city, city.claim())
    with city.broker(tmp_path / "hub") as broker, Listener(broker) as listener:
        hub = json.dumps({"host": broker.host, "port": broker.port})
        command = ("dbus-run-session", "--", sys.executable, "-m", "tests.provisioning.tpm_device")
        done = subprocess.run(
            (*command, str(stall.configuration), str(stall.run), hub),
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )
        if done.returncode == NOT_HERE:
            pytest.skip(done.stderr.strip())
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        assert said["sent"], said
        listener.until(listener.events)
    assert (said["enrolled"], said["again"]) == (0, 0)
    assert (said["verified"], said["denied"]) == (True, False)
    key = stall.files[1].read_bytes()
    assert key.startswith(b"-----BEGIN TSS2 PRIVATE KEY-----")
    assert len(listener.events()) == 1
