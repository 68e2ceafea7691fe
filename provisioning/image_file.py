"""The image: plain or packed by xz or gzip, checked by the `.sha256` that lies beside it."""

import gzip
import hashlib
import io
import lzma
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from agent.values import Why
from provisioning.remedy import Failure, ProvisioningError

CHUNK_BYTES = 4 << 20
_DIGEST = re.compile(r"\b[0-9a-fA-F]{64}\b")


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image that was read through once: `size` and `sha256` are of what goes on the card."""

    path: Path
    size: int
    sha256: str

    def chunks(self) -> Iterator[bytes]:
        """What goes on the card, unpacked.

        Raises:
            ProvisioningError: The file has changed or gone since it was checked.
        """
        try:
            with self.path.open("rb") as raw, _unpacked(self.path, raw) as file:
                while chunk := file.read(CHUNK_BYTES):
                    yield chunk
        except (OSError, EOFError, lzma.LZMAError) as error:
            raise ProvisioningError(_damaged(f"{self.path}: {error}")) from None


def check_image(path: Path, advance: Callable[[int], None]) -> ImageFile:
    """Read the whole file, hold it against its checksum, and see that it unpacks.

    `advance` is told of each further byte of the file.

    Raises:
        ProvisioningError: There is no image, or no checksum, or they do not go together.
    """
    wanted = _wanted(path)
    packed, inside, size = hashlib.sha256(), hashlib.sha256(), 0
    try:
        with path.open("rb") as raw:
            watched = io.BufferedReader(_Watched(raw, packed.update, advance), CHUNK_BYTES)
            with _unpacked(path, watched) as file:
                while chunk := file.read(CHUNK_BYTES):
                    inside.update(chunk)
                    size += len(chunk)
            while watched.read(CHUNK_BYTES):  # what may follow the last packed stream
                pass
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise ProvisioningError(_damaged(f"{path}: {error}")) from None
    if packed.hexdigest() != wanted:
        raise ProvisioningError(_damaged(f"{path}: SHA-256 {packed.hexdigest()}, not {wanted}"))
    if size == 0:
        raise ProvisioningError(_damaged(f"{path}: empty"))
    return ImageFile(path, size, inside.hexdigest())


class _Watched(io.RawIOBase):
    """A file that is read once from its beginning, and tells of what is read."""

    def __init__(
        self, file: BinaryIO, seen: Callable[[bytes], None], advance: Callable[[int], None]
    ) -> None:
        self._file, self._seen, self._advance = file, seen, advance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        raw = self._file.read(len(buffer))
        buffer[: len(raw)] = raw
        self._seen(raw)
        self._advance(len(raw))
        return len(raw)


@contextmanager
def _unpacked(path: Path, raw: IO[bytes]) -> Iterator[IO[bytes]]:
    """The same by the name's ending: `.xz`, `.gz`, or as it is."""
    if path.suffix == ".xz":
        with lzma.open(raw) as file:
            yield cast("IO[bytes]", file)
    elif path.suffix == ".gz":
        with gzip.open(raw) as file:
            yield cast("IO[bytes]", file)
    else:
        yield raw


def checksum_path(path: Path) -> Path:
    """Where an image's checksum lies."""
    return path.with_name(path.name + ".sha256")


def _wanted(path: Path) -> str:
    beside = checksum_path(path)
    if not path.is_file():
        raise ProvisioningError(_missing(path))
    try:
        text = beside.read_text("ascii", "replace")[:4096]
    except OSError as error:
        raise ProvisioningError(_no_checksum(f"{beside}: {error.strerror}")) from None
    if (found := _DIGEST.search(text)) is None:
        raise ProvisioningError(_no_checksum(f"{beside}: no SHA-256 in it"))
    return found[0].lower()


_AGAIN = Why(
    "이미지와 그 .sha256 파일을 다시 받아 같은 폴더에 두고 다시 실행해 주세요. "
    "카드는 건드리지 않았습니다.",
    "Fetch the image and its .sha256 file again, put both in one folder, and run it again. "
    "The card was not touched.",
)


def _damaged(detail: str) -> Failure:
    what = Why("이미지 파일이 깨졌거나 바뀌었습니다.", "The image file is damaged or was changed.")
    return Failure("image-damaged", what, _AGAIN, detail)


def _no_checksum(detail: str) -> Failure:
    what = Why(
        "이미지를 확인할 .sha256 파일이 없습니다.",
        "The .sha256 file, which the image is checked by, is missing.",
    )
    return Failure("image-unchecked", what, _AGAIN, detail)


def _missing(path: Path) -> Failure:
    what = Why(f"이미지 파일 {path.name} 이(가) 없습니다.", f"There is no image file {path.name}.")
    return Failure("image-missing", what, _AGAIN, str(path))
