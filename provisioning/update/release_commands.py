"""What `haetae-release` does when it is asked to: one function for each word."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from provisioning.ca import keys as authority
from provisioning.certificates import UNREADABLE
from provisioning.private_file import write_privately
from provisioning.update import building, bundle
from provisioning.update.building import Source
from provisioning.update.keys import SIGNER_CURVE, issue, load_signer, withdrawal
from provisioning.update.manifest import (
    APPLICATION,
    KEYS,
    MODELS,
    ROOTS_FILE,
    RULES,
    VOUCHERS_FILE,
    About,
)
from provisioning.update.publishing import Publication, Share, at_percent
from provisioning.update.signing import Signer, read_roots
from provisioning.update.words import error

ROOT_KEY, ROOT, WITHDRAWN = "root.key", "root.pem", "withdrawn.pem"  # in a root's folder
SIGNER_KEY, SIGNER_REQUEST, SIGNER = "signer.key", "signer.csr", "signer.pem"
_RAUC_S = 3600


def root(args: argparse.Namespace) -> None:
    """Make a release root, or the one that follows it."""
    folder: Path = args.folder
    secret = authority.passphrase(args.passphrase_file, "the new root's key")
    key = authority.new_key(args.curve, folder / ROOT_KEY, secret)
    made = authority.new_root(args.name, key)
    _write(folder / ROOT, authority.pem(made))
    _write(folder / ROOTS_FILE, authority.pem(made))
    if args.follows is not None:
        old = authority.load_certificates(args.follows / ROOT)[0]
        old_secret = authority.passphrase(args.old_passphrase_file, "the old root's key")
        old_key = authority.load_key(args.follows / ROOT_KEY, old_secret)
        vouchers = authority.pem(*authority.crossed(old, old_key, made, key), old)
        _write(folder / VOUCHERS_FILE, vouchers + _if_there(args.follows / VOUCHERS_FILE))
        withdrawn = _if_there(args.follows / WITHDRAWN)
        _write(folder / ROOTS_FILE, authority.pem(old, made) + withdrawn)
    _say(f"{folder}: {made.subject.rfc4514_string()}; keep {ROOT_KEY} offline")


def signer(args: argparse.Namespace) -> None:
    """Make a signer's key and request; or, where the root is, sign such a request."""
    folder: Path = args.folder
    if args.sign is None:
        secret = authority.passphrase(args.passphrase_file, "the signer's key")
        key = authority.new_key(SIGNER_CURVE, folder / SIGNER_KEY, secret)
        request = authority.issuer_request(args.name, key)
        _write(folder / SIGNER_REQUEST, request.public_bytes(serialization.Encoding.PEM))
        wanted = folder / SIGNER_REQUEST
        _say(f"{wanted}: have it signed where the root is: haetae-release signer --sign {wanted}")
        return
    try:
        request = x509.load_pem_x509_csr(args.sign.read_bytes())
    except (OSError, *UNREADABLE) as problem:
        raise error("release-files", f"{args.sign}: {problem}") from None
    secret = authority.passphrase(args.passphrase_file, "the root's key")
    made = issue(
        request,
        authority.load_certificates(folder / ROOT)[0],
        authority.load_key(folder / ROOT_KEY, secret),
        at=_now() - timedelta(hours=1),  # devices whose clock is behind take it all the same
        lasts=timedelta(days=args.days),
    )
    path = args.sign.with_suffix(".pem")
    _write(path, authority.pem(made))
    _write(path.with_name(ROOTS_FILE), _text(folder / ROOTS_FILE))
    _say(f"{path}: signs releases until {made.not_valid_after_utc:%Y-%m-%d}")


def withdraw(args: argparse.Namespace) -> None:
    """Withdraw signers: the root's list goes out to devices with the next bundle of keys."""
    folder: Path = args.folder
    found = authority.load_certificates(folder / ROOT)[0]
    secret = authority.passphrase(args.passphrase_file, "the root's key")
    before = folder / WITHDRAWN
    lists = [x509.load_pem_x509_crl(_text(before))] if before.exists() else []
    signers = [each for path in args.signer for each in authority.load_certificates(path)]
    if strange := [each for each in signers if each.issuer != found.subject]:
        raise error("release-files", f"{strange[0].subject.rfc4514_string()}: of another root")
    key = authority.load_key(folder / ROOT_KEY, secret)
    listed = withdrawal(signers, lists, found, key, at=_now())
    certificates = authority.pem(*read_roots([folder / ROOTS_FILE]))
    _write(before, listed)
    _write(folder / ROOTS_FILE, certificates + listed)
    _say(f"{folder / ROOTS_FILE}: give it to devices by haetae-release keys")


def application(args: argparse.Namespace) -> None:
    """A bundle of the application that a checkout's newest commit gives."""
    with _work() as work:
        source = building.take(args.checkout, work)
        laid = building.application(source, work / "files")
        _pack(args, laid.folder, APPLICATION, laid.version, source, lock=source.lock)


def data(args: argparse.Namespace) -> None:
    """A bundle of models, or of rules, as they are in a checkout's newest commit."""
    kind = {"models": MODELS, "rules": RULES}[args.word]
    with _work() as work:
        source = building.take(args.checkout, work)
        folder = building.data(source, kind, work / "files", args.file)
        needs = {APPLICATION: building.version_of(source)}
        _pack(args, folder, kind, args.version, source, needs=needs)


def keys(args: argparse.Namespace) -> None:
    """A bundle of release roots, with what vouches for the new ones."""
    vouchers = b"".join(_text(each) for each in args.vouchers)
    with _work() as work:
        folder = work / "files"
        folder.mkdir()
        _write(folder / ROOTS_FILE, _text(args.roots))
        if vouchers:
            _write(folder / VOUCHERS_FILE, vouchers)
        _pack(args, folder, KEYS, args.version, None)


def system(args: argparse.Namespace) -> None:
    """A RAUC bundle of a folder that holds its manifest and images, by the same signer."""
    found = _signer(args)
    plain = found.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    args.out.unlink(missing_ok=True)
    key = os.memfd_create("signer")  # RAUC reads it there: it never lies on a disk
    try:
        os.write(key, plain)
        words = (f"--cert={args.signer / SIGNER}", f"--key=/dev/fd/{key}", "bundle")
        building.run(
            "rauc", *words, str(args.folder), str(args.out), within_s=_RAUC_S, pass_fds=(key,)
        )
    finally:
        os.close(key)
    _say(f"{args.out}: {args.out.stat().st_size} bytes, SHA-256 {building.digest(args.out)}")


def publish(args: argparse.Namespace) -> None:
    """Offer bundles to devices."""
    published = _publication(args)
    share = Share(args.percent, tuple(args.profile), args.not_before)
    for each in args.bundle:
        release = published.publish(each, share, timedelta(days=args.days))
        _say(f"{release.name}: {release.url}, {release.percent:g} %")


def offers(args: argparse.Namespace) -> None:
    """Show the catalogue; sign it anew, or offer a release to more devices, or to none."""
    published, lasts = _publication(args), timedelta(days=args.days)
    for words, how in (
        (args.percent, lambda value: at_percent(_share(value), args.profile)),
        (args.remove, lambda _: lambda _release: None),
    ):
        if words is not None:
            published.change(words[0], words[1], how(words[-1]), lasts)
    if args.renew:
        published.write(published.catalogue.releases, lasts)
    found = published.catalogue
    _say(f"number {found.serial}, good until {found.expires:%Y-%m-%d %H:%M} UTC")
    for each in found.releases:
        whom = ", ".join((*each.boards, *each.profiles)) or "all"
        _say(f"{each.name} {each.percent:g} % of {whom}: {each.url}")


def show(args: argparse.Namespace) -> None:
    """What a bundle is, once its signature holds."""
    found = bundle.opened(args.bundle, [args.roots])
    said = found.manifest
    _say(f"{said.kind} {said.version}, made {said.made.isoformat()}, signed by {found.signer}")
    for name in ("commit", "lock", "boards", "profiles", "needs", "not_before"):
        if value := getattr(said, name):
            _say(f"{name}: {value}")
    for each in said.files:
        _say(f"{each.sha256} {each.bytes} {each.path}")


def _pack(  # noqa: PLR0913  # what a bundle says of itself
    args: argparse.Namespace,
    folder: Path,
    kind: str,
    version: str,
    source: Source | None,
    *,
    lock: str = "",
    needs: dict[str, str] | None = None,
) -> None:
    found = _signer(args)
    begins = found.certificate.not_valid_before_utc
    if not begins <= _now() <= found.certificate.not_valid_after_utc:
        raise error("signer-expired", f"{args.signer / SIGNER}")
    about = About(
        kind=kind,
        version=version,
        # the commit's date, so that it gives the same bytes; it may be older than the signer
        made=_now() if source is None else max(source.date, begins),
        commit="" if source is None else source.commit,
        boards=tuple(args.board),
        profiles=tuple(args.profile),
        lock=lock,
        needs=(needs or {}) | dict(args.needs),
        not_before=args.not_before,
    )
    content = bundle.make(folder, about, found)
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / f"{kind}-{version}{bundle.SUFFIX}"
    _write(path, content)
    bundle.opened(path, [args.signer / ROOTS_FILE])
    _say(f"{path}: {len(content)} bytes, SHA-256 {building.digest(path)}")


def _share(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise error("release-files", f"{text} is no percentage") from None


def _signer(args: argparse.Namespace) -> Signer:
    secret = authority.passphrase(args.passphrase_file, "the signer's key")
    return load_signer(args.signer / SIGNER, args.signer / SIGNER_KEY, secret)


def _publication(args: argparse.Namespace) -> Publication:
    return Publication(args.folder, _signer(args), args.signer / ROOTS_FILE, _now())


@contextmanager
def _work() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="haetae-release-") as folder:
        yield Path(folder)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _if_there(path: Path) -> bytes:
    return _text(path) if path.exists() else b""


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise error("release-files", f"{path}: {problem.strerror}") from None


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_privately(path, content)
        path.chmod(0o644)
    except OSError as problem:
        raise error("release-files", f"{path}: {problem.strerror}") from None


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
