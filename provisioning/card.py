"""A card as it is written and read: a device or a file, and what each error of the system means."""

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from agent.values import Why
from provisioning.disks import locked
from provisioning.remedy import Failure, ProvisioningError

if sys.platform == "linux":
    import fcntl

_FLUSH_BUFFERS = 0x1261  # BLKFLSBUF of <linux/fs.h>
_FULL = frozenset({"ENOSPC", "EFBIG", "EDQUOT"})
_DENIED = frozenset({"EACCES", "EPERM"})


class Card:
    """What is to be written, held open for this process alone; see `opened`."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path, self._descriptor = path, descriptor
        self.is_device = stat.S_ISBLK(os.fstat(descriptor).st_mode)
        self.size = os.lseek(descriptor, 0, os.SEEK_END)

    def resize(self, size: int) -> None:
        """Make a file so long; a device is as it is."""
        if not self.is_device:
            os.ftruncate(self._descriptor, size)
            self.size = size

    def read(self, at: int, count: int) -> bytes:
        """So many bytes from there; fewer at the end only."""
        pieces = bytearray()
        while len(pieces) < count:
            os.lseek(self._descriptor, at + len(pieces), os.SEEK_SET)
            if not (piece := os.read(self._descriptor, count - len(pieces))):
                break
            pieces += piece
        return bytes(pieces)

    def write(self, at: int, content: bytes) -> None:
        """Write it all."""
        os.lseek(self._descriptor, at, os.SEEK_SET)
        left = memoryview(content)
        while left:
            if not (written := os.write(self._descriptor, left)):
                raise OSError(errno.EIO, "nothing more was taken")
            left = left[written:]

    def sync(self) -> None:
        """Wait until all that was written is on the medium.

        Raises:
            OSError: Some of it is not.
        """
        os.fsync(self._descriptor)

    def forget(self) -> None:
        """Have what is read from now on come from the medium, not from memory."""
        if sys.platform == "linux":
            os.posix_fadvise(self._descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            if self.is_device:
                with contextlib.suppress(PermissionError):  # the advice is what anybody may give
                    fcntl.ioctl(self._descriptor, _FLUSH_BUFFERS)


@contextmanager
def opened(path: Path) -> Iterator[Card]:
    """The card at `path`; a file is made where there is none.

    A device is opened for this process alone: the system refuses one that is mounted.

    Raises:
        ProvisioningError: It cannot be opened, or anything goes wrong with it meanwhile.
    """
    with told(path):
        flags = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        try:
            is_device = path.is_block_device()
            flags |= os.O_EXCL if is_device else os.O_CREAT
            descriptor = os.open(path, flags, 0o600)
        except IsADirectoryError:
            raise ProvisioningError(no_card(path)) from None
        try:
            if not is_device and not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ProvisioningError(no_card(path))
            yield Card(path, descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Tell what an error of the system means for whoever holds the card.

    Raises:
        ProvisioningError: There was one.
    """
    try:
        yield
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, "?")
        raise ProvisioningError(_meaning(path, name)) from None


def _meaning(path: Path, name: str) -> Failure:
    """What an error of that name says of a card; what is not told apart is a card that is gone."""
    detail = f"{path}: {name}"
    if name in _FULL:
        return too_small(detail)
    if name in _DENIED:
        return _not_allowed(detail)
    others: Mapping[str, Callable[[], Failure]] = {
        "EROFS": lambda: locked(str(path)),
        "EBUSY": lambda: _in_use(detail),
        "ENOENT": lambda: no_card(path),
        "ENOTDIR": lambda: no_card(path),
    }
    return others.get(name, lambda: pulled(detail))()


def pulled(detail: str) -> Failure:
    """The card does not answer any more."""
    return Failure(
        "card-pulled",
        Why("쓰는 도중에 카드와 연결이 끊겼습니다.", "The card went away while it was in use."),
        Why(
            "카드를 다시 끝까지 꽂고 같은 명령을 다시 실행해 주세요. 또 그러면 카드나 리더기를 "
            "바꿔 주세요. 이 카드는 아직 쓸 수 없습니다.",
            "Push the card in again, all the way, and run the same command. If it happens again, "
            "use another card or reader. This card is not ready yet.",
        ),
        detail,
    )


def too_small(detail: str) -> Failure:
    """The image does not fit."""
    return Failure(
        "card-too-small",
        Why(
            "카드나 디스크에 자리가 모자랍니다.",
            "There is too little room on the card or the disk.",
        ),
        Why(
            "더 큰 카드(8 GB 이상)를 쓰거나, 파일이라면 디스크를 비운 뒤 다시 실행해 주세요.",
            "Use a larger card (8 GB or more); for a file, free the disk. Then run it again.",
        ),
        detail,
    )


def no_card(path: Path) -> Failure:
    """A target that is no disk and can be no file."""
    return Failure(
        "no-such-card",
        Why(f"{path}: 카드도 파일도 아닙니다.", f"{path} is neither a card nor a file."),
        Why(
            "카드를 꽂고 haetae-provision cards 로 이름을 확인해 주세요.",
            "Put the card in and find its name with haetae-provision cards.",
        ),
        str(path),
    )


def _not_allowed(detail: str) -> Failure:
    return Failure(
        "not-allowed",
        Why("이 카드에 쓸 권한이 없습니다.", "You may not write to this card."),
        Why(
            "같은 명령 앞에 sudo 를 붙여 다시 실행해 주세요.",
            "Run the same command again with sudo before it.",
        ),
        detail,
    )


def _in_use(detail: str) -> Failure:
    return Failure(
        "card-in-use",
        Why("다른 프로그램이 카드를 쓰고 있습니다.", "Another program is using the card."),
        Why(
            "파일 관리자에서 카드를 '마운트 해제'하고 카드를 쓰는 다른 프로그램을 닫은 뒤 "
            "다시 실행해 주세요.",
            "Unmount the card in the file manager, close other programs that write cards, and run "
            "it again.",
        ),
        detail,
    )


def differs(places: Sequence[int]) -> Failure:
    """What was read back is not what was written; `places` are where, in bytes."""
    return Failure(
        "card-lies",
        Why(
            "카드에서 읽은 내용이 쓴 내용과 다릅니다. 고장 났거나 용량을 속인 카드입니다.",
            "The card does not give back what was written: it is broken, or smaller than it says.",
        ),
        Why(
            "이 카드는 버리고 믿을 만한 곳에서 산 다른 카드를 써 주세요.",
            "Throw this card away and use another one, from a seller you trust.",
        ),
        "from " + ", ".join(f"{each}" for each in places[:4]),
    )
