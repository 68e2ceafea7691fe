"""A simulated microphone below ALSA: real libasound and PortAudio above a file of samples.

A configuration of ALSA's own names a PCM of type `file` that reads the samples and no card at all.
PortAudio takes it for a device of that name. Not imitated: time (a block is there at once),
overruns, and the numbers and names of cards.
"""

import os
from array import array
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

_CONFIGURATION = """
pcm.{name} {{
  type file
  slave.pcm {{ type null }}
  file /dev/null
  infile "{samples}"
  format raw
}}
pcm.default {{ type null }}
"""
# PortAudio counts `default` and `dmix` apart, and asserts that it found some of them
_NOTHING = "pcm.default { type null }\npcm.dmix { type null }\npcm.spare { type null }\n"


class SimMicrophone:
    """A stereo card called `name`. Within `with`, it is what ALSA has; frames are (left, right)."""

    def __init__(self, folder: Path, name: str = "sndrpigooglevoi") -> None:
        self._conf, self._samples, self._name = folder / "asound.conf", folder / "pcm.raw", name
        self._before: str | None = None
        self.play([(0, 0)] * 48_000)
        self.plug()

    def play(self, frames: Iterable[tuple[int, int]]) -> None:
        """Have it hear these frames, 32 bits each, from the next opening on."""
        self._samples.write_bytes(
            array("i", (each for frame in frames for each in frame)).tobytes()
        )

    def plug(self) -> None:
        """Be there."""
        self._conf.write_text(_CONFIGURATION.format(name=self._name, samples=self._samples))

    def unplug(self) -> None:
        """Be gone: ALSA has no capture device left."""
        self._conf.write_text(_NOTHING)

    def __enter__(self) -> Self:
        self._before = os.environ.get("ALSA_CONFIG_PATH")
        os.environ["ALSA_CONFIG_PATH"] = str(self._conf)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is None:
            del os.environ["ALSA_CONFIG_PATH"]
        else:
            os.environ["ALSA_CONFIG_PATH"] = self._before
