"""The folder that devices fetch from: bundles by their digests, and the catalogue that names them.

Any server of files over HTTPS does. A file is there whole before the catalogue names it, and the
catalogue is replaced in one step: whoever looks meanwhile sees the old state or the new one.
"""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from drivers import kept
from provisioning.update import slots
from provisioning.update.building import digest
from provisioning.update.bundle import opened
from provisioning.update.catalogue import FILE, Catalogue, Release, read_catalogue, signed
from provisioning.update.manifest import SYSTEM, Terms
from provisioning.update.signing import Moment, Signer, read_roots
from provisioning.update.words import error

LASTS = timedelta(days=30)  # a catalogue; whoever publishes signs it anew before that
SYSTEM_SUFFIX = ".raucb"
_RAUC = """[system]
compatible=any
bootloader=noop
[keyring]
check-purpose=codesign
use-bundle-signing-time=true
"""  # a signer's certificate is for code signing and nothing else
_LONG_AGO = timedelta(days=36_500)


@dataclass(frozen=True, slots=True)
class Share:
    """Who takes a release: `percent` of those in the profiles (none: as the bundle says)."""

    percent: float
    profiles: tuple[str, ...] = ()
    not_before: datetime | None = None


class Publication:
    """The folder at `path`, signed for by `signer`, whose root is in the file `roots`."""

    def __init__(self, path: Path, signer: Signer, roots: Path, now: datetime) -> None:
        self.path, self._signer, self._roots, self._now = path, signer, roots, now

    @property
    def catalogue(self) -> Catalogue:
        """The newest, however old; an empty one before the first.

        Raises:
            ProvisioningError: It is damaged, or somebody else's.
        """
        try:
            text = (self.path / FILE).read_bytes()
        except FileNotFoundError:
            return Catalogue(serial=1, made=self._now, expires=self._now)
        except OSError as problem:
            raise error("release-files", f"{self.path / FILE}: {problem.strerror}") from None
        anytime = Moment(self._now - _LONG_AGO, is_known=False)
        return read_catalogue(text, read_roots([self._roots]), anytime)

    def publish(self, bundle: Path, share: Share, lasts: timedelta = LASTS) -> Release:
        """Offer a bundle, to begin with to a share of all that it is for.

        Raises:
            ProvisioningError: It is no bundle that a device would take, or its version is there
                already as another file.
        """
        terms, sha256 = self._terms(bundle), digest(bundle)
        said = {each: getattr(terms, each) for each in Terms.__struct_fields__}
        if share.profiles:
            if terms.profiles and not set(share.profiles) <= set(terms.profiles):
                raise error("release-files", f"the bundle is for {', '.join(terms.profiles)}")
            said["profiles"] = share.profiles
        if share.not_before is not None:
            said["not_before"] = share.not_before
        name = f"{terms.kind}-{terms.version}-{sha256[:12]}{bundle.suffix}"
        release = Release(
            **said, url=name, bytes=bundle.stat().st_size, sha256=sha256, percent=share.percent
        )
        before = self.catalogue.releases
        if any(
            each.name == release.name and each.boards == release.boards and each.sha256 != sha256
            for each in before
        ):
            told = f"{release.name} is there already, as another file: give it another version"
            raise error("release-files", told)
        self._put(bundle, name)
        others = [
            each
            for each in before
            if (each.sha256, each.profiles) != (release.sha256, release.profiles)
        ]
        self.write([*others, release], lasts)
        return release

    def change(
        self,
        kind: str,
        version: str,
        how: Callable[[Release], Release | None],
        lasts: timedelta = LASTS,
    ) -> None:
        """Offer a release otherwise, or no more; its file stays for whoever is fetching it.

        Raises:
            ProvisioningError: There is no such release.
        """
        before = self.catalogue.releases
        if not any((each.kind, each.version) == (kind, version) for each in before):
            raise error("release-files", f"{kind} {version} is not in the catalogue")
        after = [how(e) if (e.kind, e.version) == (kind, version) else e for e in before]
        self.write([each for each in after if each is not None], lasts)

    def write(self, releases: Sequence[Release], lasts: timedelta = LASTS) -> Catalogue:
        """Sign a catalogue with the next number, and put it in place.

        Raises:
            ProvisioningError: The folder takes nothing, or no device would take it.
        """
        before = self.catalogue
        is_first = not (self.path / FILE).exists()
        fresh = Catalogue(
            serial=before.serial + (not is_first),
            made=self._now,
            expires=self._now + lasts,
            releases=tuple(releases),
        )
        text = signed(fresh, self._signer)
        read_catalogue(text, read_roots([self._roots]), Moment(self._now, is_known=True))
        try:
            kept.replace(self.path / FILE, text + b"\n")
        except OSError as problem:
            raise error("release-files", f"{self.path}: {problem.strerror}") from None
        return fresh

    def _terms(self, bundle: Path) -> Terms:
        if bundle.suffix == SYSTEM_SUFFIX:
            with tempfile.NamedTemporaryFile("w", prefix="rauc-", suffix=".conf") as file:
                file.write(_RAUC)
                file.flush()
                found = slots.read_bundle(bundle, self._roots, Path(file.name))
            return Terms(kind=SYSTEM, version=found.version, boards=(found.compatible,))
        return opened(bundle, [self._roots], at=Moment(self._now, is_known=True)).manifest

    def _put(self, bundle: Path, name: str) -> None:
        fresh = self.path / f".{name}.new"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(bundle, fresh)
            kept.sync(fresh)
            fresh.chmod(0o644)
            fresh.replace(self.path / name)
            kept.sync(self.path)
        except OSError as problem:
            raise error("release-files", f"{self.path}: {problem.strerror}") from None


def at_percent(percent: float, profiles: Sequence[str] = ()) -> Callable[[Release], Release]:
    """Offer it to so many; only those entries that are for these profiles, where any are named."""

    def change(release: Release) -> Release:
        if profiles and set(profiles) != set(release.profiles):
            return release
        return msgspec.structs.replace(release, percent=percent)

    return change
