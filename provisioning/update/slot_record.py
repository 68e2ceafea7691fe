"""What is remembered of the two slots on the data partition, which both of them see."""

from pathlib import Path
from typing import TypeVar

import msgspec

from drivers.kept import replace, sync
from provisioning.places import SLOTS, VERSION_FILE
from provisioning.update.boot_slot import Slot

_STATES, _TRIAL, _FAILED = "states.json", "trial.json", "failed.json"
_MOST_FAILED = 16  # versions remembered: so many tries of a maintainer's

_Kind = TypeVar("_Kind")
_Other = TypeVar("_Other")


class SystemVersion(msgspec.Struct, frozen=True, kw_only=True):
    """What a root says of itself (`places.VERSION_FILE`); a field that is not known is passed by.

    `compatible` names the boards that it runs on, as RAUC does; `lock` is the SHA-256 of the
    requirements/device.lock that its Python packages come from.
    """

    version: str
    compatible: str = ""
    board: str = ""
    suite: str = ""
    commit: str = ""
    lock: str = ""


class SlotTrial(msgspec.Struct, frozen=True, kw_only=True):
    """A slot that has been given one start: which, from which, and in the end why it was not kept.

    `sha256` is the bundle's that it was written from. `claims` is what the agent of the other slot
    claimed per hazard, as it was left; `why` is empty until the slot on trial itself says that it
    is not good.
    """

    slot: Slot
    version: str
    from_version: str
    sha256: str = ""
    claims: dict[str, str] = {}
    why: str = ""


class SlotRecord:
    """Files of root's in `folder`: states, the trial that goes on, versions that were not kept."""

    def __init__(self, folder: Path = SLOTS) -> None:
        self._folder = folder

    def is_good(self, slot: Slot) -> bool:
        """What was last told of a slot; on a card that was just written A alone is good."""
        return _read(self._folder / _STATES, dict[Slot, bool], {}).get(slot, slot is Slot.A)

    def tell(self, slot: Slot, *, good: bool) -> None:
        """Remember of a slot whether it is good.

        Raises:
            OSError: The data partition takes nothing.
        """
        states = _read(self._folder / _STATES, dict[Slot, bool], {})
        self._write(_STATES, {**states, slot: good})

    def version_in(self, slot: Slot) -> SystemVersion | None:
        """What was last written into a slot; None where RAUC has written nothing."""
        return _read(self._folder / f"{slot}.json", SystemVersion, None)

    def note_version(self, slot: Slot, version: SystemVersion) -> None:
        """Remember what was written into a slot.

        Raises:
            OSError: The data partition takes nothing.
        """
        self._write(f"{slot}.json", version)

    @property
    def trial(self) -> SlotTrial | None:
        """The trial that goes on, or was not told of yet."""
        return _read(self._folder / _TRIAL, SlotTrial, None)

    def begin(self, trial: SlotTrial) -> None:
        """Remember that a slot is given a start, or why it is not good.

        Raises:
            OSError: The data partition takes nothing.
        """
        self._write(_TRIAL, trial)

    def end(self) -> None:
        """Forget the trial: somebody was told how it ended.

        Raises:
            OSError: The data partition takes nothing.
        """
        (self._folder / _TRIAL).unlink(missing_ok=True)
        sync(self._folder)

    @property
    def failed(self) -> tuple[str, ...]:
        """Versions that were tried here and not kept, the newest last."""
        return _read(self._folder / _FAILED, tuple[str, ...], ())

    def note_failed(self, version: str) -> None:
        """Remember that a version was not kept.

        Raises:
            OSError: The data partition takes nothing.
        """
        others = [each for each in self.failed if each != version]
        self._write(_FAILED, [*others, version][-_MOST_FAILED:])

    def _write(self, name: str, what: object) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(self._folder / name, msgspec.json.encode(what) + b"\n")


def running_version(path: Path = VERSION_FILE) -> SystemVersion:
    """What runs; a system that is no image of ours has no version, and takes none."""
    return _read(path, SystemVersion, SystemVersion(version=""))


def _read(path: Path, kind: type[_Kind], otherwise: _Other) -> _Kind | _Other:
    """A file, or what stands for one that is not there or cannot be understood."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError):
        return otherwise
