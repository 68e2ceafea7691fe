"""PortAudio's devices by the name of their ALSA card, never by number: those move at each boot."""

import errno
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

CARDS = Path("/proc/asound")


def device_of(card: str, devices: Iterable[Mapping[str, Any]], cards: Path = CARDS) -> int:
    """The index of the capture device of a card.

    `card` is the name in brackets in /proc/asound/cards, or that of a PCM of ALSA's configuration.
    `devices` are as `sounddevice.query_devices` gives them: PortAudio keeps the card's number only,
    at the end of a name such as `simple-card: ... (hw:1,0)`.

    Raises:
        OSError: No such card, or it captures nothing.
    """
    captures = [each for each in devices if each["max_input_channels"] > 0]
    link = cards / card  # to `card1`
    number = link.readlink().name.removeprefix("card") if link.is_symlink() else None
    for each in captures:
        name = str(each["name"])
        if name == card or (number is not None and f"(hw:{number}," in name):
            return int(each["index"])
    there = ", ".join(str(each["name"]) for each in captures) or "none"
    raise FileNotFoundError(errno.ENOENT, f"no microphone on card {card!r}; there are: {there}")
