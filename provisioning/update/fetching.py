"""Look what is offered, fetch what this device takes, and have root install it.

    haetae-update.service, user haetae-update: haetae-update check

It has the network and no right to change anything: what it has fetched lies in `places.UPDATES`,
and what it asks for in `places.UPDATE_RUN`. Root believes neither, and checks it all again.
"""

import contextlib
import logging
import os
import shutil
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from agent.certificates import CertificateFileError, tls_context
from agent.sections import HubConfig
from agent.wallclock import read_wall_clock
from drivers.kept import replace
from provisioning.places import ANCHORS, CERTIFICATE, IDENTITY, INSTALL_REQUEST, KEY
from provisioning.remedy import Failure
from provisioning.update import facts, outcome
from provisioning.update.bundle import SUFFIX, opened
from provisioning.update.catalogue import Catalogue, address, read_catalogue
from provisioning.update.device_words import error
from provisioning.update.download import fetch, fetch_text
from provisioning.update.facts import Places
from provisioning.update.rollout import choose
from provisioning.update.selection import read
from provisioning.update.signing import Moment, read_roots, read_withdrawn
from provisioning.update.wire import Manners

log = logging.getLogger(__name__)

SEEN = "catalogue.json"  # in UPDATES: the newest list that was seen
DOWNLOADS = "downloads"  # in UPDATES
LIST = "catalogue"  # what is told of, where it is no release
_SUSPICIOUS = frozenset(
    {
        "catalogue-expired", "catalogue-older", "release-damaged", "release-untrusted",
        "release-unusable", "signer-expired", "update-changed", "update-server-untrusted",
    }
)  # fmt: skip
LARGEST_CATALOGUE_BYTES = 1 << 20
# a device on a shared link takes no more of it than this: 10 MB in some four minutes
GENTLY = Manners(bytes_per_s=40_000.0)


class Seen(msgspec.Struct, frozen=True):
    """The newest catalogue that was seen: its number, and when it was made."""

    serial: int = 0
    made: datetime = datetime(2026, 1, 1, tzinfo=UTC)


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What root is asked to install: a file in the folder of downloads, by its name."""

    kind: str
    version: str
    file: str


@dataclass(frozen=True, slots=True)
class Server:
    """Where the catalogue is, and how this device shows who it is there."""

    catalogue: str
    https: ssl.SSLContext


def server(places: Places, identity: Path = IDENTITY) -> Server | None:
    """The update server of the configuration; None where it names none.

    Raises:
        ProvisioningError: The device has no identity yet, or it cannot be used.
    """
    table = facts.device_table(places.configuration)
    if not (url := str(table.get("updates", {}).get("catalogue", ""))):
        return None
    shown = HubConfig(
        host="updates",
        ca=str(identity / ANCHORS),
        certificate=str(identity / CERTIFICATE),
        key=str(identity / KEY),
    )
    try:
        return Server(url, tls_context(shown, earliest=read_wall_clock().earliest))
    except CertificateFileError as problem:
        raise error("update-no-identity", str(problem)) from None


def check(
    places: Places, of: Server, manners: Manners = GENTLY, *, now: Moment | None = None
) -> Request | None:
    """Fetch the next release that is for this device, and ask for it; None: there is none.

    Raises:
        ProvisioningError: The list or the release cannot be had, or is refused.
    """
    known = facts.facts(places)
    roots = facts.roots(places, read(places.installed).current)
    found = offered(places, of, facts.now() if now is None else now)
    at = (facts.now() if now is None else now).after(found.made)
    if (release := choose(found, known, at)) is None:
        log.info("nothing new for this device")
        return None
    log.warning("%s: fetching %d bytes", release.name, release.bytes)
    url = address(release, of.catalogue)
    folder = places.updates / DOWNLOADS
    path = fetch(release, folder, of.https, url=url, manners=manners)
    _clear(folder, path)
    if path.suffix == SUFFIX:
        opened(path, roots)
    request = Request(release.kind, release.version, path.name)
    _ask(places, request)
    return request


def offered(places: Places, of: Server, now: Moment) -> Catalogue:
    """The catalogue, if it is a good one, and no older than any that was seen.

    Raises:
        ProvisioningError: It cannot be had, or is refused.
    """
    roots = facts.roots(places, read(places.installed).current)
    seen = _seen(places)
    text = fetch_text(of.catalogue, of.https, most_bytes=LARGEST_CATALOGUE_BYTES)
    found = read_catalogue(
        text,
        read_roots(roots),
        now.after(seen.made),
        seen=seen.serial,
        withdrawn=read_withdrawn(roots),
    )
    if found.serial != seen.serial:
        newest = Seen(found.serial, max(found.made, seen.made))
        try:
            replace(places.updates / SEEN, msgspec.json.encode(newest))
        except OSError as problem:
            raise error("update-no-room", f"{places.updates}: {problem.strerror}") from None
    return found


def tell_refused(places: Places, why: Failure) -> None:
    """Tell the hub that the list cannot be believed, once: somebody may keep updates away."""
    if why.code not in _SUSPICIOUS:
        return
    told = outcome.report(LIST, str(_seen(places).serial), "refused", f"{why.code}: {why.detail}")
    if not told.is_same(outcome.read(places.update_run)):
        outcome.tell(told, places.update_run, places.updates)


def tell_good(places: Places) -> None:
    """Tell that it can be believed again, where something else was told last."""
    last = outcome.read(places.update_run)
    if last is not None and (last.kind, last.state) == (LIST, "refused"):
        told = outcome.report(LIST, str(_seen(places).serial), "good")
        outcome.tell(told, places.update_run, places.updates)


def requested(places: Places) -> tuple[Request, Path] | None:
    """What root is asked to install, and its file; for root, who believes none of it."""
    path = places.update_run / INSTALL_REQUEST
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            found = msgspec.json.decode(file.read(4096), type=Request)
    except (OSError, ValueError):
        return None
    if Path(found.file).name != found.file or found.file.startswith("."):
        return None
    return found, places.updates / DOWNLOADS / found.file


def answered(places: Places, file: Path | None) -> None:
    """The request was seen to: it goes, and so does what was fetched.

    Whatever lies in its place goes, too: systemd looks for that name, and would start root's unit
    again and again.
    """
    request = places.update_run / INSTALL_REQUEST
    try:
        request.unlink(missing_ok=True)
    except OSError:
        shutil.rmtree(request, ignore_errors=True)
    if file is not None:
        with contextlib.suppress(OSError):
            _unlink_in(file.parent, file.name)


def _unlink_in(folder: Path, name: str) -> None:
    """Delete a file in a folder that another user could have made a link to one of root's."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.unlink(name, dir_fd=descriptor)
    finally:
        os.close(descriptor)


def _seen(places: Places) -> Seen:
    try:
        return msgspec.json.decode((places.updates / SEEN).read_bytes(), type=Seen)
    except (OSError, ValueError):
        return Seen()


def _clear(folder: Path, kept: Path) -> None:
    """Throw away what was fetched before, and nobody has installed."""
    for each in folder.iterdir():
        if each != kept:
            each.unlink(missing_ok=True)


def _ask(places: Places, request: Request) -> None:
    path = places.update_run / INSTALL_REQUEST
    fresh = path.with_suffix(".new")
    try:
        fresh.write_bytes(msgspec.json.encode(request))
        fresh.chmod(0o644)
        fresh.replace(path)
    except OSError as problem:
        raise error("update-no-room", f"{path}: {problem.strerror}") from None
