"""Find frames in a stream of bytes that may begin anywhere, lose bytes and carry anything."""

from collections.abc import Callable

BEGUN = -1  # as a length: not to be told from so few bytes


class Frames:
    """A resynchronising parser: garbage is passed over, and no false start swallows a true frame.

    `length` says how long the frame at the start of its argument is, in bytes; `BEGUN` where more
    bytes are needed to tell, 0 where no frame begins so. `is_whole` checks what a whole frame must
    hold, such as its checksum. A frame that does not check costs its first byte only.

    `skipped` counts the bytes that belonged to no frame, `spoilt` the frames that did not check.
    """

    def __init__(self, length: Callable[[bytes], int], is_whole: Callable[[bytes], bool]) -> None:
        self._length, self._is_whole = length, is_whole
        self._rest = b""
        self.skipped = self.spoilt = 0

    def clear(self) -> None:
        """Forget what was fed and counted."""
        self._rest = b""
        self.skipped = self.spoilt = 0

    def begun(self) -> bool:
        """Whether a frame has begun and waits for its end."""
        return bool(self._rest)

    def feed(self, data: bytes) -> list[bytes]:
        """Take more of the stream; give the whole frames found, in order."""
        rest, at, found = self._rest + data, 0, []
        while at < len(rest):
            length = self._length(rest[at:])
            if length == BEGUN or length > len(rest) - at:
                break
            if length and self._is_whole(frame := rest[at : at + length]):
                found.append(frame)
                at += length
                continue
            self.spoilt += length > 0
            self.skipped += 1
            at += 1
        self._rest = rest[at:]
        return found


def begins(data: bytes, head: bytes) -> bool:
    """Whether `data` begins as `head` does, as far as both go."""
    return head.startswith(data[: len(head)])
