"""`haetae-ca` from the first root to a killed server, as its operators run it."""

import base64
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from agent.signing import load_signer
from hw_mocks.broker import free_port
from hw_mocks.child import until
from hw_mocks.peers.process import listens
from provisioning.ca import profiles
from provisioning.ca.__main__ import main
from provisioning.ca.registry import Registry
from provisioning.https import Reply, ask
from provisioning.identity import certificate_request, make_key
from provisioning.office import Office, claim_digest
from tests.brokers import DEADLINE_S
from tests.provisioning.cities import DEVICE, SITE, basic

CODE = "0123456789ABCDEFGHJKMNPQRS"


class Town:
    """The folders of an authority: `off` is the safe, `on` the server."""

    def __init__(self, folder: Path) -> None:
        self.off, self.on, self.folder = folder / "off", folder / "on", folder
        self.port, self.office_port = free_port(), free_port()
        self.on.mkdir()
        self.secret = folder / "secret"
        self.secret.write_text("correct horse battery\n")
        secret = ("--passphrase-file", str(self.secret))
        assert main(["root", "--folder", str(self.off), "--name", "Town root", *secret]) == 0
        assert main(["issuer", "--folder", str(self.on), *secret]) == 0
        request = str(self.on / "issuer.csr")
        assert main(["issuer", "--folder", str(self.off), "--sign", request, *secret]) == 0
        (self.on / "roots.pem").write_bytes((self.off / "root.pem").read_bytes())
        settings = {
            "passphrase_file": str(self.secret),
            "hosts": ["localhost"],
            "address": "127.0.0.1",
            "port": self.port,
            "office_port": self.office_port,
            "after_crl": ["touch", str(folder / "told")],
        }
        lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        self.config = self.on / "ca.toml"
        self.config.write_text("\n".join(lines))

    def run(self, *words: str) -> int:
        return main([words[0], "--config", str(self.config), *words[1:]])

    @contextmanager
    def serving(self) -> Iterator["subprocess.Popen[bytes]"]:
        command = [sys.executable, "-m", "provisioning.ca", "serve", "--config", str(self.config)]
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            until(lambda: listens(self.port) and listens(self.office_port), DEADLINE_S, "serving")
            yield process
        finally:
            process.kill()
            process.wait()

    def enrol(self, key: Path) -> Reply:
        context = ssl.create_default_context(cafile=str(self.off / "root.pem"))
        request = certificate_request(load_signer(key), DEVICE)
        url = f"https://localhost:{self.port}/.well-known/est/simpleenroll"
        body = base64.b64encode(request)
        return ask(context, url, method="POST", body=body, headers=basic(DEVICE, CODE))

    def claims(self) -> Path:
        claim = {
            "sha256": claim_digest(CODE),
            "device": DEVICE,
            "site": SITE,
            "expires": (profiles.now() + timedelta(days=9)).isoformat(),
        }
        (self.folder / "claims.jsonl").write_text(json.dumps(claim) + "\n")
        return self.folder / "claims.jsonl"


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


def key_in(path: Path) -> Path:
    path.write_bytes(make_key(path.with_name("no-tpm")))
    return path


def test_a_server_that_is_killed_after_it_has_issued_gives_the_same_again(
    town: Town, tmp_path: Path
) -> None:
    assert town.run("claims", "--register", str(town.claims())) == 0
    key, registry = key_in(tmp_path / "a.key"), Registry(town.on / "registry.sqlite")
    with town.serving() as process:
        context = ssl.create_default_context(cafile=str(town.off / "root.pem"))
        body = base64.b64encode(certificate_request(load_signer(key), DEVICE))
        head = "".join(f"{name}: {value}\r\n" for name, value in basic(DEVICE, CODE).items())
        with context.wrap_socket(
            socket.create_connection(("127.0.0.1", town.port)),
            server_hostname="localhost",
        ) as wire:
            word = "POST /.well-known/est/simpleenroll HTTP/1.1"
            wire.sendall(f"{word}\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            until(lambda: used(registry), DEADLINE_S, "issued")
            process.send_signal(signal.SIGKILL)  # nobody has read the answer
            process.wait()
    serial = used(registry)
    with town.serving():
        reply = town.enrol(key)
        assert reply.status == 200
        assert bytes.fromhex(serial) in base64.b64decode(reply.body)
        assert town.enrol(key_in(tmp_path / "b.key")).headers["haetae-failure"] == "claim-used"


def used(registry: Registry) -> str:
    with registry.transaction() as ledgers:
        claim = ledgers.claim(claim_digest(CODE))
    return (claim.serial or "") if claim is not None else ""


def test_an_operator_revokes_and_the_broker_is_told(
    town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert town.run("claims", "--register", str(town.claims())) == 0
    assert town.run("operator", "kim", "--out", str(tmp_path / "kim")) == 0
    assert (tmp_path / "kim/kim.key").stat().st_mode & 0o777 == 0o600
    with town.serving() as process:
        assert town.enrol(key_in(tmp_path / "a.key")).status == 200
        files = (tmp_path / "kim" / name for name in ("ca.pem", "kim.pem", "kim.key"))
        office = Office(f"https://localhost:{town.office_port}", *files)
        assert [each.state for each in office.devices()] == ["enrolled"]
        (tmp_path / "told").unlink()
        assert office.revoke(DEVICE, "stolen") == 1
        assert (tmp_path / "told").exists()
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_S) == 0
    capsys.readouterr()
    assert town.run("status") == 0
    assert f"{DEVICE} {SITE} revoked" in capsys.readouterr().out
    assert town.run("certificates", DEVICE) == 0
    assert capsys.readouterr().out.count("BEGIN CERTIFICATE") == 1
    log = (tmp_path / "log").read_text()
    assert f"kim has revoked {DEVICE}" in log
    assert CODE not in log
    assert base64.b64encode(f"{DEVICE}:{CODE}".encode()).decode() not in log


def test_a_machine_of_the_hub_gets_a_certificate_for_its_names(town: Town, tmp_path: Path) -> None:
    out = str(tmp_path / "hub")
    assert town.run("service", "server", "--host", "hub.example", "--out", out) == 0
    done = subprocess.run(
        ("openssl", "x509", "-in", f"{out}/server.pem", "-noout", "-text"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "DNS:hub.example" in done.stdout
    assert "TLS Web Server Authentication" in done.stdout


@pytest.mark.parametrize("secret", ["", "short\n", "\n"])
def test_there_is_no_default_passphrase(
    tmp_path: Path, secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secret").write_text(secret)
    words = ["root", "--folder", str(tmp_path), "--passphrase-file", str(tmp_path / "secret")]
    assert main(words) == 78
    assert "passphrase-missing" in capsys.readouterr().err
    assert not (tmp_path / "root.key").exists()


def test_a_key_is_encrypted_and_never_overwritten(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (town.off / "root.key").read_bytes()
    assert b"ENCRYPTED" in before
    assert b"ENCRYPTED" in (town.on / "issuer.key").read_bytes()
    secret = ("--passphrase-file", str(town.secret))
    assert main(["root", "--folder", str(town.off), *secret]) == 78
    assert "never overwritten" in capsys.readouterr().err
    assert (town.off / "root.key").read_bytes() == before


def test_the_wrong_passphrase_is_said(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    town.secret.write_text("another passphrase\n")
    assert town.run("status") == 78
    assert "authority-files" in capsys.readouterr().err


def test_the_next_root_is_made_with_the_old_ones_word(town: Town, tmp_path: Path) -> None:
    secret, following = str(town.secret), str(tmp_path / "next")
    words = ["root", "--folder", following, "--follows", str(town.off), "--name", "Next root"]
    words += ["--passphrase-file", secret, "--old-passphrase-file", secret]
    assert main(words) == 0
    for anchor, crossed in ((town.off / "root.pem", 0), (Path(following) / "root.pem", 1)):
        text = (Path(following) / "crossed.pem").read_text()
        assert text.count("BEGIN CERTIFICATE") == 2
        done = subprocess.run(
            ("openssl", "verify", "-CAfile", str(anchor), "/dev/stdin"),
            input=parts(text)[crossed].encode(),
            check=False,
        )
        assert done.returncode == 0


def parts(text: str) -> list[str]:
    end = "-----END CERTIFICATE-----\n"
    return [part + end for part in text.split(end) if part.strip()]


def test_a_folder_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--config", os.devnull]) == 78
    assert "authority-files" in capsys.readouterr().err
