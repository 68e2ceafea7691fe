"""A recording as the hub collects it: numbers alone, bounded, without what people switched off.

Put together, the pieces are the `readings.csv.gz` of a recording: it replays. The agent has no
pictures and no sound to send (docs/privacy.md).
"""

import gzip
import hashlib
import zlib
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from agent import recording
from agent.values import Reading

LONGEST_BYTES = 256 * 1024
PIECE_BYTES = 16 * 1024


def collected(readings: Iterable[Reading], muted: Collection[str]) -> list[bytes]:
    """The newest of the readings that fit, as gzip in pieces; `muted` sensors are left out."""
    rows = [each for each in readings if each.sensor not in muted]
    while len(whole := gzip.compress(recording.table(rows).encode(), mtime=0)) > LONGEST_BYTES:
        rows = rows[len(rows) // 2 :]
    return [whole[n : n + PIECE_BYTES] for n in range(0, len(whole), PIECE_BYTES)]


def frozen(folder: Path, event: str) -> list[Reading] | None:
    """What was frozen with an event into `folder`; None where there is no such recording.

    Raises:
        OSError: It is there and cannot be read.
    """
    names = {each.name for each in folder.iterdir()} if folder.is_dir() else set()
    if event not in names:  # whatever else an id may say, it leads out of no folder
        return None
    try:
        return list(recording.load(folder / event).readings())
    except (recording.RecordingError, zlib.error) as error:
        raise OSError(str(error)) from None


def described(pieces: Sequence[bytes]) -> dict[str, Any]:
    """What the answer says of a recording, so that whoever puts it together knows it is whole."""
    whole = b"".join(pieces)
    return {
        "pieces": len(pieces),
        "bytes": len(whole),
        "sha256": hashlib.sha256(whole).hexdigest(),
    }
