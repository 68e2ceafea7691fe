"""The folder of a batch: the only place where its claim codes and setup codes lie.

seeds/<device>.toml     what goes on the card, with the claim code: 0600; `flash` deletes it
labels/<device>.json    what is on the label, with the setup code: 0600
labels.pdf              the labels themselves
"""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import msgspec

from agent.values import Why
from provisioning.caller import hand_over, make_folder
from provisioning.private_file import write_privately
from provisioning.remedy import Failure, ProvisioningError
from provisioning.seed import Seed, read_seed, seed_text


class LabelData(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a label says. `code` is the setup code, `ssid` the device's own network."""

    device: str
    site: str
    place: Why
    ssid: str
    code: str


class BatchFolder:
    """The folder at `path`, which is made with the first device."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._seeds, self._labels = self.path / "seeds", self.path / "labels"

    def seed_path(self, device: str) -> Path:
        """Where the device's seed lies until it is on its card."""
        return self._seeds / f"{device}.toml"

    def seed(self, device: str) -> Seed | None:
        """The seed, or None where it was deleted, as it is once it is on its card.

        Raises:
            ProvisioningError: It is damaged, or cannot be read.
        """
        path = self.seed_path(device)
        return read_seed(path) if self._content(path) is not None else None

    def label(self, device: str) -> LabelData | None:
        """What the label says, or None where there is none.

        Raises:
            ProvisioningError: It is damaged, or cannot be read.
        """
        path = self._label_path(device)
        if (content := self._content(path)) is None:
            return None
        try:
            return msgspec.json.decode(content, type=LabelData)
        except ValueError as error:
            raise ProvisioningError(_damaged(f"{path}: {error}")) from None

    def labels(self) -> Iterator[LabelData]:
        """What all labels say, in the order of the devices' names.

        Raises:
            ProvisioningError: One of them is damaged, or cannot be read.
        """
        try:
            found = sorted(self._labels.iterdir())
        except FileNotFoundError:
            return
        except OSError as error:
            raise ProvisioningError(unreadable(self.path, error)) from None
        for path in found:
            if path.suffix == ".json" and (label := self.label(path.stem)) is not None:
                yield label

    def keep(self, seed: Seed, label: LabelData) -> None:
        """Write both; after a power cut each is there whole or not at all.

        Raises:
            ProvisioningError: The disk takes no more.
        """
        text = msgspec.json.format(msgspec.json.encode(label)) + b"\n"
        try:
            for folder in (self._labels, self._seeds):
                make_folder(folder, 0o700)
            for path, content in (
                (self._label_path(seed.device), text),
                (self.seed_path(seed.device), seed_text(seed).encode()),
            ):
                write_privately(path, content)
                hand_over(path)
        except OSError as error:
            raise ProvisioningError(full(self.path, error)) from None

    def _label_path(self, device: str) -> Path:
        return self._labels / f"{device}.json"

    def _content(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ProvisioningError(unreadable(self.path, error)) from None


def wipe(path: Path) -> None:
    """Delete a file that held a secret, overwritten first; nothing where there is none.

    Raises:
        OSError: It cannot be.
    """
    if not path.exists():
        return
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def full(path: Path, error: OSError) -> Failure:
    """A folder on the laptop that cannot be written."""
    return Failure(
        "folder-unwritable",
        Why("노트북의 폴더에 쓸 수 없습니다.", "The folder on the laptop cannot be written."),
        Why(
            "디스크에 빈 공간이 있는지, 이 폴더에 쓸 수 있는지 확인한 뒤 다시 실행해 주세요.",
            "See that the disk has room and that you may write there, then run it again.",
        ),
        f"{path}: {error.strerror}",
    )


def unreadable(path: Path, error: OSError) -> Failure:
    """A folder of `batch` that cannot be read: nothing is known to be wrong with its devices."""
    own = f"sudo chown -R $USER {shlex.quote(str(path))}"
    return Failure(
        "folder-unreadable",
        Why("batch 폴더를 읽을 수 없습니다.", "The folder of batch cannot be read."),
        Why(
            f"디스크가 연결되어 있는지 확인해 주세요. 폴더가 다른 사용자의 것이면 {own} 를 실행한 "
            "뒤 다시 해 주세요. 기기는 다시 만들 필요가 없습니다.",
            f"See that its disk is connected. If it is another user's, run {own} and try again. "
            "No device has to be made again.",
        ),
        f"{error.filename or path}: {error.strerror}",
    )


def _damaged(detail: str) -> Failure:
    return Failure(
        "label-data-damaged",
        Why("라벨 정보가 깨져 있습니다.", "What the label should say is damaged."),
        Why(
            "batch --remake 로 이 기기를 다시 만들어 주세요.",
            "Make this device again with batch --remake.",
        ),
        detail,
    )
