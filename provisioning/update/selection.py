"""Which trees are in force, which were before, and which one is on trial. No I/O but one file.

The file `selection.json` in `places.INSTALLED` is replaced in one step; whatever the power does,
the old choice or the new one is read. A trial that is still in it at the next boot was not found
good before the power went: it is taken back then. The floor has a file of its own, so that a
damaged choice forgets no version that was once superseded; so has the count of refusals, which no
older software would understand in the choice.
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from drivers.kept import replace
from provisioning.update.manifest import Digest, VersionText
from provisioning.update.versions import is_newer

FILE, FLOOR_FILE, REFUSED_FILE = "selection.json", "floor.json", "refused.json"
MOST_FAILED = 32

Kind = Annotated[str, Meta(pattern=r"^[a-z]{1,32}\Z")]


class Layer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One bundle that is installed: the SHA-256 of its file, and its version.

    `system` is the version of the system on which it was tried, `lock` that of the packages that
    it was made for.
    """

    sha256: Digest
    version: VersionText
    system: str = ""
    lock: str = ""


Layers = Mapping[str, Layer]


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is being tried since it was written down, in the kernel's boot `boot`."""

    kind: Kind
    version: str
    sha256: str
    boot: str
    layers: dict[Kind, Layer]


class Selection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The file. No layer of a kind: what was shipped is in force.

    `previous` is None before the first update. `failed` are the files that failed their trial, were
    taken back by hand or given up, and why; nobody tries them again unasked.
    """

    current: dict[Kind, Layer] = {}
    previous: dict[Kind, Layer] | None = None
    trial: Trial | None = None
    failed: dict[Digest, str] = {}

    def on_trial(self, trial: Trial) -> "Selection":
        """The same, with a trial that is about to begin."""
        return msgspec.structs.replace(self, trial=trial)

    def found_good(self) -> "Selection":
        """The trial's layers are in force from now on."""
        if self.trial is None:
            return self
        failed = {sha: why for sha, why in self.failed.items() if sha != self.trial.sha256}
        return Selection(self.trial.layers, self.current, None, failed)

    def taken_back(self, why: str) -> "Selection":
        """The trial is over, and what was in force stays so."""
        if self.trial is None:
            return self
        marked = msgspec.structs.replace(self, trial=None)
        return marked.without(self.trial.sha256, why) if self.trial.sha256 else marked

    def without(self, sha256: str, why: str) -> "Selection":
        """The same; this file is not to be taken again unasked."""
        failed = {each: told for each, told in self.failed.items() if each != sha256}
        newest = list({**failed, sha256: why}.items())[-MOST_FAILED:]
        return msgspec.structs.replace(self, failed=dict(newest))

    @property
    def used(self) -> frozenset[str]:
        """The SHA-256 of every bundle that must stay on disk."""
        trial = {} if self.trial is None else self.trial.layers
        every = (self.current, self.previous or {}, trial)
        return frozenset(layer.sha256 for layers in every for layer in layers.values())


def read(installed: Path) -> Selection:
    """The choice that is on disk; what was shipped, where there is none or it cannot be read."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        return msgspec.json.decode((installed / FILE).read_bytes(), type=Selection)
    return Selection()


def write(installed: Path, chosen: Selection) -> None:
    """Choose; either the old choice or the new one is there after a power cut.

    Raises:
        OSError: The disk is full, read-only or broken; the old choice stays.
    """
    _put(installed / FILE, msgspec.json.format(msgspec.json.encode(chosen)))


def read_floor(installed: Path) -> dict[str, str]:
    """Below which version nothing is taken, by kind, whoever offers it.

    It is never below what is in force, so that a cut between the two files changes nothing.
    """
    kept: dict[str, str] = {}
    with contextlib.suppress(OSError, ValueError, RecursionError):
        kept = msgspec.json.decode(
            (installed / FLOOR_FILE).read_bytes(), type=dict[str, VersionText]
        )
    return raised(kept, read(installed).current)


def raised(floor: Mapping[str, str], layers: Layers) -> dict[str, str]:
    """The floor once these are in force: a version that was found good is never undercut."""
    new = dict(floor)
    for kind, layer in layers.items():
        if is_newer(layer.version, new.get(kind, "")):
            new[kind] = layer.version
    return new


def write_floor(installed: Path, floor: Mapping[str, str]) -> None:
    """Keep it.

    Raises:
        OSError: The disk is full, read-only or broken; the old floor stays.
    """
    _put(installed / FLOOR_FILE, msgspec.json.format(msgspec.json.encode(floor)))


def count_refusal(installed: Path, sha256: str) -> int:
    """How often this file was refused here after it was fetched, this time among them.

    Raises:
        OSError: The disk is full, read-only or broken; the old count stays.
    """
    counts: dict[str, int] = {}
    with contextlib.suppress(OSError, ValueError, RecursionError):
        counts = msgspec.json.decode(
            (installed / REFUSED_FILE).read_bytes(), type=dict[Digest, int]
        )
    count = counts.pop(sha256, 0) + 1
    newest = dict(list({**counts, sha256: count}.items())[-MOST_FAILED:])
    _put(installed / REFUSED_FILE, msgspec.json.format(msgspec.json.encode(newest)))
    return count


def _put(path: Path, content: bytes) -> None:
    """Replace a file that everybody may read, whatever the umask is."""
    replace(path, content + b"\n")
    path.chmod(0o644)
