"""What `haetae-ca` does when it is asked to: one function for each word."""

import argparse
import logging
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from provisioning.ca import keys, office_door, serving
from provisioning.ca.issuer import Issuer, Wanted
from provisioning.ca.registry import Role
from provisioning.ca.settings import Settings, read_settings
from provisioning.certificates import UNREADABLE
from provisioning.identity_wording import error as failed
from provisioning.office import ClaimRecord
from provisioning.private_file import write_privately

_HERE = "at the authority itself"


def root(args: argparse.Namespace) -> None:
    """Make a root, or the one that follows it."""
    secret = keys.passphrase(args.passphrase_file, "the new root's key")
    folder: Path = args.folder
    key = keys.new_key(args.curve, folder / "root.key", secret)
    made = keys.new_root(args.name, key)
    _write(folder / "root.pem", keys.pem(made))
    if args.follows is not None:
        old = keys.load_certificates(args.follows / "root.pem")[0]
        old_secret = keys.passphrase(args.old_passphrase_file, "the old root's key")
        old_key = keys.load_key(args.follows / "root.key", old_secret)
        _write(folder / "crossed.pem", keys.pem(*keys.crossed(old, old_key, made, key)))
        _write(folder / "roots.pem", keys.pem(old, made))
    _say(f"{folder}: {_told(made)}; keep root.key offline")


def issuer(args: argparse.Namespace) -> None:
    """Make the issuer's key and request; or, where the root is, sign such a request."""
    folder: Path = args.folder
    if args.sign is None:
        secret = keys.passphrase(args.passphrase_file, "the issuer's key")
        key = keys.new_key(args.curve, folder / "issuer.key", secret)
        request = keys.issuer_request(args.name, key)
        _write(folder / "issuer.csr", request.public_bytes(serialization.Encoding.PEM))
        _say(f"{folder}/issuer.csr: have it signed where the root is: haetae-ca issuer --sign")
        return
    try:
        request = x509.load_pem_x509_csr(args.sign.read_bytes())
    except (OSError, *UNREADABLE) as error:
        raise failed("authority-files", f"{args.sign}: {error}") from None
    secret = keys.passphrase(args.passphrase_file, "the root's key")
    made = keys.sign_issuer(
        request,
        keys.load_certificates(folder / "root.pem")[0],
        keys.load_key(folder / "root.key", secret),
    )
    _write(args.sign.with_suffix(".pem"), keys.pem(made))
    _say(f"{args.sign.with_suffix('.pem')}: {_told(made)}")


def operator(args: argparse.Namespace) -> None:
    """A certificate and key for somebody of the office, or an installer."""
    _make_pair(args, "operator", ())


def service(args: argparse.Namespace) -> None:
    """A certificate and key for a machine of the hub: its broker, gateway or console."""
    _make_pair(args, "service", tuple(args.host))


def serve(args: argparse.Namespace) -> None:
    """Run until told to end."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    settings, opened = _opened(args)
    authority = serving.Authority(settings, opened)
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, end)
    with authority.open():
        _say(f"devices: port {authority.device_port}; office: port {authority.office_port}")
        authority.look_after(stop)


def status(args: argparse.Namespace) -> None:
    """Every device, and until when it is good."""
    _settings, opened = _opened(args)
    with opened.registry.transaction() as ledgers:
        for each in ledgers.devices(opened.clock().timestamp()):
            until = "-" if each.not_after is None else f"{each.not_after:%Y-%m-%d}"
            _say(f"{each.device} {each.site} {each.state} {until} {each.reason}".rstrip())


def certificates(args: argparse.Namespace) -> None:
    """Print all that a device has had as PEM: what it has signed is checked by them."""
    with _opened(args)[1].registry.transaction() as ledgers:
        found = [
            x509.load_der_x509_certificate(each.der) for each in ledgers.of_device(args.device)
        ]
    if not found:
        raise failed("device-unknown")
    _say(keys.pem(*found).decode("ascii").rstrip())


def revoke(args: argparse.Namespace) -> None:
    """Withdraw a device."""
    settings, opened = _opened(args)
    crl = serving.revocation_list(settings, opened)
    count = office_door.revoke(opened, crl, args.device, args.reason, _HERE)
    _say(f"{args.device}: {count} certificates revoked; {settings.crl} is written")


def release(args: argparse.Namespace) -> None:
    """Let a device out of quarantine."""
    office_door.release(_opened(args)[1], args.device, _HERE)
    _say(f"{args.device}: has a full certificate at its next renewal")


def claims(args: argparse.Namespace) -> None:
    """List the open claims, or take some from a file: JSON, one a line."""
    opened = _opened(args)[1]
    at = opened.clock().timestamp()
    with opened.registry.transaction() as ledgers:
        if args.register is not None:
            try:
                lines = args.register.read_bytes().splitlines()
                found = [msgspec.json.decode(line, type=ClaimRecord) for line in lines if line]
            except (OSError, ValueError) as error:
                raise failed("authority-files", f"{args.register}: {error}") from None
            made = ledgers.register(found, _HERE, at)
            ledgers.note(_HERE, "registered", "", f"{made.new} claims", at)
            _say(f"{made.new} new, {made.known} known already")
        for device, site, expires in ledgers.open_claims():
            until = datetime.fromtimestamp(expires, UTC)
            _say(f"{device} {site} {'expired' if expires < at else 'until'} {until:%Y-%m-%d}")


def _make_pair(args: argparse.Namespace, role: Role, hosts: tuple[str, ...]) -> None:
    settings, opened = _opened(args)
    key = ec.generate_private_key(ec.SECP256R1())
    made = opened.issue(Wanted(args.name, key.public_key(), role, hosts=hosts))
    folder: Path = args.out
    own = x509.load_der_x509_certificate(made.der)
    _write(folder / f"{args.name}.pem", keys.pem(own, opened.certificate))
    _write(folder / f"{args.name}.key", serving.plain_pem(key))
    _write(folder / "ca.pem", Path(settings.roots).read_bytes())
    _say(f"{folder}/{args.name}.pem: {_told(own)}")


def _opened(args: argparse.Namespace) -> tuple[Settings, Issuer]:
    settings = read_settings(args.config)
    return settings, serving.open_issuer(settings)


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_privately(path, content)
    except OSError as error:
        raise failed("authority-files", f"{path}: {error}") from None


def _told(made: x509.Certificate) -> str:
    return f"{made.subject.rfc4514_string()} until {made.not_valid_after_utc:%Y-%m-%d}"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
