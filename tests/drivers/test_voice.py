"""The real `aplay` over ALSA's own library, whose card is a file: what is on the wire is read back.

Not imitated: a card that takes as long as the sound lasts.
"""

import array
import os
import shutil
import wave
from pathlib import Path

import pytest

from drivers.voice import Voice

pytestmark = pytest.mark.skipif(
    shutil.which("aplay") is None, reason="aplay is missing: apt install alsa-utils"
)
RATE_HZ = 8000
SAMPLES = array.array("h", (1000 + n for n in range(RATE_HZ // 4)))
CARD = """
pcm.plughw {{
  @args [ CARD DEV ]
  @args.CARD {{ type string }}
  @args.DEV {{ type string }}
  type file
  slave.pcm {{ type null }}
  file {{ @func concat strings [ "{folder}/" $CARD "-" $DEV ] }}
  format raw
}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    config = tmp_path / "alsa.conf"
    config.write_text(CARD.format(folder=tmp_path))
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(config))
    return tmp_path


@pytest.fixture
def words(tmp_path: Path) -> Path:
    path = tmp_path / "words.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(SAMPLES.tobytes())
    return path


def test_what_is_said_reaches_the_card_of_that_name(folder: Path, words: Path) -> None:
    voice = Voice("Speaker")
    voice.start(words)
    voice.end()
    heard = array.array("h", (folder / "Speaker-0").read_bytes())
    assert heard[: len(SAMPLES)] == SAMPLES
    assert not voice.is_speaking()


def test_a_card_that_hangs_is_silenced(folder: Path, words: Path) -> None:
    os.mkfifo(folder / "Speaker-0")  # opening it for writing waits for a reader that never comes
    voice = Voice("Speaker")
    voice.start(words)
    assert voice.is_speaking()
    voice.stop()
    voice.end()
    assert not voice.is_speaking()


def test_two_at_once_would_not_be_understood(folder: Path, words: Path) -> None:
    os.mkfifo(folder / "Speaker-0")
    voice = Voice("Speaker")
    voice.start(words)
    with pytest.raises(OSError, match="still speaking"):
        voice.start(words)
    voice.close()
    assert not voice.is_speaking()


@pytest.mark.parametrize(
    ("config", "says"), [("", "plughw:CARD=Speaker"), (CARD, "words.wav: No such file")]
)
def test_what_cannot_be_played_is_an_oserror_that_says_why(
    config: str, says: str, folder: Path
) -> None:
    (folder / "alsa.conf").write_text(config.format(folder=folder))
    if not config:
        (folder / "words.wav").write_bytes(b"")
    voice = Voice("Speaker")
    voice.start(folder / "words.wav")
    with pytest.raises(OSError, match=says):
        voice.end()
    voice.end()  # once is enough


def test_without_a_player_it_says_so(words: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no-such-player"):
        Voice("Speaker", "no-such-player").start(words)


def test_closing_what_never_spoke_does_no_harm() -> None:
    voice = Voice("Speaker")
    voice.close()
    voice.stop()
    voice.end()
