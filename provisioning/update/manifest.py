"""What a release is and for whom, and what lies in a bundle: the parts that are signed.

Paths in a bundle are those of a wheel: relative, in plain ASCII, none twice, and none that another
one would have to be a folder for. A kind has only the files that it is for: a `rules` bundle
brings no program, and a `models` bundle nothing but models.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from provisioning.update import versions
from provisioning.update.words import error

FORMAT: Final = 1
APPLICATION, MODELS, RULES, KEYS, SYSTEM = "application", "models", "rules", "keys", "system"
KINDS = (KEYS, SYSTEM, APPLICATION, MODELS, RULES)  # in the order in which they are installed
ROOTS_FILE = "release-roots.pem"  # of a `keys` bundle: who may sign from now on
VOUCHERS_FILE = "crossed.pem"  # of a `keys` bundle: each new root, signed by one before it
LARGEST_FILE_BYTES = 32 << 20
LARGEST_TREE_BYTES = 128 << 20  # of all files of a bundle, unpacked
LARGEST_PAYLOAD_BYTES = 48 << 20  # as it is fetched; it is held in memory while it is unpacked
MOST_FILES = 4096
_LONGEST_PATH, _DEEPEST = 200, 12
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}\Z", re.ASCII)
_ALLOWED = {
    APPLICATION: r"(agent|drivers|models|provisioning)/.+|haetae-[0-9a-z.]+\.dist-info/.+",
    MODELS: r"models/(manifest\.toml|weights/[^/]+\.(tflite|json)|cards/[^/]+\.md)",
    RULES: r"(agent|provisioning|drivers)/.+\.(toml|json|csv)",
    KEYS: "|".join(map(re.escape, (ROOTS_FILE, VOUCHERS_FILE))),
}

Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}\Z")]
Names = Annotated[tuple[Name, ...], Meta(max_length=64)]
VersionText = Annotated[str, Meta(pattern=versions.PATTERN)]
Instant = Annotated[datetime, Meta(tz=True)]


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """A release and whom it is for; no board or profile named is all of them.

    `lock` is the SHA-256 of the requirements/device.lock that it runs on, empty where it does not
    matter. `needs` names the least version by kind that must be installed; of its own kind: from
    where on it may be taken. Before `not_before` nobody takes it.
    """

    kind: Annotated[str, Meta(pattern=r"^[a-z]{1,32}\Z")]
    version: VersionText
    boards: Names = ()
    profiles: Names = ()
    lock: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?\Z")] = ""
    needs: Annotated[dict[Name, VersionText], Meta(max_length=16)] = {}
    not_before: Instant | None = None


class About(Terms, frozen=True, kw_only=True):
    """What its maker says of a bundle; `made` and `commit` say from when and what it is."""

    made: Instant
    commit: Annotated[str, Meta(pattern=r"^([0-9a-f]{40})?\Z")] = ""


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a bundle: its `bytes`, and their SHA-256."""

    path: Annotated[str, Meta(min_length=1, max_length=_LONGEST_PATH)]
    bytes: Annotated[int, Meta(ge=0, le=LARGEST_FILE_BYTES)]
    sha256: Digest


class Payload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All files, one after the other in the order of their paths, packed by xz."""

    bytes: Annotated[int, Meta(ge=1, le=LARGEST_PAYLOAD_BYTES)]
    sha256: Digest


class Manifest(About, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is signed of a bundle. All the rest of it hangs on the digests in here."""

    format: Literal[1]
    payload: Payload
    files: Annotated[tuple[File, ...], Meta(min_length=1, max_length=MOST_FILES)]

    @property
    def digests(self) -> Mapping[str, str]:
        """Each file's SHA-256 by its path."""
        return {each.path: each.sha256 for each in self.files}


def read_manifest(text: bytes) -> Manifest:
    """Understand a manifest whose signature holds.

    Raises:
        ProvisioningError: It is none that this software takes.
    """
    try:
        found = msgspec.json.decode(text, type=Manifest)
    except (ValueError, RecursionError) as problem:
        raise error("release-unusable", str(problem)) from None
    check(found)
    return found


def check(manifest: Manifest) -> None:
    """Hold a manifest to what its types do not say.

    Raises:
        ProvisioningError: A path or the sum of the sizes is none that is taken.
    """
    paths = [each.path for each in manifest.files]
    check_paths(manifest.kind, paths)
    if sum(each.bytes for each in manifest.files) > LARGEST_TREE_BYTES:
        raise error("release-unusable", f"more than {LARGEST_TREE_BYTES} bytes unpacked")


def check_paths(kind: str, paths: Iterable[str]) -> None:
    """See that these paths lie in one folder, apart from each other, and suit the kind.

    Raises:
        ProvisioningError: One does not.
    """
    if (allowed := _ALLOWED.get(kind)) is None:
        raise error("release-unusable", f"no bundle is of the kind {kind!r}")
    listed = list(paths)
    if listed != sorted(set(listed)):
        raise error("release-unusable", "its files are not in order, or one is there twice")
    seen: set[str] = set()
    folders: set[str] = set()
    for path in listed:
        _check_path(path, re.compile(allowed, re.ASCII))
        parts = path.lower().split("/")  # so that no two are one where case does not count
        seen.add("/".join(parts))
        folders.update("/".join(parts[:depth]) for depth in range(1, len(parts)))
    if len(seen) != len(listed) or seen & folders:
        raise error("release-unusable", "two of its files have one name")


def _check_path(path: str, allowed: re.Pattern[str]) -> None:
    parts = path.split("/")
    is_plain = len(parts) <= _DEEPEST and all(_SEGMENT.match(each) for each in parts)
    if not is_plain or len(path) > _LONGEST_PATH:
        raise error("release-unusable", f"{path[:80]!r} is no plain path")
    if allowed.fullmatch(path) is None or "__pycache__" in parts or path.endswith(".pyc"):
        raise error("release-unusable", f"{path}: not in a bundle of this kind")
