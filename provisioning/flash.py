"""An image and a seed onto a card: written, read back from the card, and compared byte by byte."""

import hashlib
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from agent.values import Why
from provisioning.card import Card, differs, pulled, too_small
from provisioning.card_content import put_seed
from provisioning.disks import size_words
from provisioning.fat import FatError
from provisioning.image_file import CHUNK_BYTES, ImageFile
from provisioning.medium import SECTOR, Overlay
from provisioning.remedy import Failure, ProvisioningError
from provisioning.seed import Seed

log = logging.getLogger(__name__)

_SYNC_EVERY_BYTES = 32 << 20  # so that a card that is gone is noticed, and the rate is the card's
_MARK_BYTES = 8 * SECTOR

Advance = Callable[[int], None]


@dataclass(slots=True)
class Writing:
    """One card being made. `started` is told of each step with its size, and gives its progress."""

    card: Card
    image: ImageFile
    seed: Seed
    started: Callable[[Why, int], Advance]
    _marks: dict[int, bytes] = field(default_factory=dict)

    def run(self) -> None:
        """Do it all; afterwards the card may be taken out.

        Raises:
            ProvisioningError: The card is not as it should be.
            OSError: The system has refused something (`provisioning.card.told` says what it means).
        """
        card, image = self.card, self.image
        if card.is_device and card.size < image.size:
            raise ProvisioningError(
                too_small(f"{size_words(card.size)}, and {size_words(image.size)} are needed")
            )
        card.resize(image.size)
        self._mark()
        self._write()
        changes = self._changes()
        for at, sector in changes.new.items():
            card.write(at, sector)
        card.sync()
        card.forget()
        self._compare(changes.old, changes.new)
        self._unmark()

    def _mark(self) -> None:
        """Mark a device all over, behind the image: of one that wraps around, marks get lost."""
        if not self.card.is_device:
            return
        self._marks = {at: secrets.token_bytes(_MARK_BYTES) for at in self._places()}
        for at, mark in self._marks.items():
            self.card.write(at, mark)
        self.card.sync()

    def _places(self) -> Iterator[int]:
        """Behind the image, less than the image apart, and at the very end.

        A card that holds H bytes and begins anew there puts the marks of H .. H + image where the
        image is written after them; there is at least one.
        """
        apart = max(_MARK_BYTES, self.image.size // 2 // SECTOR * SECTOR)
        last = (self.card.size - _MARK_BYTES) // SECTOR * SECTOR
        if last >= self.image.size:
            yield from range(self.image.size, last, apart)
            yield last

    def _write(self) -> None:
        told = Why("카드에 쓰는 중", "writing")
        advance = self.started(told, self.image.size)
        at = unsynced = 0
        for chunk in self.image.chunks():
            self.card.write(at, chunk)
            at, unsynced = at + len(chunk), unsynced + len(chunk)
            if unsynced >= _SYNC_EVERY_BYTES:
                self.card.sync()
                unsynced = 0
            advance(len(chunk))
        self.card.sync()
        log.debug("%s: written: %d bytes", self.card.path, at)

    def _changes(self) -> Overlay:
        """What the seed changes of the image."""
        changes = Overlay(self.card.read)
        try:
            put_seed(changes, self.seed)
        except FatError as error:
            raise ProvisioningError(_no_volume(str(error))) from None
        return changes

    def _compare(self, old: Mapping[int, bytes], new: Mapping[int, bytes]) -> None:
        """Read everything back: the seed's sectors as they should be, the rest by the hash.

        Where the seed has changed a sector, the image's own goes into the hash.
        """
        advance = self.started(Why("다시 읽어 확인하는 중", "reading it back"), self.image.size)
        digest = hashlib.sha256()
        for at in range(0, self.image.size, CHUNK_BYTES):
            count = min(CHUNK_BYTES, self.image.size - at)
            found = bytearray(self.card.read(at, count))
            if len(found) < count:
                raise ProvisioningError(pulled(f"{self.card.path}: ends at {at + len(found)}"))
            for place in range(at, at + count, SECTOR):
                if place in new:
                    if found[place - at : place - at + SECTOR] != new[place]:
                        raise ProvisioningError(differs([place]))
                    found[place - at : place - at + SECTOR] = old[place]
            digest.update(found)
            advance(count)
        if digest.hexdigest() != self.image.sha256:
            raise ProvisioningError(differs([0]))
        wrong = [at for at, mark in self._marks.items() if self.card.read(at, len(mark)) != mark]
        if wrong:
            raise ProvisioningError(differs(wrong))

    def _unmark(self) -> None:
        for at, mark in self._marks.items():
            self.card.write(at, bytes(len(mark)))
        self.card.sync()


def _no_volume(detail: str) -> Failure:
    return Failure(
        "image-foreign",
        Why("이 이미지는 해태 기기용이 아닙니다.", "This is no image for a Haetae device."),
        Why(
            "시에서 받은 해태 이미지 파일을 --image 로 정해 주세요.",
            "Name the image that the city gave you with --image.",
        ),
        detail,
    )
